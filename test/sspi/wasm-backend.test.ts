import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  acceptSecurityContext, acquireCredentialsHandle, createAcceptor, createInitiator, enumerateSecurityPackages, importSecurityContext, initializeSecurityContext, ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_USE_SUPPLIED_CREDS, packAuthIdentity, type PackageName, queryContextAttributes, queryCredentialsAttributes, querySecurityPackageInfo, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_OK, SEC_I_CONTINUE_NEEDED,
  SECBUFFER_PKG_PARAMS, SECPKG_ATTR_NAMES, SECPKG_ATTR_NEGO_STATUS, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_BOTH, SECPKG_CRED_INBOUND,
} from '../../src/index.ts';
import { drive, handshake, tokenOf } from '../contract/drive.ts';
import { accounts, ALICE, inMemory, TARGET } from '../contract/in-memory.ts';
import { failure, hex, token, utf8 } from './support.ts';

const test = suite('the Wasm backend');

(process.platform === 'win32' ? test.skip : test)('a backend that is named and not here is an error, not another backend', async () => {
  const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', acquireCredentialsHandle({ authData: ALICE, backend: 'secur32' }));
  assert.match(error.remedy!, /wasm/);
  await failure('SEC_E_UNSUPPORTED_FUNCTION', enumerateSecurityPackages({ backend: 'secur32' }));
  await failure('SEC_E_UNSUPPORTED_FUNCTION', createInitiator({ credential: ALICE, backend: 'secur32' }));
});

test('the packages are Windows\'s, with its numbers', async () => {
  const packages = await enumerateSecurityPackages({ backend: 'wasm' });
  assert.equal(packages.map(({ name, rpcId, capabilities, comment }) => [name, rpcId, capabilities, comment]), [
    ['Negotiate', 9, 0x83bb3, 'Microsoft Package Negotiator'], ['Kerberos', 16, 0xb3bbf, 'Microsoft Kerberos V1.0'], ['NTLM', 10, 0x82b37, 'NTLM Security Package'],
  ]);
  packages[0]!.maxToken = 1; // a copy
  assert.is((await querySecurityPackageInfo('Negotiate', { backend: 'wasm' })).maxToken, 65791);
  assert.is((await querySecurityPackageInfo('ntlm' as PackageName, { backend: 'wasm' })).name, 'NTLM');
});

test('a keytab and a credential cache are for Kerberos alone', async () => {
  const keytab = new Uint8Array([5, 2]);
  for (const authData of [{ user: 'alice', keytab }, { keytab }, { ccache: keytab }]) {
    for (const name of ['Kerberos', 'Negotiate'] as const) assert.is((await acquireCredentialsHandle({ backend: 'wasm', package: name, authData })).expiry, null);
    await failure('SEC_E_UNKNOWN_CREDENTIALS', acquireCredentialsHandle({ backend: 'wasm', package: 'NTLM', authData }));
    assert.match((await failure('SEC_E_NO_CREDENTIALS', acquireCredentialsHandle({ backend: 'wasm', authData, packageList: 'NTLM' }))).message, /Kerberos/);
  }
  assert.match((await failure('SEC_E_NO_CREDENTIALS', acquireCredentialsHandle({ backend: 'wasm', package: 'Kerberos', credentialUse: SECPKG_CRED_INBOUND, authData: { accounts } }))).remedy!, /keytab/);
  await acquireCredentialsHandle({ backend: 'wasm', credentialUse: SECPKG_CRED_INBOUND, authData: { keytab } });
  await acquireCredentialsHandle({ backend: 'wasm', credentialUse: SECPKG_CRED_INBOUND, authData: { keytab, accounts } });
});

test('packageList leaves Negotiate what it allows, and NTLM is never a silent way out', async () => {
  // A NetBIOS domain tells no realm.
  await failure('SEC_E_NO_AUTHENTICATING_AUTHORITY', acquireCredentialsHandle({ backend: 'wasm', authData: ALICE, packageList: '!NTLM' }));
  await failure('SEC_E_NO_AUTHENTICATING_AUTHORITY', acquireCredentialsHandle({ backend: 'wasm', authData: ALICE, packageList: 'Kerberos' }));
  const driven = await drive({ world: inMemory, package: 'Negotiate', client: { packageList: '!Kerberos' }, server: { packageList: 'NTLM' } });
  assert.is(driven.initialized.status, SEC_E_OK);
});

test('a password without a user is a TypeError, never another credential', async () => {
  for (const authData of [{ username: 'alice', password: 'secret' }, { ntHash: new Uint8Array(16) }]) {
    const error = await acquireCredentialsHandle({ backend: 'wasm', authData: authData as unknown as typeof ALICE }).catch((thrown: unknown) => thrown);
    assert.instance(error, TypeError);
    assert.match((error as Error).message, /no user/);
    assert.not.match((error as Error).message, /secret/);
  }
});

test('an account of the wrong shape is told as what it is', async () => {
  for (const account of ['secret', {}, { ntHash: new Uint8Array(4) }, 5]) {
    const error = await failure('SEC_E_INTERNAL_ERROR', drive({ world: inMemory, package: 'NTLM', server: { authData: { accounts: () => account as unknown as { password: string } } } }));
    assert.match(error.message, /neither a password/);
  }
});

test('the default credential comes from NTLM_USER_FILE', async () => {
  const host = { environment: (name: string) => (name === 'NTLM_USER_FILE' ? '/users' : undefined), readFile: async () => utf8(`OTHER:bob:x\nADTEST:alice:${ALICE.password}\n`) };
  const { credential } = await acquireCredentialsHandle({ backend: 'wasm', host, principal: 'alice' });
  assert.equal(queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES), { userName: 'ADTEST\\alice' });
  const driven = await drive({ world: inMemory, package: 'NTLM', client: { authData: undefined, host, principal: 'alice' } });
  assert.is(queryContextAttributes(driven.server, SECPKG_ATTR_NAMES).userName, 'ADTEST\\alice');
  await failure('SEC_E_LOGON_DENIED', drive({ world: inMemory, package: 'NTLM', client: { authData: undefined, host } })); // bob, of the first line
  const both = await acquireCredentialsHandle({ backend: 'wasm', host, principal: 'alice', credentialUse: SECPKG_CRED_BOTH, authData: { accounts } });
  assert.equal(queryCredentialsAttributes(both.credential, SECPKG_CRED_ATTR_NAMES), { userName: 'ADTEST\\alice' });
});

test('SEC_E_TARGET_UNKNOWN: a target name that no package can carry', async () => {
  const { credential } = await acquireCredentialsHandle({ backend: 'wasm', authData: ALICE });
  await failure('SEC_E_TARGET_UNKNOWN', initializeSecurityContext({ credential, targetName: `HTTP/${'a'.repeat(100_000)}` }));
});

test('SEC_E_WRONG_PRINCIPAL: the client meant another service than this one', async () => {
  for (const name of ['Negotiate', 'NTLM'] as const) {
    const server = { authData: { accounts, serviceNames: ['HTTP/other.ad.test'] } };
    await failure('SEC_E_WRONG_PRINCIPAL', drive({ world: inMemory, package: name, server }));
    await drive({ world: inMemory, package: name, server: { authData: { accounts, serviceNames: ['http/WEB.ad.test'] } } });
  }
});

test('SEC_E_INTERNAL_ERROR: the accounts callback fails, and its error is the cause', async () => {
  const cause = new Error('the directory is down');
  const error = await failure('SEC_E_INTERNAL_ERROR', drive({ world: inMemory, package: 'NTLM', server: { authData: { accounts: () => { throw cause; } } } }));
  assert.is(error.cause, cause);
});

test('the same clock and randomness give the same tokens', async () => {
  const run = async () => {
    let count = 0;
    const host = { now: () => new Date(1_700_000_000_000), random: (length: number) => new Uint8Array(length).map(() => count++ * 31) };
    const driven = await drive({ world: inMemory, package: 'Negotiate', client: { host, ntlm: { workstation: 'WS' } }, server: { host, ntlm: { netbiosComputerName: 'SRV' } } });
    return hex(tokenOf(driven.accepted));
  };
  assert.is(await run(), await run());
});

test('supplied credentials replace the handle\'s for one handshake, and keep its package list', async () => {
  const { credential: clientCredential } = await acquireCredentialsHandle({ backend: 'wasm', authData: { user: 'nobody', password: 'x' }, packageList: 'NTLM' });
  const { credential: serverCredential } = await acquireCredentialsHandle({ backend: 'wasm', credentialUse: SECPKG_CRED_INBOUND, authData: { accounts } });
  const supplied = (packageList?: string) => ({
    initialize: { contextReq: ISC_REQ_USE_SUPPLIED_CREDS, input: [{ type: SECBUFFER_PKG_PARAMS, data: packAuthIdentity({ ...ALICE, packageList }) }] },
  });
  const driven = await handshake({ clientCredential, serverCredential }, supplied());
  assert.is(queryContextAttributes(driven.server, SECPKG_ATTR_NAMES).userName, 'ADTEST\\alice');
  await failure('SEC_E_NO_AUTHENTICATING_AUTHORITY', handshake({ clientCredential, serverCredential }, supplied('!NTLM')));
  await failure('SEC_E_LOGON_DENIED', handshake({ clientCredential, serverCredential }, {})); // the handle's own again
});

test('a context ends with the status of its last leg, or with why Kerberos was passed over', async () => {
  const { client, server } = await drive({ world: inMemory, package: 'Negotiate', client: { packageList: 'NTLM' }, initialize: { contextReq: ISC_REQ_MUTUAL_AUTH } });
  for (const context of [client, server]) assert.is(queryContextAttributes(context, SECPKG_ATTR_NEGO_STATUS).lastStatus, SEC_E_OK);
  const fallen = await drive({ world: inMemory, package: 'Negotiate' });
  const { lastStatus, reason } = queryContextAttributes(fallen.client, SECPKG_ATTR_NEGO_STATUS);
  assert.is(lastStatus, SEC_E_NO_AUTHENTICATING_AUTHORITY);
  assert.match(reason!.message, /'ADTEST' is a NetBIOS domain, whose realm is not known/);
  assert.is(queryContextAttributes(fallen.server, SECPKG_ATTR_NEGO_STATUS).lastStatus, SEC_E_OK);
});

test('without a target, or with an address for one, the context says why there is no Kerberos', async () => {
  for (const target of [undefined, 'HTTP/10.0.0.1']) {
    using client = await createInitiator({ ...(target !== undefined && { target }), credential: { user: 'alice@AD.TEST', password: ALICE.password }, kerberos: { krb5Conf: '' }, backend: 'wasm' });
    using server = await createAcceptor({ credential: { accounts: () => ({ password: ALICE.password }) }, backend: 'wasm' });
    assert.is(client.fallbackFrom, null);
    let token = await client.step();
    assert.is(client.fallbackFrom!.code, 'SEC_E_TARGET_UNKNOWN', 'known before the server answers');
    assert.is(queryContextAttributes(client.handle, SECPKG_ATTR_NEGO_STATUS).lastStatus, SEC_I_CONTINUE_NEEDED);
    while (token !== null) {
      const answer = await server.step(token);
      token = answer && await client.step(answer);
    }
    assert.is(client.package, 'NTLM');
    assert.is(client.fallbackFrom!.code, 'SEC_E_TARGET_UNKNOWN');
    assert.match(client.fallbackFrom!.remedy!, /service and a host's name/);
  }
});

test('the server takes raw NTLM through Negotiate and answers without SPNEGO', async () => {
  const { credential: raw } = await acquireCredentialsHandle({ backend: 'wasm', package: 'NTLM', authData: ALICE });
  const { credential: serving } = await acquireCredentialsHandle({ backend: 'wasm', credentialUse: SECPKG_CRED_INBOUND, authData: { accounts } });
  const first = await initializeSecurityContext({ credential: raw, targetName: TARGET });
  const challenge = await acceptSecurityContext({ credential: serving, input: [token(tokenOf(first))] });
  assert.is(Buffer.from(tokenOf(challenge).subarray(0, 7)).toString(), 'NTLMSSP');
  const proof = await initializeSecurityContext({ context: first.context, targetName: TARGET, input: [token(tokenOf(challenge))] });
  assert.is((await acceptSecurityContext({ context: challenge.context, input: [token(tokenOf(proof))] })).status, SEC_E_OK);
});

test('an imported context has no credential to go on with', async () => {
  const { exportSecurityContext } = await import('../../src/index.ts');
  const context = importSecurityContext({ packed: exportSecurityContext((await drive({ world: inMemory, package: 'NTLM' })).client) });
  await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ context, targetName: TARGET }));
  const { credential } = await acquireCredentialsHandle({ backend: 'wasm', package: 'NTLM', authData: ALICE });
  assert.is((await initializeSecurityContext({ context, credential, targetName: TARGET })).context, context);
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ context, input: [token(utf8('goes on with that one'))] }));
});

test.run();
