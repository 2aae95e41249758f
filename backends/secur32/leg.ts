import { unpackAuthIdentity } from '../contract/auth-identity.ts';
import type { HandshakeCall, Side } from '../contract/backend.ts';
import { unpackChannelBindings } from '../contract/bindings.ts';
import type { SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_PKG_PARAMS, SECBUFFER_TOKEN } from '../contract/constants.ts';
import { SspiError } from '../contract/errors.ts';
import { ASC_REQ_ALLOW_MISSING_BINDINGS, ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_USE_SUPPLIED_CREDS } from '../contract/flags.ts';
import { SEC_E_BUFFER_TOO_SMALL, SEC_E_INSUFFICIENT_MEMORY } from '../contract/status.ts';
import { type BufferSpec, bufferType, findBuffer, type NativeBuffers, putBuffers, readBuffer, roomFor } from './buffers.ts';
import type { ChannelBindingPolicy } from './credential.ts';
import type { Frame } from './frame.ts';
import type { NativeHandle } from './native-handle.ts';
import type { Secur32 } from './secur32.ts';
import { isSuccess } from './status.ts';
import { dateOfTimeStamp } from './timestamp.ts';

/** What one native call of a handshake came to. */
export interface Outcome {
  status: number;
  /** The SecHandle that the call left. */
  handle: Uint8Array;
  token: Uint8Array;
  /** The output buffers besides the token, in the caller's order. */
  others: { type: number; data: Uint8Array }[];
  contextAttr: number;
  expiry: Date | null;
}

export interface LegParts {
  side: Side;
  credential: NativeHandle;
  /** Null on the first leg. */
  context: NativeHandle | null;
  /** Bytes of room for the output token. */
  maxToken: number;
  policy: ChannelBindingPolicy;
}

/** As much as Windows lets an administrator set for MaxTokenSize, and then some. */
const LARGEST_TOKEN = 1 << 18;

/*
 * Every leg runs on another thread. A leg that asks nobody over the network could run here, but a wrong guess stops a server for as long as a network
 * takes to give up, and what is sure is little:
 *
 *   Kerberos, initiator   the first leg asks the KDC for a ticket; a later one compares an AP-REP (RFC 4120 §3.2.5) and asks nobody, unless it is a
 *                         KRB-ERROR that came: then the package tries again, perhaps with another ticket
 *   Kerberos, acceptor    the server may have the PAC verified by its domain (MS-APDS §3.2.5.3)
 *   NTLM, initiator       both legs ask nobody (MS-NLMP §3.1.5); Wine starts a process for them, which takes milliseconds
 *   NTLM, acceptor        the challenge asks nobody (MS-NLMP §3.2.5.1.1); the domain verifies the answer to it (MS-APDS §3.1)
 *   Negotiate             what it does in a leg is not told before
 */

/**
 * InitializeSecurityContextW or AcceptSecurityContext, on another thread. `input` is what `inputBuffers` made of the call; everything else is
 * copied before this returns, and `call` is not looked at afterwards.
 */
export async function runLeg(secur32: Secur32, parts: LegParts, call: HandshakeCall, input: readonly SecBuffer[]): Promise<Outcome> {
  const others = call.output.filter(({ type }) => bufferType(type) !== SECBUFFER_TOKEN).map(({ type, data }) => ({ type, data: data.slice() }));
  const native = { targetName: call.targetName, targetDataRep: call.targetDataRep, contextReq: flagsFor(parts, call, input), input, others };
  parts.credential.use();
  parts.context?.use();
  try {
    const outcome = await callOnce(secur32, parts, native, parts.maxToken);
    // cbMaxToken is a promise of the package; a policy that was changed since is a reason to ask once more
    const tooShort = outcome.status === SEC_E_BUFFER_TOO_SMALL || outcome.status === SEC_E_INSUFFICIENT_MEMORY;
    const last = tooShort && parts.maxToken < LARGEST_TOKEN ? await callOnce(secur32, parts, native, LARGEST_TOKEN) : outcome;
    // a package may put another handle in its place, and that one is to be freed when the context was deleted meanwhile
    if (parts.context !== null && isSuccess(last.status)) parts.context.bytes = last.handle;
    return last;
  } finally {
    for (const { type, data } of input) if (bufferType(type) === SECBUFFER_PKG_PARAMS) data.fill(0); // ours, with a password
    parts.context?.done();
    parts.credential.done();
  }
}

interface NativeCall {
  targetName: string | undefined;
  targetDataRep: number;
  contextReq: number;
  input: readonly SecBuffer[];
  /** The output buffers besides the token. */
  others: readonly SecBuffer[];
}

async function callOnce(secur32: Secur32, { side, credential, context }: LegParts, call: NativeCall, room: number): Promise<Outcome> {
  const { SecHandle, TimeStamp } = secur32.frames.layouts;
  const outputs: BufferSpec[] = [{ type: SECBUFFER_TOKEN, length: room }, ...call.others];
  const frame = secur32.frames.take(roomFor(call.input) + roomFor(outputs) + 2 * (call.targetName?.length ?? 0));
  try {
    const credentialAt = frame.put(credential.bytes);
    const contextAt = context === null ? 0 : frame.put(context.bytes);
    const newContext = context === null ? frame.reserve(SecHandle.size) : contextAt;
    const attributes = frame.reserve(4);
    const expiry = frame.reserve(TimeStamp.size);
    const target = call.targetName === undefined ? 0 : frame.putString(call.targetName, 'targetName');
    const input = call.input.length === 0 ? 0 : putBuffers(frame, call.input).address;
    const output = putBuffers(frame, outputs);
    const status = side === 'initiator'
      ? await secur32.callAsync(
        'InitializeSecurityContextW', credentialAt, contextAt, target, call.contextReq, 0, call.targetDataRep, input, 0, newContext, output.address, attributes, expiry,
      )
      : await secur32.callAsync('AcceptSecurityContext', credentialAt, contextAt, input, call.contextReq, call.targetDataRep, newContext, output.address, attributes, expiry);
    return {
      status, handle: frame.copy(newContext, SecHandle.size), token: takeOutput(secur32, frame, output, 0),
      others: call.others.map(({ type }, index) => ({ type, data: takeOutput(secur32, frame, output, index + 1) })),
      contextAttr: frame.getUint32(attributes), expiry: dateOfTimeStamp(frame.getInt64(expiry)),
    };
  } finally {
    frame.release();
  }
}

/** A copy of what an output buffer holds; memory that the DLL put in its place is given back. */
function takeOutput(secur32: Secur32, frame: Frame, output: NativeBuffers, index: number): Uint8Array {
  const { length, pointer } = readBuffer(frame, output.at[index]!);
  if (pointer !== output.memory[index]) return secur32.takeBytes(pointer, length);
  return pointer === 0 ? new Uint8Array(0) : frame.copy(pointer, length);
}

/**
 * Copies of the buffers that go in, checked where the DLL follows lengths and offsets inside them. Throws SEC_E_INVALID_TOKEN, and
 * SEC_E_NO_CREDENTIALS for ISC_REQ_USE_SUPPLIED_CREDS without any.
 */
export function inputBuffers(side: LegParts['side'], policy: ChannelBindingPolicy, call: HandshakeCall): SecBuffer[] {
  const supplied = side === 'initiator' && (call.contextReq & ISC_REQ_USE_SUPPLIED_CREDS) !== 0;
  const buffers: SecBuffer[] = [];
  for (const { type, data } of call.input) {
    const kind = bufferType(type);
    if (kind === SECBUFFER_CHANNEL_BINDINGS) {
      unpackChannelBindings(data);
      if (side === 'acceptor' && policy === 'never') continue;
    }
    if (kind === SECBUFFER_PKG_PARAMS && !supplied) continue;
    if (kind === SECBUFFER_PKG_PARAMS) unpackAuthIdentity(data);
    if (kind === SECBUFFER_TOKEN && data.length === 0 && side === 'initiator') continue; // no token has come yet
    buffers.push({ type, data: new Uint8Array(data) });
  }
  if (supplied && findBuffer(buffers, SECBUFFER_PKG_PARAMS) === undefined) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'ISC_REQ_USE_SUPPLIED_CREDS, but no SECBUFFER_PKG_PARAMS among the input buffers', {
      remedy: 'Add { type: SECBUFFER_PKG_PARAMS, data: packAuthIdentity({ user, domain, password }) }.',
    });
  }
  // an acceptor that begins is asked with an empty token
  if (side === 'acceptor' && findBuffer(buffers, SECBUFFER_TOKEN) === undefined) buffers.unshift({ type: SECBUFFER_TOKEN, data: new Uint8Array(0) });
  return buffers;
}

/** The DLL always writes into memory of ours, which is copied to where the caller wants it: so it is never asked to allocate. */
function flagsFor({ side, policy }: LegParts, call: HandshakeCall, input: readonly SecBuffer[]): number {
  let flags = call.contextReq & ~ISC_REQ_ALLOCATE_MEMORY; // ASC's bit is the same
  const bound = side === 'acceptor' && findBuffer(input, SECBUFFER_CHANNEL_BINDINGS) !== undefined;
  if (bound && policy === 'whenSupported') flags |= ASC_REQ_ALLOW_MISSING_BINDINGS;
  return flags >>> 0;
}
