import { plainBytes, type SecBuffer } from '../contract/buffers.ts';
import {
  SECBUFFER_DATA, SECBUFFER_PADDING, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_STREAM, SECBUFFER_TOKEN, SECQOP_WRAP_NO_ENCRYPT,
} from '../contract/constants.ts';
import { SspiError } from '../contract/errors.ts';
import type { Established, MessagePart } from './mechanism.ts';
import { requireRoom, writeInto } from './output.ts';
import { findBuffer } from './requirements.ts';

/*
 * How the buffers of a message are treated, in their order ("SecBuffer" in the SSPI documentation):
 *
 *   DATA                          signed; encrypted by EncryptMessage
 *   DATA | READONLY_WITH_CHECKSUM signed, never encrypted: a header
 *   DATA | READONLY               neither
 *   TOKEN                         takes or holds the signature
 *   PADDING                       takes what is appended (Kerberos with RC4: one byte), and is narrowed to it
 *   STREAM (decrypting)           signature and message in one piece; a DATA buffer beside it receives the view of the message
 */

export function makeSignature(keys: Established, buffers: SecBuffer[], qop: number): void {
  const token = requireToken(buffers);
  requireRoom(token, keys.sizes.maxSignature, 'SEC_E_BUFFER_TOO_SMALL', 'signature');
  writeInto(token, keys.makeSignature(signedParts(buffers), qop), 'SEC_E_BUFFER_TOO_SMALL', 'signature');
}

export function verifySignature(keys: Established, buffers: SecBuffer[]): number {
  return keys.verifySignature(signedParts(buffers), plainBytes(requireToken(buffers).data));
}

export function encryptMessage(keys: Established, buffers: SecBuffer[], qop: number): void {
  const token = requireToken(buffers);
  requireRoom(token, keys.sizes.securityTrailer, 'SEC_E_BUFFER_TOO_SMALL', 'security trailer');
  const padding = findBuffer(buffers, SECBUFFER_PADDING);
  const appended = padding?.data.subarray(0, keys.padding ?? 0);
  writeInto(token, keys.encrypt(messageParts(buffers, qop >>> 0 !== SECQOP_WRAP_NO_ENCRYPT), qop, appended), 'SEC_E_BUFFER_TOO_SMALL', 'security trailer');
  if (appended !== undefined && padding!.data.length > 0) padding!.data = appended;
}

export function decryptMessage(keys: Established, buffers: SecBuffer[]): number {
  const stream = findBuffer(buffers, SECBUFFER_STREAM);
  if (stream === undefined) {
    const parts = messageParts(buffers, true);
    const qop = keys.decrypt(parts, plainBytes(requireToken(buffers).data), findBuffer(buffers, SECBUFFER_PADDING)?.data);
    buffers.filter(isSigned).forEach((buffer, i) => void (buffer.data = parts[i]!.data));
    return qop;
  }

  const data = findBuffer(buffers, SECBUFFER_DATA);
  if (data === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', 'a SECBUFFER_STREAM needs an empty SECBUFFER_DATA beside it for the message');
  const header = keys.streamHeaderLength(stream.data);
  const message = stream.data.subarray(header);
  const part: MessagePart = { data: message, encrypt: true };
  const qop = keys.decrypt([part], stream.data.subarray(0, header));
  data.data = part.data; // without what the peer padded
  return qop;
}

function requireToken(buffers: readonly SecBuffer[]): SecBuffer {
  const token = findBuffer(buffers, SECBUFFER_TOKEN);
  if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `no SECBUFFER_TOKEN among the ${buffers.length} buffers`);
  return token;
}

function isSigned(buffer: SecBuffer): boolean {
  return (buffer.type & 0x0fffffff) === SECBUFFER_DATA && (buffer.type & SECBUFFER_READONLY) === 0;
}

function signedParts(buffers: readonly SecBuffer[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (isSigned(buffer)) parts.push(buffer.data);
  }
  return parts;
}

function messageParts(buffers: readonly SecBuffer[], encrypt: boolean): MessagePart[] {
  const parts: MessagePart[] = [];
  for (const buffer of buffers) {
    if (isSigned(buffer)) parts.push({ data: buffer.data, encrypt: encrypt && (buffer.type & SECBUFFER_READONLY_WITH_CHECKSUM) === 0 });
  }
  return parts;
}
