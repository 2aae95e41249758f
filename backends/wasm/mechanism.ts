import type { AccessToken, ContextSizes, EstablishedNames, KeyInfo } from '../contract/attributes.ts';
import type { MechanismName } from '../contract/credentials.ts';
import type { SspiError } from '../contract/errors.ts';

/**
 * A mechanism as SPNEGO and the verbs see it. NTLM and Kerberos implement it; SPNEGO itself does too, so that a
 * context drives "Negotiate" and a bare package alike. Nothing outside a mechanism's folder knows which one it has.
 *
 *   credential ── initiator() / acceptor() ──▶ Handshake ── step(token) ──▶ Handshake ── step(token) ──▶ Established
 *
 * A state is stepped once: the step returns the next state, or what is established, which owns what passes into it. The
 * caller drops the old state with `dispose()`, and keeps the step until a buffer takes its token.
 */
export interface MechanismCredential {
  readonly name: MechanismName;
  /** MechType content octets (no tag, no length), the preferred one first; all of them mean this mechanism. */
  readonly oids: readonly Uint8Array[];
  /** The largest token that its handshake makes, in bytes. */
  readonly maxToken: number;
  readonly expiry: Date | null;
  /** Why it stands in the list but can offer nothing: Negotiate passes it over, and tells this. */
  readonly unavailable?: SspiError;
  /** True when a token without SPNEGO around it is this mechanism's. */
  recognizes(token: Uint8Array): boolean;
  initiator(request: InitiatorRequest): Handshake;
  acceptor(request: AcceptorRequest): Handshake;
  /** Wipes keys; idempotent. */
  free(): void;
}

export interface InitiatorRequest {
  /** The SPN, or null. */
  targetName: string | null;
  /** ISC_REQ_*, with NO_INTEGRITY already resolved. */
  flags: number;
  /** Application data, or null. A later leg may set it: it is read when the proof that binds it is made. */
  channelBindings: Uint8Array | null;
  /** The mechanism runs inside SPNEGO: it must be able to make a mechListMIC. */
  insideNegotiate: boolean;
}

export interface AcceptorRequest {
  /** ASC_REQ_*. */
  flags: number;
  /** As for the initiator: read when the proof is checked. */
  channelBindings: Uint8Array | null;
  insideNegotiate: boolean;
}

export interface Handshake {
  /**
   * Takes the peer's token (null on an initiator's first leg).
   * Throws `SspiError`; its `token` is what the mechanism would tell the peer, where it has a way to.
   */
  step(token: Uint8Array | null, signal?: AbortSignal): Promise<HandshakeStep>;
  /** Wipes what this state holds; idempotent. What passed into the next state is not touched. */
  dispose(): void;
}

export type HandshakeStep =
  /**
   * More to come: `token` (empty or null: nothing to send) goes to the peer, its answer to `next`.
   * `fallbackFrom`: why Negotiate goes on without the mechanism that it preferred; absent where that may still be it.
   */
  | { token: Uint8Array | null; next: Handshake; fallbackFrom?: SspiError | undefined; established?: undefined }
  /** Done on this side; a token, where there is one, still goes to the peer. `fallbackFrom` as above. */
  | { token: Uint8Array | null; established: Established; fallbackFrom?: SspiError; next?: undefined };

/** One stretch of a message: what is signed, and whether it is encrypted in place as well. */
export interface MessagePart {
  data: Uint8Array;
  encrypt: boolean;
}

/** Built only from verified proofs; the only thing that signs or seals. */
export interface Established {
  readonly mechanism: MechanismName;
  /** ISC_RET_* on an initiator, ASC_RET_* on an acceptor: what was achieved. */
  readonly attributes: number;
  readonly expiry: Date | null;
  readonly names: EstablishedNames;
  /** SECPKG_ATTR_SESSION_KEY; a copy. Empty for an anonymous context. */
  readonly sessionKey: Uint8Array;
  readonly sizes: ContextSizes;
  readonly keyInfo: KeyInfo;
  /** MsvAvChannelBindings matched, or the Kerberos checksum did. Acceptors only; false when none were compared. */
  readonly channelBindingsVerified: boolean;
  /** The SPN that the client said it wanted, as the acceptor saw it; null when it said none. */
  readonly clientSpecifiedTarget: string | null;

  /** Acceptors only: what the client's domain told of it, and what it delegated. */
  readonly accessToken?: AccessToken;

  /** MS-SPNG 3.2.5: a mechListMIC is needed though the first mechanism was chosen (NTLM with MIC, DCE style). */
  readonly mechListMicRequired: boolean;
  /** False when this context cannot sign, so that no mechListMIC can be made (RFC 4178 §5). Absent means true. */
  readonly mechListMicPossible?: boolean;
  makeMechListMic(mechTypes: Uint8Array): Uint8Array;
  /** Throws SEC_E_MESSAGE_ALTERED. */
  verifyMechListMic(mechTypes: Uint8Array, mic: Uint8Array): void;

  /** The signature over the concatenated parts. */
  makeSignature(parts: readonly Uint8Array[], qop: number): Uint8Array;
  /** Returns the QOP; throws SEC_E_MESSAGE_ALTERED or SEC_E_OUT_OF_SEQUENCE and stays usable. */
  verifySignature(parts: readonly Uint8Array[], signature: Uint8Array): number;
  /** How many bytes `encrypt` appends: the least that a PADDING buffer must hold. Absent means none. */
  readonly padding?: number;
  /** Encrypts `encrypt` parts in place, writes what it appends to `padding`, and returns what goes into the TOKEN buffer. */
  encrypt(parts: readonly MessagePart[], qop: number, padding?: Uint8Array): Uint8Array;
  /** Decrypts in place once verified; on an error the parts are as they came. `padding`: what stands behind them, where the caller kept it apart. */
  decrypt(parts: readonly MessagePart[], token: Uint8Array, padding?: Uint8Array): number;
  wrap(message: Uint8Array, encrypt: boolean): Uint8Array;
  unwrap(token: Uint8Array): { message: Uint8Array; encrypted: boolean };
  /** Length of the security trailer at the front of a SECBUFFER_STREAM message of this mechanism. */
  streamHeaderLength(message: Uint8Array): number;

  /** Everything that `import` of the mechanism needs; secret. */
  export(): Uint8Array;
  dispose(): void;
}
