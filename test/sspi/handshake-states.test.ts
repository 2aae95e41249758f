import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Handshake, HandshakeStep } from '../../backends/wasm/mechanism.ts';
import {
  acceptSecurityContext, ASC_REQ_EXTENDED_ERROR, deleteSecurityContext, encryptMessage, freeCredentialsHandle, initializeSecurityContext, ISC_REQ_ALLOCATE_MEMORY,
  ISC_REQ_EXTENDED_ERROR, ISC_RET_ALLOCATED_MEMORY, ISC_RET_INTERMEDIATE_RETURN, ISC_RET_REAUTHENTICATION, makeSignature, queryContextAttributes,
  SEC_E_LOGON_DENIED, SEC_E_OK, SEC_I_CONTINUE_NEEDED, SECBUFFER_DATA, SECBUFFER_EMPTY, SECBUFFER_READONLY, SECBUFFER_TOKEN, SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_NEGO_STATUS, SECPKG_ATTR_SESSION_KEY, SECPKG_ATTR_SIZES, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SspiError,
} from '../../src/index.ts';
import { established, type Log, scriptedEngine } from './scripted-mechanism.ts';
import { failure, hex, scriptedCredential, token, utf8 } from './support.ts';

/*
 * What the verbs do whatever the mechanism is, so with mechanisms whose every step the test decides.
 */
const test = suite('handshake states');

/** A handshake of two legs: 'one' goes out, then 'two' with the keys. */
function twoLegs(log?: Log, second: () => Promise<HandshakeStep> | HandshakeStep = () => ({ token: utf8('two'), established: established() })) {
  const late: Handshake = { step: async () => second(), dispose() { log?.disposed.push('second'); } };
  return scriptedEngine({ steps: [() => ({ token: utf8('one'), next: late })], log });
}

test('the first leg continues, the second establishes, on the same handle', async () => {
  const credential = await scriptedCredential(twoLegs());
  const first = await initializeSecurityContext({ credential, targetName: 'HTTP/web' });
  assert.is(first.status, SEC_I_CONTINUE_NEEDED);
  assert.is(hex(first.output[0]!.data), hex(utf8('one')));
  assert.is(first.contextAttr, ISC_RET_INTERMEDIATE_RETURN | ISC_RET_ALLOCATED_MEMORY);
  const second = await initializeSecurityContext({ credential, context: first.context, input: [token(utf8('x'))] });
  assert.is(second.status, SEC_E_OK);
  assert.is(second.context, first.context);
  assert.is(hex(second.output[0]!.data), hex(utf8('two')));
});

test('a later leg goes on without naming the credential', async () => {
  const credential = await scriptedCredential(twoLegs());
  const { context } = await initializeSecurityContext({ credential });
  assert.is((await initializeSecurityContext({ context, input: [token(utf8('x'))] })).status, SEC_E_OK);
});

test('a short output buffer names both sizes and the leg can be repeated', async () => {
  const log: Log = { disposed: [], freed: 0 };
  const credential = await scriptedCredential(twoLegs(log));
  const short = await failure('SEC_E_INSUFFICIENT_MEMORY', initializeSecurityContext({ credential, output: [token(new Uint8Array(2))] }));
  assert.match(short.message, /3 bytes/);
  assert.match(short.message, /buffer 2/);
  const { context } = await initializeSecurityContext({ credential });
  log.disposed.length = 0;
  const narrow = token(new Uint8Array(2).fill(7));
  await failure('SEC_E_INSUFFICIENT_MEMORY', initializeSecurityContext({ context, input: [token(utf8('x'))], output: [narrow] }));
  assert.is(hex(narrow.data), '0707'); // nothing written
  assert.not.ok(log.disposed.includes('second')); // the state that the leg starts from is still there
  const buffer = token(new Uint8Array(9));
  const memory = buffer.data.buffer;
  const done = await initializeSecurityContext({ context, input: [token(utf8('x'))], output: [buffer] });
  assert.is(done.status, SEC_E_OK);
  assert.is(done.output[0], buffer);
  assert.is(buffer.data.length, 3);
  assert.is(buffer.data.buffer, memory);
  assert.is(done.contextAttr & ISC_RET_ALLOCATED_MEMORY, 0);
});

test('ISC_REQ_ALLOCATE_MEMORY leaves the caller\'s memory alone and says so', async () => {
  const credential = await scriptedCredential(twoLegs());
  const mine = new Uint8Array(9);
  const buffer = token(mine);
  const result = await initializeSecurityContext({ credential, contextReq: ISC_REQ_ALLOCATE_MEMORY, output: [buffer] });
  assert.is(hex(buffer.data), hex(utf8('one')));
  assert.is(hex(mine), '00'.repeat(9));
  assert.is(result.contextAttr & ISC_RET_ALLOCATED_MEMORY, ISC_RET_ALLOCATED_MEMORY);
});

test('other output buffers stay as they are, and a token needs a writable one', async () => {
  const credential = await scriptedCredential(twoLegs());
  const other = { type: SECBUFFER_EMPTY, data: utf8('mine') };
  const { output } = await initializeSecurityContext({ credential, output: [other, token(new Uint8Array(9))] });
  assert.is(output[0], other);
  assert.is(hex(other.data), hex(utf8('mine')));
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, output: [other] }));
  await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential, output: [{ type: SECBUFFER_TOKEN | SECBUFFER_READONLY, data: new Uint8Array(9) }] }));
});

test('a failed leg ends the context, which can only be deleted', async () => {
  const credential = await scriptedCredential(twoLegs(undefined, () => { throw new SspiError('SEC_E_LOGON_DENIED', 'no'); }));
  const { context } = await initializeSecurityContext({ credential });
  await failure('SEC_E_LOGON_DENIED', initializeSecurityContext({ context, input: [token(utf8('x'))] }));
  const again = await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ context, input: [token(utf8('x'))] }));
  assert.is((again.cause as SspiError).code, 'SEC_E_LOGON_DENIED');
  await failure('SEC_E_INVALID_HANDLE', () => makeSignature(context, { buffers: [token(new Uint8Array(16))] }));
  await failure('SEC_E_INVALID_HANDLE', () => queryContextAttributes(context, SECPKG_ATTR_SIZES));
  assert.is(queryContextAttributes(context, SECPKG_ATTR_NEGO_STATUS).lastStatus, SEC_E_LOGON_DENIED);
  deleteSecurityContext(context);
});

test('an error of another class becomes SEC_E_INTERNAL_ERROR with its cause', async () => {
  const cause = new RangeError('deep inside');
  const credential = await scriptedCredential(scriptedEngine({ steps: [() => { throw cause; }] }));
  const error = await failure('SEC_E_INTERNAL_ERROR', initializeSecurityContext({ credential }));
  assert.is(error.cause, cause);
});

test('a mechanism\'s status reaches the caller unchanged', async () => {
  const codes = ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'SEC_E_TARGET_UNKNOWN', 'SEC_E_WRONG_PRINCIPAL', 'SEC_E_TIME_SKEW', 'SEC_E_DOWNGRADE_DETECTED'] as const;
  for (const code of codes) {
    const thrown = new SspiError(code, 'said by the mechanism', { remedy: 'do' });
    const credential = await scriptedCredential(scriptedEngine({ steps: [() => { throw thrown; }] }));
    assert.is(await failure(code, initializeSecurityContext({ credential })), thrown);
  }
});

test('EXTENDED_ERROR alone lets an error carry a token for the peer', async () => {
  const engine = () => scriptedEngine({ steps: [() => { throw new SspiError('SEC_E_INVALID_TOKEN', 'bad', { token: utf8('reject'), offset: 3, remedy: 'do' }); }] });
  const without = await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential: await scriptedCredential(engine()) }));
  assert.is(without.token, undefined);
  assert.is(without.message, 'SEC_E_INVALID_TOKEN: bad (at byte 3)');
  assert.is(without.offset, 3);
  assert.is(without.remedy, 'do');
  const client = await failure('SEC_E_INVALID_TOKEN', initializeSecurityContext({ credential: await scriptedCredential(engine()), contextReq: ISC_REQ_EXTENDED_ERROR }));
  assert.is(hex(client.token!), hex(utf8('reject')));
  const server = await failure('SEC_E_INVALID_TOKEN', acceptSecurityContext({ credential: await scriptedCredential(engine()), contextReq: ASC_REQ_EXTENDED_ERROR }));
  assert.is(hex(server.token!), hex(utf8('reject')));
});

test('initializing an established context authenticates again, and the old keys stay until the new ones are there', async () => {
  let round = 0;
  const disposed: number[] = [];
  const keys = (number: number) => established({ sessionKey: new Uint8Array(1).fill(number), dispose() { disposed.push(number); } });
  const late: Handshake = { step: async () => ({ token: null, established: keys(round) }), dispose() {} };
  const credential = await scriptedCredential(scriptedEngine({ steps: [() => { round++; return { token: utf8('one'), next: late }; }] }));
  const { context } = await initializeSecurityContext({ credential });
  await initializeSecurityContext({ context, input: [token(utf8('x'))] });
  const again = await initializeSecurityContext({ credential, context });
  assert.is(again.status, SEC_I_CONTINUE_NEEDED);
  assert.is(again.context, context);
  assert.is(queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY).sessionKey[0], 1);
  encryptMessage(context, { buffers: [token(new Uint8Array(16)), { type: SECBUFFER_DATA, data: utf8('old keys') }] });
  assert.equal(disposed, []);
  const done = await initializeSecurityContext({ context, input: [token(utf8('x'))] });
  assert.is(done.contextAttr & ISC_RET_REAUTHENTICATION, ISC_RET_REAUTHENTICATION);
  assert.equal(disposed, [1]);
  assert.is(queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY).sessionKey[0], 2);
  assert.is(queryContextAttributes(context, SECPKG_ATTR_FLAGS).flags & ISC_RET_REAUTHENTICATION, ISC_RET_REAUTHENTICATION);
  deleteSecurityContext(context);
  assert.equal(disposed, [1, 2]);
});

test('two legs of one context at once: the second is refused, the first goes on', async () => {
  let release = (_: HandshakeStep) => {};
  const credential = await scriptedCredential(twoLegs(undefined, () => new Promise((resolve) => { release = resolve; })));
  const { context } = await initializeSecurityContext({ credential });
  const first = initializeSecurityContext({ context, input: [token(utf8('x'))] });
  await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext({ context, input: [token(utf8('x'))] }));
  release({ token: null, established: established() });
  assert.is((await first).status, SEC_E_OK);
});

test('a context deleted while a leg is under way', async () => {
  let release = (_: HandshakeStep) => {};
  let wiped = false;
  const log: Log = { disposed: [], freed: 0 };
  const credential = await scriptedCredential(twoLegs(log, () => new Promise((resolve) => { release = resolve; })));
  const { context } = await initializeSecurityContext({ credential });
  const leg = initializeSecurityContext({ context, input: [token(utf8('x'))] });
  deleteSecurityContext(context);
  release({ token: null, established: established({ dispose() { wiped = true; } }) });
  await failure('SEC_E_UNFINISHED_CONTEXT_DELETED', leg);
  assert.ok(wiped);
});

test('deleting a half-made context wipes its state and lets the credential go', async () => {
  const log: Log = { disposed: [], freed: 0 };
  const credential = await scriptedCredential(twoLegs(log));
  const { context } = await initializeSecurityContext({ credential });
  freeCredentialsHandle(credential);
  assert.is(log.freed, 0); // the handshake still needs it
  deleteSecurityContext(context);
  assert.ok(log.disposed.includes('second'));
  assert.is(log.freed, 1);
});

test('a credential freed in the middle of a handshake serves it to its end', async () => {
  const log: Log = { disposed: [], freed: 0 };
  const credential = await scriptedCredential(twoLegs(log));
  const { context } = await initializeSecurityContext({ credential });
  freeCredentialsHandle(credential);
  assert.is((await initializeSecurityContext({ context, input: [token(utf8('x'))] })).status, SEC_E_OK);
  assert.is(log.freed, 1);
  await failure('SEC_E_INVALID_HANDLE', initializeSecurityContext({ context })); // no new handshake with it
});

test('an aborted leg rejects with the signal\'s reason and can be repeated', async () => {
  let attempts = 0;
  const credential = await scriptedCredential(twoLegs(undefined, () => {
    attempts++;
    if (attempts === 1) throw controller.signal.reason;
    return { token: null, established: established() };
  }));
  const controller = new AbortController();
  const { context } = await initializeSecurityContext({ credential });
  const reason = new Error('enough');
  controller.abort(reason);
  let thrown: unknown;
  await initializeSecurityContext({ context, signal: controller.signal }).catch((error: unknown) => { thrown = error; });
  assert.is(thrown, reason);
  assert.is(attempts, 0); // not even begun
  const late = new AbortController();
  let rejected: unknown;
  const interrupted = await scriptedCredential(scriptedEngine({ steps: [(_, signal) => new Promise((_resolve, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))] }));
  const leg = initializeSecurityContext({ credential: interrupted, signal: late.signal }).catch((error: unknown) => { rejected = error; });
  late.abort(reason);
  await leg;
  assert.is(rejected, reason);
  await failure('SEC_E_INTERNAL_ERROR', initializeSecurityContext({ context, input: [token(utf8('x'))] }));
});

test('a lookup that heeds no signal is left behind, and what it brings is wiped', async () => {
  let release = (_: HandshakeStep) => {};
  let wiped = false;
  let legs = 0;
  const credential = await scriptedCredential(twoLegs(undefined, () => {
    if (++legs === 1) return new Promise((resolve) => { release = resolve; });
    return { token: null, established: established() };
  }));
  const { context } = await initializeSecurityContext({ credential });
  const controller = new AbortController();
  const leg = initializeSecurityContext({ context, input: [token(utf8('x'))], signal: controller.signal });
  await Promise.resolve();
  controller.abort();
  await leg.then(() => assert.unreachable(), (error: Error) => assert.is(error.name, 'AbortError'));
  await failure('SEC_E_OUT_OF_SEQUENCE', initializeSecurityContext({ context, input: [token(utf8('x'))] })); // it still runs
  release({ token: null, established: established({ dispose() { wiped = true; } }) });
  await new Promise((resolve) => setTimeout(resolve));
  assert.ok(wiped);
  assert.is((await initializeSecurityContext({ context, input: [token(utf8('x'))] })).status, SEC_E_OK);
});

test('a credential is good for what it was acquired for', async () => {
  const inbound = await scriptedCredential(twoLegs(), { credentialUse: SECPKG_CRED_INBOUND, authData: {} });
  await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ credential: inbound }));
  const outbound = await scriptedCredential(twoLegs(), { credentialUse: SECPKG_CRED_OUTBOUND });
  await failure('SEC_E_NO_CREDENTIALS', acceptSecurityContext({ credential: outbound }));
});

test('an expired credential begins nothing', async () => {
  const expiry = new Date(1_000);
  const credential = await scriptedCredential(scriptedEngine({ steps: [], expiry }), { host: { now: () => new Date(1_001) } });
  await failure('SEC_E_NO_CREDENTIALS', initializeSecurityContext({ credential }));
});

test('an expired context protects no message', async () => {
  let now = 0;
  const expiry = new Date(1_000);
  const engine = scriptedEngine({ steps: [() => ({ token: null, established: established({ expiry }) })] });
  const result = await initializeSecurityContext({ credential: await scriptedCredential(engine, { host: { now: () => new Date(now) } }) });
  assert.is(result.expiry, expiry);
  const buffers = () => [token(new Uint8Array(16))];
  makeSignature(result.context, { buffers: buffers() });
  now = 1_000;
  await failure('SEC_E_CONTEXT_EXPIRED', () => makeSignature(result.context, { buffers: buffers() }));
});

test('a leg with another credential, or of the other side, is refused', async () => {
  const credential = await scriptedCredential(twoLegs());
  const { context } = await initializeSecurityContext({ credential });
  await failure('SEC_E_WRONG_CREDENTIAL_HANDLE', initializeSecurityContext({ credential: await scriptedCredential(twoLegs()), context }));
  await failure('SEC_E_INVALID_HANDLE', acceptSecurityContext({ credential, context }));
  assert.is((await initializeSecurityContext({ credential, context, input: [token(utf8('x'))] })).status, SEC_E_OK);
});

test('handles show nothing of what they hold', async () => {
  const credential = await scriptedCredential(twoLegs());
  const { context } = await initializeSecurityContext({ credential });
  assert.is(inspect(credential, { depth: 9, showHidden: true }), 'CredHandle (NTLM)');
  assert.is(inspect(context, { depth: 9, showHidden: true }), 'CtxtHandle (wasm)');
  assert.is(JSON.stringify({ credential, context }), '{"credential":{},"context":{}}');
  deleteSecurityContext(context);
  freeCredentialsHandle(credential);
  assert.is(inspect(context), 'CtxtHandle (deleted)');
  assert.is(inspect(credential), 'CredHandle (freed)');
});

test('a handle disposes itself, once or twice', async () => {
  const log: Log = { disposed: [], freed: 0 };
  const credential = await scriptedCredential(twoLegs(log));
  const { context } = await initializeSecurityContext({ credential });
  context[Symbol.dispose]();
  context[Symbol.dispose]();
  credential[Symbol.dispose]();
  credential[Symbol.dispose]();
  assert.is(log.freed, 1);
  await failure('SEC_E_INVALID_HANDLE', () => deleteSecurityContext(context));
});

test.run();
