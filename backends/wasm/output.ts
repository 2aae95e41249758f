import type { HandshakeCall } from '../contract/backend.ts';
import type { SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_READONLY, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_TOKEN } from '../contract/constants.ts';
import { SspiError } from '../contract/errors.ts';
import { ISC_REQ_ALLOCATE_MEMORY } from '../contract/flags.ts';

/** True when the engine makes the memory of the output token: asked for, or no output buffers were given. ASC's bit is the same. */
export function isAllocating(call: HandshakeCall): boolean {
  return call.output.length === 0 || (call.contextReq & ISC_REQ_ALLOCATE_MEMORY) !== 0;
}

/**
 * Puts the token (null: none) where the caller wants it, and returns the output buffers. A caller's buffer is filled in place
 * and its `data` narrowed. Throws SEC_E_INSUFFICIENT_MEMORY, or SEC_E_INVALID_TOKEN when no buffer takes a token; nothing is written then.
 */
export function deliverToken(call: HandshakeCall, token: Uint8Array | null): SecBuffer[] {
  const { output } = call;
  if (output.length === 0) return [{ type: SECBUFFER_TOKEN, data: token ?? new Uint8Array(0) }];
  const buffer = writableToken(output);
  if (buffer === undefined) {
    if (token === null || token.length === 0) return output;
    throw new SspiError('SEC_E_INVALID_TOKEN', `no writable SECBUFFER_TOKEN among the ${output.length} output buffers`);
  }
  if (isAllocating(call)) {
    buffer.data = token ?? new Uint8Array(0);
    return output;
  }
  writeInto(buffer, token, 'SEC_E_INSUFFICIENT_MEMORY', 'output token');
  return output;
}

/** Fills a caller's buffer from its start and narrows it to what was written, over the same memory. */
export function writeInto(buffer: SecBuffer, bytes: Uint8Array | null, code: 'SEC_E_INSUFFICIENT_MEMORY' | 'SEC_E_BUFFER_TOO_SMALL', what: string): void {
  const length = bytes === null ? 0 : bytes.length;
  requireRoom(buffer, length, code, what);
  if (bytes !== null) buffer.data.set(bytes);
  if (buffer.data.length !== length) buffer.data = buffer.data.subarray(0, length);
}

export function requireRoom(buffer: SecBuffer, length: number, code: 'SEC_E_INSUFFICIENT_MEMORY' | 'SEC_E_BUFFER_TOO_SMALL', what: string): void {
  if (buffer.data.length >= length) return;
  throw new SspiError(code, `the ${what} has ${length} bytes, the caller's buffer ${buffer.data.length}`, {
    remedy: `Repeat the call with a SECBUFFER_TOKEN of at least ${length} bytes.`,
  });
}

function writableToken(buffers: readonly SecBuffer[]): SecBuffer | undefined {
  for (const buffer of buffers) {
    const readOnly = (buffer.type & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)) !== 0;
    if (!readOnly && (buffer.type & 0x0fffffff) === SECBUFFER_TOKEN) return buffer;
  }
  return undefined;
}
