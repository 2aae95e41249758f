import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../../backends/contract/host.ts';
import {
  acceptSecurityContext, acquireCredentialsHandle, createAcceptor, initializeSecurityContext, queryContextAttributes, queryCredentialsAttributes, SECBUFFER_TOKEN,
  SECPKG_ATTR_NAMES, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_BOTH, SECPKG_CRED_INBOUND,
} from '../../../src/index.ts';
import { Keytab, kinit } from '../../../src/kerberos/index.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/index.ts';
import { failure } from '../../failure.ts';

const test = suite<{ realm: TestRealm; ccache: Uint8Array }>("the host's default credentials");

const SPN = 'HTTP/web.test.realm';

test.before(async (context) => {
  context.realm = await createTestRealm({ services: [SPN], users: { alice: 'Password1', bob: 'Password2' } });
  context.ccache = (await kinit({ principal: 'alice', password: 'Password1', kerberos: context.realm.kerberos })).toBytes();
});
test.after(async ({ realm }) => await realm[Symbol.asyncDispose]());

/** A host with these files and this environment, that tells what was read. */
function hostWith(files: Record<string, Uint8Array | string>, environment: Record<string, string> = {}): Partial<Host> & { read: string[] } {
  const read: string[] = [];
  return {
    read,
    userId: () => 1234,
    environment: (name) => environment[name],
    async readFile(path) {
      read.push(path);
      const content = files[path];
      return content === undefined ? null : typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    },
  };
}

type Options = NonNullable<Parameters<typeof acquireCredentialsHandle>[0]>;

/** Who a service sees when a default credential authenticates, and with what. */
async function seen(realm: TestRealm, options: Options, targetName = SPN): Promise<string> {
  const { credential } = await acquireCredentialsHandle({ kerberos: realm.kerberos, ...options });
  const server = await acquireCredentialsHandle({ credentialUse: SECPKG_CRED_INBOUND, authData: { keytab: realm.keytab(SPN), accounts: realm.accounts } });
  let client = await initializeSecurityContext({ credential, targetName });
  let accepted = await acceptSecurityContext({ credential: server.credential, input: [{ type: SECBUFFER_TOKEN, data: client.output[0]!.data }] });
  while (accepted.output[0]!.data.length > 0) {
    client = await initializeSecurityContext({ credential, context: client.context, targetName, input: [{ type: SECBUFFER_TOKEN, data: accepted.output[0]!.data }] });
    if (client.output[0]!.data.length === 0) break;
    accepted = await acceptSecurityContext({ credential: server.credential, context: accepted.context, input: [{ type: SECBUFFER_TOKEN, data: client.output[0]!.data }] });
  }
  const { userName } = queryContextAttributes(accepted.context, SECPKG_ATTR_NAMES);
  const { packageInfo } = queryContextAttributes(accepted.context, SECPKG_ATTR_NEGOTIATION_INFO);
  return `${packageInfo.name} ${userName}`;
}

test('tickets: KRB5CCNAME, /tmp/krb5cc_UID, and where krb5.conf says', async ({ realm, ccache }) => {
  assert.is(await seen(realm, { host: hostWith({ '/cc': ccache }, { KRB5CCNAME: 'FILE:/cc' }) }), 'Kerberos alice@TEST.REALM');
  assert.is(await seen(realm, { host: hostWith({ '/tmp/krb5cc_1234': ccache }) }), 'Kerberos alice@TEST.REALM');
  const kerberos = { ...realm.kerberos, krb5Conf: '[libdefaults]\ndefault_ccache_name = FILE:/run/user/%{uid}/cc\n' };
  assert.is(await seen(realm, { kerberos, host: hostWith({ '/run/user/1234/cc': ccache }) }), 'Kerberos alice@TEST.REALM');
});

test('the name of the credential is that of the tickets; another principal is refused', async ({ ccache }) => {
  const host = hostWith({ '/tmp/krb5cc_1234': ccache });
  const { credential } = await acquireCredentialsHandle({ host, principal: 'ALICE' });
  assert.is(queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES).userName, 'alice@TEST.REALM');
  const error = await failure(acquireCredentialsHandle({ host, principal: 'bob@TEST.REALM' }));
  assert.match(error.message, /that of alice@TEST\.REALM, not of bob@TEST\.REALM/);
});

test('a client keytab where there are no tickets, or expired ones', async ({ realm, ccache }) => {
  const keytab = (await Keytab.fromPassword('bob@TEST.REALM', 'Password2', { etypes: ['aes256-cts'] })).toBytes();
  const files = { '/bob.keytab': keytab };
  assert.is(await seen(realm, { host: hostWith(files, { KRB5_CLIENT_KTNAME: 'FILE:/bob.keytab' }) }), 'Kerberos bob@TEST.REALM');
  const kerberos = { ...realm.kerberos, krb5Conf: '[libdefaults]\ndefault_client_keytab_name = /bob.keytab\n' };
  assert.is(await seen(realm, { kerberos, host: hostWith(files) }), 'Kerberos bob@TEST.REALM');
  const expired = hostWith({ ...files, '/tmp/krb5cc_1234': ccache }, { KRB5_CLIENT_KTNAME: '/bob.keytab' });
  expired.now = () => new Date(Date.now() + 30 * 86_400_000);
  const { credential } = await acquireCredentialsHandle({ host: expired });
  assert.is(queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES).userName, 'bob@TEST.REALM');
});

test('NTLM_USER_FILE beside tickets is what Negotiate falls back to', async ({ realm, ccache }) => {
  const host = hostWith({ '/tmp/krb5cc_1234': ccache, '/users': 'TEST:bob:Password2\n' }, { NTLM_USER_FILE: '/users' });
  assert.is(await seen(realm, { host }), 'Kerberos alice@TEST.REALM');
  assert.match(await seen(realm, { host }, 'HTTP/127.0.0.1'), /^NTLM .*bob$/);
  assert.match(await seen(realm, { host, packageList: '!Kerberos' }), /^NTLM .*bob$/);
});

test('for NTLM no ticket and no keytab is looked for', async ({ ccache }) => {
  for (const options of [{ package: 'NTLM' }, { packageList: 'NTLM' }] as const) {
    const host = hostWith({ '/tmp/krb5cc_1234': ccache });
    await failure(acquireCredentialsHandle({ ...options, host }));
    await failure(acquireCredentialsHandle({ ...options, host, credentialUse: SECPKG_CRED_INBOUND }));
    assert.equal(host.read, []);
  }
});

test('nothing: the remedy names every place; a reason is given where something was found', async ({ ccache }) => {
  const nothing = await failure(acquireCredentialsHandle({ host: hostWith({}) }));
  assert.is(nothing.code, 'SEC_E_NO_CREDENTIALS');
  for (const name of ['a credential', 'kinit', 'KRB5CCNAME', 'KRB5_CLIENT_KTNAME', 'NTLM_USER_FILE']) assert.match(nothing.remedy!, name);
  const expired = hostWith({ '/tmp/krb5cc_1234': ccache });
  expired.now = () => new Date(Date.now() + 30 * 86_400_000);
  assert.match((await failure(acquireCredentialsHandle({ host: expired }))).message, /have expired/);
  assert.match((await failure(acquireCredentialsHandle({ host: hostWith({}, { KRB5CCNAME: 'KEYRING:session:0' }) }))).message, /type KEYRING/);
  assert.match((await failure(acquireCredentialsHandle({ host: hostWith({ '/cc': 'no cache' }, { KRB5CCNAME: '/cc' }) }))).message, /credential cache/);
});

test("an acceptor's keytab: KRB5_KTNAME, krb5.conf, /etc/krb5.keytab", async ({ realm, ccache }) => {
  const keytab = realm.keytab(SPN);
  const hosts: [Partial<Host>, string?][] = [
    [hostWith({ '/service.keytab': keytab }, { KRB5_KTNAME: 'FILE:/service.keytab' })],
    [hostWith({ '/etc/krb5.keytab': keytab })],
    [hostWith({ '/conf.keytab': keytab }), '[libdefaults]\ndefault_keytab_name = FILE:/conf.keytab\n'],
  ];
  for (const [host, krb5Conf] of hosts) {
    const kerberos = { krb5Conf: krb5Conf ?? '' };
    const server = await acquireCredentialsHandle({ credentialUse: SECPKG_CRED_INBOUND, host, kerberos });
    const acceptor = await createAcceptor({ credential: server.credential });
    const { credential } = await acquireCredentialsHandle({ authData: { ccache }, kerberos: realm.kerberos });
    const first = await initializeSecurityContext({ credential, targetName: SPN });
    await acceptor.step(first.output[0]!.data);
    assert.is(acceptor.peer, 'alice@TEST.REALM');
  }
  const missing = await failure(acquireCredentialsHandle({ credentialUse: SECPKG_CRED_INBOUND, host: hostWith({}, { KRB5_KTNAME: '/gone' }) }));
  assert.equal([missing.code, /'\/gone', which is not there/.test(missing.message)], ['SEC_E_NO_CREDENTIALS', true]);
  assert.match((await failure(acquireCredentialsHandle({ credentialUse: SECPKG_CRED_INBOUND, host: hostWith({}) }))).remedy!, 'KRB5_KTNAME');
});

test('both ways from this host', async ({ realm, ccache }) => {
  const host = hostWith({ '/tmp/krb5cc_1234': ccache, '/etc/krb5.keytab': realm.keytab(SPN) });
  const { credential } = await acquireCredentialsHandle({ credentialUse: SECPKG_CRED_BOTH, host, kerberos: realm.kerberos });
  const client = await initializeSecurityContext({ credential, targetName: SPN });
  const { context } = await acceptSecurityContext({ credential, input: [{ type: SECBUFFER_TOKEN, data: client.output[0]!.data }] });
  assert.is(queryContextAttributes(context, SECPKG_ATTR_NAMES).userName, 'alice@TEST.REALM');
});

test.run();
