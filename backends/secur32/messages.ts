import type { ContextSizes } from '../contract/attributes.ts';
import type { SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_DATA, SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_STREAM, SECBUFFER_TOKEN } from '../contract/constants.ts';
import type { MechanismName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { bufferType, findBuffer, type NativeBuffers, putBuffers, readBuffer, roomFor } from './buffers.ts';
import type { Frame } from './frame.ts';
import { requireRoom } from './output.ts';
import type { Secur32 } from './secur32.ts';

/** What the message verbs need of an established context. */
export interface MessageParts {
  secur32: Secur32;
  /** Its SecHandle. */
  handle: Uint8Array;
  mechanism: MechanismName;
  sizes: ContextSizes;
}

/*
 * The DLL works on copies in a frame. What it left there goes back to the caller's buffers once it said yes: on an error nothing of them is
 * changed. A buffer that got shorter is narrowed.
 */

export function makeSignature(parts: MessageParts, buffers: SecBuffer[], qop: number, sequenceNumber: number): void {
  requireRoom(requireToken(buffers), parts.sizes.maxSignature, 'SEC_E_BUFFER_TOO_SMALL', 'signature');
  protect(parts, 'MakeSignature', buffers, qop, sequenceNumber);
}

export function encryptMessage(parts: MessageParts, buffers: SecBuffer[], qop: number, sequenceNumber: number): void {
  requireRoom(requireToken(buffers), parts.sizes.securityTrailer, 'SEC_E_BUFFER_TOO_SMALL', 'security trailer');
  protect(parts, 'EncryptMessage', buffers, qop, sequenceNumber);
}

/** Returns the quality of protection. */
export function verifySignature(parts: MessageParts, buffers: SecBuffer[], sequenceNumber: number): number {
  requireToken(buffers);
  return unprotect(parts, 'VerifySignature', buffers, sequenceNumber);
}

/** Returns the quality of protection. */
export function decryptMessage(parts: MessageParts, buffers: SecBuffer[], sequenceNumber: number): number {
  if (findBuffer(buffers, SECBUFFER_STREAM) === undefined) requireToken(buffers);
  else if (findBuffer(buffers, SECBUFFER_DATA) === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'a SECBUFFER_STREAM needs an empty SECBUFFER_DATA beside it for the message');
  }
  return unprotect(parts, 'DecryptMessage', buffers, sequenceNumber);
}

function protect({ secur32, handle }: MessageParts, name: 'MakeSignature' | 'EncryptMessage', buffers: SecBuffer[], qop: number, sequenceNumber: number): void {
  secur32.framed(roomFor(buffers), (frame) => {
    const native = putBuffers(frame, buffers);
    secur32.check(name, frame.put(handle), qop, native.address, sequenceNumber);
    copyBack(secur32, frame, buffers, native);
  });
}

function unprotect({ secur32, handle }: MessageParts, name: 'VerifySignature' | 'DecryptMessage', buffers: SecBuffer[], sequenceNumber: number): number {
  return secur32.framed(roomFor(buffers), (frame) => {
    const native = putBuffers(frame, buffers);
    const qop = frame.reserve(4);
    secur32.check(name, frame.put(handle), native.address, sequenceNumber, qop);
    if (name === 'DecryptMessage') copyBack(secur32, frame, buffers, native);
    return frame.getUint32(qop);
  });
}

/** Brings what a call left in its buffers back to the caller's, and follows a pointer that the DLL moved into another buffer's memory. */
export function copyBack(secur32: Secur32, frame: Frame, buffers: readonly SecBuffer[], native: NativeBuffers): void {
  const before = buffers.map(({ data }) => data);
  buffers.forEach((buffer, index) => {
    if ((buffer.type & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)) !== 0) return;
    const { data } = buffer;
    const { length, pointer } = readBuffer(frame, native.at[index]!);
    const memory = native.memory[index]!;
    if (pointer === memory || pointer === 0) {
      // the whole of it: a stream is decrypted where it lies, whatever length is reported
      if (memory !== 0) data.set(frame.bytes(memory, data.length));
      if (length < data.length) buffer.data = data.subarray(0, length);
      return;
    }
    const owner = native.memory.findIndex((start, at) => start !== 0 && pointer >= start && pointer + length <= start + before[at]!.length);
    if (owner === -1) buffer.data = secur32.takeBytes(pointer, length);
    else buffer.data = before[owner]!.subarray(pointer - native.memory[owner]!, pointer - native.memory[owner]! + length);
  });
}

function requireToken(buffers: readonly SecBuffer[]): SecBuffer {
  const token = buffers.find(({ type }) => bufferType(type) === SECBUFFER_TOKEN);
  if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `no SECBUFFER_TOKEN among the ${buffers.length} buffers`);
  return token;
}
