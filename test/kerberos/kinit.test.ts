import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../src/index.ts';
import { CredentialCache, Keytab, kinit, renewTickets } from '../../src/kerberos/index.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/index.ts';
import { failure } from '../failure.ts';

const test = suite<{ realm: TestRealm; directory: string }>('kinit and credential caches');

const SPN = 'HTTP/web.test.realm';
const PASSWORD = 'Password1';
/** Windows has access lists, which a file takes from its folder, and no such bits. */
const OWNER_ALONE = process.platform === 'win32' ? 0o666 : 0o600;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test.before.each(async (context) => {
  context.realm = await createTestRealm({ services: [SPN], users: { alice: PASSWORD, bob: 'Password2' } });
  context.directory = await mkdtemp(join(tmpdir(), 'portable-sspi-'));
});
test.after.each(async ({ realm, directory }) => {
  await realm[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function peerOf(realm: TestRealm, ccache: Uint8Array | string): Promise<string | null> {
  const client = await createInitiator({ target: SPN, credential: { ccache }, kerberos: realm.kerberos });
  const server = await createAcceptor({ credential: { keytab: realm.keytab(SPN) } });
  await client.step(await server.step(await client.step()));
  assert.ok(client.complete);
  return server.peer;
}

test('a password gives a cache that authenticates', async ({ realm }) => {
  const cache = await kinit({ principal: 'alice@TEST.REALM', password: PASSWORD, kerberos: realm.kerberos });
  assert.is(cache.principal, 'alice@TEST.REALM');
  assert.is(cache.entries.length, 1);
  const [tgt] = cache.entries;
  assert.is(tgt!.server, 'krbtgt/TEST.REALM@TEST.REALM');
  assert.ok(tgt!.isTicketGranting && tgt!.flags.includes('forwardable') && tgt!.flags.includes('initial') && tgt!.flags.includes('pre-authent'));
  assert.is(tgt!.etype, 'aes256-cts-hmac-sha1-96');
  assert.is(tgt!.renewTill, null);
  assert.is(cache.expiry!.getTime(), tgt!.endTime.getTime());
  const hours = (cache.expiry!.getTime() - Date.now()) / 3_600_000;
  assert.ok(hours > 9.9 && hours < 10.1, `${hours}`);
  assert.is(cache.isExpired(), false);
  assert.is(cache.isExpired(new Date(cache.expiry!.getTime() + 1)), true);
  assert.is(await peerOf(realm, cache.toBytes()), 'alice@TEST.REALM');
  assert.is(await peerOf(realm, cache.toKrbCred()), 'alice@TEST.REALM');
  assert.equal(hex(CredentialCache.parse(cache.toBytes()).toBytes()), hex(cache.toBytes()));
});

test('names without a realm, and with a NetBIOS domain', async ({ realm }) => {
  for (const principal of ['alice', 'TEST\\alice']) {
    assert.is((await kinit({ principal, password: PASSWORD, kerberos: realm.kerberos })).principal, 'alice@TEST.REALM');
  }
  assert.is((await failure(kinit({ principal: 'alice', password: PASSWORD, kerberos: { krb5Conf: '' } }))).code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
});

test('lifetime, renewable, not forwardable', async ({ realm }) => {
  const cache = await kinit({ principal: 'alice', password: PASSWORD, kerberos: realm.kerberos, lifetime: 600, renewLifetime: 86_400, forwardable: false });
  const [tgt] = cache.entries;
  assert.is(tgt!.endTime.getTime() - tgt!.startTime.getTime(), 600_000);
  assert.is(tgt!.renewTill!.getTime() - tgt!.startTime.getTime(), 86_400_000);
  assert.ok(tgt!.flags.includes('renewable') && !tgt!.flags.includes('forwardable'));
  const renewed = await renewTickets(cache, { kerberos: realm.kerberos });
  assert.is(renewed.entries[0]!.renewTill!.getTime(), tgt!.renewTill!.getTime());
  assert.is.not(hex(renewed.entries[0]!.ticket), hex(tgt!.ticket));
  assert.is(await peerOf(realm, renewed.toBytes()), 'alice@TEST.REALM');
  const plain = await kinit({ principal: 'alice', password: PASSWORD, kerberos: realm.kerberos });
  assert.is((await failure(renewTickets(plain, { kerberos: realm.kerberos }))).code, 'SEC_E_NO_CREDENTIALS');
});

test('a keytab, from its bytes, from a path, and made of a password', async ({ realm, directory }) => {
  const keytab = await Keytab.fromPassword('alice@TEST.REALM', PASSWORD, { etypes: ['aes256-cts'] });
  const path = join(directory, 'alice.keytab');
  await keytab.save(path);
  assert.is((await stat(path)).mode & 0o777, OWNER_ALONE);
  for (const one of [keytab.toBytes(), path, `FILE:${path}`]) {
    assert.is((await kinit({ principal: 'alice@TEST.REALM', keytab: one, kerberos: realm.kerberos })).principal, 'alice@TEST.REALM');
  }
  assert.is((await failure(kinit({ principal: 'bob@TEST.REALM', keytab: path, kerberos: realm.kerberos }))).code, 'SEC_E_NO_CREDENTIALS');
  const stale = await Keytab.fromPassword('alice@TEST.REALM', 'another');
  assert.is((await failure(kinit({ principal: 'alice@TEST.REALM', keytab: stale.toBytes(), kerberos: realm.kerberos }))).code, 'SEC_E_LOGON_DENIED');
});

test('what the KDC refuses is told apart', async ({ realm }) => {
  const options = { principal: 'alice', password: PASSWORD, kerberos: realm.kerberos };
  const wrong = await failure(kinit({ ...options, password: 'wrong' }));
  assert.equal([wrong.code, wrong.kerberos?.name], ['SEC_E_LOGON_DENIED', 'KDC_ERR_PREAUTH_FAILED']);
  assert.not.match(wrong.message, 'wrong password');
  assert.is((await failure(kinit({ ...options, principal: 'nobody' }))).kerberos?.name, 'KDC_ERR_C_PRINCIPAL_UNKNOWN');
  realm.setUser('alice', { passwordExpired: true });
  assert.is((await failure(kinit(options))).kerberos?.name, 'KDC_ERR_KEY_EXPIRED');
  assert.is((await kinit({ ...options, service: 'kadmin/changepw' })).entries[0]!.server, 'kadmin/changepw@TEST.REALM', 'which is what an expired password is for');
});

test('wrong arguments', async ({ realm }) => {
  for (const wrong of [{}, { principal: '' }, { principal: 'alice' }, { principal: 'alice', password: 'x', keytab: 'y' }]) {
    let error: unknown;
    await kinit(wrong as Parameters<typeof kinit>[0]).catch((thrown: unknown) => { error = thrown; });
    assert.instance(error, TypeError);
  }
  for (const lifetime of [0, -1, 1.5, NaN]) {
    let error: unknown;
    await kinit({ principal: 'alice', password: 'x', kerberos: realm.kerberos, lifetime }).catch((thrown: unknown) => { error = thrown; });
    assert.instance(error, RangeError);
  }
});

test('saved to a file: its owner\'s alone, whole at once, and read back', async ({ realm, directory }) => {
  const path = join(directory, 'cc');
  await writeFile(path, Uint8Array.of(5, 4), { mode: 0o644 });
  const cache = await kinit({ principal: 'alice', password: PASSWORD, kerberos: realm.kerberos, ccache: `FILE:${path}` });
  assert.is((await stat(path)).mode & 0o777, OWNER_ALONE);
  assert.equal(await readdir(directory), ['cc'], 'no temporary file stays');
  assert.is(hex(await readFile(path)), hex(cache.toBytes()));
  assert.is((await CredentialCache.load(path)).principal, 'alice@TEST.REALM');
  assert.is(await peerOf(realm, path), 'alice@TEST.REALM');
  assert.is(await CredentialCache.destroy(path), true);
  assert.is(await CredentialCache.destroy(path), false);
  assert.is((await failure(CredentialCache.load(path))).code, 'SEC_E_NO_CREDENTIALS');
});

test('a file that is no cache is neither destroyed nor replaced', async ({ realm, directory }) => {
  const cache = await kinit({ principal: 'alice', password: PASSWORD, kerberos: realm.kerberos });
  const keytab = realm.keytab('HTTP/web.test.realm');
  for (const bytes of [new TextEncoder().encode('root:x:0:0:root:/root:/bin/bash\n'), keytab]) {
    const path = join(directory, 'another');
    await writeFile(path, bytes);
    assert.is((await failure(CredentialCache.destroy(path))).code, 'SEC_E_UNKNOWN_CREDENTIALS');
    assert.is((await failure(cache.save(path))).code, 'SEC_E_UNKNOWN_CREDENTIALS');
    assert.is(hex(await readFile(path)), hex(bytes));
  }
  for (const bytes of [new Uint8Array(0), new Uint8Array(40), cache.toBytes().subarray(0, 30)]) {
    const path = join(directory, 'empty, wiped or damaged');
    await writeFile(path, bytes);
    await cache.save(path);
    await writeFile(path, bytes);
    assert.is(await CredentialCache.destroy(path), true);
  }
});

test('DIR: a cache for each client, the last one is the default', async ({ realm, directory }) => {
  const name = `DIR:${directory}`;
  const options = { password: PASSWORD, kerberos: realm.kerberos, ccache: name };
  await kinit({ ...options, principal: 'alice' });
  await kinit({ ...options, principal: 'bob', password: 'Password2' });
  assert.is((await CredentialCache.load(name)).principal, 'bob@TEST.REALM');
  await kinit({ ...options, principal: 'alice' });
  assert.is((await CredentialCache.load(name)).principal, 'alice@TEST.REALM');
  const files = (await readdir(directory)).sort();
  assert.is(files.length, 3, files.join());
  assert.is(await readFile(join(directory, 'primary'), 'utf8'), 'tkt\n');
  const other = files.find((file) => /^tkt\w{6}$/.test(file))!;
  assert.is((await CredentialCache.load(`DIR::${join(directory, other)}`)).principal, 'bob@TEST.REALM');
});

test('MEMORY: of this process, by name; KEYRING is refused and never silently memory', async ({ realm }) => {
  const cache = await kinit({ principal: 'alice', password: PASSWORD, kerberos: realm.kerberos, ccache: 'MEMORY:one' });
  assert.is(hex((await CredentialCache.load('MEMORY:one')).toBytes()), hex(cache.toBytes()));
  assert.is(await peerOf(realm, 'MEMORY:one'), 'alice@TEST.REALM');
  assert.is((await failure(CredentialCache.load('MEMORY:two'))).code, 'SEC_E_NO_CREDENTIALS');
  assert.is(await CredentialCache.destroy('MEMORY:one'), true);
  assert.is((await failure(CredentialCache.load('MEMORY:one'))).code, 'SEC_E_NO_CREDENTIALS');
  for (const type of ['KEYRING:persistent:0', 'API:x']) {
    assert.is((await failure(cache.save(type))).code, 'SEC_E_UNSUPPORTED_FUNCTION');
    assert.is((await failure(CredentialCache.load(type))).code, 'SEC_E_UNSUPPORTED_FUNCTION');
  }
});

test('the default name: KRB5CCNAME, krb5.conf, then /tmp/krb5cc_UID', async () => {
  const environment = (values: Record<string, string>) => (name: string) => values[name];
  const files = (text: string) => async (path: string) => (path === '/etc/krb5.conf' ? new TextEncoder().encode(text) : null);
  const host = { userId: () => 1234, readFile: files('[libdefaults]\ndefault_ccache_name = DIR:/run/user/%{uid}/krb5cc\n'), environment: environment({}) };
  assert.is(await CredentialCache.defaultName({ host }), 'DIR:/run/user/1234/krb5cc');
  assert.is(await CredentialCache.defaultName({ host: { ...host, environment: environment({ KRB5CCNAME: 'KCM:' }) } }), 'KCM:');
  assert.is(await CredentialCache.defaultName({ host: { ...host, readFile: files('') } }), 'FILE:/tmp/krb5cc_1234');
});

test('no secret is shown by inspect or JSON', async ({ realm }) => {
  const cache = await kinit({ principal: 'alice', password: PASSWORD, kerberos: realm.kerberos });
  const keytab = await Keytab.fromPassword('alice@TEST.REALM', PASSWORD);
  const secrets = [cache.entries[0]!.sessionKey, keytab.entries[0]!.key];
  for (const shown of [cache, cache.entries, keytab, keytab.entries]) {
    const text = inspect(shown, { depth: 9, showHidden: true, getters: false }) + JSON.stringify(shown) + String(shown);
    for (const secret of secrets) {
      assert.not.ok(text.includes(hex(secret).slice(0, 16)) || text.includes([...secret.subarray(0, 6)].join(', ')) || text.includes([...secret.subarray(0, 6)].join(',')));
    }
    assert.not.match(text, /Uint8Array/);
  }
  assert.match(inspect(cache.entries), 'krbtgt/TEST.REALM@TEST.REALM');
  cache[Symbol.dispose]();
  assert.is(cache.entries.length, 0);
});

test("Keytab.fromPassword makes MIT's keys", async ({ directory }) => {
  const keytab = await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', 'Passw0rd!', { kvno: 7, timestamp: new Date(1_700_000_000_000) });
  assert.equal(keytab.entries.map(({ principal, kvno, etype, timestamp }) => [principal, kvno, etype, timestamp?.toISOString()]), [
    'aes256-cts-hmac-sha1-96', 'aes128-cts-hmac-sha1-96', 'aes256-cts-hmac-sha384-192', 'aes128-cts-hmac-sha256-128',
  ].map((etype) => ['HTTP/web.ad.test@AD.TEST', 7, etype, '2023-11-14T22:13:20.000Z']));
  assert.equal(Keytab.parse(keytab.toBytes()).entries.map(({ key }) => hex(key)), keytab.entries.map(({ key }) => hex(key)));
  assert.equal(keytab.entries.map(({ key }) => hex(key)), KTUTIL_KEYS);
  const both = keytab.concat(await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', 'another', { kvno: 8, etypes: ['aes128-sha1'] }));
  assert.equal(both.entries.map(({ kvno }) => kvno), [7, 7, 7, 7, 8]);
  const path = join(directory, 'keytab');
  await both.save(path);
  assert.is((await Keytab.load(path)).entries.length, 5);
  let error: unknown;
  await Keytab.fromPassword('a@B', 'x', { etypes: ['rot13'] }).catch((thrown: unknown) => { error = thrown; });
  assert.instance(error, RangeError);
  assert.is((await failure(Keytab.fromPassword('a', 'x'))).code, 'SEC_E_UNKNOWN_CREDENTIALS', 'no realm');
});

/** MIT krb5 1.20.1: ktutil, `addent -password -p HTTP/web.ad.test@AD.TEST -k 7 -e …`, shown by `klist -K`. */
const KTUTIL_KEYS = [
  '7e610a634672b5a3420e439aaa4da9c3c07a845abde68bd67cfe4e21c313c7fe',
  '69431e7cb1aa828d7c1aecd98c36945b',
  '7befca14329cee818f9cd0f155baaacd1d1b12450d213ece538431c4214b861f',
  '8dec261f677f9caffae78b102a7a0d6d',
];

test.run();
