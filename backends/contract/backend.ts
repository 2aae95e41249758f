import type { SecPkgInfo } from './attributes.ts';
import type { SecBuffer } from './buffers.ts';
import type { AcceptorData, AuthData, BackendName, KerberosConfig, NtlmConfig, PackageName } from './credentials.ts';
import type { Host } from './host.ts';

/**
 * What every backend promises: the SSPI verbs, with handles replaced by objects.
 *
 * The layer above owns the handles (a deleted one never reaches a backend), the argument checks that need no
 * package, and the choice of backend. Everything a package decides is decided here. Errors are `SspiError`.
 */
export interface Backend {
  readonly name: BackendName;
  enumerateSecurityPackages(): Promise<SecPkgInfo[]>;
  acquireCredentials(options: AcquireOptions): Promise<BackendCredential>;
  importContext(packageName: PackageName | undefined, packed: Uint8Array): BackendContext;
  changeAccountPassword(options: ChangePasswordOptions): Promise<void>;
  /** What of these options the backend has no place for, named for a person; null: nothing. Absent: it takes all. */
  cannotTake?(options: AcquireOptions | ChangePasswordOptions): string | null;
}

export interface AcquireOptions {
  package: PackageName;
  principal?: string;
  /** SECPKG_CRED_INBOUND, _OUTBOUND or _BOTH. */
  credentialUse: number;
  authData?: AuthData & AcceptorData | AuthData | AcceptorData;
  packageList?: string;
  kerberos?: KerberosConfig;
  ntlm?: NtlmConfig;
  host?: Partial<Host>;
}

export interface ChangePasswordOptions {
  package?: PackageName;
  user: string;
  domain: string;
  oldPassword: string;
  newPassword: string;
  kerberos?: KerberosConfig;
}

export interface BackendCredential {
  readonly backend: BackendName;
  readonly package: PackageName;
  readonly credentialUse: number;
  readonly expiry: Date | null;
  /** InitializeSecurityContext: `context` is null on the first call, else what the last call returned. */
  initialize(context: BackendContext | null, call: HandshakeCall): Promise<HandshakeResult>;
  /** AcceptSecurityContext. */
  accept(context: BackendContext | null, call: HandshakeCall): Promise<HandshakeResult>;
  queryAttribute(attribute: number): unknown;
  /** SetCredentialsAttributes, with the bytes of the attribute's structure. Absent: there is nothing to set. */
  setAttribute?(attribute: number, value: Uint8Array): void;
  free(): void;
}

export interface HandshakeCall {
  /** ISC only. */
  targetName?: string;
  /** ISC_REQ_* or ASC_REQ_*. */
  contextReq: number;
  targetDataRep: number;
  input: SecBuffer[];
  /** Caller's buffers, or none when the backend allocates. */
  output: SecBuffer[];
  signal?: AbortSignal;
}

export interface HandshakeResult {
  /** SEC_E_OK or SEC_I_*; an error status is thrown. */
  status: number;
  /** The same object that went in, where one did. */
  context: BackendContext;
  output: SecBuffer[];
  contextAttr: number;
  expiry: Date | null;
}

export type Side = 'initiator' | 'acceptor';

export interface BackendContext {
  readonly backend: BackendName;
  queryAttribute(attribute: number): unknown;
  completeAuthToken(token: SecBuffer[]): Promise<number>;
  /** Signs the data buffers; the signature goes into the SECBUFFER_TOKEN buffer, which is narrowed to it. */
  makeSignature(buffers: SecBuffer[], qop: number, sequenceNumber: number): void;
  /** Returns the quality of protection. */
  verifySignature(buffers: SecBuffer[], sequenceNumber: number): number;
  encryptMessage(buffers: SecBuffer[], qop: number, sequenceNumber: number): void;
  decryptMessage(buffers: SecBuffer[], sequenceNumber: number): number;
  /** GSS_Wrap's form: one token. */
  wrap(message: Uint8Array, encrypt: boolean): Uint8Array;
  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean };
  sign(message: Uint8Array): Uint8Array;
  verify(message: Uint8Array, mic: Uint8Array): void;
  export(): Uint8Array;
  /** ApplyControlToken; returns the status. Absent, as the three below: there is no such thing outside of Windows. */
  applyControlToken?(input: SecBuffer[]): number;
  /** QuerySecurityContextToken. */
  openToken?(): SecurityToken;
  /** ImpersonateSecurityContext. */
  impersonate?(): void;
  /** RevertSecurityContext. */
  revert?(): void;
  /** Wipes keys; idempotent. */
  delete(): void;
}

/** An access token of Windows: a HANDLE of this process. Close it, with `close` or `using`. */
export interface SecurityToken extends Disposable {
  readonly handle: bigint;
  /** CloseHandle; idempotent. */
  close(): void;
}
