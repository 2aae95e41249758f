// The peers among themselves, without us: when one of these fails, the machine or the lab is at fault.
import * as assert from 'uvu/assert';
import { apache, startApache, type Apache } from './lab/apache.ts';
import { curl } from './lab/curl.ts';
import { accountsFile, gssapi, gssapiEnvironment, ContextPeer } from './lab/context-peer.ts';
import { LdapClient } from './lab/ldap.ts';
import { peerSuite } from './lab/peer.ts';
import { run } from './lab/processes.ts';
import { domainController, ldapTools, samba, smbTools } from './lab/samba.ts';
import { Smb2Client, STATUS_MORE_PROCESSING_REQUIRED, STATUS_SUCCESS, verifies } from './lab/smb2.ts';

const gss = peerSuite('GSSAPI with itself', gssapi);
let peer: ContextPeer;
gss.before(() => { peer = new ContextPeer(gssapi); });
gss.after(() => peer.stop());
for (const mechanism of ['ntlm', 'spnego'] as const) {
  gss(`${mechanism}: a handshake and a sealed message`, async () => {
    const client = await peer.initiate({
      mechanism, user: 'LAB\\alice', password: 'S3cret!', target: 'HTTP@web.lab.test', flags: ['integrity', 'confidentiality'],
    });
    const server = await peer.accept({ mechanism, accounts: accountsFile('LAB:alice:S3cret!') });
    for (let token = await client.step(null); token !== null;) {
      const reply: Uint8Array | null = await server.step(token);
      token = reply === null ? null : await client.step(reply);
    }
    assert.is((await client.describe()).key, (await server.describe()).key);
    const { message, encrypted } = await server.unwrap(await client.wrap(Buffer.from('hello'), true));
    assert.is(Buffer.from(message).toString(), 'hello');
    assert.is(encrypted, true);
  });
}
gss.run();

const web = peerSuite('Apache with curl', apache, curl);
let server: Apache;
web.before(async () => { server = await startApache(['LAB:alice:S3cret!']); });
web.after(() => server.stop());
web('curl --negotiate logs on', async () => {
  const { stdout } = await run('curl', ['-sS', '--negotiate', '-u', ':', '-w', ' %{http_code}', `${server.url}/`],
    { env: gssapiEnvironment('LAB', 'alice', 'S3cret!') });
  assert.is(stdout, 'hello 200');
});
web.run();

const directory = peerSuite('Samba with GSSAPI and its own tools', samba, gssapi, ldapTools, smbTools);
let driver: ContextPeer;
directory.before(async () => { driver = new ContextPeer(gssapi); await domainController(); });
directory.after(() => driver.stop());
directory('ldapsearch through GSS-SPNEGO', async () => {
  const { user, domain, password, baseDn } = await domainController();
  const { stdout, stderr } = await run('ldapsearch', ['-LLL', '-H', 'ldap://127.0.0.1', '-Y', 'GSS-SPNEGO', '-b', baseDn, `(sAMAccountName=${user})`, 'dn'],
    { env: gssapiEnvironment(domain, user, password) });
  assert.match(stdout, `dn: CN=${user},CN=Users,${baseDn}`, stderr);
});
directory('smbclient lists a share', async () => {
  const { user, domain, password, configuration } = await domainController();
  const { code, stdout, stderr } = await run('smbclient', ['-s', configuration, '//127.0.0.1/sysvol', '-U', `${domain}\\${user}%${password}`, '-c', 'ls']);
  assert.is(code, 0, stdout + stderr);
});
directory('the LDAP client of these tests, with GSSAPI\'s tokens', async () => {
  const { user, domain, password, host, baseDn } = await domainController();
  const context = await driver.initiate({
    mechanism: 'spnego', user: `${domain}\\${user}`, password, target: `ldap@${host}`, flags: ['integrity', 'confidentiality'],
  });
  const client = await LdapClient.connect(389);
  let result = await client.bind('GSS-SPNEGO', await context.step(null));
  while (result.code === 14) result = await client.bind('GSS-SPNEGO', await context.step(result.token));
  assert.is(result.code, 0, result.message);
  await context.step(result.token); // the mechListMIC
  client.secure({ wrap: (message) => context.wrap(message, true), unwrap: async (token) => (await context.unwrap(token)).message });
  const { entries } = await client.search({ base: baseDn, scope: 'subtree', filter: { attribute: 'sAMAccountName', value: user }, attributes: ['objectSid'] });
  assert.is(await client.userSid(), entries[0]!.attributes.objectSid![0]!.toString('hex'));
  client.close();
});
directory('the SMB client of these tests, with GSSAPI\'s tokens and session key', async () => {
  const { user, domain, password, host } = await domainController();
  const context = await driver.initiate({ mechanism: 'spnego', user: `${domain}\\${user}`, password, target: `cifs@${host}`, flags: ['integrity'] });
  const client = await Smb2Client.connect(445);
  await client.negotiate();
  let response = await client.sessionSetup((await context.step(null))!);
  while (response.status === STATUS_MORE_PROCESSING_REQUIRED) response = await client.sessionSetup((await context.step(response.token))!);
  assert.is(response.status, STATUS_SUCCESS);
  const key = Buffer.from((await context.describe()).key, 'hex');
  assert.ok(verifies(response, key));
  assert.not.ok(verifies(response, Buffer.alloc(16)));
  client.close();
});
directory.run();
