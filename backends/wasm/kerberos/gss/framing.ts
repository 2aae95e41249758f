import { SspiError } from '../../../contract/errors.ts';
import { elementAt, lengthOctets } from '../../wire/der.ts';

/*
 * The initial-token framing of RFC 2743 §3.1, as RFC 4121 §4.1 uses it:
 *
 *   60 length   06 length OID   TOK_ID (2)   inner token
 */

/** 1.2.840.113554.1.2.2 */
export const KRB5_OID = new Uint8Array([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]);
/** 1.2.840.48018.1.2.2: what Windows 2000 wrote by a slip, and every Windows since lists first. */
export const MS_KRB5_OID = new Uint8Array([0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02]);
/** 1.3.5.1.5.2 (RFC 1964's draft). */
export const OLD_KRB5_OID = new Uint8Array([0x2b, 0x05, 0x01, 0x05, 0x02]);

export const TOK_AP_REQ = 0x0100;
export const TOK_AP_REP = 0x0200;
export const TOK_ERROR = 0x0300;
/** RFC 4757 and RFC 1964 per-message tokens. */
export const TOK_MIC_V1 = 0x0101;
export const TOK_WRAP_V1 = 0x0201;

/** `beside`: how many bytes of the token stand elsewhere, which its length counts too. */
export function frame(tokenId: number, inner: Uint8Array, beside = 0): Uint8Array {
  const length = 2 + KRB5_OID.length + 2 + inner.length + beside;
  const header = [0x60, ...lengthOctets(length), 0x06, KRB5_OID.length, ...KRB5_OID, tokenId >> 8, tokenId & 0xff];
  const framed = new Uint8Array(header.length + inner.length);
  framed.set(header);
  framed.set(inner, header.length);
  return framed;
}

/** The token's id and what is inside. Throws SEC_E_INVALID_TOKEN with the byte where it is no Kerberos token. */
export function unframe(token: Uint8Array): { tokenId: number; inner: Uint8Array; start: number } {
  if (token[0] !== 0x60) refuse(`a token that begins with 60 expected, ${token.length === 0 ? 'nothing' : hex(token[0]!)} came`, 0);
  const bounds = elementAt(token);
  if (bounds === null) refuse(`its length leaves the ${token.length} bytes that came`, 1);
  const { start, end } = bounds!;
  const oidLength = token[start + 1] ?? 0;
  if (token[start] !== 0x06 || start + 2 + oidLength + 2 > end) refuse('the OID of a mechanism and a token id expected', start);
  const oid = token.subarray(start + 2, start + 2 + oidLength);
  if (!KERBEROS_OIDS.some((one) => same(one, oid))) refuse('the token is of another mechanism than Kerberos', start + 2);
  const at = start + 2 + oidLength;
  return { tokenId: (token[at]! << 8) | token[at + 1]!, inner: token.subarray(at + 2, end), start: at + 2 };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function refuse(why: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: ${why}`, { offset });
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

const KERBEROS_OIDS = [KRB5_OID, MS_KRB5_OID, OLD_KRB5_OID];
