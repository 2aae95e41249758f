import { concat } from '../contract/bytes.ts';
import { SECBUFFER_DATA, SECBUFFER_PADDING, SECBUFFER_STREAM, SECBUFFER_TOKEN, SECQOP_WRAP_NO_ENCRYPT } from '../contract/constants.ts';
import { SspiError } from '../contract/errors.ts';
import { decryptMessage, encryptMessage, makeSignature, type MessageParts, verifySignature } from './messages.ts';

/*
 * GSS_Wrap's and GSS_GetMIC's tokens out of the message verbs ("SSPI/Kerberos Interoperability with GSSAPI"):
 *
 *   wrap     EncryptMessage [TOKEN | DATA | PADDING]        the token is the three in this order
 *   unwrap   DecryptMessage [STREAM: the token | DATA: none]  DATA becomes the message
 *   sign     MakeSignature  [DATA | TOKEN]                  the token is TOKEN
 *
 * NTLM's token is a signature of 16 bytes before the message, and nothing in it tells a sealed message from a signed one. Windows seals what it
 * wraps whatever was negotiated and whatever fQOP says, and so do .NET, gss-ntlmssp and pyspnego: so wrap and unwrap are this one pair of verbs,
 * never MakeSignature and VerifySignature. Only one verb may be tried: whether a DecryptMessage that failed has moved the key stream and the
 * sequence number is documented nowhere, and a second verb that then accepts could hide a message that was left out.
 *
 * Wine's Kerberos cuts the token of the GSS library behind the message's length, so its TOKEN is the token's end, and it decrypts no STREAM.
 */
const NTLM_SIGNATURE = 16;
/** What Wine is given as TOKEN when it decrypts: less than any trailer, so that DATA holds the message. */
const WINE_TAIL = 16;
/** What Wine needs for TOKEN beyond the trailer that it tells of. */
const WINE_ROOM = 64;
/** What a sealed token has besides its message: two headers, a confounder and the checksum of etypes 17 and 18, 19, 20 (RFC 4121 §4.2.4). */
const SEALED_OVERHEADS = [60, 64, 72];

export function wrapMessage(parts: MessageParts, message: Uint8Array, encrypt: boolean): Uint8Array {
  const { mechanism, sizes, secur32 } = parts;
  const token = { type: SECBUFFER_TOKEN, data: new Uint8Array(sizes.securityTrailer + (secur32.library.isWine ? WINE_ROOM : 0)) };
  const data = { type: SECBUFFER_DATA, data: new Uint8Array(message) };
  const qop = encrypt ? 0 : SECQOP_WRAP_NO_ENCRYPT;
  if (mechanism === 'NTLM') {
    encryptMessage(parts, [token, data], qop, 0);
    return concat(token.data, data.data);
  }
  if (secur32.library.isWine) {
    encryptMessage(parts, [token, data], qop, 0);
    return concat(data.data, token.data);
  }
  const padding = { type: SECBUFFER_PADDING, data: new Uint8Array(sizes.blockSize) };
  encryptMessage(parts, [token, data, padding], qop, 0);
  return concat(token.data, data.data, padding.data);
}

export function unwrapMessage(parts: MessageParts, token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
  if (parts.mechanism === 'NTLM') return unwrapNtlm(parts, token);
  if (parts.secur32.library.isWine) return unwrapOnWine(parts, token);
  const message = { type: SECBUFFER_DATA, data: new Uint8Array(0) };
  const qop = decryptMessage(parts, [{ type: SECBUFFER_STREAM, data: new Uint8Array(token) }, message], 0);
  return { message: message.data.slice(), encrypted: qop >>> 0 !== SECQOP_WRAP_NO_ENCRYPT };
}

export function signMessage(parts: MessageParts, message: Uint8Array): Uint8Array {
  const token = { type: SECBUFFER_TOKEN, data: new Uint8Array(parts.sizes.maxSignature) };
  makeSignature(parts, [{ type: SECBUFFER_DATA, data: message }, token], 0, 0);
  return token.data.slice();
}

export function verifyMessage(parts: MessageParts, message: Uint8Array, mic: Uint8Array): void {
  verifySignature(parts, [{ type: SECBUFFER_DATA, data: message }, { type: SECBUFFER_TOKEN, data: mic }], 0);
}

/** TOKEN and DATA, not STREAM, which Wine does not take. */
function unwrapNtlm(parts: MessageParts, token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
  requireLength(token, NTLM_SIGNATURE);
  const message = { type: SECBUFFER_DATA, data: token.slice(NTLM_SIGNATURE) };
  const qop = decryptMessage(parts, [{ type: SECBUFFER_TOKEN, data: token.slice(0, NTLM_SIGNATURE) }, message], 0);
  return { message: message.data, encrypted: qop >>> 0 !== SECQOP_WRAP_NO_ENCRYPT };
}

function unwrapOnWine(parts: MessageParts, token: Uint8Array): { message: Uint8Array; encrypted: boolean } {
  requireLength(token, 2 * WINE_TAIL);
  const message = { type: SECBUFFER_DATA, data: token.slice(0, token.length - WINE_TAIL) };
  decryptMessage(parts, [message, { type: SECBUFFER_TOKEN, data: token.slice(token.length - WINE_TAIL) }], 0);
  const encrypted = (token[2]! & RFC4121_SEALED) !== 0;
  return { message: message.data.slice(0, encrypted ? sealedLength(token, message.data) : token.length - 16 - (token[4]! << 8 | token[5]!)), encrypted };
}

/**
 * Wine does not say how long the message in DATA is. Wine 8 copies what the library decrypted on to DATA's end: behind the message comes the
 * copy of the token's header that was encrypted with it (RRC is 0 there). A Wine that copies the message alone leaves the token behind it.
 */
function sealedLength(token: Uint8Array, written: Uint8Array): number {
  const lengths = SEALED_OVERHEADS.map((overhead) => token.length - overhead).filter((length) => length >= 0);
  const header = token.slice(0, 16);
  header.fill(0, 6, 8);
  const length = lengths.find((at) => startsWith(written.subarray(at), header)) ?? lengths.reverse().find((at) => startsWith(token.subarray(at), written.subarray(at)));
  if (length === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'Wine unsealed a message and does not tell its length');
  return length;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}

/** The flags of an RFC 4121 §4.2.6.2 token, which the library has verified. */
const RFC4121_SEALED = 2;

function requireLength(token: Uint8Array, length: number): void {
  if (token.length >= length) return;
  throw new SspiError('SEC_E_INVALID_TOKEN', `a message token of at least ${length} bytes expected, ${token.length} came`, { offset: token.length });
}
