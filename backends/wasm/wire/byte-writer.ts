/** Writes big-endian numbers and bytes into a buffer that grows. */
export interface ByteWriter {
  readonly length: number;
  uint8(value: number): void;
  uint16(value: number): void;
  uint32(value: number): void;
  bytes(value: Uint8Array): void;
  /** A copy of what was written; the writer's own memory, which may hold keys, is wiped. */
  finish(): Uint8Array;
}

export function byteWriter(): ByteWriter {
  let buffer = new Uint8Array(256);
  let view = new DataView(buffer.buffer);
  let length = 0;

  function claim(count: number): number {
    const start = length;
    length += count;
    if (length > buffer.length) {
      const grown = new Uint8Array(Math.max(length, buffer.length * 2));
      grown.set(buffer);
      buffer.fill(0); // it may hold keys
      buffer = grown;
      view = new DataView(buffer.buffer);
    }
    return start;
  }
  return {
    get length() { return length; },
    uint8: (value) => { const at = claim(1); view.setUint8(at, value); },
    uint16: (value) => { const at = claim(2); view.setUint16(at, value); },
    uint32: (value) => { const at = claim(4); view.setUint32(at, value); },
    bytes: (value) => { const at = claim(value.length); buffer.set(value, at); },
    finish() {
      const written = buffer.slice(0, length);
      buffer.fill(0);
      return written;
    },
  };
}
