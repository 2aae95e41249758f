import type { BackendContext, BackendCredential } from '../../backends/contract/backend.ts';
import { SspiError } from '../../backends/contract/errors.ts';

const OURS = Symbol('made by a verb');
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

let credentialOf: (handle: CredHandle) => BackendCredential | null | undefined;
let dropCredential: (handle: CredHandle) => BackendCredential | null;
let contextOf: (handle: CtxtHandle) => OpenContext | null | undefined;
let dropContext: (handle: CtxtHandle) => OpenContext | null;

export interface OpenContext {
  readonly context: BackendContext;
  /** With which a later leg goes on when the caller names none; null for an imported context. */
  credential: BackendCredential | null;
}

/** Credentials, as `acquireCredentialsHandle` gave them. Opaque; free it with `freeCredentialsHandle` or `using`. */
export class CredHandle {
  #credential: BackendCredential | null;

  /** @internal Handles come from the verbs. */
  constructor(key: typeof OURS, credential: BackendCredential) {
    if (key !== OURS) throw new TypeError('a CredHandle comes from acquireCredentialsHandle');
    this.#credential = credential;
  }

  static {
    credentialOf = (handle) => (#credential in handle ? handle.#credential : undefined);
    dropCredential = (handle) => {
      const credential = handle.#credential;
      handle.#credential = null;
      return credential;
    };
  }

  [INSPECT](): string {
    return this.#credential === null ? 'CredHandle (freed)' : `CredHandle (${this.#credential.package})`;
  }
}

/** A security context, as a verb gave it. Opaque; delete it with `deleteSecurityContext` or `using`. */
export class CtxtHandle {
  #open: OpenContext | null;

  /** @internal Handles come from the verbs. */
  constructor(key: typeof OURS, open: OpenContext) {
    if (key !== OURS) throw new TypeError('a CtxtHandle comes from initializeSecurityContext, acceptSecurityContext or importSecurityContext');
    this.#open = open;
  }

  static {
    contextOf = (handle) => (#open in handle ? handle.#open : undefined);
    dropContext = (handle) => {
      const open = handle.#open;
      handle.#open = null;
      return open;
    };
  }

  [INSPECT](): string {
    return this.#open === null ? 'CtxtHandle (deleted)' : `CtxtHandle (${this.#open.context.backend})`;
  }
}

// `using` disposes without an error what was freed already. Some runtimes have no Symbol.dispose yet.
export interface CredHandle extends Disposable {}
export interface CtxtHandle extends Disposable {}
if (Symbol.dispose !== undefined) {
  define(CredHandle.prototype, function (this: CredHandle) { dropCredential(this)?.free(); });
  define(CtxtHandle.prototype, function (this: CtxtHandle) { dropContext(this)?.context.delete(); });
}

function define(prototype: object, dispose: () => void): void {
  Object.defineProperty(prototype, Symbol.dispose, { value: dispose, writable: true, configurable: true });
}

export function newCredHandle(credential: BackendCredential): CredHandle {
  return new CredHandle(OURS, credential);
}

export function newCtxtHandle(context: BackendContext, credential: BackendCredential | null): CtxtHandle {
  return new CtxtHandle(OURS, { context, credential });
}

/** What a live handle stands for. Throws SEC_E_INVALID_HANDLE for one that was freed or is none of ours. */
export function openCredential(handle: CredHandle): BackendCredential {
  const credential = isObject(handle) ? credentialOf(handle) : undefined;
  if (credential == null) throw invalid('credential', credential === null ? 'was freed' : 'is none that acquireCredentialsHandle gave');
  return credential;
}

/** What a live handle stands for. Throws SEC_E_INVALID_HANDLE for one that was deleted or is none of ours. */
export function openContext(handle: CtxtHandle): OpenContext {
  const open = isObject(handle) ? contextOf(handle) : undefined;
  if (open == null) throw invalid('context', open === null ? 'was deleted' : 'is none that a verb gave');
  return open;
}

/** Ends a context: its keys are wiped, a handshake that is not finished is given up. Throws SEC_E_INVALID_HANDLE the second time. */
export function deleteSecurityContext(context: CtxtHandle): void {
  openContext(context);
  dropContext(context)!.context.delete();
}

/** Gives credentials back. Contexts that are under way keep what they need. Throws SEC_E_INVALID_HANDLE the second time. */
export function freeCredentialsHandle(credential: CredHandle): void {
  openCredential(credential);
  dropCredential(credential)!.free();
}

/** Deletes a context that may be gone already. */
export function discardContext(handle: CtxtHandle): void {
  dropContext(handle)?.context.delete();
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function invalid(kind: string, reason: string): SspiError {
  return new SspiError('SEC_E_INVALID_HANDLE', `the ${kind} handle ${reason}`);
}
