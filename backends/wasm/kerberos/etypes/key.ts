/**
 * A Kerberos key with the profile of its etype (RFC 3961 §3): long-term, session or sub-session key.
 *
 * Keys derived per usage are computed once and live with it; `dispose` wipes all of them. `usage` is a key usage number
 * of RFC 4120 §7.5.1 or RFC 4121 §2; RC4's own numbering (RFC 4757 §3) is applied inside.
 */
export interface KerberosKey {
  readonly etype: number;
  /** The protocol key itself; secret. */
  readonly bytes: Uint8Array;
  /** Confounder, padding and checksum included; the confounder is drawn by the key. */
  encrypt(usage: number, plaintext: Uint8Array): Uint8Array;
  /** Throws SEC_E_DECRYPT_FAILURE (the wrong key, or altered bytes) and releases nothing unverified. RC4 and AES return the exact plaintext. */
  decrypt(usage: number, ciphertext: Uint8Array): Uint8Array;
  /** The etype's mandatory checksum type: 15, 16, 19, 20, or -138 (HMAC-MD5) for RC4. */
  readonly checksumType: number;
  checksum(usage: number, data: Uint8Array): Uint8Array;
  /** In constant time. */
  verifyChecksum(usage: number, data: Uint8Array, checksum: Uint8Array): boolean;
  /**
   * A sealed Wrap token of RFC 4121 §4.2.6.2 as a whole, where that is the faster way; undefined where it is not. `flags` are the header's,
   * `filler` is EC.
   */
  wrapToken?(usage: number, message: Uint8Array, flags: number, filler: number, number: bigint): Uint8Array | undefined;
  /** The other way; `turn` by how much it was rotated. Null: not intact, nothing is released; 'short': less was sealed than EC (`extra`) tells. */
  unwrapToken?(usage: number, token: Uint8Array, turn: number, extra: number): Uint8Array | null | 'short' | undefined;
  /** Wipes the key and what was derived from it; idempotent. */
  dispose(): void;
}
