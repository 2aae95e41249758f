// What was taken from the DLL is given back, whatever happened in between; and nothing reaches it that should not.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MOST_AT_ONCE } from '../../backends/secur32/library.ts';
import {
  acceptSecurityContext, completeAuthToken, type CredHandle, deleteSecurityContext, encryptMessage, exportSecurityContext, freeCredentialsHandle, initializeSecurityContext, ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_EXTENDED_ERROR, ISC_REQ_PROMPT_FOR_CREDS, ISC_REQ_USE_SUPPLIED_CREDS, packAuthIdentity, queryContextAttributes, querySecurityContextToken, SEC_E_BUFFER_TOO_SMALL, SEC_E_INVALID_HANDLE, SEC_E_LOGON_DENIED, SEC_E_OK,
  SEC_E_WRONG_PRINCIPAL, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_PKG_PARAMS, SECPKG_ATTR_ACCESS_TOKEN, SECPKG_ATTR_KEY_INFO, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_SESSION_KEY, SECPKG_CRED_INBOUND,
} from '../../src/index.ts';
import { handshake } from '../contract/drive.ts';
import { ALICE, TARGET } from '../contract/in-memory.ts';
import { failure, hex, token, utf8 } from '../contract/support.ts';
import type { FakeLibrary } from './fake-library.ts';
import { bench, type Bench, settle } from './support.ts';

const test = suite('secur32: lifetime');

/** Everything that was taken is back: by the counts, and by the other side's books. */
function assertNothingLeft({ library, backend }: Bench): void {
  for (const [what, { acquired, freed }] of Object.entries(backend.counts)) assert.is(freed, acquired, what);
  assert.equal([library.credentials.size, library.contexts.size, library.memory.heap.size, library.tokens.size], [0, 0, 0, 0]);
  for (const { bytes } of library.memory.blocks) assert.ok(bytes.every((byte) => byte === 0), 'a block was not wiped');
}

/** A promise in a function's way: the call waits until it is opened. */
function gate(library: FakeLibrary, name: 'InitializeSecurityContextW' | 'AcceptSecurityContext'): { open(): void } {
  const whole = library.implementation(name);
  let open = () => {};
  const waiting = new Promise<void>((resolve) => { open = resolve; });
  library.replace[name] = async (...values) => {
    await waiting;
    return whole(...values);
  };
  return { open: () => { delete library.replace[name]; open(); } };
}

test('a handshake, its attributes and its messages: everything goes back', async () => {
  const it = bench();
  const pair = await it.pair();
  const { client, server } = await handshake(pair, { initialize: { contextReq: ISC_REQ_CONFIDENTIALITY } });
  for (const attribute of [SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_KEY_INFO, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_ATTR_ACCESS_TOKEN]) queryContextAttributes(server, attribute);
  encryptMessage(client, { buffers: [token(new Uint8Array(16)), { type: 1, data: utf8('hello') }] });
  querySecurityContextToken(server).close();
  deleteSecurityContext(client);
  deleteSecurityContext(server);
  freeCredentialsHandle(pair.clientCredential);
  freeCredentialsHandle(pair.serverCredential);
  assertNothingLeft(it);
  assert.is(it.backend.counts.contexts.acquired, 2);
  assert.is(it.backend.counts.credentials.acquired, 2);
  assert.ok(it.backend.counts.buffers.acquired >= 8);
});

test('a thousand handshakes, a third of which fail: everything goes back', async () => {
  const it = bench();
  const pair = await it.pair({ package: 'NTLM' });
  const wrong = await it.acquire({ package: 'NTLM', authData: { ...ALICE, password: 'wrong' } });
  for (let round = 0; round < 1000; round++) {
    const clientCredential = round % 3 === 0 ? wrong : pair.clientCredential;
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
    const challenge = await acceptSecurityContext({ credential: pair.serverCredential, input: [token(first.output[0]!.data)] });
    const proof = await initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: TARGET, input: [token(challenge.output[0]!.data)] });
    const last = acceptSecurityContext({ credential: pair.serverCredential, context: challenge.context, input: [token(proof.output[0]!.data)] });
    if (round % 3 === 0) await failure('SEC_E_LOGON_DENIED', last);
    else assert.is((await last).status, SEC_E_OK);
    deleteSecurityContext(first.context);
    deleteSecurityContext(challenge.context);
  }
  for (const credential of [pair.clientCredential, pair.serverCredential, wrong]) freeCredentialsHandle(credential);
  assertNothingLeft(it);
  assert.equal(it.backend.counts.contexts, { acquired: 2000, freed: 2000 });
  assert.ok(it.library.memory.blocks.length < 8, `${it.library.memory.blocks.length} blocks`); // used again and again
});

test('memory that held a password is wiped, also when the logon is refused', async () => {
  const it = bench();
  it.library.replace.AcquireCredentialsHandleW = () => SEC_E_LOGON_DENIED;
  const password = Buffer.from('Pässw0rd!', 'utf16le');
  const error = await failure('SEC_E_LOGON_DENIED', it.acquire());
  assert.not.match(error.message, /w0rd/);
  delete it.library.replace.AcquireCredentialsHandleW;
  const credential = await it.acquire({ packageList: 'NTLM' });
  const parameters = packAuthIdentity(ALICE);
  let seen = false;
  const whole = it.library.implementation('InitializeSecurityContextW');
  it.library.replace.InitializeSecurityContextW = (...values) => {
    seen = it.library.memory.blocks.some(({ bytes }) => Buffer.from(bytes).includes(password));
    return whole(...values);
  };
  const { context } = await initializeSecurityContext({ credential, targetName: TARGET, contextReq: ISC_REQ_USE_SUPPLIED_CREDS, input: [{ type: SECBUFFER_PKG_PARAMS, data: parameters }] });
  assert.ok(seen);
  for (const { bytes } of it.library.memory.blocks) assert.not.ok(Buffer.from(bytes).includes(password));
  assert.ok(Buffer.from(parameters).includes(password)); // the caller's own bytes are the caller's
  deleteSecurityContext(context);
  freeCredentialsHandle(credential);
  assertNothingLeft(it);
});

test('what the DLL allocated is wiped where it was a secret', async () => {
  const it = bench();
  const { server } = await handshake(await it.pair(), {});
  const { sessionKey } = queryContextAttributes(server, SECPKG_ATTR_SESSION_KEY);
  assert.is(sessionKey.length, 16);
  assert.ok(sessionKey.some((byte) => byte !== 0));
  assert.is(hex(it.library.memory.freed.at(-1)!), '00'.repeat(16));
});

test('an aborted first leg: its context goes back when the call ends', async () => {
  const it = bench();
  const credential = await it.acquire();
  const { open } = gate(it.library, 'InitializeSecurityContextW');
  const controller = new AbortController();
  const leg = initializeSecurityContext({ credential, targetName: TARGET, signal: controller.signal });
  controller.abort(new Error('enough'));
  assert.is((await leg.catch((error: Error) => error) as Error).message, 'enough');
  assert.is(it.library.contexts.size, 0);
  freeCredentialsHandle(credential);
  assert.not.ok(it.library.names.includes('FreeCredentialsHandle')); // the call that is under way uses it
  open();
  await settle();
  assert.equal(it.library.names.slice(-2).sort(), ['DeleteSecurityContext', 'FreeCredentialsHandle']);
  assertNothingLeft(it);
});

test('authenticating again with a credential that was freed: an error, and it is not freed a second time', async () => {
  const it = bench();
  const pair = await it.pair();
  const { client, server } = await handshake(pair, {});
  freeCredentialsHandle(pair.clientCredential);
  await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ context: client, targetName: TARGET }));
  assert.is(it.library.names.filter((name) => name === 'FreeCredentialsHandle').length, 1);
  deleteSecurityContext(client);
  deleteSecurityContext(server);
  freeCredentialsHandle(pair.serverCredential);
  assertNothingLeft(it);
});

test('EXTENDED_ERROR, and a package that leaves the token buffer as it found it: no token for the peer', async () => {
  const it = bench();
  const { clientCredential } = await it.pair({ package: 'NTLM' });
  const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
  it.library.replace.InitializeSecurityContextW = () => SEC_E_WRONG_PRINCIPAL;
  const error = await failure('SEC_E_WRONG_PRINCIPAL', initializeSecurityContext({ context: first.context, targetName: TARGET, contextReq: ISC_REQ_EXTENDED_ERROR, input: [token(utf8('?'))] }));
  assert.is(error.token, undefined);
});

test('a signal that was aborted before: the DLL is not called', async () => {
  const it = bench();
  const credential = await it.acquire();
  const error = await initializeSecurityContext({ credential, signal: AbortSignal.abort(new Error('never')) }).catch((reason: Error) => reason);
  assert.is((error as Error).message, 'never');
  assert.not.ok(it.library.names.includes('InitializeSecurityContextW'));
});

test('an aborted later leg can be repeated: the DLL is called once', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
  const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data)] });
  const { open } = gate(it.library, 'InitializeSecurityContextW');
  const controller = new AbortController();
  const proving = { credential: clientCredential, context: first.context, targetName: TARGET, input: [token(challenge.output[0]!.data)] };
  const aborted = initializeSecurityContext({ ...proving, signal: controller.signal });
  await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext(proving)); // while it is waited for
  controller.abort();
  await aborted.then(() => assert.unreachable(), (error: Error) => assert.is(error.name, 'AbortError'));
  await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext({ ...proving, input: [token(utf8('another'))] }));
  const repeated = initializeSecurityContext(proving);
  open();
  const proof = await repeated;
  assert.is(it.library.names.filter((name) => name === 'InitializeSecurityContextW').length, 2);
  assert.is((await acceptSecurityContext({ credential: serverCredential, context: challenge.context, input: [token(proof.output[0]!.data)] })).status, SEC_E_OK);
});

test('a context that is deleted under a call: the deletion waits for it', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
  const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data)] });
  const { open } = gate(it.library, 'InitializeSecurityContextW');
  const leg = initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: TARGET, input: [token(challenge.output[0]!.data)] });
  deleteSecurityContext(first.context);
  freeCredentialsHandle(clientCredential);
  assert.not.ok(it.library.names.includes('DeleteSecurityContext'));
  open();
  await failure('SEC_E_UNFINISHED_CONTEXT_DELETED', leg);
  assert.equal(it.library.names.slice(-2).sort(), ['DeleteSecurityContext', 'FreeCredentialsHandle']);
  deleteSecurityContext(challenge.context);
  freeCredentialsHandle(serverCredential);
  assertNothingLeft(it);
});

test('credentials that are freed serve the handshakes that are under way, and no new one', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
  freeCredentialsHandle(clientCredential);
  assert.not.ok(it.library.names.includes('FreeCredentialsHandle'));
  const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data)] });
  assert.is((await initializeSecurityContext({ context: first.context, targetName: TARGET, input: [token(challenge.output[0]!.data)] })).status, SEC_E_OK);
  assert.is(it.library.names.filter((name) => name === 'FreeCredentialsHandle').length, 1);
  await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ credential: clientCredential }));
});

test('a deleted handle never reaches the DLL', async () => {
  const it = bench();
  const { client, server, clientCredential } = { ...await handshake(await it.pair(), {}), clientCredential: await it.acquire() };
  deleteSecurityContext(client);
  deleteSecurityContext(server);
  freeCredentialsHandle(clientCredential);
  const before = it.library.calls.length;
  for (const verb of [
    () => deleteSecurityContext(client), () => queryContextAttributes(server, SECPKG_ATTR_SESSION_KEY), () => exportSecurityContext(client), () => querySecurityContextToken(server),
    () => encryptMessage(client, { buffers: [] }), () => freeCredentialsHandle(clientCredential), () => initializeSecurityContext({ credential: clientCredential }),
  ]) await failure('SEC_E_INVALID_HANDLE', verb);
  assert.is(it.library.calls.length, before);
});

test('what is cut or bent in channel bindings and supplied credentials never reaches the DLL', async () => {
  const it = bench();
  const credential = await it.acquire();
  const before = it.library.calls.length;
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, input: [{ type: SECBUFFER_CHANNEL_BINDINGS, data: new Uint8Array(31) }] }));
  const long = new Uint8Array(32);
  long[24] = 1; // a byte of application data behind the end
  long[28] = 32;
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, input: [{ type: SECBUFFER_CHANNEL_BINDINGS, data: long }] }));
  const contextReq = ISC_REQ_USE_SUPPLIED_CREDS;
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, contextReq, input: [{ type: SECBUFFER_PKG_PARAMS, data: packAuthIdentity(ALICE).slice(0, -1) }] }));
  await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ credential, contextReq }));
  await failure('SEC_E_UNSUPPORTED_FUNCTION', initializeSecurityContext({ credential, contextReq: ISC_REQ_PROMPT_FOR_CREDS }));
  await initializeSecurityContext({ credential, targetName: 'HTTP/web\0.ad.test' }).then(() => assert.unreachable(), (error) => assert.instance(error, TypeError));
  assert.is(it.library.calls.length, before);
});

test('a short output buffer: SEC_E_INSUFFICIENT_MEMORY, and the repeated leg brings what was made', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  await failure('SEC_E_INSUFFICIENT_MEMORY', initializeSecurityContext({ credential: clientCredential, targetName: TARGET, output: [token(new Uint8Array(8))] }));
  assert.is(it.library.contexts.size, 0); // nobody holds that first leg's context
  const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
  const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data)] });
  const proving = { credential: clientCredential, context: first.context, targetName: TARGET, input: [token(challenge.output[0]!.data)] };
  const before = it.library.calls.length;
  const error = await failure('SEC_E_INSUFFICIENT_MEMORY', initializeSecurityContext({ ...proving, output: [token(new Uint8Array(8))] }));
  assert.match(error.message, /has \d+ bytes, the caller's buffer 8/);
  await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext({ ...proving, input: [token(utf8('another'))] }));
  const room = new Uint8Array(4096);
  const proof = await initializeSecurityContext({ ...proving, output: [token(room)] });
  assert.is(it.library.calls.length, before + 1);
  assert.is(proof.output[0]!.data.buffer, room.buffer);
  assert.is((await acceptSecurityContext({ credential: serverCredential, context: challenge.context, input: [token(proof.output[0]!.data)] })).status, SEC_E_OK);
});

test('a token beyond cbMaxToken: the DLL is asked once more, with more room', async () => {
  const it = bench();
  const credential = await it.acquire();
  const rooms: number[] = [];
  const whole = it.library.implementation('InitializeSecurityContextW');
  it.library.replace.InitializeSecurityContextW = (...values) => {
    rooms.push(it.library.memory.buffers(values[9]!)[0]!.data.length);
    return rooms.length === 1 ? SEC_E_BUFFER_TOO_SMALL : whole(...values);
  };
  assert.ok((await initializeSecurityContext({ credential, targetName: TARGET })).output[0]!.data.length > 0);
  assert.equal(rooms, [65791, 262144]);
});

test('memory that the DLL allocates for a token goes back', async () => {
  const it = bench();
  const credential = await it.acquire();
  const whole = it.library.implementation('InitializeSecurityContextW');
  it.library.replace.InitializeSecurityContextW = async (...values) => {
    const status = await whole(...values);
    const { memory } = it.library;
    const [buffer] = memory.buffers(values[9]!);
    memory.setPointer(buffer!.at + memory.layouts.SecBuffer.pvBuffer, memory.give(buffer!.data.slice()));
    return status;
  };
  const { output, context } = await initializeSecurityContext({ credential, targetName: TARGET });
  assert.is(output[0]!.data[0], 0x60);
  assert.is(it.library.memory.heap.size, 0);
  deleteSecurityContext(context);
  freeCredentialsHandle(credential);
  assertNothingLeft(it);
});

test('an error: the same code, a remedy, the token for the peer with EXTENDED_ERROR, and a context that can only be deleted', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  for (const contextReq of [0, ISC_REQ_EXTENDED_ERROR]) {
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data)] });
    it.library.replace.InitializeSecurityContextW = (...values) => {
      it.library.memory.fill(it.library.memory.buffers(values[9]!)[0]!, utf8('told'));
      return SEC_E_WRONG_PRINCIPAL | 0; // as a signed LONG
    };
    const proving = { credential: clientCredential, context: first.context, targetName: TARGET, contextReq, input: [token(challenge.output[0]!.data)] };
    const error = await failure('SEC_E_WRONG_PRINCIPAL', initializeSecurityContext(proving));
    assert.is(error.status, SEC_E_WRONG_PRINCIPAL);
    assert.match(error.remedy!, /service principal name/);
    assert.is(error.token === undefined ? undefined : hex(error.token), contextReq === 0 ? undefined : hex(utf8('told')));
    delete it.library.replace.InitializeSecurityContextW;
    const before = it.library.calls.length;
    const dead = await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext(proving));
    assert.match(dead.message, /SEC_E_WRONG_PRINCIPAL/);
    assert.is(it.library.calls.length, before);
    deleteSecurityContext(first.context);
    deleteSecurityContext(challenge.context);
  }
  freeCredentialsHandle(clientCredential);
  freeCredentialsHandle(serverCredential);
  assertNothingLeft(it);
});

test('while a leg runs on another thread nothing else is done with its context', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  const { client, server } = await handshake({ clientCredential, serverCredential }, { initialize: { contextReq: ISC_REQ_CONFIDENTIALITY } });
  queryContextAttributes(client, SECPKG_ATTR_KEY_INFO);
  const { open } = gate(it.library, 'InitializeSecurityContextW');
  const leg = initializeSecurityContext({ credential: clientCredential, context: client, targetName: TARGET }); // authenticating again
  await settle();
  const before = it.library.calls.length;
  const buffers = [token(new Uint8Array(16)), { type: 1, data: utf8('hello') }];
  for (const call of [
    () => encryptMessage(client, { buffers }), () => queryContextAttributes(client, SECPKG_ATTR_KEY_INFO), () => exportSecurityContext(client), () => querySecurityContextToken(client),
    () => completeAuthToken(client, [token(new Uint8Array(4))]),
  ]) assert.match((await failure('SEC_E_OUT_OF_SEQUENCE', async () => call())).message, /under way on another thread/);
  assert.is(it.library.calls.length, before);
  encryptMessage(server, { buffers: [token(new Uint8Array(16)), { type: 1, data: utf8('another context') }] });
  open();
  await leg;
  encryptMessage(client, { buffers });

  let end = (): void => {};
  it.library.replace.CompleteAuthToken = () => new Promise<number>((resolve) => { end = () => resolve(SEC_E_OK); });
  const completing = completeAuthToken(client, [token(new Uint8Array(4))]);
  await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext({ credential: clientCredential, context: client, targetName: TARGET, input: [token(utf8('an answer'))] }));
  end();
  assert.is(await completing, SEC_E_OK);
  for (const context of [client, server]) deleteSecurityContext(context);
  for (const credential of [clientCredential, serverCredential]) freeCredentialsHandle(credential);
  assertNothingLeft(it);
});

test('a context that is deleted while a leg puts another handle in its place: that one goes back', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair({ package: 'NTLM' });
  const first = await initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
  const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data)] });
  const { memory } = it.library;
  const whole = it.library.implementation('InitializeSecurityContextW');
  let open = (): void => {};
  const waiting = new Promise<void>((resolve) => { open = resolve; });
  it.library.replace.InitializeSecurityContextW = async (...values) => {
    await waiting;
    const status = await whole(...values);
    const [old, fresh] = [memory.uint32(values[8]!), 0x7777];
    it.library.contexts.set(fresh, it.library.contexts.get(old)!);
    it.library.contexts.delete(old);
    memory.setUint32(values[8]!, fresh);
    return status;
  };
  const leg = initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: TARGET, input: [token(challenge.output[0]!.data)] });
  await settle();
  deleteSecurityContext(first.context);
  open();
  await failure('SEC_E_UNFINISHED_CONTEXT_DELETED', leg);
  deleteSecurityContext(challenge.context);
  for (const credential of [clientCredential, serverCredential]) freeCredentialsHandle(credential);
  assertNothingLeft(it);
});

test('a first token that makes no sense to Negotiate: SEC_E_INVALID_TOKEN, as of the others', async () => {
  const it = bench();
  const { clientCredential, serverCredential } = await it.pair();
  it.library.replace.AcceptSecurityContext = () => SEC_E_INVALID_HANDLE;
  await failure('SEC_E_INVALID_TOKEN', acceptSecurityContext({ credential: serverCredential, input: [token(utf8('rubbish'))] }));
  await failure('SEC_E_INVALID_HANDLE', acceptSecurityContext({ credential: serverCredential }));
  it.library.replace.InitializeSecurityContextW = () => SEC_E_INVALID_HANDLE;
  await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ credential: clientCredential, targetName: TARGET }));
});

test('a handle that the collector takes is given back', async () => {
  const { gc } = globalThis as { gc?: () => void };
  const it = bench();
  await (async () => {
    const credential: CredHandle = await it.acquire({ credentialUse: SECPKG_CRED_INBOUND, authData: undefined });
    await acceptSecurityContext({ credential });
    const pair = await it.pair();
    querySecurityContextToken((await handshake(pair, {})).server);
  })();
  if (gc === undefined) {
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    (globalThis as { gc?: () => void }).gc = runInNewContext('gc') as () => void;
  }
  for (let round = 0; round < 50 && it.library.credentials.size + it.library.contexts.size + it.library.tokens.size > 0; round++) {
    (globalThis as { gc?: () => void }).gc!();
    await settle();
  }
  assertNothingLeft(it);
});

test('a queue of calls is no longer than koffi takes', async () => {
  const it = bench();
  const credential = await it.acquire({ package: 'NTLM' });
  let running = 0;
  let most = 0;
  const whole = it.library.implementation('InitializeSecurityContextW');
  it.library.replace.InitializeSecurityContextW = async (...values) => {
    most = Math.max(most, ++running);
    await settle();
    running--;
    return whole(...values);
  };
  const legs = await Promise.all(Array.from({ length: 400 }, () => initializeSecurityContext({ credential, targetName: TARGET })));
  assert.is(most, MOST_AT_ONCE);
  for (const { context } of legs) deleteSecurityContext(context);
  freeCredentialsHandle(credential);
  assertNothingLeft(it);
});

test.run();
