// The realm of portable-sspi/testing on a real port: MIT's programs and GSSAPI as its clients.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/index.ts';
import { ContextPeer, gssapi } from '../lab/context-peer.ts';
import { handshake, hex, sameKey, sealedMessages, signatures } from '../lab/handshake.ts';
import { ETYPES, kdc } from '../lab/kdc.ts';
import { peerSuite } from '../lab/peer.ts';
import { run, temporaryFolder } from '../lab/processes.ts';
import { ALL_FLAGS } from './fixture.ts';

const PASSWORD = 'Pässwörd 1';
const WEB = 'HTTP/web.test.realm';
const check = peerSuite('A test realm with MIT\'s clients', kdc, gssapi);
let realm: TestRealm;
let folder: string;
let krb5Conf: string;
check.before(async () => {
  folder = temporaryFolder('test-realm');
  realm = await createTestRealm({ users: { alice: PASSWORD }, services: [WEB] });
  ({ krb5Conf } = await realm.listen());
});
check.after(async () => { await realm[Symbol.asyncDispose](); });

/** A program of MIT's with this krb5.conf, `settings` put into [libdefaults]. */
async function mit(program: string, args: string[], input = '', settings: string[] = [], conf = krb5Conf): Promise<{ code: number | null; output: string }> {
  const { code, stdout, stderr } = await run(program, args, { env: environment(settings, conf), input });
  return { code, output: stdout + stderr };
}

function environment(settings: string[] = [], conf = krb5Conf): NodeJS.ProcessEnv {
  const path = join(folder, `krb5-${conf.length}-${settings.join('')}.conf`.replaceAll(/[^\w.-]/g, '_'));
  writeFileSync(path, conf.replace('[libdefaults]', ['[libdefaults]', ...settings].join('\n  ')));
  return { ...process.env, KRB5_CONFIG: path, KRB5RCACHEDIR: folder, LANG: 'C.UTF-8' };
}

const cache = (name: string): string => join(folder, `${name}.ccache`);
const UDP = ['udp_preference_limit = 65000'];
const TCP = ['udp_preference_limit = 1'];

for (const [transport, settings] of [['UDP', UDP], ['TCP', TCP]] as const) {
  check(`kinit and kvno over ${transport}`, async () => {
    const ccache = cache(transport);
    const trace = join(folder, `${transport}.trace`);
    const env = { ...environment([...settings]), KRB5_TRACE: trace };
    const kinit = await run('kinit', ['-c', ccache, 'alice'], { env, input: `${PASSWORD}\n` });
    assert.is(kinit.code, 0, kinit.stdout + kinit.stderr);
    const kvno = await run('kvno', ['-c', ccache, WEB], { env });
    assert.is(kvno.code, 0, kvno.stdout + kvno.stderr);
    assert.match(kvno.stdout, `${WEB}@TEST.REALM: kvno = 1`);
    const { output } = await mit('klist', ['-e', '-f', ccache]);
    assert.match(output, 'Default principal: alice@TEST.REALM');
    assert.match(output, new RegExp(`${WEB}@TEST.REALM[\\s\\S]*aes256-cts-hmac-sha1-96`));
    const steps = readFileSync(trace, 'utf8');
    assert.is(/stream/.test(steps), transport === 'TCP', steps);
    assert.is(/dgram/.test(steps), transport === 'UDP');
    assert.match(steps, 'Decrypted AS reply');
  });
}

check('an answer that a datagram does not hold comes by TCP', async () => {
  realm.addUser('member', PASSWORD, { groups: Array.from({ length: 1000 }, (_, index) => 2000 + index) });
  const trace = join(folder, 'member.trace');
  const { code, stdout, stderr } = await run('kinit', ['-c', cache('member'), 'member'], { env: { ...environment(UDP), KRB5_TRACE: trace }, input: `${PASSWORD}\n` });
  assert.is(code, 0, stdout + stderr);
  assert.match(readFileSync(trace, 'utf8'), /dgram[\s\S]*too big[\s\S]*stream/);
});

check('every AES type', async () => {
  for (const { name } of ETYPES) {
    await using one = await createTestRealm({ users: { alice: PASSWORD }, services: [WEB], etypes: [name] });
    const { krb5Conf: conf } = await one.listen();
    const kinit = await mit('kinit', ['-c', cache(name), 'alice'], `${PASSWORD}\n`, [], conf);
    assert.is(kinit.code, 0, kinit.output);
    assert.is((await mit('kvno', ['-c', cache(name), WEB], '', [], conf)).code, 0);
    assert.match((await mit('klist', ['-e', cache(name)], '', [], conf)).output, new RegExp(`Etype \\(skey, tkt\\): ${name}, ${name}`));
  }
});

check('kinit: by keytab, renewable and renewed, forwardable, canonicalized, as an enterprise name', async () => {
  writeFileSync(join(folder, 'alice.keytab'), realm.keytab('alice'));
  for (const args of [['-k', '-t', join(folder, 'alice.keytab'), 'alice'], ['-C', 'alice'], ['-E', 'alice@test.realm'], ['-f', '-r', '2d', '-l', '1h', 'alice']]) {
    const { code, output } = await mit('kinit', ['-c', cache('options'), ...args], `${PASSWORD}\n`);
    assert.is(code, 0, `${args.join(' ')}: ${output}`);
  }
  const before = (await mit('klist', ['-f', cache('options')])).output;
  assert.match(before, /renew until[^\n]*Flags: F[A-Za-z]*R/);
  const renewed = await mit('kinit', ['-c', cache('options'), '-R']);
  assert.is(renewed.code, 0, renewed.output);
  assert.is((await mit('kvno', ['-c', cache('options'), WEB])).code, 0);
});

check('what it refuses is what MIT\'s programs say', async () => {
  realm.addUser('late', PASSWORD, { passwordExpired: true });
  realm.addUser('off', PASSWORD, { disabled: true });
  realm.addUser('open', PASSWORD, { requiresPreauth: false });
  for (const [user, password, message] of [
    ['alice', 'wrong', /Password incorrect|Preauthentication failed/], ['nobody', PASSWORD, /not found in Kerberos database/],
    ['off', PASSWORD, /revoked/], ['late', PASSWORD, /[Pp]assword (?:has )?expired/], ['open', 'wrong', /Password incorrect/],
  ] as const) {
    const { code, output } = await mit('kinit', ['-c', cache('refused'), user], `${password}\n`);
    assert.is.not(code, 0);
    assert.match(output, message, user);
  }
  const open = await mit('kinit', ['-c', cache('open'), 'open'], `${PASSWORD}\n`);
  assert.is(open.code, 0, open.output);
  assert.match((await mit('kvno', ['-c', cache('open'), 'HTTP/elsewhere.test.realm'])).output, /Server .*not found in Kerberos database/);
});

check('kpasswd changes a password, and an expired one on the way into kinit', async () => {
  realm.addUser('carol', PASSWORD);
  realm.addUser('stale', PASSWORD, { passwordExpired: true });
  const changed = await mit('kpasswd', ['carol'], `${PASSWORD}\nNew-Pässwörd\nNew-Pässwörd\n`);
  assert.is(changed.code, 0, changed.output);
  assert.is((await mit('kinit', ['-c', cache('carol'), 'carol'], 'New-Pässwörd\n')).code, 0);
  assert.is.not((await mit('kinit', ['-c', cache('carol'), 'carol'], `${PASSWORD}\n`)).code, 0);
  const entered = await mit('kinit', ['-c', cache('stale'), 'stale'], `${PASSWORD}\nNew-Pässwörd\nNew-Pässwörd\n`);
  assert.is(entered.code, 0, entered.output);
  assert.match((await mit('klist', [cache('stale')])).output, 'Default principal: stale@TEST.REALM');
});

check('MIT learns its clock', async () => {
  await using shifted = await createTestRealm({ users: { alice: PASSWORD }, services: [WEB] });
  shifted.advanceClock(3_600_000);
  const { krb5Conf: conf } = await shifted.listen();
  const kinit = await mit('kinit', ['-c', cache('shifted'), 'alice'], `${PASSWORD}\n`, [], conf);
  assert.is(kinit.code, 0, kinit.output);
  const kvno = await mit('kvno', ['-c', cache('shifted'), WEB], '', [], conf);
  assert.is(kvno.code, 0, kvno.output);
});

check('another realm by trust: by name and by referral', async () => {
  await using away = await createTestRealm({ realm: 'AWAY.TEST', users: {}, services: ['HTTP/web.away.test'] });
  await using home = await createTestRealm({ realm: 'HOME.TEST', users: { alice: PASSWORD }, services: [] });
  home.trust(away);
  const [one, two] = [await home.listen(), await away.listen()];
  const conf = `${one.krb5Conf}\n[realms]\nAWAY.TEST = {\n  kdc = 127.0.0.1:${two.port}\n}\n`;
  const kinit = await mit('kinit', ['-c', cache('home'), 'alice'], `${PASSWORD}\n`, [], conf);
  assert.is(kinit.code, 0, kinit.output);
  for (const args of [['HTTP/web.away.test@AWAY.TEST'], ['-S', 'HTTP', 'web.away.test']]) {
    const { code, output } = await mit('kvno', ['-c', cache('home'), ...args], '', [], conf);
    assert.is(code, 0, `${args.join(' ')}: ${output}`);
  }
});

check('MIT\'s GSSAPI with its tickets and its keytab, in both roles', async () => {
  const keytab = join(folder, 'web.keytab');
  writeFileSync(keytab, realm.keytab(WEB));
  assert.is((await mit('kinit', ['-c', cache('gss'), 'alice'], `${PASSWORD}\n`)).code, 0);
  const peer = new ContextPeer(gssapi, environment());
  try {
    const theirServer = await peer.acceptKerberos({ mechanism: 'spnego', keytab });
    const ourClient = await createInitiator({ target: WEB, credential: realm.authData('alice'), kerberos: realm.kerberos });
    await handshake(ourClient, theirServer);
    assert.is((await theirServer.describe()).initiator, 'alice@TEST.REALM');
    const theirClient = await peer.initiateKerberos({ mechanism: 'spnego', ccache: cache('gss'), target: 'HTTP@web.test.realm', flags: ALL_FLAGS });
    const ourServer = await createAcceptor({ credential: { keytab: realm.keytab(WEB) } });
    await handshake(theirClient, ourServer);
    assert.is(ourServer.peer, 'alice@TEST.REALM');
    assert.match(ourServer.userSid!, /^S-1-5-21-/, 'with a PAC');
    for (const [ours, theirs] of [[ourClient, theirServer], [ourServer, theirClient]] as const) {
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signatures(ours, theirs);
      assert.is(hex(ours.sessionKey).length, 64);
    }
  } finally {
    peer.stop();
  }
});

check.run();
