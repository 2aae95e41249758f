import type { HandshakeCall } from '../contract/backend.ts';
import type { SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_TOKEN } from '../contract/constants.ts';
import { SspiError } from '../contract/errors.ts';
import { ISC_REQ_ALLOCATE_MEMORY } from '../contract/flags.ts';
import { bufferType } from './buffers.ts';

/** True when the memory of the output token is made here: asked for, or no output buffers were given. ASC's bit is the same. */
export function isAllocating(call: HandshakeCall): boolean {
  return call.output.length === 0 || (call.contextReq & ISC_REQ_ALLOCATE_MEMORY) !== 0;
}

/**
 * Puts what a leg made where the caller wants it, and returns the output buffers; a caller's buffer is filled from its start and narrowed.
 * Throws SEC_E_INSUFFICIENT_MEMORY, or SEC_E_INVALID_TOKEN when no buffer takes a token; nothing is written then.
 */
export function deliver(call: HandshakeCall, token: Uint8Array, others: readonly SecBuffer[]): SecBuffer[] {
  const { output } = call;
  if (output.length === 0) return [{ type: SECBUFFER_TOKEN, data: token }];
  const buffer = output.find(({ type }) => (type & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)) === 0 && bufferType(type) === SECBUFFER_TOKEN);
  if (buffer === undefined && token.length > 0) throw new SspiError('SEC_E_INVALID_TOKEN', `no writable SECBUFFER_TOKEN among the ${output.length} output buffers`);
  if (buffer !== undefined) {
    if (isAllocating(call)) buffer.data = token;
    else fill(buffer, token, 'SEC_E_INSUFFICIENT_MEMORY', 'output token');
  }
  const rest = output.filter(({ type }) => bufferType(type) !== SECBUFFER_TOKEN);
  rest.forEach((other, index) => {
    const data = others[index]?.data;
    if (data === undefined) return;
    if (data.length <= other.data.length) fill(other, data, 'SEC_E_INSUFFICIENT_MEMORY', 'output');
    else other.data = data; // the DLL allocated it
  });
  return output;
}

/** Fills a buffer from its start and narrows it to what was written, over the same memory. */
export function fill(buffer: SecBuffer, bytes: Uint8Array, code: 'SEC_E_INSUFFICIENT_MEMORY' | 'SEC_E_BUFFER_TOO_SMALL', what: string): void {
  requireRoom(buffer, bytes.length, code, what);
  buffer.data.set(bytes);
  if (buffer.data.length !== bytes.length) buffer.data = buffer.data.subarray(0, bytes.length);
}

export function requireRoom(buffer: SecBuffer, length: number, code: 'SEC_E_INSUFFICIENT_MEMORY' | 'SEC_E_BUFFER_TOO_SMALL', what: string): void {
  if (buffer.data.length >= length) return;
  throw new SspiError(code, `the ${what} has ${length} bytes, the caller's buffer ${buffer.data.length}`, {
    remedy: `Repeat the call with a SECBUFFER_TOKEN of at least ${length} bytes.`,
  });
}
