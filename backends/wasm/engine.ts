import type { AcceptorData, AuthData, KerberosConfig, MechanismName, NtlmConfig, PackageName } from '../contract/credentials.ts';
import type { Host } from '../contract/host.ts';
import type { AcceptorRequest, Established, Handshake, InitiatorRequest, MechanismCredential } from './mechanism.ts';

/** What a backend is put together from: the mechanisms, and SPNEGO over them. */
export interface Engine {
  /** The mechanisms that these credentials can serve, in the order in which Negotiate offers them; never none. Throws `SspiError`. */
  createMechanisms(options: MechanismOptions): MechanismCredential[] | Promise<MechanismCredential[]>;
  negotiateInitiator(mechanisms: readonly MechanismCredential[], request: InitiatorRequest & ErrorRequest): Handshake;
  negotiateAcceptor(mechanisms: readonly MechanismCredential[], request: AcceptorRequest & ErrorRequest): Handshake;
  /** Makes a mechanism that is loaded on demand ready for `importEstablished`. */
  load(mechanism: MechanismName): Promise<void>;
  /** Brings back what `Established.export` gave. Throws SEC_E_INVALID_TOKEN. */
  importEstablished(mechanism: MechanismName, packed: Uint8Array): Established;
}

export interface MechanismOptions {
  package: PackageName;
  packageList: string | undefined;
  /** For an outbound credential. */
  authData: AuthData | undefined;
  /** For an inbound one. */
  acceptor: AcceptorData | undefined;
  kerberos: KerberosConfig | undefined;
  ntlm: NtlmConfig | undefined;
  host: Host;
}

export interface ErrorRequest {
  /** ISC_REQ_EXTENDED_ERROR or ASC_REQ_EXTENDED_ERROR: an error carries a token for the peer. */
  extendedError: boolean;
}
