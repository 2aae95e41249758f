/**
 * A SecBuffer: a SECBUFFER_* type, which may carry the READONLY bits, and its bytes.
 *
 * An output buffer that a verb fills gets `data` narrowed to what was written, over the same memory.
 */
export interface SecBuffer {
  type: number;
  data: Uint8Array;
}
