import { untilAborted } from '../contract/abort.ts';
import { sameBytes } from '../contract/bytes.ts';
import type { BackendContext, HandshakeCall, HandshakeResult, Side } from '../contract/backend.ts';
import type { SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN, SECPKG_ATTR_PACKAGE_INFO, SECPKG_ATTR_SIZES } from '../contract/constants.ts';
import type { MechanismName, PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import {
  ASC_REQ_EXTENDED_ERROR, ISC_REQ_DELEGATE, ISC_REQ_EXTENDED_ERROR, ISC_REQ_PROMPT_FOR_CREDS, ISC_RET_ALLOCATED_MEMORY, ISC_RET_INTERMEDIATE_RETURN,
} from '../contract/flags.ts';
import { SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN, SEC_E_OK, SEC_I_COMPLETE_NEEDED } from '../contract/status.ts';
import { type ContextFacts, queryContext, queryFlags } from './attributes.ts';
import { findBuffer, putBuffers, roomFor } from './buffers.ts';
import type { Secur32Credential } from './credential.ts';
import { signMessage, unwrapMessage, verifyMessage, wrapMessage } from './gss-messages.ts';
import { inputBuffers, type Outcome, runLeg } from './leg.ts';
import { copyBack, decryptMessage, encryptMessage, makeSignature, type MessageParts, verifySignature } from './messages.ts';
import { closeWhenForgotten, Hold, NativeHandle } from './native-handle.ts';
import { deliver, isAllocating } from './output.ts';
import { packContext, type PackedContext } from './packed-context.ts';
import type { Secur32 } from './secur32.ts';
import { isSuccess, nativeError } from './status.ts';
import { openToken, type SecurityToken } from './token.ts';


/*
 *   new ──▶ pending ──▶ established ──▶ reauthenticating ──▶ established …
 *              └─────────────┴───────────────┴──▶ failed, deleted
 *
 * A leg that was aborted, or whose output did not fit, is kept: repeated with the same token, it gives what the one native call gave.
 */
type State = 'new' | 'pending' | 'established' | 'reauthenticating' | 'exported' | 'failed' | 'deleted';

interface Leg {
  /** The peer's token; null: none came. */
  readonly answers: Uint8Array | null;
  readonly outcome: Promise<Outcome>;
  /** The policy wants bindings, and none were given: the DLL compares nothing then. */
  readonly unbound: boolean;
  /** A caller waits for it. */
  awaited: boolean;
}

/** A security context of the system. */
export class Secur32Context implements BackendContext {
  readonly backend = 'secur32';
  readonly side: Side;
  readonly package: PackageName;
  /** The credential that its handshake was last begun with. */
  begunWith: Secur32Credential | null = null;
  readonly #secur32: Secur32;
  #native: NativeHandle | null = null;
  #state: State = 'new';
  #failure: SspiError | null = null;
  #leg: Leg | null = null;
  readonly #credential = new Hold();
  #targetName: string | null = null;
  #attributes = 0;
  #parts: MessageParts | null = null;

  constructor(secur32: Secur32, side: Side, packageName: PackageName) {
    this.#secur32 = secur32;
    this.side = side;
    this.package = packageName;
  }

  /** A context that came from elsewhere, already established. */
  static imported(secur32: Secur32, packed: PackedContext): Secur32Context {
    const context = new Secur32Context(secur32, packed.side, packed.package);
    const { SecHandle, SecBuffer: layout } = secur32.frames.layouts;
    secur32.framed(packed.bytes.length + packed.nativePackage.length * 2, (frame) => {
      const buffer = frame.reserve(layout.size);
      frame.setUint32(buffer + layout.cbBuffer, packed.bytes.length);
      frame.setUint32(buffer + layout.BufferType, SECBUFFER_TOKEN);
      frame.setPointer(buffer + layout.pvBuffer, frame.put(packed.bytes));
      const handle = frame.reserve(SecHandle.size);
      secur32.check('ImportSecurityContextW', frame.putString(packed.nativePackage, 'package'), buffer, 0, handle);
      context.#adopt(frame.copy(handle, SecHandle.size));
    });
    context.#state = 'established';
    context.#attributes = packed.attributes;
    return context;
  }

  /** True while a handshake is under way, which only the credential that began it can continue. */
  get isHandshaking(): boolean {
    return this.#state === 'pending' || this.#state === 'reauthenticating';
  }

  /** One leg: InitializeSecurityContext or AcceptSecurityContext. */
  async step(credential: Secur32Credential, call: HandshakeCall): Promise<HandshakeResult> {
    call.signal?.throwIfAborted();
    if (this.#state === 'failed' || this.#state === 'exported' || this.#state === 'deleted') throw this.#unusable();
    if (this.side === 'initiator') requirePossible(this.package, call.contextReq);

    const leg = this.#resume(call) ?? this.#begin(credential, call);
    leg.awaited = true;
    let outcome: Outcome;
    try {
      outcome = await untilAborted(leg.outcome, call.signal);
    } catch (error) {
      leg.awaited = false;
      const aborted = call.signal?.aborted === true && error === call.signal.reason;
      if (this.#state === 'new') this.delete(); // nobody holds it: what is still running comes to nothing
      else if (!aborted) this.#leg = null;
      throw error;
    }
    leg.awaited = false;
    if (this.#isDeleted()) throw new SspiError('SEC_E_UNFINISHED_CONTEXT_DELETED', 'the context was deleted while a leg of its handshake was under way');
    return this.#take(leg, outcome, call);
  }

  #begin(credential: Secur32Credential, call: HandshakeCall): Leg {
    const { channelBindingPolicy: policy, maxToken } = credential;
    const input = inputBuffers(this.side, policy, call);
    this.begunWith = credential;
    if (call.targetName !== undefined && call.targetName !== '') this.#targetName = call.targetName;
    if (this.#native !== null) idle(this.#native);
    const first = this.#native === null;
    const parts = { side: this.side, credential: credential.native, context: this.#native, maxToken, policy };
    this.#credential.take(credential.native);
    const outcome = runLeg(this.#secur32, parts, call, input).then((made) => {
      if (first && isSuccess(made.status)) this.#adopt(made.handle);
      else if (isSuccess(made.status)) this.#parts = null; // of the handle before
      if (!isSuccess(made.status) && first) this.#credential.release();
      return made;
    }, (error: unknown) => {
      if (!this.isHandshaking) this.#credential.release();
      throw error;
    });
    outcome.catch(() => {}); // an aborted leg may have nobody left to tell
    const unbound = this.side === 'acceptor' && policy === 'always' && findBuffer(input, SECBUFFER_CHANNEL_BINDINGS) === undefined;
    return (this.#leg = { answers: tokenOf(input), outcome, unbound, awaited: false });
  }

  /** The leg that was aborted, or that a too short buffer left undelivered. */
  #resume(call: HandshakeCall): Leg | null {
    const leg = this.#leg;
    if (leg === null) return null;
    if (leg.awaited) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'another leg of this context is still under way; legs go one after the other');
    if (!sameBytes(leg.answers, tokenOf(call.input))) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the output of the last leg is still to be taken; repeat that leg with its token and a larger buffer');
    }
    return leg;
  }

  #take({ unbound }: Leg, outcome: Outcome, call: HandshakeCall): HandshakeResult {
    const { status, token, others, expiry } = outcome;
    if (!isSuccess(status)) throw this.#fail(outcome, call);
    if (unbound && status === SEC_E_OK) throw this.#end(noBindings());
    let output: SecBuffer[];
    try {
      output = deliver(call, token, others);
    } catch (error) {
      if (this.#state === 'new') this.delete();
      throw error;
    }
    this.#leg = null;
    const allocated = isAllocating(call) ? ISC_RET_ALLOCATED_MEMORY : 0;
    if (status === SEC_E_OK || status === SEC_I_COMPLETE_NEEDED) {
      this.#state = 'established';
      const told = (outcome.contextAttr & ~ISC_RET_ALLOCATED_MEMORY) >>> 0;
      this.#attributes = told === 0 ? queryFlags(this.#facts()) : told; // Wine's NTLM tells with its first leg only
      this.#parts = null;
      this.#credential.release();
      return { status, context: this, output, contextAttr: (this.#attributes | allocated) >>> 0, expiry };
    }
    this.#state = this.#state === 'established' || this.#state === 'reauthenticating' ? 'reauthenticating' : 'pending';
    // what a package says of security before the end is no promise yet
    return { status, context: this, output, contextAttr: allocated | (this.side === 'initiator' ? ISC_RET_INTERMEDIATE_RETURN : 0), expiry: null };
  }

  #fail(outcome: Outcome, call: HandshakeCall): SspiError {
    const extended = this.side === 'initiator' ? ISC_REQ_EXTENDED_ERROR : ASC_REQ_EXTENDED_ERROR;
    const name = this.side === 'initiator' ? 'InitializeSecurityContextW' : 'AcceptSecurityContext';
    // a package that makes no token may leave the buffer as long as it was, and empty
    const tells = (call.contextReq & extended) !== 0 && outcome.token.some((byte) => byte !== 0);
    // Negotiate has that for a first token that makes no sense: there is no handle that could be invalid
    const isToken = outcome.status === SEC_E_INVALID_HANDLE && this.side === 'acceptor' && this.#state === 'new' && tokenOf(call.input) !== null;
    return this.#end(nativeError(isToken ? SEC_E_INVALID_TOKEN : outcome.status, name, tells ? { token: outcome.token } : {}));
  }

  #end(error: SspiError): SspiError {
    this.#leg = null;
    if (this.#state === 'new') this.delete();
    else {
      this.#state = 'failed';
      this.#failure = error;
      this.#credential.release();
    }
    return error;
  }

  /** The first leg gave a handle; of a context that was deleted meanwhile it goes back at once. */
  #adopt(handle: Uint8Array): void {
    const secur32 = this.#secur32;
    const credential = this.#credential;
    secur32.counts.contexts.acquired++;
    this.#native = new NativeHandle(handle, (bytes) => {
      credential.release(); // a context that was forgotten in the middle of its handshake
      secur32.framed(0, (frame) => {
        if (isSuccess(secur32.call('DeleteSecurityContext', frame.put(bytes)))) secur32.counts.contexts.freed++;
      });
    });
    if (this.#isDeleted()) this.#native.close();
    else closeWhenForgotten(this, this.#native);
  }

  queryAttribute(attribute: number): unknown {
    const state = this.#state;
    if (state === 'new' || state === 'deleted' || this.#native === null) throw this.#unusable();
    idle(this.#native);
    return queryContext(attribute, this.#facts());
  }

  /** CompleteAuthToken, on another thread. */
  async completeAuthToken(token: SecBuffer[]): Promise<number> {
    const native = this.#usable();
    native.use();
    const frame = this.#secur32.frames.take(roomFor(token));
    try {
      const buffers = putBuffers(frame, token);
      const status = await this.#secur32.callAsync('CompleteAuthToken', frame.put(native.bytes), buffers.address);
      if (!isSuccess(status)) throw nativeError(status, 'CompleteAuthToken');
      copyBack(this.#secur32, frame, token, buffers);
      return status;
    } finally {
      frame.release();
      native.done();
    }
  }

  /** ApplyControlToken. */
  applyControlToken(input: SecBuffer[]): number {
    const native = this.#usable();
    return this.#secur32.framed(roomFor(input), (frame) => this.#secur32.check('ApplyControlToken', frame.put(native.bytes), putBuffers(frame, input).address));
  }

  makeSignature(buffers: SecBuffer[], qop: number, sequenceNumber: number): void {
    makeSignature(this.#message(), buffers, qop, sequenceNumber);
  }

  verifySignature(buffers: SecBuffer[], sequenceNumber: number): number {
    return verifySignature(this.#message(), buffers, sequenceNumber);
  }

  encryptMessage(buffers: SecBuffer[], qop: number, sequenceNumber: number): void {
    encryptMessage(this.#message(), buffers, qop, sequenceNumber);
  }

  decryptMessage(buffers: SecBuffer[], sequenceNumber: number): number {
    return decryptMessage(this.#message(), buffers, sequenceNumber);
  }

  wrap(message: Uint8Array, encrypt: boolean): Uint8Array {
    return wrapMessage(this.#message(), message, encrypt);
  }

  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
    return unwrapMessage(this.#message(), token);
  }

  sign(message: Uint8Array): Uint8Array {
    return signMessage(this.#message(), message);
  }

  verify(message: Uint8Array, mic: Uint8Array): void {
    verifyMessage(this.#message(), message, mic);
  }

  /** ExportSecurityContext. The context moves: what was achieved can still be queried, but two holders of one key stream would use it twice. */
  export(): Uint8Array {
    const { handle, mechanism } = this.#message();
    if (this.#leg !== null || this.#state !== 'established') {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'a context that is authenticating again cannot be exported; finish the handshake first');
    }
    const packed = packContext(this.#secur32, { side: this.side, package: this.package, nativePackage: mechanism, attributes: this.#attributes, handle });
    this.#state = 'exported';
    return packed;
  }

  /** QuerySecurityContextToken. */
  openToken(): SecurityToken {
    return openToken(this.#secur32, this.#established().bytes);
  }

  impersonate(): void {
    const { bytes } = this.#established();
    this.#secur32.framed(0, (frame) => this.#secur32.check('ImpersonateSecurityContext', frame.put(bytes)));
  }

  revert(): void {
    const { bytes } = this.#established();
    this.#secur32.framed(0, (frame) => this.#secur32.check('RevertSecurityContext', frame.put(bytes)));
  }

  delete(): void {
    this.#state = 'deleted';
    this.#leg = null;
    this.#native?.close();
    this.#credential.release();
  }

  #facts(): ContextFacts {
    return {
      secur32: this.#secur32, handle: this.#native!.bytes, side: this.side, package: this.package, targetName: this.#targetName,
      isEstablished: this.#isEstablished() || this.#state === 'exported', failure: this.#failure,
    };
  }

  #isDeleted(): boolean {
    return this.#state === 'deleted';
  }

  #isEstablished(): boolean {
    return this.#state === 'established' || this.#state === 'reauthenticating';
  }

  #established(): NativeHandle {
    if (!this.#isEstablished() || this.#native === null) throw this.#unusable();
    return idle(this.#native);
  }

  /** A handle that the DLL knows, established or not. */
  #usable(): NativeHandle {
    if (this.#native === null || !(this.#isEstablished() || this.#state === 'pending')) throw this.#unusable();
    return idle(this.#native);
  }

  /** What the message verbs need; sizes and mechanism are asked for once. */
  #message(): MessageParts {
    const { bytes } = this.#established();
    if (this.#parts === null) {
      const facts = this.#facts();
      const { packageInfo } = queryContext(SECPKG_ATTR_PACKAGE_INFO, facts) as { packageInfo: { name: MechanismName } };
      const sizes = queryContext(SECPKG_ATTR_SIZES, facts) as MessageParts['sizes'];
      this.#parts = { secur32: this.#secur32, handle: bytes, mechanism: packageInfo.name, sizes };
    }
    return this.#parts;
  }

  #unusable(): SspiError {
    switch (this.#state) {
      case 'failed':
        return new SspiError('SEC_E_INVALID_HANDLE', `the handshake of this context failed with ${this.#failure!.code}; it can only be deleted`, { cause: this.#failure });
      case 'exported':
        return new SspiError('SEC_E_INVALID_HANDLE', 'this context was exported; its keys are used where it was imported');
      case 'deleted':
        return new SspiError('SEC_E_INVALID_HANDLE', 'this context was deleted');
      default:
        return new SspiError('SEC_E_INVALID_HANDLE', 'this context is not established yet', { remedy: 'Finish the handshake first.' });
    }
  }
}

/** "Do not use the same context handle in concurrent calls": a leg on another thread may be changing what another call reads. */
function idle(native: NativeHandle): NativeHandle {
  if (native.isUsed) {
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'a call with this context is still under way on another thread', { remedy: 'Await it first; of a leg that was aborted, repeat it.' });
  }
  return native;
}

/** What the seed of this API refuses, before a package would do something else with it: Windows would open a window to ask a person. */
function requirePossible(packageName: PackageName, contextReq: number): void {
  if ((contextReq & ISC_REQ_PROMPT_FOR_CREDS) !== 0) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'ISC_REQ_PROMPT_FOR_CREDS: there is nobody to prompt here', {
      remedy: 'Ask for the credentials in the application and pass them to acquireCredentialsHandle.',
    });
  }
  if ((contextReq & ISC_REQ_DELEGATE) !== 0 && packageName === 'NTLM') {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'ISC_REQ_DELEGATE: the package NTLM cannot delegate credentials', {
      remedy: 'Use the package Negotiate and look whether ISC_RET_DELEGATE is in the final attributes.',
    });
  }
}

function noBindings(): SspiError {
  return new SspiError('SEC_E_BAD_BINDINGS', 'channel bindings are required, and the server was given none to compare', {
    remedy: 'Pass the channel bindings of the TLS connection with each leg, or relax channelBindingPolicy.',
  });
}

/** The peer's token; null when none came or it is empty. */
function tokenOf(input: readonly SecBuffer[]): Uint8Array | null {
  const token = findBuffer(input, SECBUFFER_TOKEN);
  return token === undefined || token.data.length === 0 ? null : token.data;
}
