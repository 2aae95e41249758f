// MS-KKDCP over HTTPS: MIT's kinit and our client through a proxy to a real KDC, and MIT through one to the realm of portable-sspi/testing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import type { KerberosConfig } from '../../../src/index.ts';
import { createTestRealm } from '../../../src/testing/index.ts';
import { refuses } from '../lab/handshake.ts';
import { kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { k5tls, startKdcProxy, trustingPost, type KdcProxy } from '../lab/kdc-proxy.ts';
import { logOn } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { run } from '../lab/processes.ts';
import { PASSWORD } from './fixture.ts';

const WEB = 'HTTP/web.lab.test';
const check = peerSuite('A KDC proxy over HTTPS', kdc, k5tls);
let realms: MitRealms;
let keytab: string;
let proxy: KdcProxy;
check.before(async () => {
  realms = await startRealms({ 'LAB.TEST': [`addprinc +requires_preauth -pw ${PASSWORD} alice`, `addprinc -randkey ${WEB}`] });
  keytab = await realms.keytab('web.keytab', 'LAB.TEST', WEB);
  proxy = await startKdcProxy(realms.addresses);
});
check.after(() => {
  proxy.stop();
  realms.stop();
});

/** kinit and kvno, where the realm has no KDC but this proxy. */
async function mitThrough({ url, anchor }: KdcProxy, realm: string, conf: string, password: string, service: string): Promise<string> {
  const path = join(realms.folder, `proxied-${realm}.conf`);
  const ccache = join(realms.folder, `proxied-${realm}.ccache`);
  writeFileSync(path, conf.replace(/^ *kdc = .*/m, `kdc = ${url}\n  http_anchors = FILE:${anchor}`).replace(/kpasswd_server = .*/, ''));
  const env = realms.environment({ KRB5_CONFIG: path });
  const kinit = await run('kinit', ['-c', ccache, 'alice'], { env, input: `${password}\n` });
  if (kinit.code !== 0) return kinit.stdout + kinit.stderr;
  const kvno = await run('kvno', ['-c', ccache, service], { env });
  assert.is(kvno.code, 0, kvno.stdout + kvno.stderr);
  return kvno.stdout;
}

const through = (url: string): KerberosConfig => ({ krb5Conf: '', defaultRealm: 'LAB.TEST', realms: { 'LAB.TEST': { kdc: [url] } } });
const as = (password = PASSWORD) => ({ target: WEB, credential: { user: 'alice@LAB.TEST', password }, kerberos: through(proxy.url), host: { post: trustingPost(proxy.anchor) } });

check('MIT\'s kinit and kvno come through the proxy of these tests', async () => {
  proxy.asked.length = 0;
  assert.match(await mitThrough(proxy, 'LAB.TEST', realms.krb5Conf, PASSWORD, WEB), `${WEB}@LAB.TEST: kvno = 1`);
  assert.ok(proxy.asked.length >= 3 && proxy.asked.every((realm) => realm === 'LAB.TEST'), proxy.asked.join());
});

check('our client comes through it', async () => {
  proxy.asked.length = 0;
  await realms.log('LAB.TEST');
  const { server } = await logOn(as(), { credential: { keytab } });
  assert.is(server.peer, 'alice@LAB.TEST');
  assert.equal(proxy.asked, ['LAB.TEST', 'LAB.TEST', 'LAB.TEST'], 'twice for the ticket-granting ticket, once for the service\'s');
  assert.is((await realms.log('LAB.TEST')).filter((line) => line.includes('ISSUE')).length, 2);
  const error = await refuses(() => logOn(as('wrong'), { credential: { keytab } }), 'SEC_E_LOGON_DENIED');
  assert.is(error.kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
});

check('with the runtime\'s own fetch, which trusts what NODE_EXTRA_CA_CERTS names', async () => {
  const script = fileURLToPath(new URL('proxied-logon.ts', import.meta.url));
  const register = new URL('../../../build/register.js', import.meta.url).href;
  const args = JSON.stringify({ url: proxy.url, realm: 'LAB.TEST', user: 'alice@LAB.TEST', password: PASSWORD, target: WEB, keytab });
  const { code, stdout, stderr } = await run(process.execPath, ['--import', register, script, args], { env: { ...process.env, NODE_EXTRA_CA_CERTS: proxy.anchor } });
  assert.is(code, 0, stderr);
  assert.is(stdout, 'alice@LAB.TEST true\n');
});

check('a proxy that is not trusted, or that fails, is no authority; the next KDC is asked', async () => {
  const untrusted = await refuses(() => logOn({ ...as(), host: {} }, { credential: { keytab } }), 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.match(untrusted.message, /https:\/\/localhost/);
  proxy.failWith = 503;
  const failed = await refuses(() => logOn(as(), { credential: { keytab } }), 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.match(failed.message, /503/);
  const both = { ...through(proxy.url), realms: { 'LAB.TEST': { kdc: [proxy.url, realms.addresses['LAB.TEST']!] } } };
  await logOn({ ...as(), kerberos: both }, { credential: { keytab } });
  proxy.failWith = null;
});

check('the KDC proxy of a test realm: MIT through TLS, and us without', async () => {
  await using realm = await createTestRealm({ realm: 'LAB.TEST', users: { alice: PASSWORD }, services: [WEB] });
  const { kdcProxyUrl, krb5Conf } = await realm.listen();
  const relay = await startKdcProxy(async (body) => {
    const response = await fetch(kdcProxyUrl, { method: 'POST', body: new Uint8Array(body), headers: { 'content-type': 'application/kerberos' } });
    assert.is(response.status, 200);
    return Buffer.from(await response.arrayBuffer());
  });
  try {
    assert.match(await mitThrough(relay, 'LAB.TEST', krb5Conf, PASSWORD, WEB), `${WEB}@LAB.TEST: kvno = 1`);
    assert.match(await mitThrough(relay, 'LAB.TEST', krb5Conf, 'wrong', WEB), /Password incorrect|Preauthentication failed/);
  } finally {
    relay.stop();
  }
  await logOn({ target: WEB, credential: realm.authData('alice'), kerberos: through(kdcProxyUrl) }, { credential: { keytab: realm.keytab(WEB) } });
});

check.run();
