import { untilAborted } from '../contract/abort.ts';
import { sameBytes } from '../contract/bytes.ts';
import type { BackendContext, HandshakeCall, HandshakeResult, Side } from '../contract/backend.ts';
import { plainBytes, type SecBuffer } from '../contract/buffers.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import {
  ASC_REQ_EXTENDED_ERROR, ASC_REQ_STREAM, ASC_RET_EXTENDED_ERROR, ASC_RET_STREAM, ISC_REQ_EXTENDED_ERROR, ISC_REQ_STREAM, ISC_RET_ALLOCATED_MEMORY,
  ISC_RET_CONNECTION, ISC_RET_DATAGRAM, ISC_RET_EXTENDED_ERROR, ISC_RET_INTERMEDIATE_RETURN, ISC_RET_REAUTHENTICATION, ISC_RET_STREAM,
  ISC_RET_USED_SUPPLIED_CREDS,
} from '../contract/flags.ts';
import type { Host } from '../contract/host.ts';
import { SEC_E_OK, SEC_I_CONTINUE_NEEDED } from '../contract/status.ts';
import { queryContext } from './context-attributes.ts';
import { withToken } from './error-token.ts';
import type { AcceptorRequest, Established, Handshake, HandshakeStep, InitiatorRequest } from './mechanism.ts';
import { decryptMessage, encryptMessage, makeSignature, verifySignature } from './messages.ts';
import { deliverToken, isAllocating } from './output.ts';
import { part } from './parts.ts';
import { inputBindings, inputToken } from './requirements.ts';

/** A handshake and what lives as long as it does. */
export interface Begun {
  handshake: Handshake;
  request: InitiatorRequest | AcceptorRequest;
  /** Lets go of the credential; called once, when the handshake has ended. */
  release(): void;
  suppliedCredentials: boolean;
}

/*
 *   new ──▶ pending ──▶ established ──▶ reauthenticating ──▶ established …
 *              └─────────────┴───────────────┴──▶ failed, deleted
 *
 * A leg whose output did not fit, or that was aborted, changes nothing and can be repeated; one that failed ends the context.
 */
type State =
  | { readonly is: 'new' }
  | { readonly is: 'pending'; readonly begun: Begun; handshake: Handshake }
  | { readonly is: 'established'; readonly established: Established }
  | { readonly is: 'reauthenticating'; readonly begun: Begun; handshake: Handshake; readonly established: Established }
  | { readonly is: 'failed'; readonly error: SspiError }
  | { readonly is: 'exported'; readonly established: Established }
  | { readonly is: 'deleted' };

type DoneStep = Extract<HandshakeStep, { next?: undefined }>;
type NextStep = Exclude<HandshakeStep, DoneStep>;

/** What one leg came to. */
interface Made {
  begun: Begun;
  handshake: Handshake;
  step: HandshakeStep;
}
/** It did not fit the caller's buffer. */
interface Undelivered extends Made {
  /** The peer's token. */
  answers: Uint8Array | null;
}

/** A security context of this engine: a handshake, then the keys that it proved. */
export class WasmContext implements BackendContext {
  readonly backend = 'wasm';
  readonly side: Side;
  readonly package: PackageName;
  /** The credential that its handshake was last begun with. */
  begunWith: object | null = null;
  readonly #host: Host;
  #state: State = NEW;
  #stepping = false;
  /** A leg was aborted, and its step has not ended yet. */
  #abandoned = false;
  #attributes = 0;
  #bindings: Uint8Array | null = null;
  #fallbackFrom: SspiError | null = null;
  #undelivered: Undelivered | null = null;
  #started: Date | null = null;

  constructor(side: Side, packageName: PackageName, host: Host) {
    this.side = side;
    this.package = packageName;
    this.#host = host;
  }

  /** A context that came from elsewhere, already established. */
  static imported(side: Side, packageName: PackageName, host: Host, established: Established, attributes: number): WasmContext {
    const context = new WasmContext(side, packageName, host);
    context.#state = { is: 'established', established };
    context.#attributes = attributes;
    context.#started = host.now();
    return context;
  }

  /** True while a handshake is under way, which only the credential that began it can continue. */
  get isHandshaking(): boolean {
    return this.#state.is === 'pending' || this.#state.is === 'reauthenticating';
  }

  /** One leg. `begin` makes the handshake of a new context, or of one that authenticates again. */
  async step(call: HandshakeCall, begin: () => Begun | Promise<Begun>): Promise<HandshakeResult> {
    if (this.#stepping) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'another leg of this context is still under way; legs go one after the other');
    call.signal?.throwIfAborted();
    const { is } = this.#state;
    if (is === 'failed' || is === 'exported' || is === 'deleted') throw this.#unusable(this.#state);
    this.#stepping = true;
    try {
      const token = inputToken(call);
      const made = this.#takeUndelivered(token) ?? (await this.#make(call, token, begin));
      let output: SecBuffer[];
      try {
        output = deliverToken(call, made.step.token);
      } catch (error) {
        // Made once: a step may have counted a message. It is kept until a buffer takes it, unless nobody holds this context yet.
        this.#undelivered = { ...made, answers: token === null ? null : token.slice() };
        if (is === 'new') this.delete();
        throw error;
      }
      const { begun, handshake, step } = made;
      const allocated = isAllocating(call) ? ISC_RET_ALLOCATED_MEMORY : 0;
      handshake.dispose();
      return step.next === undefined ? this.#finish(begun, step, output, allocated) : this.#proceed(begun, step, output, allocated);
    } finally {
      if (!this.#abandoned) this.#stepping = false;
    }
  }

  /** What a too short buffer left undelivered, for the repeated leg. */
  #takeUndelivered(token: Uint8Array | null): Made | null {
    const undelivered = this.#undelivered;
    if (undelivered === null) return null;
    if (!sameBytes(undelivered.answers, token)) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the output of the last leg is still to be taken; repeat that leg with its token and a larger buffer');
    }
    this.#undelivered = null;
    return undelivered;
  }

  async #make(call: HandshakeCall, token: Uint8Array | null, begin: () => Begun | Promise<Begun>): Promise<Made> {
    const bindings = inputBindings(call);
    const state = this.#state;
    const { signal } = call;
    const continues = state.is === 'pending' || state.is === 'reauthenticating';
    const beginning = continues ? state.begun : begin();
    const begun = beginning instanceof Promise ? await beginning : beginning;
    if (beginning instanceof Promise && signal?.aborted) {
      end(begun);
      throw signal.reason;
    }
    if (bindings !== null) begun.request.channelBindings = bindings; // callers give them on any leg up to the one that needs them
    const handshake = continues ? state.handshake : begun.handshake;
    const running = handshake.step(token, signal);
    let step: HandshakeStep;
    try {
      step = await (signal === undefined ? running : untilAborted(running, signal));
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) {
        this.#abandon(running, continues ? null : begun);
        throw error;
      }
      if (!continues) end(begun);
      throw this.#failedLeg(error, call, begun);
    }
    if (this.#isDeleted()) {
      discard(step);
      if (!continues) end(begun);
      throw deletedMeanwhile();
    }
    return { begun, handshake, step };
  }

  /** What runs on after an abort (a lookup that takes no signal) comes to nothing; the leg can be repeated when it has ended. */
  #abandon(running: Promise<HandshakeStep>, begun: Begun | null): void {
    this.#abandoned = true;
    const settle = () => {
      this.#abandoned = false;
      this.#stepping = false;
      if (begun !== null) end(begun);
    };
    running.then(discard, () => {}).finally(settle);
  }

  #proceed(begun: Begun, { next: handshake, fallbackFrom }: NextStep, output: SecBuffer[], allocated: number): HandshakeResult {
    const before = this.#state;
    if (before.is !== 'established' && fallbackFrom !== undefined) this.#fallbackFrom = fallbackFrom;
    if (before.is === 'pending' || before.is === 'reauthenticating') before.handshake = handshake;
    else if (before.is === 'established') this.#state = { is: 'reauthenticating', begun, handshake, established: before.established };
    else this.#state = { is: 'pending', begun, handshake };
    // Security attributes are true only at the end, so none is shown before it.
    const intermediate = this.side === 'initiator' ? ISC_RET_INTERMEDIATE_RETURN : 0;
    return { status: SEC_I_CONTINUE_NEEDED, context: this, output, contextAttr: allocated | intermediate, expiry: null };
  }

  #finish(begun: Begun, { established, fallbackFrom }: DoneStep, output: SecBuffer[], allocated: number): HandshakeResult {
    const before = this.#state;
    const again = before.is === 'reauthenticating' || before.is === 'established';
    if (again) before.established.dispose();
    begun.release();
    this.#state = { is: 'established', established };
    this.#attributes = finalAttributes(this.side, this.package, begun, established, again);
    this.#bindings = begun.request.channelBindings;
    this.#fallbackFrom = fallbackFrom ?? null;
    this.#started = null; // asked of the clock only when somebody wants to know
    return { status: SEC_E_OK, context: this, output, contextAttr: this.#attributes | allocated, expiry: established.expiry };
  }

  /** Turns what a step threw into what the caller gets, and ends the context. */
  #failedLeg(error: unknown, call: HandshakeCall, begun: Begun): SspiError {
    if (this.#isDeleted()) return deletedMeanwhile();
    let failure: SspiError;
    if (error instanceof SspiError) failure = error;
    else failure = new SspiError('SEC_E_INTERNAL_ERROR', 'the package failed in a way that maps to no SSPI status', { cause: error });
    this.#end();
    this.#state = { is: 'failed', error: failure };
    const extended = this.side === 'initiator' ? ISC_REQ_EXTENDED_ERROR : ASC_REQ_EXTENDED_ERROR;
    return ((call.contextReq | begun.request.flags) & extended) !== 0 ? failure : withToken(failure, undefined);
  }

  queryAttribute(attribute: number): unknown {
    const state = this.#state;
    if (state.is === 'deleted' || state.is === 'new') throw this.#unusable(state);
    const established = 'established' in state ? state.established : null;
    if (established !== null) this.#started ??= this.#host.now();
    return queryContext(attribute, {
      side: this.side, package: this.package, established, attributes: this.#attributes, bindings: this.#bindings, started: this.#started,
      failure: state.is === 'failed' ? state.error : this.#fallbackFrom, isHandshaking: this.isHandshaking,
    });
  }

  completeAuthToken(): Promise<number> {
    return Promise.reject(new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `CompleteAuthToken: ${this.package} tokens are complete as they are made`));
  }

  makeSignature(buffers: SecBuffer[], qop: number): void {
    makeSignature(this.#keys(), buffers, qop);
  }

  verifySignature(buffers: SecBuffer[]): number {
    return verifySignature(this.#keys(), buffers);
  }

  encryptMessage(buffers: SecBuffer[], qop: number): void {
    encryptMessage(this.#keys(), buffers, qop);
  }

  decryptMessage(buffers: SecBuffer[]): number {
    return decryptMessage(this.#keys(), buffers);
  }

  wrap(message: Uint8Array, encrypt: boolean): Uint8Array {
    return this.#keys().wrap(message, encrypt);
  }

  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
    return this.#keys().unwrap(plainBytes(token));
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#keys().makeSignature([message], 0);
  }

  verify(message: Uint8Array, mic: Uint8Array): void {
    this.#keys().verifySignature([message], plainBytes(mic));
  }

  /** Moves the keys out: two holders of one key stream would encrypt with it twice. What was achieved can still be queried. */
  export(): Uint8Array {
    const established = this.#keys();
    if (this.#stepping || this.#state.is !== 'established') {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'a context that is authenticating again cannot be exported; finish the handshake first');
    }
    const packed = part('packing').packContext({ side: this.side, package: this.package, attributes: this.#attributes, established });
    this.#state = { is: 'exported', established };
    return packed;
  }

  delete(): void {
    this.#end();
    this.#state = DELETED;
  }

  #isDeleted(): boolean {
    return this.#state.is === 'deleted';
  }

  /** The established keys, for protecting messages. */
  #keys(): Established {
    const state = this.#state;
    if (state.is !== 'established' && state.is !== 'reauthenticating') throw this.#unusable(state);
    const { established } = state;
    if (established.expiry !== null && established.expiry <= this.#host.now()) {
      throw new SspiError('SEC_E_CONTEXT_EXPIRED', `the context expired at ${established.expiry.toISOString()}`, { remedy: 'Authenticate again.' });
    }
    return established;
  }

  #end(): void {
    const state = this.#state;
    const undelivered = this.#undelivered;
    if (undelivered !== null) {
      this.#undelivered = null;
      discard(undelivered.step);
      if (state.is !== 'pending' && state.is !== 'reauthenticating') end(undelivered.begun);
    }
    if (state.is === 'pending' || state.is === 'reauthenticating') {
      state.handshake.dispose();
      state.begun.release();
    }
    if ('established' in state) state.established.dispose();
  }

  #unusable(state: State): SspiError {
    switch (state.is) {
      case 'failed':
        return new SspiError('SEC_E_INVALID_HANDLE', `the handshake of this context failed with ${state.error.code}; it can only be deleted`, { cause: state.error });
      case 'exported':
        return new SspiError('SEC_E_INVALID_HANDLE', 'this context was exported; its keys are used where it was imported');
      case 'deleted':
        return new SspiError('SEC_E_INVALID_HANDLE', 'this context was deleted');
      default:
        return new SspiError('SEC_E_INVALID_HANDLE', 'this context is not established yet', { remedy: 'Finish the handshake first.' });
    }
  }
}

function finalAttributes(side: Side, packageName: PackageName, begun: Begun, established: Established, again: boolean): number {
  const asked = begun.request.flags;
  // The capability is the package's: NTLM has no token that carries an error.
  const tellsErrors = packageName !== 'NTLM';
  let attributes = established.attributes;
  let streams: boolean;
  if (side === 'initiator') {
    streams = (asked & ISC_REQ_STREAM) !== 0;
    if (streams) attributes |= ISC_RET_STREAM;
    if (tellsErrors && (asked & ISC_REQ_EXTENDED_ERROR) !== 0) attributes |= ISC_RET_EXTENDED_ERROR;
    if (begun.suppliedCredentials) attributes |= ISC_RET_USED_SUPPLIED_CREDS;
    if (again) attributes |= ISC_RET_REAUTHENTICATION;
  } else {
    streams = (asked & ASC_REQ_STREAM) !== 0;
    if (streams) attributes |= ASC_RET_STREAM;
    if (tellsErrors && (asked & ASC_REQ_EXTENDED_ERROR) !== 0) attributes |= ASC_RET_EXTENDED_ERROR;
  }
  // ISC_REQ_CONNECTION is the default; both sides number these bits alike.
  if (!streams && (attributes & ISC_RET_DATAGRAM) === 0) attributes |= ISC_RET_CONNECTION;
  return attributes;
}

function deletedMeanwhile(): SspiError {
  return new SspiError('SEC_E_UNFINISHED_CONTEXT_DELETED', 'the context was deleted while a leg of its handshake was under way');
}

function end(begun: Begun): void {
  begun.handshake.dispose();
  begun.release();
}

function discard(step: HandshakeStep): void {
  if (step.next === undefined) step.established.dispose();
  else step.next.dispose();
}

const NEW: State = { is: 'new' };
const DELETED: State = { is: 'deleted' };
