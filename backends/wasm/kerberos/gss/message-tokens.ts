import type { MessagePart } from '../../mechanism.ts';
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
  /** The most that a Wrap token has in front of its message. */
  readonly overhead: number;
  /** What it has behind: RC4's padding of one byte. */
  readonly trailer: 0 | 1;
  /** A token in one piece is framed otherwise than one in parts: RC4 in DCE style. */
  readonly partsDiffer: boolean;
  mic(message: Uint8Array, number: bigint): Uint8Array;
  /** Checks the form and gives the sequence number. Throws SEC_E_INVALID_TOKEN. */
  readMic(token: Uint8Array): bigint;
  /** False: the checksum is another. */
  verifyMic(message: Uint8Array, token: Uint8Array): boolean;
  wrap(message: Uint8Array, encrypt: boolean, number: bigint): Uint8Array;
  readWrap(token: Uint8Array): { number: bigint; encrypted: boolean };
  /** Null: not intact; nothing of it is released. */
  unwrap(token: Uint8Array): Uint8Array | null;
  /** How much of a Wrap token stands in front of its message, where the token was made as Windows makes them. */
  headerLength(token: Uint8Array): number;
  /**
   * A sealed Wrap token with parts that are only signed beside those that are sealed (GSS_WrapEx, MS-KILE 3.4.5.4). Seals in place and returns
   * what stands in front of the first part; `padding` takes the trailer.
   */
  wrapParts(parts: readonly MessagePart[], number: bigint, padding: Uint8Array): Uint8Array;
  /** Opens in place; false: not intact, and the parts are as they came. */
  unwrapParts(parts: readonly MessagePart[], token: Uint8Array): boolean;
  dispose(): void;
}

/** Writes what was sealed, or opened, over the parts that take it, in their order. */
export function spread(bytes: Uint8Array, parts: readonly MessagePart[]): void {
  let at = 0;
  for (const { data, encrypt } of parts) {
    if (!encrypt) continue;
    data.set(bytes.subarray(at, at + data.length));
    at += data.length;
  }
}
