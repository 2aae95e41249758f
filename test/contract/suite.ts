import * as assert from 'uvu/assert';
import * as sspi from '../../src/index.ts';
import {
  acceptSecurityContext, ASC_REQ_ALLOCATE_MEMORY, ASC_REQ_CONFIDENTIALITY, ASC_REQ_INTEGRITY, ASC_RET_ALLOCATED_MEMORY,
  ASC_RET_CONFIDENTIALITY, ASC_RET_INTEGRITY, ASC_RET_STREAM, ASC_REQ_STREAM, changeAccountPassword, completeAuthToken, decryptMessage,
  deleteSecurityContext, encryptMessage, enumerateSecurityPackages, exportSecurityContext, freeContextBuffer, freeCredentialsHandle, importSecurityContext,
  initializeSecurityContext, ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_CONFIDENTIALITY, ISC_REQ_CONNECTION, ISC_REQ_DELEGATE, ISC_REQ_EXTENDED_ERROR, ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH, ISC_REQ_NO_INTEGRITY, ISC_REQ_PROMPT_FOR_CREDS, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_REQ_STREAM,
  ISC_REQ_USE_SUPPLIED_CREDS, ISC_RET_ALLOCATED_MEMORY, ISC_RET_CONFIDENTIALITY, ISC_RET_CONNECTION, ISC_RET_DELEGATE, ISC_RET_EXTENDED_ERROR,
  ISC_RET_INTEGRITY, ISC_RET_INTERMEDIATE_RETURN, ISC_RET_MUTUAL_AUTH, ISC_RET_REAUTHENTICATION, ISC_RET_REPLAY_DETECT, ISC_RET_SEQUENCE_DETECT,
  ISC_RET_STREAM, ISC_RET_USED_SUPPLIED_CREDS, makeSignature, packAuthIdentity, packChannelBindings, type PackageName, queryContextAttributes,
  queryCredentialsAttributes, querySecurityPackageInfo, SEC_E_OK, SEC_I_CONTINUE_NEEDED, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_DATA, SECBUFFER_PADDING,
  SECBUFFER_PKG_PARAMS, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_STREAM, SECBUFFER_TOKEN, type SecBuffer, SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, SECPKG_ATTR_LIFESPAN, SECPKG_ATTR_NAMES, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_SIZES, SECPKG_ATTR_STREAM_SIZES, SECPKG_ATTR_TARGET, SECPKG_CRED_ATTR_NAMES, SECPKG_CRED_BOTH,
  SECPKG_CRED_OUTBOUND, SECQOP_WRAP_NO_ENCRYPT, SECURITY_NATIVE_DREP, SECURITY_NETWORK_DREP, SECPKG_NEGOTIATION_COMPLETE,
  SECPKG_NEGOTIATION_IN_PROGRESS, verifySignature,
} from '../../src/index.ts';
import { failure, hex, token, utf8 } from './support.ts';
import { acquireClient, acquireServer, credentials, drive, type Driven, handshake, type Peers, tokenOf } from './drive.ts';
import { mechanismOf } from './mechanisms.ts';
import { worldSuite } from './world-suite.ts';
import type { World } from './world.ts';

const PROTECTED = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
const SECURITY = PROTECTED | ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH;

/** The promises of the SSPI verbs that hold for every backend and package, through the public API alone. */
export function contractSuite(world: World): void {
  for (const name of world.packages) packageSuite(world, name);
}

function packageSuite(world: World, name: PackageName): void {
  const { target } = world;
  const test = worldSuite(world, name);
  const when = test.when;
  const mechanism = mechanismOf(world, name);
  const account = { user: world.user, domain: mechanism.domain(world), password: world.password };
  const ntlm = mechanism.name === 'NTLM';
  /** For what the other mechanism has by nature not. */
  const ntlmTest = ntlm ? test : () => {};
  /** What a first leg is asked for, so that a second one follows. */
  const halfway = { targetName: target, contextReq: mechanism.mutual ? ISC_REQ_MUTUAL_AUTH : 0 };
  const peers = (more: Omit<Peers, 'world' | 'package'> = {}): Peers => ({ world, package: name, ...more });
  const sealed = (more: Omit<Peers, 'world' | 'package'> = {}): Promise<Driven> => drive(peers({ initialize: { contextReq: PROTECTED }, accept: { contextReq: ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY }, ...more }));
  const client = (options: sspi.AcquireCredentialsOptions = {}) => acquireClient(peers({ client: options }));
  const server = (options: sspi.AcquireCredentialsOptions = {}) => acquireServer(peers({ server: options }));

  const agree = (sides: Pick<Driven, 'client' | 'server'>): void => {
    if (world.capabilities.sessionKeys) assert.is(sessionKey(sides.client), sessionKey(sides.server));
    else signAndVerify(sides, 'with keys that are the same');
  };

  // — the handshake —

  test('a handshake ends with SEC_E_OK on both sides, which have the same keys', async () => {
    const driven = await sealed();
    assert.is(driven.statuses[0], mechanism.statuses[0]);
    assert.is(driven.initialized.status, SEC_E_OK);
    assert.is(driven.accepted.status, SEC_E_OK);
    agree(driven);
  });

  when('sessionKeys')('both sides have the same session key', async () => {
    const driven = await sealed();
    assert.is(sessionKey(driven.client), sessionKey(driven.server));
    assert.is(sessionKey(driven.client).length, 2 * mechanism.sessionKey);
  });

  test('phCredential: without one SEC_E_NO_CREDENTIALS, a freed or foreign one SEC_E_INVALID_HANDLE', async () => {
    await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ targetName: target }));
    const { credential } = await client();
    freeCredentialsHandle(credential);
    await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ credential, targetName: target }));
    await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ credential: {} as sspi.CredHandle }));
    await failure('SEC_E_INVALID_HANDLE', () => freeCredentialsHandle(credential));
    await failure('SEC_E_INVALID_HANDLE', () => queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES));
  });

  test('phCredential: OUTBOUND is required of a client, INBOUND of a server', async () => {
    const inbound = await server();
    await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ credential: inbound.credential, targetName: target }));
    const outbound = await client();
    await failure('SEC_E_NO_CREDENTIALS', acceptSecurityContext({ credential: outbound.credential, input: [token(utf8('NTLMSSP\0'))] }));
  });

  ntlmTest('phCredential: BOTH serves both sides', async () => {
    const both = await client({ credentialUse: SECPKG_CRED_BOTH, authData: { ...(await world.clientOptions(name)).authData, ...(await world.serverOptions(name)).authData } as sspi.AuthData });
    const driven = await handshake({ clientCredential: both.credential, serverCredential: both.credential }, peers());
    assert.is(driven.initialized.status, SEC_E_OK);
  });

  test('phContext and phNewContext: the handle that went in comes out', async () => {
    const { clientCredential, serverCredential } = await credentials(peers());
    const first = await initializeSecurityContext({ credential: clientCredential, ...halfway });
    const answer = await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(first))] });
    const second = await initializeSecurityContext({ credential: clientCredential, context: first.context, ...halfway, input: [token(tokenOf(answer))] });
    assert.is(second.context, first.context);
    if (answer.status === SEC_E_OK) return;
    const last = await acceptSecurityContext({ credential: serverCredential, context: answer.context, input: [token(tokenOf(second))] });
    assert.is(last.context, answer.context);
  });

  test('phContext: a deleted handle is SEC_E_INVALID_HANDLE for every verb', async () => {
    const { clientCredential, serverCredential, client: context } = await sealed();
    deleteSecurityContext(context);
    const buffers = [token(new Uint8Array(16)), data('x')];
    const verbs: (() => unknown)[] = [
      () => initializeSecurityContext({ credential: clientCredential, context }),
      () => acceptSecurityContext({ credential: serverCredential, context, input: [token(utf8('x'))] }),
      () => completeAuthToken(context, []),
      () => deleteSecurityContext(context),
      () => queryContextAttributes(context, SECPKG_ATTR_SIZES),
      () => makeSignature(context, { buffers }),
      () => verifySignature(context, { buffers }),
      () => encryptMessage(context, { buffers }),
      () => decryptMessage(context, { buffers }),
      () => exportSecurityContext(context),
    ];
    for (const verb of verbs) await failure('SEC_E_INVALID_HANDLE', async () => verb());
    await failure('SEC_E_INVALID_HANDLE', () => queryContextAttributes({} as sspi.CtxtHandle, SECPKG_ATTR_SIZES));
  });

  test('pszTargetName: the SPN reaches the server', async () => {
    const driven = await sealed();
    assert.equal(queryContextAttributes(driven.server, sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET), { targetName: mechanism.servicePrincipal(world) });
    assert.equal(queryContextAttributes(driven.client, SECPKG_ATTR_TARGET), { target: mechanism.servicePrincipal(world) });
    await initializeSecurityContext({ credential: driven.clientCredential, targetName: 7 as unknown as string }).then(unexpected, (error) => assert.instance(error, TypeError));
  });

  ntlmTest('pszTargetName may be left out', async () => {
    const driven = await sealed({ initialize: { contextReq: PROTECTED, targetName: undefined } });
    assert.is(queryContextAttributes(driven.client, SECPKG_ATTR_TARGET).target, null);
  });

  test('fContextReq must be a 32-bit mask', async () => {
    const { credential } = await client();
    for (const contextReq of [0x1_0000_0000, 1.5, NaN]) {
      await initializeSecurityContext({ credential, contextReq }).then(unexpected, (error) => assert.instance(error, RangeError));
    }
    await initializeSecurityContext({ credential, contextReq: '2' as unknown as number }).then(unexpected, (error) => assert.instance(error, TypeError));
  });

  test('the reserved parameters have no place, and ISC_REQ_RESERVED1 changes nothing', async () => {
    const driven = await sealed({ initialize: { contextReq: PROTECTED | sspi.ISC_REQ_RESERVED1 } });
    assert.is(driven.initialized.contextAttr & sspi.ISC_RET_RESERVED1, 0);
  });

  test('TargetDataRep: native and network are taken and give working tokens, another value is a RangeError', async () => {
    for (const targetDataRep of [SECURITY_NATIVE_DREP, SECURITY_NETWORK_DREP]) {
      const driven = await drive(peers({ initialize: { targetDataRep }, accept: { targetDataRep } }));
      assert.is(driven.initialized.status, SEC_E_OK);
    }
    const { credential } = await client();
    await initializeSecurityContext({ credential, targetDataRep: 1 }).then(unexpected, (error) => assert.instance(error, RangeError));
  });

  test('pInput: none, or an empty token, on the first call', async () => {
    const { credential } = await client();
    for (const input of [undefined, [], [token(new Uint8Array(0))]]) {
      const { status, output } = await initializeSecurityContext({ credential, ...halfway, input });
      assert.is(status, SEC_I_CONTINUE_NEEDED);
      assert.ok(output[0]!.data.length > 0);
    }
  });

  test('pInput: what is no array of buffers is a TypeError', async () => {
    const { credential } = await client();
    for (const input of [token(new Uint8Array(1)), [null], [{ type: 2 }], [{ type: 2, data: 'x' }]]) {
      await initializeSecurityContext({ credential, input: input as unknown as SecBuffer[] }).then(unexpected, (error) => assert.instance(error, TypeError));
    }
    await initializeSecurityContext({ credential, input: [{ type: -1.5, data: new Uint8Array(0) }] }).then(unexpected, (error) => assert.instance(error, RangeError));
  });

  test('the context that the server began', async () => {
    const { clientCredential, serverCredential } = await credentials(peers());
    if (name === 'Negotiate') {
      const begun = await acceptSecurityContext({ credential: serverCredential });
      assert.is(begun.status, SEC_I_CONTINUE_NEEDED);
      assert.ok(tokenOf(begun).length > 0);
      const first = await initializeSecurityContext({ credential: clientCredential, targetName: target, input: [token(tokenOf(begun))] });
      const challenge = await acceptSecurityContext({ credential: serverCredential, context: begun.context, input: [token(tokenOf(first))] });
      const proof = await initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: target, input: [token(tokenOf(challenge))] });
      const last = await acceptSecurityContext({ credential: serverCredential, context: begun.context, input: [token(tokenOf(proof))] });
      assert.is(last.status, SEC_E_OK);
    } else {
      await failure('SEC_E_INVALID_TOKEN', acceptSecurityContext({ credential: serverCredential })); // a bare package has no token to begin with
    }
  });

  test('pOutput: a caller\'s buffer is filled in place and narrowed', async () => {
    const { credential } = await client();
    const memory = new Uint8Array(4096).fill(0xee);
    const buffer = token(memory);
    const { output, contextAttr } = await initializeSecurityContext({ credential, targetName: target, output: [buffer] });
    assert.is(output[0], buffer);
    assert.is(buffer.data.buffer, memory.buffer);
    assert.ok(buffer.data.length > 0 && buffer.data.length < memory.length);
    assert.is(memory[buffer.data.length], 0xee);
    assert.is(contextAttr & ISC_RET_ALLOCATED_MEMORY, 0);
  });

  test('SEC_E_INSUFFICIENT_MEMORY: a short buffer, and the leg is repeated, on both sides', async () => {
    const { clientCredential, serverCredential } = await credentials(peers());
    const short = () => [token(new Uint8Array(8))];
    const room = () => [token(new Uint8Array(8192))];
    assert.match((await failure('SEC_E_INSUFFICIENT_MEMORY', initializeSecurityContext({ credential: clientCredential, ...halfway, output: short() }))).message, /buffer 8/);
    const first = await initializeSecurityContext({ credential: clientCredential, ...halfway });
    await failure('SEC_E_INSUFFICIENT_MEMORY', acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(first))], output: short() }));
    const again = ntlm ? first : await initializeSecurityContext({ credential: clientCredential, ...halfway }); // the acceptor has seen that ticket's authenticator
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(again))] });
    if (!ntlm) {
      assert.is((await initializeSecurityContext({ credential: clientCredential, context: again.context, ...halfway, input: [token(tokenOf(challenge))] })).status, SEC_E_OK);
      return agree({ client: again.context, server: challenge.context });
    }
    const proving = { credential: clientCredential, context: first.context, targetName: target, input: [token(tokenOf(challenge))] };
    await failure('SEC_E_INSUFFICIENT_MEMORY', initializeSecurityContext({ ...proving, output: short() }));
    await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext({ ...proving, input: [token(utf8('another'))], output: room() }));
    const proof = await initializeSecurityContext({ ...proving, output: room() });
    const checking = { credential: serverCredential, context: challenge.context, input: [token(tokenOf(proof))] };
    if (name === 'Negotiate') await failure('SEC_E_INSUFFICIENT_MEMORY', acceptSecurityContext({ ...checking, output: short() }));
    const last = await acceptSecurityContext({ ...checking, output: room() });
    assert.is(last.status, SEC_E_OK);
    if (tokenOf(last).length > 0) {
      assert.is((await initializeSecurityContext({ credential: clientCredential, context: first.context, input: [token(tokenOf(last))] })).status, SEC_E_OK);
    }
    agree({ client: first.context, server: challenge.context });
  });

  test('pfContextAttr: security attributes only at the end, on both sides', async () => {
    const { clientCredential, serverCredential } = await credentials(peers());
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: target, contextReq: PROTECTED | ISC_REQ_MUTUAL_AUTH | (name === 'Negotiate' ? ISC_REQ_DELEGATE : 0) });
    assert.is(first.contextAttr & SECURITY, 0);
    assert.is(first.contextAttr, ISC_RET_INTERMEDIATE_RETURN | ISC_RET_ALLOCATED_MEMORY);
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(first))] });
    if (challenge.status !== SEC_E_OK) assert.is(challenge.contextAttr, ASC_RET_ALLOCATED_MEMORY);
    const driven = await sealed();
    assert.is(driven.initialized.contextAttr & PROTECTED, PROTECTED);
    assert.is(driven.initialized.contextAttr & ISC_RET_INTERMEDIATE_RETURN, 0);
    assert.is(queryContextAttributes(driven.client, SECPKG_ATTR_FLAGS).flags, driven.initialized.contextAttr & ~ISC_RET_ALLOCATED_MEMORY);
  });

  test('ptsExpiry: never for NTLM, the ticket\'s end for Kerberos', async () => {
    const driven = await sealed();
    const lifespan = queryContextAttributes(driven.client, SECPKG_ATTR_LIFESPAN);
    assert.instance(lifespan.start, Date);
    if (ntlm) {
      for (const expiry of [driven.initialized.expiry, lifespan.expiry, (await client()).expiry]) assert.is(expiry, null);
    } else {
      for (const expiry of [driven.initialized.expiry!, lifespan.expiry!, driven.accepted.expiry!]) assert.ok(expiry.getTime() > Date.now() + 60_000, String(expiry));
    }
  });

  // — the flags —

  test('ISC_REQ_ALLOCATE_MEMORY: allocated, reported, freed by freeContextBuffer', async () => {
    const { credential } = await client();
    const mine = new Uint8Array(4096);
    const buffer = token(mine);
    const { output, contextAttr } = await initializeSecurityContext({ credential, targetName: target, contextReq: ISC_REQ_ALLOCATE_MEMORY, output: [buffer] });
    assert.is(contextAttr & ISC_RET_ALLOCATED_MEMORY, ISC_RET_ALLOCATED_MEMORY);
    const allocated = output[0]!.data;
    assert.is.not(allocated.buffer, mine.buffer);
    assert.ok(allocated.length > 0);
    freeContextBuffer(output);
    assert.ok(allocated.every((byte) => byte === 0));
    assert.is(buffer.data.length, 0);
    freeContextBuffer(buffer);
    if (mechanism.statuses.length === 2) return; // nothing to answer without mutual authentication
    const accepting = await server();
    const { contextAttr: asc } = await acceptSecurityContext({
      credential: accepting.credential, contextReq: ASC_REQ_ALLOCATE_MEMORY, input: [token(tokenOf(await initializeSecurityContext({ credential, targetName: target })))], output: [token(mine)],
    });
    assert.is(asc & ASC_RET_ALLOCATED_MEMORY, ASC_RET_ALLOCATED_MEMORY);
  });

  test('ISC_REQ_CONFIDENTIALITY: messages are encrypted', async () => {
    const driven = await sealed();
    assert.is(driven.initialized.contextAttr & ISC_RET_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY);
    assert.is(driven.accepted.contextAttr & ASC_RET_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY);
    const message = [trailer(driven.client), data('a secret')];
    encryptMessage(driven.client, { buffers: message });
    assert.is.not(hex(message[1]!.data), hex(utf8('a secret')));
    assert.is(decryptMessage(driven.server, { buffers: message }), 0);
    assert.is(hex(message[1]!.data), hex(utf8('a secret')));
  });

  test('without ISC_REQ_CONFIDENTIALITY nothing is encrypted and the attributes say so', async () => {
    const driven = await drive(peers({ initialize: { contextReq: ISC_REQ_INTEGRITY } }));
    assert.is(driven.initialized.contextAttr & (ISC_RET_CONFIDENTIALITY | ISC_RET_INTEGRITY), ISC_RET_INTEGRITY);
    assert.is(driven.accepted.contextAttr & (ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY), ASC_RET_INTEGRITY);
    if (ntlm) await failure('SEC_E_UNSUPPORTED_FUNCTION', () => encryptMessage(driven.client, { buffers: [trailer(driven.client), data('x')] }));
    signAndVerify(driven, 'signed all the same');
  });

  test('ISC_REQ_CONNECTION is the default', async () => {
    for (const contextReq of [0, ISC_REQ_CONNECTION]) {
      const { initialized } = await drive(peers({ initialize: { contextReq } }));
      assert.is(initialized.contextAttr & (ISC_RET_CONNECTION | ISC_RET_STREAM), ISC_RET_CONNECTION);
    }
  });

  test('ISC_REQ_STREAM: a message is decrypted in one piece with its trailer', async () => {
    const driven = await sealed({ initialize: { contextReq: PROTECTED | ISC_REQ_STREAM }, accept: { contextReq: ASC_REQ_STREAM } });
    assert.is(driven.initialized.contextAttr & (ISC_RET_CONNECTION | ISC_RET_STREAM), ISC_RET_STREAM);
    assert.is(driven.accepted.contextAttr & ASC_RET_STREAM, ASC_RET_STREAM);
    const sizes = queryContextAttributes(driven.client, SECPKG_ATTR_STREAM_SIZES);
    assert.is(sizes.header, queryContextAttributes(driven.client, SECPKG_ATTR_SIZES).securityTrailer);
    const message = [trailer(driven.client), data('through a stream')];
    encryptMessage(driven.client, { buffers: message });
    const stream = { type: SECBUFFER_STREAM, data: joined(message) };
    const plain = { type: SECBUFFER_DATA, data: new Uint8Array(0) };
    decryptMessage(driven.server, { buffers: [stream, plain] });
    assert.is(hex(plain.data), hex(utf8('through a stream')));
    assert.is(plain.data.buffer, stream.data.buffer);
    await failure('SEC_E_INVALID_TOKEN', () => decryptMessage(driven.server, { buffers: [stream] }));
    for (const length of [0, 1, 15]) {
      const cut = [{ type: SECBUFFER_STREAM, data: stream.data.slice(0, length) }, { type: SECBUFFER_DATA, data: new Uint8Array(0) }];
      let code = '';
      try { decryptMessage(driven.server, { buffers: cut }); } catch (error) { code = (error as sspi.SspiError).code; }
      assert.ok(['SEC_E_INVALID_TOKEN', 'SEC_E_MESSAGE_ALTERED', 'SEC_E_INCOMPLETE_MESSAGE'].includes(code), code);
    }
  });

  ntlmTest('ISC_REQ_DELEGATE: of the package NTLM unsupported, through Negotiate absent from the attributes', async () => {
    const contextReq = ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH;
    if (name === 'NTLM') {
      const { credential } = await client();
      await failure('SEC_E_UNSUPPORTED_FUNCTION', initializeSecurityContext({ credential, targetName: target, contextReq }));
      await failure('SEC_E_UNSUPPORTED_FUNCTION', initializeSecurityContext({ credential, targetName: target, contextReq: ISC_REQ_DELEGATE }));
    } else {
      const { initialized } = await drive(peers({ initialize: { contextReq } }));
      assert.is(initialized.contextAttr & ISC_RET_DELEGATE, 0);
    }
  });

  test('ISC_REQ_DELEGATE without ISC_REQ_MUTUAL_AUTH does nothing', async () => {
    if (name === 'NTLM') return void (await failure('SEC_E_UNSUPPORTED_FUNCTION', initializeSecurityContext({ credential: (await client()).credential, contextReq: ISC_REQ_DELEGATE })));
    const { initialized } = await drive(peers({ initialize: { contextReq: ISC_REQ_DELEGATE } }));
    assert.is(initialized.contextAttr & (ISC_RET_DELEGATE | ISC_RET_MUTUAL_AUTH), 0);
  });

  test('ISC_REQ_PROMPT_FOR_CREDS is SEC_E_UNSUPPORTED_FUNCTION', async () => {
    const { credential } = await client();
    const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', initializeSecurityContext({ credential, targetName: target, contextReq: ISC_REQ_PROMPT_FOR_CREDS }));
    assert.match(error.message, /PROMPT_FOR_CREDS/);
  });

  ntlmTest('ISC_REQ_EXTENDED_ERROR: through Negotiate an error carries a token for the peer, and the attributes say so', async () => {
    const { clientCredential, serverCredential } = await credentials(peers({ client: { authData: { ...account, password: 'wrong' } } }));
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: target });
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(first))], contextReq: sspi.ASC_REQ_EXTENDED_ERROR });
    const proof = await initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: target, input: [token(tokenOf(challenge))] });
    const refused = await failure('SEC_E_LOGON_DENIED', acceptSecurityContext({
      credential: serverCredential, context: challenge.context, contextReq: sspi.ASC_REQ_EXTENDED_ERROR, input: [token(tokenOf(proof))],
    }));
    const driven = await drive(peers({ initialize: { contextReq: ISC_REQ_EXTENDED_ERROR } }));
    const told = name === 'Negotiate';
    assert.is(driven.initialized.contextAttr & ISC_RET_EXTENDED_ERROR, told ? ISC_RET_EXTENDED_ERROR : 0);
    assert.is(refused.token !== undefined, told);
    if (told) {
      const heard = await failure('SEC_E_LOGON_DENIED', initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: target, input: [token(refused.token!)] }));
      assert.ok(heard.remedy);
    }
  });

  test('ISC_REQ_INTEGRITY: messages are signed', async () => {
    const driven = await drive(peers({ initialize: { contextReq: ISC_REQ_INTEGRITY } }));
    assert.is(driven.initialized.contextAttr & ISC_RET_INTEGRITY, ISC_RET_INTEGRITY);
    signAndVerify(driven, 'a message');
  });

  test('ISC_REQ_NO_INTEGRITY beats ISC_REQ_INTEGRITY', async () => {
    const driven = await drive(peers({ initialize: { contextReq: ISC_REQ_INTEGRITY | ISC_REQ_NO_INTEGRITY } }));
    assert.is(driven.initialized.status, SEC_E_OK);
    assert.is(driven.initialized.contextAttr & (ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY), 0);
  });

  test('ISC_REQ_MUTUAL_AUTH: claimed where the server was proven, which NTLM never does', async () => {
    const { initialized, accepted } = await drive(peers({ initialize: { contextReq: ISC_REQ_MUTUAL_AUTH } }));
    assert.is(initialized.status, SEC_E_OK);
    assert.is(initialized.contextAttr & ISC_RET_MUTUAL_AUTH, mechanism.mutual ? ISC_RET_MUTUAL_AUTH : 0);
    assert.is(accepted.contextAttr & sspi.ASC_RET_MUTUAL_AUTH, mechanism.mutual ? sspi.ASC_RET_MUTUAL_AUTH : 0);
    const { initialized: unasked } = await drive(peers());
    assert.is(unasked.contextAttr & ISC_RET_MUTUAL_AUTH, 0);
  });

  for (const [flag, ret, title] of [
    [ISC_REQ_REPLAY_DETECT, ISC_RET_REPLAY_DETECT, 'ISC_REQ_REPLAY_DETECT: a replayed message is refused, and the context goes on'],
    [ISC_REQ_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT, 'ISC_REQ_SEQUENCE_DETECT: a message out of order is refused, and the context goes on'],
  ] as const) {
    test(title, async () => {
      const driven = await drive(peers({ initialize: { contextReq: flag | ISC_REQ_CONFIDENTIALITY } }));
      assert.is(driven.initialized.contextAttr & ret, ret);
      const send = (text: string) => {
        const buffers = [trailer(driven.client), data(text)];
        encryptMessage(driven.client, { buffers });
        return buffers;
      };
      const receive = (buffers: SecBuffer[]) => decryptMessage(driven.server, { buffers });
      const one = send('one');
      const two = send('two');
      const oneAgain = one.map((buffer) => ({ type: buffer.type, data: buffer.data.slice() }));
      if (flag === ISC_REQ_SEQUENCE_DETECT) {
        const early = two.map((buffer) => ({ type: buffer.type, data: buffer.data.slice() }));
        await refusedMessage(() => receive(early));
        assert.is(hex(early[1]!.data), hex(two[1]!.data)); // no plaintext of a message that was refused
      }
      receive(one);
      if (flag === ISC_REQ_REPLAY_DETECT) await refusedMessage(() => receive(oneAgain));
      receive(two);
      assert.is(hex(two[1]!.data), hex(utf8('two')));
    });
  }

  when('suppliedCredentials')('ISC_REQ_USE_SUPPLIED_CREDS: the credentials of SECBUFFER_PKG_PARAMS are used', async () => {
    const { clientCredential, serverCredential } = await credentials(peers({ client: { authData: { user: 'nobody', password: 'x' } } }));
    const contextReq = ISC_REQ_USE_SUPPLIED_CREDS;
    await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ credential: clientCredential, targetName: target, contextReq }));
    const parameters = { type: SECBUFFER_PKG_PARAMS, data: packAuthIdentity(account) };
    const driven = await handshake({ clientCredential, serverCredential }, { world, initialize: { contextReq, input: [parameters] } });
    assert.is(queryContextAttributes(driven.server, SECPKG_ATTR_NAMES).userName, mechanism.userName(world));
    assert.is(driven.initialized.contextAttr & ISC_RET_USED_SUPPLIED_CREDS, ISC_RET_USED_SUPPLIED_CREDS);
    await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential: clientCredential, contextReq, input: [{ type: SECBUFFER_PKG_PARAMS, data: new Uint8Array(10) }] }));
    await failure('SEC_E_LOGON_DENIED', handshake({ clientCredential, serverCredential }, { world, initialize: { input: [parameters] } })); // without the flag they are not looked at
  });

  // — the return codes —

  test('SEC_I_COMPLETE_NEEDED and SEC_I_COMPLETE_AND_CONTINUE never come; CompleteAuthToken is unsupported', async () => {
    const driven = await sealed();
    for (const status of driven.statuses) assert.ok(status === SEC_E_OK || status === SEC_I_CONTINUE_NEEDED);
    await failure('SEC_E_UNSUPPORTED_FUNCTION', completeAuthToken(driven.client, [token(new Uint8Array(0))]));
  });

  test('SEC_E_OK with a token: it goes to the peer; without: nothing to send', async () => {
    const driven = await sealed();
    const [final, other] = mechanism.name === name ? [driven.initialized, driven.accepted] : [driven.accepted, driven.initialized];
    assert.ok(tokenOf(final).length > 0);
    assert.is(tokenOf(other).length, 0);
  });

  test('SEC_E_INVALID_TOKEN: whatever is cut, bent or of another package, on every leg', async () => {
    const { clientCredential, serverCredential } = await credentials(peers());
    const bad = [utf8('NTLMSSP\0'), utf8('HTTP/1.1 401'), new Uint8Array(70_000), new Uint8Array(12).fill(0x60), new Uint8Array([0x6e, 0x02, 0, 0])];
    for (const bytes of bad) {
      await failure('SEC_E_INVALID_TOKEN', acceptSecurityContext({ credential: serverCredential, input: [token(bytes)] }));
      await failure('SEC_E_INVALID_TOKEN', (async () => {
        const { context } = await initializeSecurityContext({ credential: clientCredential, ...halfway });
        await initializeSecurityContext({ credential: clientCredential, context, ...halfway, input: [token(bytes)] });
      })());
      if (!ntlm) continue; // a server that is done after one token
      const { context } = await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(await initializeSecurityContext({ credential: clientCredential, targetName: target })))] });
      await failure('SEC_E_INVALID_TOKEN', acceptSecurityContext({ credential: serverCredential, context, input: [token(bytes)] }));
    }
    const first = tokenOf(await initializeSecurityContext({ credential: clientCredential, targetName: target }));
    await failure('SEC_E_INVALID_TOKEN', acceptSecurityContext({ credential: serverCredential, input: [token(first.subarray(0, 15))] }));
  });

  test('SEC_E_LOGON_DENIED: a wrong password and an unknown user look alike on the server', async () => {
    const wrong = await failure('SEC_E_LOGON_DENIED', drive(peers({ client: { authData: { ...account, password: 'Tr0ub4dor' } } })));
    await failure('SEC_E_LOGON_DENIED', drive(peers({ client: { authData: { user: 'mallory', password: 'x' } } })));
    assert.not.match(wrong.message, /Tr0ub4dor|Pässw0rd/);
  });

  when('replaceableHost')('SEC_E_NO_CREDENTIALS: none given and the host has none', async () => {
    const host = { environment: () => undefined, readFile: async () => null };
    await failure('SEC_E_NO_CREDENTIALS', client({ authData: undefined, host }));
    await failure('SEC_E_NO_CREDENTIALS', server({ authData: undefined, host }));
    await failure('SEC_E_NO_CREDENTIALS', server({ authData: {}, host }));
  });

  test('SEC_E_SECPKG_NOT_FOUND: a package that is not there', async () => {
    await failure('SEC_E_SECPKG_NOT_FOUND', client({ package: 'Digest' as PackageName }));
    await failure('SEC_E_SECPKG_NOT_FOUND', querySecurityPackageInfo('Digest' as PackageName, { backend: world.client }));
  });

  // — the remarks —

  test('attributes that are not sufficient: the context is deleted, half-made or whole', async () => {
    const { credential } = await client();
    const { context } = await initializeSecurityContext({ credential, targetName: target });
    deleteSecurityContext(context);
    await failure('SEC_E_INVALID_HANDLE', () => deleteSecurityContext(context));
    const driven = await drive(peers());
    deleteSecurityContext(driven.client);
    deleteSecurityContext(driven.server);
  });

  test('calling again after success authenticates again on the same handle', async () => {
    const driven = await sealed();
    const key = world.capabilities.sessionKeys ? sessionKey(driven.client) : '';
    const pair = { clientCredential: driven.clientCredential, serverCredential: driven.serverCredential };
    const again = await handshake(pair, { world, initialize: { contextReq: PROTECTED } }, { client: driven.client, server: driven.server });
    assert.is(again.client, driven.client);
    assert.is(again.server, driven.server);
    assert.is(again.initialized.contextAttr & ISC_RET_REAUTHENTICATION, ISC_RET_REAUTHENTICATION);
    if (world.capabilities.sessionKeys) assert.is.not(sessionKey(again.client), key);
    agree(again);
    signAndVerify(again as Driven, 'with the new keys');
  });

  test('the old keys protect messages until the new ones are there', async () => {
    const driven = await sealed();
    const first = await initializeSecurityContext({ credential: driven.clientCredential, context: driven.client, targetName: target, contextReq: PROTECTED | ISC_REQ_MUTUAL_AUTH });
    assert.is(first.status, SEC_I_CONTINUE_NEEDED);
    signAndVerify(driven, 'in between');
  });

  test('a failed leg: the handle still has to be deleted, and can be nothing else', async () => {
    const { credential } = await client();
    const { context } = await initializeSecurityContext({ credential, ...halfway });
    await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, context, targetName: target, input: [token(utf8('rubbish'))] }));
    await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ credential, context, targetName: target, input: [token(utf8('rubbish'))] }));
    deleteSecurityContext(context);
  });

  // — messages —

  test('MakeSignature and VerifySignature: several buffers, both directions, a changed bit is found', async () => {
    const driven = await sealed();
    for (const [from, to] of [[driven.client, driven.server], [driven.server, driven.client]] as const) {
      const buffers = [token(new Uint8Array(64)), data('one '), data(''), data('two')];
      makeSignature(from, { buffers });
      assert.is(buffers[0]!.data.length, mechanism.maxSignature);
      const bent = buffers.map(({ type, data: bytes }) => ({ type, data: bytes.slice() }));
      bent[3]!.data[0]! ^= 1;
      await failure('SEC_E_MESSAGE_ALTERED', () => verifySignature(to, { buffers: bent }));
      assert.is(verifySignature(to, { buffers }), 0);
    }
  });

  ntlmTest('EncryptMessage: READONLY_WITH_CHECKSUM is signed and not encrypted, READONLY is neither', async () => {
    const driven = await sealed();
    const header = { type: SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, data: utf8('header') };
    const aside = { type: SECBUFFER_DATA | SECBUFFER_READONLY, data: utf8('aside') };
    const buffers = [header, aside, data('body'), trailer(driven.client), data('more'), { type: SECBUFFER_PADDING, data: new Uint8Array(8) }];
    encryptMessage(driven.client, { buffers });
    assert.is(hex(header.data), hex(utf8('header')));
    assert.is(hex(aside.data), hex(utf8('aside')));
    assert.is.not(hex(buffers[2]!.data), hex(utf8('body')));
    assert.is(buffers[5]!.data.length, 0);
    aside.data = utf8('changed on the way');
    const bent = buffers.map(({ type, data: bytes }) => ({ type, data: bytes.slice() }));
    bent[0]!.data[0]! ^= 1;
    await failure('SEC_E_MESSAGE_ALTERED', () => decryptMessage(driven.server, { buffers: bent }));
    assert.is(hex(bent[2]!.data), hex(buffers[2]!.data)); // as it came
    decryptMessage(driven.server, { buffers });
    assert.is(hex(buffers[2]!.data) + hex(buffers[4]!.data), hex(utf8('bodymore')));
  });

  test('EncryptMessage with SECQOP_WRAP_NO_ENCRYPT signs only', async () => {
    const driven = await sealed();
    const buffers = [trailer(driven.client), data('in the clear')];
    encryptMessage(driven.client, { buffers, qop: SECQOP_WRAP_NO_ENCRYPT });
    assert.is(hex(buffers[1]!.data), hex(utf8('in the clear')));
    if (ntlm) verifySignature(driven.server, { buffers });
    else assert.is(decryptMessage(driven.server, { buffers }), SECQOP_WRAP_NO_ENCRYPT);
  });

  test('a message buffer that is too short is SEC_E_BUFFER_TOO_SMALL before anything is counted', async () => {
    const driven = await sealed();
    for (const [verb, size] of [[makeSignature, mechanism.maxSignature], [encryptMessage, mechanism.securityTrailer]] as const) {
      const buffers = [token(new Uint8Array(size - 1)), data('x')];
      assert.match((await failure('SEC_E_BUFFER_TOO_SMALL', () => verb(driven.client, { buffers }))).message, new RegExp(`${size} bytes.*${size - 1}`));
      assert.is(hex(buffers[1]!.data), hex(utf8('x')));
      await failure('SEC_E_INVALID_TOKEN', () => verb(driven.client, { buffers: [data('x')] }));
    }
    signAndVerify(driven, 'still in step');
  });

  test('a message token that is cut is refused, and the context goes on', async () => {
    const driven = await sealed();
    const buffers = [trailer(driven.client), data('x')];
    encryptMessage(driven.client, { buffers });
    for (const length of [0, 1, 15]) {
      await refusedMessage(() => decryptMessage(driven.server, { buffers: [token(buffers[0]!.data.slice(0, length)), data('x')] }));
    }
    decryptMessage(driven.server, { buffers });
  });

  test('messages of every length', async () => {
    const driven = await sealed();
    for (const length of [0, 1, 63, 64, 65, 1000, 65_535, 65_536, 65_537, 200_000]) {
      const plain = new Uint8Array(length).map((_, at) => at * 7);
      const buffers = [trailer(driven.client), { type: SECBUFFER_DATA, data: plain.slice() }];
      encryptMessage(driven.client, { buffers });
      decryptMessage(driven.server, { buffers });
      assert.ok(buffers[1]!.data.length === length && plain.every((byte, at) => byte === buffers[1]!.data[at]), `${length} bytes`);
    }
  });

  when(typeof Buffer === 'function')('Node\'s Buffers work like other bytes, and those that only go in stay as they are', async () => {
    const { clientCredential, serverCredential } = await credentials(peers());
    const contextReq = PROTECTED | ISC_REQ_MUTUAL_AUTH;
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: target, contextReq });
    const negotiate = Buffer.from(tokenOf(first));
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(negotiate)] });
    negotiate.fill(0); // a caller may use its buffer again between two legs
    const answer = Buffer.from(tokenOf(challenge));
    const proof = await initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: target, contextReq, input: [token(answer)] });
    assert.is(answer.toString('hex'), hex(tokenOf(challenge)));
    if (challenge.status !== SEC_E_OK) {
      const last = await acceptSecurityContext({ credential: serverCredential, context: challenge.context, input: [token(Buffer.from(tokenOf(proof)))] });
      if (tokenOf(last).length > 0) await initializeSecurityContext({ credential: clientCredential, context: first.context, input: [token(Buffer.from(tokenOf(last)))] });
    }
    const message = [token(Buffer.alloc(mechanism.securityTrailer)), { type: SECBUFFER_DATA, data: Buffer.from('in a Buffer') }];
    encryptMessage(first.context, { buffers: message });
    decryptMessage(challenge.context, { buffers: message });
    assert.is(hex(message[1]!.data), hex(utf8('in a Buffer')));
  });

  test('two contexts crossed: messages and tokens of one are refused by the other', async () => {
    const one = await sealed();
    const two = await sealed();
    const buffers = [trailer(one.client), data('for one')];
    encryptMessage(one.client, { buffers });
    await failure('SEC_E_MESSAGE_ALTERED', () => decryptMessage(two.server, { buffers: buffers.map(({ type, data: bytes }) => ({ type, data: bytes.slice() })) }));
    decryptMessage(one.server, { buffers });
    const { clientCredential, serverCredential } = await credentials(peers());
    const begin = async () => {
      const first = await initializeSecurityContext({ credential: clientCredential, ...halfway });
      return { first, challenge: await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(first))] }) };
    };
    const [a, b] = [await begin(), await begin()];
    const last = (from: typeof a, to: typeof b) => initializeSecurityContext({ credential: clientCredential, context: to.first.context, ...halfway, input: [token(tokenOf(from.challenge))] });
    const refused = await (ntlm
      ? acceptSecurityContext({ credential: serverCredential, context: b.challenge.context, input: [token(tokenOf(await last(a, a)))] })
      : last(a, b)).then(unexpected, (error) => error as sspi.SspiError);
    assert.ok(['SEC_E_LOGON_DENIED', 'SEC_E_MESSAGE_ALTERED', 'SEC_E_INVALID_TOKEN', 'SEC_E_MUTUAL_AUTH_FAILED', 'SEC_E_WRONG_PRINCIPAL'].includes(refused.code), refused.message);
  });

  test('message verbs before the end of the handshake are SEC_E_INVALID_HANDLE', async () => {
    const { credential } = await client();
    const { context } = await initializeSecurityContext({ credential, ...halfway });
    const buffers = [token(new Uint8Array(64)), data('x')];
    for (const verb of [makeSignature, verifySignature, encryptMessage, decryptMessage]) await failure('SEC_E_INVALID_HANDLE', () => verb(context, { buffers }));
    await failure('SEC_E_INVALID_HANDLE', () => exportSecurityContext(context));
  });

  // — attributes, packages, export —

  test('QueryContextAttributes: names, sizes, keys and the package', async () => {
    const { client: initiator, server: acceptor } = await sealed();
    assert.is(queryContextAttributes(acceptor, SECPKG_ATTR_NAMES).userName, mechanism.userName(world));
    const sizes = queryContextAttributes(initiator, SECPKG_ATTR_SIZES);
    assert.is(sizes.maxSignature, mechanism.maxSignature);
    assert.is(sizes.securityTrailer, mechanism.securityTrailer);
    assert.is(queryContextAttributes(initiator, SECPKG_ATTR_PACKAGE_INFO).packageInfo.name, mechanism.name);
    assert.equal(queryContextAttributes(initiator, SECPKG_ATTR_NEGOTIATION_INFO).negotiationState, SECPKG_NEGOTIATION_COMPLETE);
    assert.is(queryContextAttributes(initiator, sspi.SECPKG_ATTR_KEY_INFO).keySize, mechanism.keySize);
    assert.is(queryContextAttributes(initiator, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS).lastClientTokenStatus, 0);
    const { lastStatus, reason } = queryContextAttributes(initiator, sspi.SECPKG_ATTR_NEGO_STATUS);
    assert.is(lastStatus, reason?.status ?? SEC_E_OK); // why it fell back, where it did
    assert.equal(queryContextAttributes(acceptor, sspi.SECPKG_ATTR_NATIVE_NAMES), { clientName: mechanism.userName(world), serverName: mechanism.servicePrincipal(world) });
    const key = queryContextAttributes(initiator, SECPKG_ATTR_SESSION_KEY).sessionKey;
    key.fill(0); // a copy
    assert.is.not(sessionKey(initiator), '00'.repeat(mechanism.sessionKey));
    await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(initiator, sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET));
    for (const attribute of [sspi.SECPKG_ATTR_DCE_INFO, sspi.SECPKG_ATTR_ACCESS_TOKEN, sspi.SECPKG_ATTR_APPLICATION_PROTOCOL, 9999]) {
      await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(initiator, attribute));
    }
  });

  test('QueryContextAttributes during the handshake', async () => {
    const { credential } = await client();
    const { context } = await initializeSecurityContext({ credential, ...halfway });
    const info = queryContextAttributes(context, SECPKG_ATTR_NEGOTIATION_INFO);
    assert.is(info.negotiationState, SECPKG_NEGOTIATION_IN_PROGRESS);
    assert.is(info.packageInfo.name, name);
    assert.is(queryContextAttributes(context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS).lastClientTokenStatus, name === 'Negotiate' ? 2 : 1);
    await failure('SEC_E_INVALID_HANDLE', () => queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY));
  });

  test('QueryCredentialsAttributes: the name', async () => {
    const { credential } = await client();
    assert.equal(queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES), { userName: mechanism.userName(world) });
    await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryCredentialsAttributes(credential, 77));
    await failure('SEC_E_NO_CREDENTIALS', server().then((acquired) => queryCredentialsAttributes(acquired.credential, SECPKG_CRED_ATTR_NAMES)));
  });

  test('EnumerateSecurityPackages and QuerySecurityPackageInfo', async () => {
    const all = await enumerateSecurityPackages({ backend: world.client });
    assert.ok(all.some((info) => info.name === name));
    const info = await querySecurityPackageInfo(name, { backend: world.client });
    assert.is(info.version, 1);
    assert.is(info.rpcId, { Negotiate: 9, NTLM: 10, Kerberos: 16 }[name]);
    assert.ok(info.maxToken >= 2888);
    assert.ok((info.capabilities & sspi.SECPKG_FLAG_INTEGRITY) !== 0 && info.comment.length > 0);
  });

  test('ChangeAccountPassword goes by Kerberos: NTLM has no way, a domain without a realm has no server', async () => {
    await failure(name === 'NTLM' ? 'SEC_E_UNSUPPORTED_FUNCTION' : 'SEC_E_NO_AUTHENTICATING_AUTHORITY', changeAccountPassword({ package: name, user: 'alice', domain: 'ADTEST', oldPassword: 'a', newPassword: 'b', backend: world.client }));
  });

  when('exports')('ExportSecurityContext: the context goes on where it was imported', async () => {
    const driven = await sealed();
    signAndVerify(driven, 'before');
    const packed = exportSecurityContext(driven.client);
    const moved = importSecurityContext({ package: name, packed });
    assert.is(sessionKey(moved), sessionKey(driven.server));
    assert.is(queryContextAttributes(moved, SECPKG_ATTR_FLAGS).flags, queryContextAttributes(driven.client, SECPKG_ATTR_FLAGS).flags);
    assert.is(queryContextAttributes(moved, SECPKG_ATTR_NAMES).userName, queryContextAttributes(driven.client, SECPKG_ATTR_NAMES).userName);
    signAndVerify({ ...driven, client: moved }, 'after');
    const buffers = [trailer(moved), data('sealed after')];
    encryptMessage(moved, { buffers });
    decryptMessage(driven.server, { buffers });
    await failure('SEC_E_INVALID_HANDLE', () => makeSignature(driven.client, { buffers: [token(new Uint8Array(16))] }));
    deleteSecurityContext(driven.client);
    deleteSecurityContext(moved);
  });

  when('exports')('ImportSecurityContext: what is cut, bent or of another package is SEC_E_INVALID_TOKEN', async () => {
    const packed = exportSecurityContext((await sealed()).server);
    await failure('SEC_E_INVALID_TOKEN', () => importSecurityContext({ package: name === 'NTLM' ? 'Negotiate' : 'NTLM', packed }));
    for (const bent of [new Uint8Array(0), packed.subarray(0, 11), packed.subarray(0, packed.length - 1), packed.subarray(0, 40), utf8('not a context at all')]) {
      await failure('SEC_E_INVALID_TOKEN', () => importSecurityContext({ packed: bent }));
    }
    for (const at of [0, 4, 5, 6, 7]) {
      const bent = packed.slice();
      bent[at] = 0xff;
      await failure('SEC_E_INVALID_TOKEN', () => importSecurityContext({ packed: bent }));
    }
  });

  // — channel bindings —

  const bindings = (text: string): SecBuffer => ({ type: SECBUFFER_CHANNEL_BINDINGS, data: packChannelBindings(utf8(text)) });

  test('SECBUFFER_CHANNEL_BINDINGS: the same pass, others are SEC_E_BAD_BINDINGS, absent ones by the server\'s policy', async () => {
    const mine = bindings('tls-server-end-point:abc');
    const driven = await sealed({ initialize: { contextReq: PROTECTED, input: [mine] }, accept: { input: [mine] } });
    assert.is(hex(queryContextAttributes(driven.server, sspi.SECPKG_ATTR_ENDPOINT_BINDINGS).bindings), hex(mine.data));
    await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(driven.server, sspi.SECPKG_ATTR_UNIQUE_BINDINGS));
    await failure('SEC_E_BAD_BINDINGS', sealed({ initialize: { input: [mine] }, accept: { input: [bindings('tls-server-end-point:xyz')] } }));
    await sealed({ accept: { input: [mine] } });
    const strict = { authData: { ...(await world.serverOptions(name)).authData, channelBindingPolicy: 'always' as const } };
    await failure('SEC_E_BAD_BINDINGS', sealed({ server: strict, accept: { input: [mine] } }));
    await sealed({ server: strict, initialize: { input: [mine] }, accept: { input: [mine] } });
    await failure('SEC_E_BAD_BINDINGS', sealed({ server: strict, initialize: { input: [mine] } }));
  });

  ntlmTest('SECBUFFER_CHANNEL_BINDINGS may come with the last leg alone, as Windows clients give them', async () => {
    const mine = bindings('tls-server-end-point:abc');
    const { clientCredential, serverCredential } = await credentials(peers({ server: { authData: { ...(await world.serverOptions(name)).authData, channelBindingPolicy: 'always' } } }));
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: target });
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(tokenOf(first))] });
    const proof = await initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: target, input: [token(tokenOf(challenge)), mine] });
    const last = await acceptSecurityContext({ credential: serverCredential, context: challenge.context, input: [mine, token(tokenOf(proof))] });
    assert.is(last.status, SEC_E_OK);
  });

  test('SECBUFFER_CHANNEL_BINDINGS that are cut are SEC_E_INVALID_TOKEN, and the leg can be repeated', async () => {
    const { credential } = await client();
    await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, input: [{ type: SECBUFFER_CHANNEL_BINDINGS, data: new Uint8Array(31) }] }));
  });

  test('AcquireCredentialsHandle: wrong arguments are TypeErrors and RangeErrors, without their secret', async () => {
    const wrong: [sspi.AcquireCredentialsOptions, Function][] = [
      [{ credentialUse: 0 }, RangeError], [{ credentialUse: 8 }, RangeError], [{ authData: 'alice' as never }, TypeError],
      [{ authData: { user: 'alice', password: 7 as never } }, TypeError], [{ authData: { user: 'alice' } as never }, TypeError],
      [{ authData: { user: 'alice', ntHash: new Uint8Array(15) } }, TypeError], [{ backend: 'gssapi' as never }, TypeError],
      [{ credentialUse: SECPKG_CRED_OUTBOUND, packageList: 'Telnet' }, RangeError],
    ];
    for (const [options, kind] of wrong) {
      if (options.packageList !== undefined && name !== 'Negotiate') continue;
      await client(options).then(unexpected, (error: Error) => assert.instance(error, kind, String(error)));
    }
  });

  test.run();
}

function sessionKey(context: sspi.CtxtHandle): string {
  return hex(queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY).sessionKey);
}

function data(text: string): SecBuffer {
  return { type: SECBUFFER_DATA, data: utf8(text) };
}

function joined(buffers: SecBuffer[]): Uint8Array {
  return new Uint8Array(buffers.flatMap((buffer) => [...buffer.data]));
}

/** A TOKEN buffer of the length that SECPKG_ATTR_SIZES asks for. */
function trailer(context: sspi.CtxtHandle): SecBuffer {
  return { type: SECBUFFER_TOKEN, data: new Uint8Array(queryContextAttributes(context, SECPKG_ATTR_SIZES).securityTrailer) };
}

function signAndVerify({ client, server }: Pick<Driven, 'client' | 'server'>, text: string): void {
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const buffers = [{ type: SECBUFFER_TOKEN, data: new Uint8Array(64) }, data(text)];
    makeSignature(from, { buffers });
    verifySignature(to, { buffers });
  }
}

async function refusedMessage(run: () => unknown): Promise<void> {
  let error: unknown;
  try { run(); } catch (thrown) { error = thrown; }
  assert.instance(error, sspi.SspiError);
  const { code } = error as sspi.SspiError;
  assert.ok(['SEC_E_OUT_OF_SEQUENCE', 'SEC_E_MESSAGE_ALTERED', 'SEC_E_INVALID_TOKEN'].includes(code), code);
}

function unexpected(): never {
  throw new Error('an error was expected');
}
