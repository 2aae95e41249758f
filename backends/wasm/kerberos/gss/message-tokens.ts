import type { KerberosKey } from '../etypes/index.ts';

/** The key of a context's messages and whose it is. */
export interface TokenKey {
  key: KerberosKey;
  /** We are the acceptor. */
  acceptor: boolean;
  /** The key is the acceptor's subkey (RFC 4121 §2). */
  acceptorSubkey: boolean;
  dceStyle: boolean;
}

/** Per-message tokens of one key: RFC 4121 for AES, RFC 4757 for RC4. Sequence numbers are the caller's. */
export interface MessageTokens {
  /** The width of a sequence number. */
  readonly bits: 32 | 64;
  readonly micLength: number;
  /** What a sealed or a signed Wrap token of a short message has in front of it. */
  readonly sealedOverhead: number;
  readonly signedOverhead: number;
  /** What it has behind: RC4's padding of one byte. */
  readonly trailer: 0 | 1;
  mic(message: Uint8Array, number: bigint): Uint8Array;
  /** Checks the form and gives the sequence number. Throws SEC_E_INVALID_TOKEN. */
  readMic(token: Uint8Array): bigint;
  /** False: the checksum is another. */
  verifyMic(message: Uint8Array, token: Uint8Array): boolean;
  wrap(message: Uint8Array, encrypt: boolean, number: bigint): Uint8Array;
  readWrap(token: Uint8Array): { number: bigint; encrypted: boolean };
  /** Null: not intact; nothing of it is released. */
  unwrap(token: Uint8Array): Uint8Array | null;
  dispose(): void;
}
