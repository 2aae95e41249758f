/**
 * A SecBuffer: a SECBUFFER_* type, which may carry the READONLY bits, and its bytes.
 *
 * An output buffer that a verb fills gets `data` narrowed to what was written, over the same memory.
 */
export interface SecBuffer {
  type: number;
  data: Uint8Array;
}

/**
 * The same memory as a plain Uint8Array. Node's Buffer is one too, but its `slice` copies nothing, so what is kept
 * or wiped as a copy would be the caller's own bytes.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
