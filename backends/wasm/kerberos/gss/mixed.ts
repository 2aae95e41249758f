import { concat } from '../../../contract/bytes.ts';
import { confounderLength, deriveKey, deriveSealKeys, macLength, openUnchecked, sealUnsigned } from '../../core/krb5.ts';
import { constantTimeEqual, hmac } from '../../core/mac.ts';
import type { KerberosKey } from '../etypes/index.ts';
import type { MessagePart } from '../../mechanism.ts';

/*
 * Encryption with associated data, as GSS_WrapEx has it (MS-KILE 3.4.5.4, 3.4.5.5): some parts are sealed, some only signed, and the
 * checksum covers all of them in their order. The ciphertext is one, of the confounder and then of the sealed parts:
 *
 *   etypes 17, 18  checksum = HMAC(Ki, confounder | parts as they read)                        RFC 3961 §5.3
 *   etypes 19, 20  checksum = HMAC(Ki, 16 zeros | sealed confounder | parts as they are sent)  RFC 8009 §5
 *
 * DCE RPC signs its headers this way. A message costs more here than a uniform one, whose checksum core.wasm makes in passing.
 */

/** `sealed`: the ciphertext of the confounder and of what is to be sealed; the parts stay as they are. */
export function encryptMixed(key: KerberosKey, usage: number, confounder: Uint8Array, parts: readonly MessagePart[]): { sealed: Uint8Array; checksum: Uint8Array } {
  const plain = concat(confounder, ...parts.filter(({ encrypt }) => encrypt).map(({ data }) => data));
  const keys = deriveSealKeys(key.etype, key.bytes, usage);
  const sealed = sealUnsigned(key.etype, keys, plain);
  keys.fill(0);
  const checksum = checksumOver(key, usage, signsCiphertext(key.etype) ? sealed : plain, parts);
  plain.fill(0);
  return { sealed, checksum };
}

/** What was sealed, without the confounder, or null when the checksum is another. Of the parts to decrypt only the lengths count. */
export function decryptMixed(key: KerberosKey, usage: number, sealed: Uint8Array, checksum: Uint8Array, parts: readonly MessagePart[]): Uint8Array | null {
  const keys = deriveSealKeys(key.etype, key.bytes, usage);
  const plain = openUnchecked(key.etype, keys, sealed);
  keys.fill(0);
  const expected = checksumOver(key, usage, signsCiphertext(key.etype) ? sealed : plain, parts);
  if (constantTimeEqual(expected, checksum)) return plain.subarray(confounderLength(key.etype));
  plain.fill(0);
  return null;
}

/** `stream`: the confounder and the sealed parts, in the form that is signed. */
function checksumOver({ etype, bytes }: KerberosKey, usage: number, stream: Uint8Array, parts: readonly MessagePart[]): Uint8Array {
  const { hash, keyLength } = INTEGRITY[etype]!;
  const ki = deriveKey(etype, bytes, new Uint8Array([usage >>> 24, usage >>> 16, usage >>> 8, usage, 0x55]), keyLength);
  let at = confounderLength(etype);
  const signed = parts.map(({ data, encrypt }) => (encrypt ? stream.subarray(at, (at += data.length)) : data));
  const prefix = signsCiphertext(etype) ? [new Uint8Array(16)] : [];
  const mac = hmac(hash, ki, ...prefix, stream.subarray(0, confounderLength(etype)), ...signed).slice(0, macLength(etype));
  ki.fill(0);
  return mac;
}

function signsCiphertext(etype: number): boolean {
  return etype === 19 || etype === 20;
}

/** Ki: RFC 3961 §5.3 and RFC 3962 §4; RFC 8009 §5, where it has the length of the checksum. */
const INTEGRITY: Readonly<Record<number, { hash: 'sha1' | 'sha256' | 'sha384'; keyLength: number }>> = {
  17: { hash: 'sha1', keyLength: 16 }, 18: { hash: 'sha1', keyLength: 32 }, 19: { hash: 'sha256', keyLength: 16 }, 20: { hash: 'sha384', keyLength: 24 },
};
