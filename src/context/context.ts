import type { AccessToken } from '../../backends/contract/attributes.ts';
import type { BackendContext, Side } from '../../backends/contract/backend.ts';
import { packChannelBindings } from '../../backends/contract/bindings.ts';
import type { SecBuffer } from '../../backends/contract/buffers.ts';
import {
  SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN, SECPKG_ATTR_ACCESS_TOKEN, SECPKG_ATTR_NATIVE_NAMES, SECPKG_ATTR_NEGO_STATUS, SECPKG_ATTR_PACKAGE_INFO, SECPKG_ATTR_SESSION_KEY,
} from '../../backends/contract/constants.ts';
import type { BackendName, MechanismName } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { ISC_RET_MUTUAL_AUTH } from '../../backends/contract/flags.ts';
import { SEC_E_OK, SEC_I_COMPLETE_AND_CONTINUE, SEC_I_COMPLETE_NEEDED, SEC_I_CONTINUE_NEEDED } from '../../backends/contract/status.ts';
import { checkBytes } from '../sspi/checks.ts';
import { queryContextAttributes } from '../sspi/context-attributes.ts';
import { type CredHandle, type CtxtHandle, discardContext, freeCredentialsHandle, openContext } from '../sspi/handles.ts';
import { completeAuthToken, type InitializeContextOptions, type SecurityContextResult } from '../sspi/security-context.ts';

/** One side of an authentication: a loop of `step`s, then protected messages. */
export interface SecurityContext extends Disposable {
  /** Takes the peer's token (none on an initiator's first step) and gives the one to send; null: nothing to send. Throws `SspiError`. */
  step(token?: Uint8Array | null, options?: { signal?: AbortSignal }): Promise<Uint8Array | null>;
  readonly complete: boolean;
  readonly backend: BackendName;
  /** What Negotiate chose; null before the end. */
  readonly package: MechanismName | null;
  /** Why Negotiate did not take the package that it preferred, as soon as that is known (on Windows at the end); null when it did. */
  readonly fallbackFrom: SspiError | null;
  /** ISC_RET_* or ASC_RET_*: what was achieved. Nothing about security before the end. */
  readonly attributes: number;
  /** Null: never, or not known yet. */
  readonly expiry: Date | null;
  /** Acceptor: who the client is, 'alice@AD.TEST' or 'ADTEST\\alice'. Initiator: the target, once it proved itself (mutual authentication). */
  readonly peer: string | null;
  /** Acceptor: the SIDs that the client's domain vouched for; null and none without a verified PAC, and on an initiator. */
  readonly userSid: string | null;
  readonly groups: readonly string[];
  /** Acceptor: a ticket that the client delegated (ISC_REQ_DELEGATE), for the `credential` of a context of its own; else null. */
  readonly delegatedCredential: { ccache: Uint8Array } | null;
  /** A copy. Throws SEC_E_INVALID_HANDLE before the end. */
  readonly sessionKey: Uint8Array;
  /** For the verbs. Throws SEC_E_INVALID_HANDLE before the first step. */
  readonly handle: CtxtHandle;
  /** One token in GSS_Wrap's form. Encrypts by default. */
  wrap(message: Uint8Array, options?: { encrypt?: boolean }): Uint8Array;
  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean };
  /** GSS_GetMIC's form. */
  sign(message: Uint8Array): Uint8Array;
  /** Throws SEC_E_MESSAGE_ALTERED or SEC_E_OUT_OF_SEQUENCE. */
  verify(message: Uint8Array, mic: Uint8Array): void;
  /** Wipes the keys; what `using` calls, for runtimes without it. Idempotent. */
  dispose(): void;
}

export interface ContextParts {
  side: Side;
  /** The side's verb. */
  leg(call: InitializeContextOptions): Promise<SecurityContextResult>;
  credential: CredHandle;
  /** The credential was made for this context alone. */
  ownsCredential: boolean;
  targetName: string | undefined;
  flags: number;
  /** Application data. */
  channelBindings: Uint8Array | undefined;
  backend: BackendName;
}

/** A context over the verbs, as `createInitiator` and `createAcceptor` make it. */
export class VerbContext implements SecurityContext {
  readonly backend: BackendName;
  readonly #parts: ContextParts;
  readonly #bindings: SecBuffer | null;
  #handle: CtxtHandle | undefined;
  #complete = false;
  #attributes = 0;
  #expiry: Date | null = null;
  #disposed = false;

  constructor(parts: ContextParts) {
    this.backend = parts.backend;
    this.#parts = parts;
    this.#bindings = parts.channelBindings === undefined ? null : { type: SECBUFFER_CHANNEL_BINDINGS, data: packChannelBindings(parts.channelBindings) };
  }

  async step(token?: Uint8Array | null, options?: { signal?: AbortSignal }): Promise<Uint8Array | null> {
    if (this.#disposed) throw disposed();
    const { credential, flags, leg, side, targetName } = this.#parts;
    const input: SecBuffer[] = [];
    if (token != null) {
      checkBytes(token, 'token');
      if (this.#complete && token.length > 0 && side === 'initiator') {
        throw new SspiError('SEC_E_INVALID_TOKEN', 'the context is complete, no further token is expected'); // a stray token must not end what is established
      }
      input.push({ type: SECBUFFER_TOKEN, data: token });
    }
    if (this.#bindings !== null) input.push(this.#bindings);
    const call = { credential, context: this.#handle, targetName, contextReq: flags, input, signal: options?.signal };
    let result: SecurityContextResult;
    try {
      result = await leg(call);
    } catch (error) {
      if (this.#complete && !this.#isEstablished()) this.#complete = false;
      throw error;
    }
    const { status, context, output } = result;
    this.#take(result);
    if (status === SEC_I_COMPLETE_NEEDED || status === SEC_I_COMPLETE_AND_CONTINUE) {
      await completeAuthToken(context, output);
      if (this.#disposed) throw disposed();
      this.#complete = status === SEC_I_COMPLETE_NEEDED;
    }
    const { data } = output[0]!;
    return data.length === 0 ? null : data;
  }

  #take(result: SecurityContextResult): void {
    if (this.#disposed) {
      discardContext(result.context);
      throw disposed();
    }
    if (this.#handle !== undefined && this.#handle !== result.context) {
      discardContext(result.context);
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'two first steps of this context ran at once; steps go one after the other');
    }
    this.#handle = result.context;
    this.#complete = result.status === SEC_E_OK;
    this.#attributes = result.contextAttr;
    this.#expiry = result.expiry;
  }

  get complete(): boolean {
    return this.#complete;
  }

  get package(): MechanismName | null {
    return this.#complete ? (queryContextAttributes(this.handle, SECPKG_ATTR_PACKAGE_INFO).packageInfo.name as MechanismName) : null;
  }

  get fallbackFrom(): SspiError | null {
    if (!this.#complete && (this.#handle === undefined || this.#disposed || this.backend !== 'wasm')) return null; // Windows tells it at the end
    const { lastStatus, reason } = queryContextAttributes(this.handle, SECPKG_ATTR_NEGO_STATUS);
    return this.#complete || lastStatus === SEC_I_CONTINUE_NEEDED ? reason : null;
  }

  get attributes(): number {
    return this.#attributes;
  }

  get expiry(): Date | null {
    return this.#expiry;
  }

  get peer(): string | null {
    if (!this.#complete) return null;
    const { clientName, serverName } = queryContextAttributes(this.handle, SECPKG_ATTR_NATIVE_NAMES);
    if (this.#parts.side === 'acceptor') return clientName;
    return (this.#attributes & ISC_RET_MUTUAL_AUTH) === 0 ? null : serverName;
  }

  get userSid(): string | null {
    return this.#accessToken()?.userSid ?? null;
  }

  get groups(): readonly string[] {
    return this.#accessToken()?.groups ?? [];
  }

  get delegatedCredential(): { ccache: Uint8Array } | null {
    return this.#accessToken()?.delegatedCredential ?? null;
  }

  #accessToken(): AccessToken | null {
    return this.#complete && this.#parts.side === 'acceptor' ? queryContextAttributes(this.handle, SECPKG_ATTR_ACCESS_TOKEN) : null;
  }

  get sessionKey(): Uint8Array {
    return queryContextAttributes(this.handle, SECPKG_ATTR_SESSION_KEY).sessionKey;
  }

  get handle(): CtxtHandle {
    if (this.#disposed) throw disposed();
    if (this.#handle === undefined) throw new SspiError('SEC_E_INVALID_HANDLE', 'the context has no handle before its first step');
    return this.#handle;
  }

  wrap(message: Uint8Array, options?: { encrypt?: boolean }): Uint8Array {
    checkBytes(message, 'message');
    return this.#open().wrap(message, options?.encrypt ?? true);
  }

  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
    checkBytes(token, 'token');
    return this.#open().unwrap(token);
  }

  sign(message: Uint8Array): Uint8Array {
    checkBytes(message, 'message');
    return this.#open().sign(message);
  }

  verify(message: Uint8Array, mic: Uint8Array): void {
    checkBytes(message, 'message');
    checkBytes(mic, 'mic');
    this.#open().verify(message, mic);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#complete = false;
    if (this.#handle !== undefined) discardContext(this.#handle);
    if (this.#parts.ownsCredential) freeCredentialsHandle(this.#parts.credential);
  }

  /** A leg of authenticating again that failed has ended what was established; one that was refused or aborted has not. */
  #isEstablished(): boolean {
    try {
      return !this.#disposed && queryContextAttributes(this.#handle!, SECPKG_ATTR_PACKAGE_INFO).packageInfo !== undefined;
    } catch {
      return false;
    }
  }

  #open(): BackendContext {
    return openContext(this.handle).context;
  }
}

// Some runtimes have no Symbol.dispose yet.
export interface VerbContext extends Disposable {}
if (Symbol.dispose !== undefined) {
  Object.defineProperty(VerbContext.prototype, Symbol.dispose, { value: VerbContext.prototype.dispose, writable: true, configurable: true });
}

function disposed(): SspiError {
  return new SspiError('SEC_E_INVALID_HANDLE', 'this context was disposed');
}
