// Credential caches and keytabs: what MIT's programs write we read, and what we write they use.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createInitiator, type KerberosConfig } from '../../../src/index.ts';
import { CredentialCache, Keytab, kinit as ourKinit, renewTickets } from '../../../src/kerberos/index.ts';
import { hex } from '../lab/handshake.ts';
import { ETYPES, kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { logOn } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { run } from '../lab/processes.ts';
import { ALICE, kinit, PASSWORD } from './fixture.ts';

const WEB = 'HTTP/web.lab.test';
const check = peerSuite('Caches and keytabs with MIT\'s programs', kdc);
let realms: MitRealms;
let keytab: string;
let kerberos: KerberosConfig;
check.before(async () => {
  realms = await startRealms({ 'LAB.TEST': [`addprinc +requires_preauth -pw ${PASSWORD} alice`, `addprinc -pw ${PASSWORD} HTTP/derived.lab.test`, `addprinc -randkey ${WEB}`] });
  keytab = await realms.keytab('web.keytab', 'LAB.TEST', WEB);
  kerberos = { krb5Conf: realms.krb5Conf };
});
check.after(() => realms.stop());

const file = (name: string): string => join(realms.folder, name);
const server = () => ({ credential: { keytab } });

/** A program of MIT's that must succeed; what it says. */
async function mit(program: string, args: string[], more: { input?: string; settings?: string } = {}): Promise<string> {
  const path = file(`krb5${(more.settings ?? '').replaceAll(/\W/g, '')}.conf`);
  if (more.settings !== undefined) writeFileSync(path, realms.krb5Conf.replace('[libdefaults]', `[libdefaults]\n${more.settings}`));
  const { code, stdout, stderr } = await run(program, args, { env: realms.environment({ KRB5_CONFIG: path }), input: more.input ?? '' });
  assert.is(code, 0, `${program} ${args.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

for (const version of [1, 2, 3, 4]) {
  check(`a cache of version ${version}, by kinit and kvno`, async () => {
    const path = file(`version-${version}.ccache`);
    await mit('kinit', ['-c', path, '-f', '-r', '1d', 'alice'], { input: `${PASSWORD}\n`, settings: `ccache_type = ${version}` });
    assert.is(readFileSync(path)[1], version);
    const fresh = await CredentialCache.load(path);
    assert.is(fresh.principal, ALICE);
    assert.equal(fresh.entries.map(({ server: name }) => name), ['krbtgt/LAB.TEST@LAB.TEST']);
    assert.ok(['forwardable', 'renewable', 'initial', 'pre-authent'].every((flag) => (fresh.entries[0]!.flags as readonly string[]).includes(flag)), fresh.entries[0]!.flags.join());
    const { server: accepted } = await logOn({ target: WEB, credential: { ccache: `FILE:${path}` }, kerberos }, server());
    assert.is(accepted.peer, ALICE);

    await mit('kvno', ['-c', path, WEB], { settings: `ccache_type = ${version}` });
    await realms.log('LAB.TEST');
    await logOn({ target: WEB, credential: { ccache: path }, kerberos }, server());
    assert.equal(await realms.log('LAB.TEST'), [], 'the ticket of the cache is used');
    const ends = (await CredentialCache.load(path)).entries.map(({ endTime }) => endTime.getTime());
    assert.ok(ends.length === 2 && ends.every((end) => Math.abs(end - Date.now() - 36_000_000) < 60_000), String(ends));
  });
}

check('our cache, as klist reads it and kvno and kinit -R use it', async () => {
  const path = file('ours.ccache');
  const cache = await ourKinit({ principal: ALICE, password: PASSWORD, kerberos, ccache: `FILE:${path}`, renewLifetime: 86_400, lifetime: 3600 });
  const list = await mit('klist', ['-e', '-f', path]);
  assert.match(list, `Default principal: ${ALICE}`);
  assert.match(list, /krbtgt\/LAB\.TEST@LAB\.TEST\n\s+renew until .*, Flags: FRIA\n\s+Etype \(skey, tkt\): aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96/);
  await mit('klist', ['-s', path]);
  assert.match(await mit('kvno', ['-c', path, WEB]), 'kvno = 1');
  assert.equal((await CredentialCache.load(path)).entries.map(({ server: name }) => name).sort(), [`${WEB}@LAB.TEST`, 'krbtgt/LAB.TEST@LAB.TEST'].sort());
  await mit('kinit', ['-c', path, '-R']);
  assert.ok((await CredentialCache.load(path)).expiry! >= cache.expiry!);

  const renewed = await renewTickets(cache, { kerberos, ccache: path });
  assert.is(renewed.principal, ALICE);
  assert.match(await mit('kvno', ['-c', path, WEB]), 'kvno = 1');
  assert.is(await CredentialCache.destroy(path), true);
});

check('a cache that MIT filled, rewritten by us, serves MIT as before', async () => {
  const path = file('rewritten.ccache');
  await kinit(realms, 'alice', PASSWORD, path, '-f');
  await mit('kvno', ['-c', path, WEB]);
  const before = await mit('klist', ['-e', '-f', '-C', path]);
  await (await CredentialCache.load(path)).save(path);
  assert.equal((await mit('klist', ['-e', '-f', '-C', path])).split('\n').sort(), before.split('\n').sort(), 'with MIT\'s own settings in it');
  await realms.log('LAB.TEST');
  await mit('kvno', ['-c', path, WEB]);
  assert.equal(await realms.log('LAB.TEST'), [], 'the ticket is still there');
});

check('a DIR collection, either way', async () => {
  const folder = file('collection');
  mkdirSync(folder, { mode: 0o700 });
  await mit('kinit', ['-c', `DIR:${folder}`, 'alice'], { input: `${PASSWORD}\n` });
  const { server: accepted } = await logOn({ target: WEB, credential: { ccache: `DIR:${folder}` }, kerberos }, server());
  assert.is(accepted.peer, ALICE);
  await ourKinit({ principal: 'HTTP/derived.lab.test@LAB.TEST', password: PASSWORD, kerberos, ccache: `DIR:${folder}` });
  assert.match(await mit('klist', [`DIR:${folder}`]), 'Default principal: HTTP/derived.lab.test@LAB.TEST', 'the newest is the default');
});

check('KRB5CCNAME names the cache of the host\'s own credential', async () => {
  const path = file('default.ccache');
  await kinit(realms, 'alice', PASSWORD, path);
  const environment = (name: string): string | undefined => ({ KRB5CCNAME: `FILE:${path}`, KRB5_CONFIG: realms.configuration })[name];
  const context = await createInitiator({ package: 'Kerberos', target: WEB, host: { environment } });
  assert.ok((await context.step()) !== null);
});

check('keytabs of kadmin: the same entries and keys as klist shows', async () => {
  const list = await mit('klist', ['-k', '-e', '-K', keytab]);
  const shown = [...list.matchAll(/^\s*(\d+) (\S+) \((\S+)\)\s+\(0x([0-9a-f]+)\)/gm)].map(([, kvno, principal, etype, key]) => `${kvno} ${principal} ${etype!.replace('DEPRECATED:', '')} ${key}`);
  assert.is(shown.length, 4, list);
  assert.equal((await Keytab.load(keytab)).entries.map(({ kvno, principal, etype, key }) => `${kvno} ${principal} ${etype} ${hex(key)}`), shown);
});

check('our keytab of a password: klist reads it, kinit -k logs on with each key, and it accepts', async () => {
  const keys = await Keytab.fromPassword('HTTP/derived.lab.test@LAB.TEST', PASSWORD);
  const path = file('derived.keytab');
  await keys.save(path);
  const list = await mit('klist', ['-k', '-e', path]);
  for (const { name } of ETYPES) {
    assert.match(list, `1 HTTP/derived.lab.test@LAB.TEST (${name})`);
    const one = file(`derived-${name}.keytab`);
    writeFileSync(one, (await Keytab.fromPassword('HTTP/derived.lab.test@LAB.TEST', PASSWORD, { etypes: [name] })).toBytes());
    await mit('kinit', ['-c', file('derived.ccache'), '-k', '-t', one, 'HTTP/derived.lab.test'], { settings: `permitted_enctypes = ${name} aes256-cts\ndefault_tkt_enctypes = ${name}` });
  }
  const { server: accepted } = await logOn({ target: 'HTTP/derived.lab.test', credential: { user: ALICE, password: PASSWORD }, kerberos }, { credential: { keytab: path } });
  assert.is(accepted.peer, ALICE);
});

check('a keytab of one type of key logs on, and gets the session key that the KDC prefers', async () => {
  for (const { name } of ETYPES) {
    const one = await Keytab.fromPassword('HTTP/derived.lab.test@LAB.TEST', PASSWORD, { etypes: [name] });
    const cache = await ourKinit({ principal: 'HTTP/derived.lab.test@LAB.TEST', keytab: one.toBytes(), kerberos });
    assert.is(cache.entries.length, 1, name);
    const { server: accepted } = await logOn({ target: WEB, credential: { keytab: one.toBytes() }, kerberos }, server());
    assert.is(accepted.peer, 'HTTP/derived.lab.test@LAB.TEST');
  }
});

check('ktutil: what it writes, with a version above 255, and what it reads', async () => {
  const theirs = file('ktutil.keytab');
  const add = ETYPES.map(({ name }) => `addent -password -p ${ALICE} -k 300 -e ${name}\n${PASSWORD}\n`).join('');
  await mit('ktutil', [], { input: `${add}wkt ${theirs}\nquit\n` });
  const read = await Keytab.load(theirs);
  const made = await Keytab.fromPassword(ALICE, PASSWORD, { kvno: 300 });
  const told = (one: Keytab) => one.entries.map(({ principal, kvno, etype, key }) => `${principal} ${kvno} ${etype} ${hex(key)}`).sort();
  assert.equal(told(read), told(made), 'the keys of a password are the same');

  const ours = file('ours-300.keytab');
  await made.save(ours);
  const listed = await mit('ktutil', [], { input: `rkt ${ours}\nlist -e\nquit\n` });
  assert.is((listed.match(/\b300\s+alice@LAB\.TEST/g) ?? []).length, 4, listed);
});

check.run();
