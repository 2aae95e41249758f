import type { BackendName, KerberosConfig, NtlmConfig } from '../../backends/contract/credentials.ts';
import type { SspiError } from '../../backends/contract/errors.ts';

/** The two schemes that HTTP knows; each is also the name of the package that speaks it. */
export type Scheme = 'Negotiate' | 'NTLM';

/** What HTTP asks of a `SecurityContext`. */
export interface HandshakeContext {
  step(token?: Uint8Array | null, options?: { signal?: AbortSignal }): Promise<Uint8Array | null>;
  readonly complete: boolean;
  readonly package: 'Kerberos' | 'NTLM' | null;
  /** Why Negotiate did not end with the package that it preferred. */
  readonly fallbackFrom?: SspiError | null;
  readonly attributes: number;
  readonly expiry: Date | null;
  readonly peer: string | null;
  /** Acceptor: the SIDs of the client's groups, where its domain told them. */
  readonly groups?: readonly string[];
  /** Not by its symbol, which some runtimes have not yet. */
  dispose(): void;
}

export interface InitiatorOptions {
  package: Scheme;
  target: string;
  flags: number;
  channelBindings: Uint8Array | null;
}

/** Makes client contexts of one identity; `close` lets its credentials go. */
export interface InitiatorSource {
  /** What it can speak, the preferred one first. */
  readonly schemes: readonly Scheme[];
  initiator(options: InitiatorOptions): Promise<HandshakeContext>;
  close(): void;
}

export interface AcceptorOptions {
  package: Scheme;
  channelBindings: Uint8Array | null;
}

export interface AcceptorSource {
  readonly schemes: readonly Scheme[];
  acceptor(options: AcceptorOptions): Promise<HandshakeContext>;
}

/** What both ends of HTTP pass on to the engine. */
export interface EngineOptions {
  /** What Negotiate may use: `'Kerberos,!NTLM'`. */
  packageList?: string;
  kerberos?: KerberosConfig;
  ntlm?: NtlmConfig;
  backend?: 'auto' | BackendName;
}

/** The schemes that `packageList` leaves, the preferred one first: `!NTLM` forbids NTLM, and so does a list of others. */
export function schemesOf(packageList: string | undefined): Scheme[] {
  return allows(packageList, 'ntlm') ? ['Negotiate', 'NTLM'] : ['Negotiate'];
}

export function allowsKerberos(packageList: string | undefined): boolean {
  return allows(packageList, 'kerberos');
}

function allows(packageList: string | undefined, name: string): boolean {
  const names = (packageList ?? '').split(',').map((item) => item.trim().toLowerCase()).filter((item) => item !== '');
  const wanted = names.filter((item) => !item.startsWith('!'));
  return !names.includes(`!${name}`) && (wanted.length === 0 || wanted.includes(name));
}
