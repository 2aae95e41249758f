// Realms that trust each other, one krb5kdc each: A and B both ways, C beyond B.
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { createInitiator, type KerberosConfig } from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import { kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { logOn } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { run } from '../lab/processes.ts';
import { kinit, PASSWORD } from './fixture.ts';

const [A, B, C] = ['A.TEST', 'B.TEST', 'C.TEST'];
const check = peerSuite('Trust between MIT\'s realms', kdc);
let realms: MitRealms;
let keytab: string;

check.before(async () => {
  const trust = (from: string, to: string) => `addprinc -pw trust-${from}-${to} krbtgt/${to}@${from}`;
  realms = await startRealms({
    'A.TEST': [`addprinc +requires_preauth -pw ${PASSWORD} alice`, trust(A, B), trust(B, A), 'addprinc -randkey HTTP/web.a.test'],
    'B.TEST': [`addprinc +requires_preauth -pw ${PASSWORD} bob`, trust(A, B), trust(B, A), trust(B, C), trust(C, B), 'addprinc -randkey HTTP/web.b.test'],
    'C.TEST': [trust(B, C), trust(C, B), 'addprinc -randkey HTTP/web.c.test'],
    // [domain_realm] makes MIT's KDC refer on; [capaths] lets the last KDC take the way through B.
  }, `.b.test = ${B}\n.c.test = ${C}\n[capaths]\n${A} = {\n  ${C} = ${B}\n}\n${C} = {\n  ${A} = ${B}\n}\n`);
  const parts = await Promise.all([['HTTP/web.a.test', A], ['HTTP/web.b.test', B], ['HTTP/web.c.test', C]].map(([name, realm]) => realms.keytab(`${realm}.keytab`, realm!, name!)));
  keytab = join(realms.folder, 'all.keytab');
  writeFileSync(keytab, Buffer.concat(parts.map((path, index) => readFileSync(path).subarray(index === 0 ? 0 : 2))));
});
check.after(() => realms.stop());

const alice = { user: `alice@${A}`, password: PASSWORD };
const bob = { user: `bob@${B}`, password: PASSWORD };
/** Addresses alone: where the realms meet has to come from elsewhere. */
const addresses = (): KerberosConfig => ({
  krb5Conf: '', defaultRealm: A!, realms: Object.fromEntries(Object.entries(realms.addresses).map(([realm, address]) => [realm, { kdc: [address] }])),
});
const requests = async (realm: string) => (await realms.log(realm)).filter((line) => line.includes('TGS_REQ'));
const forget = () => Promise.all([A, B, C].map((realm) => realms.log(realm!)));

check('directly, both ways: the realm is named in the target, or in [domain_realm]', async () => {
  for (const [credential, host, realm, name] of [[alice, 'web.b.test', B, `alice@${A}`], [bob, 'web.a.test', A, `bob@${B}`]] as const) {
    for (const [target, kerberos] of [[`HTTP/${host}@${realm}`, addresses()], [`HTTP/${host}`, { ...addresses(), domainRealm: { [`.${host.slice(4)}`]: realm! } }]] as const) {
      await forget();
      const { server } = await logOn({ target, credential, kerberos }, { credential: { keytab } });
      assert.is(server.peer, name);
      assert.is((await requests(realm!)).length, 1, 'the other realm was asked once');
    }
  }
});

check('by referral: nothing tells the realm but the KDC', async () => {
  await forget();
  const { client, server } = await logOn({ target: 'HTTP/web.b.test', credential: alice, kerberos: addresses() }, { credential: { keytab } });
  assert.is(server.peer, `alice@${A}`);
  assert.is(client.peer, 'HTTP/web.b.test');
  const [referral] = await requests(A!);
  assert.match(referral!, `for krbtgt/${B}@${A}`);
});

check('by [capaths] through a third realm', async () => {
  await forget();
  const { server } = await logOn({ target: `HTTP/web.c.test@${C}`, credential: alice, kerberos: { krb5Conf: realms.krb5Conf } }, { credential: { keytab } });
  assert.is(server.peer, `alice@${A}`);
  for (const [realm, ticket] of [[A, `krbtgt/${B}@${A}`], [B, `krbtgt/${C}@${B}`], [C, `HTTP/web.c.test@${C}`]] as const) {
    const lines = await requests(realm!);
    assert.is(lines.length, 1, `${realm} was asked once:\n${lines.join('\n')}`);
    assert.match(lines[0]!, ticket);
  }
});

check('by referral through a third realm, which needs no [capaths] of ours', async () => {
  for (const target of ['HTTP/web.c.test', `HTTP/web.c.test@${C}`]) {
    const { server } = await logOn({ target, credential: alice, kerberos: addresses() }, { credential: { keytab } });
    assert.is(server.peer, `alice@${A}`);
  }
});

check('the cross-realm ticket is kept: the next service of that realm costs one request', async () => {
  await realms.kadmin(B!, 'addprinc -randkey HTTP/other.b.test');
  const path = join(realms.folder, 'cross.ccache');
  await kinit(realms, `alice@${A}`, PASSWORD, path);
  const { code, stdout, stderr } = await run('kvno', ['-c', path, `HTTP/web.b.test@${B}`], { env: realms.environment() });
  assert.is(code, 0, stdout + stderr);
  await forget();
  const context = await createInitiator({ package: 'Kerberos', target: `HTTP/other.b.test@${B}`, credential: { ccache: path }, kerberos: addresses() });
  assert.ok((await context.step()) !== null);
  assert.is((await requests(A!)).length, 0, 'MIT\'s cache holds krbtgt/B@A');
  assert.is((await requests(B!)).length, 1);
});

check('a client of another realm that begins at the wrong one, and a realm without trust', async () => {
  const error = await refuses(() => logOn({ target: 'HTTP/web.d.test@D.TEST', credential: alice, kerberos: addresses() }, { credential: { keytab } }),
    'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'SEC_E_TARGET_UNKNOWN');
  assert.match(error.message, /D\.TEST/);
  const elsewhere = { ...addresses(), realms: { ...addresses().realms, [A!]: { kdc: [realms.addresses[B!]!] } } };
  const wrong = await refuses(() => logOn({ target: 'HTTP/web.a.test', credential: alice, kerberos: elsewhere }, { credential: { keytab } }),
    'SEC_E_LOGON_DENIED', 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'SEC_E_INTERNAL_ERROR');
  assert.ok(wrong.kerberos!.errorCode > 0, wrong.message);
});

check.run();
