/** One DER element inside a buffer: its identifier octet, where it begins, and its contents from `start` to `end`. */
export interface DerElement {
  tag: number;
  at: number;
  start: number;
  end: number;
}

/**
 * The element at `at`, all of it before `limit`; null where none is. Tags of one byte, definite lengths of up to four bytes. A length longer
 * than it had to be is let through, as Windows and MIT let it through.
 */
export function elementAt(bytes: Uint8Array, at = 0, limit = bytes.length): DerElement | null {
  const tag = bytes[at]!;
  let start = at + 2;
  if (start > limit || (tag & 0x1f) === 0x1f) return null;
  let length = bytes[at + 1]!;
  if (length >= 0x80) {
    const contents = start + (length & 0x7f);
    if (contents === start || contents > start + 4 || contents > limit) return null;
    for (length = 0; start < contents; start++) length = length * 256 + bytes[start]!;
  }
  return length <= limit - start ? { tag, at, start, end: start + length } : null;
}

/** Writes DER from its end to its beginning, so that an element's length is known when its header's turn comes. */
export interface DerWriter {
  bytes(value: ArrayLike<number>): void;
  /** The element around what `contents` writes. */
  element(tag: number, contents: () => void): void;
  /** A copy of what was written; the writer's own memory, which may hold keys, is wiped. */
  finish(): Uint8Array;
}

export function derWriter(): DerWriter {
  let buffer = new Uint8Array(512);
  let at = buffer.length;

  function bytes(value: ArrayLike<number>): void {
    if (value.length > at) {
      const written = buffer.length - at;
      const grown = new Uint8Array(Math.max(2 * buffer.length, written + value.length));
      grown.set(buffer.subarray(at), grown.length - written);
      buffer.fill(0);
      buffer = grown;
      at = grown.length - written;
    }
    at -= value.length;
    buffer.set(value, at);
  }
  return {
    bytes,
    element(tag, contents) {
      const before = buffer.length - at;
      contents();
      bytes([tag, ...lengthOctets(buffer.length - at - before)]);
    },
    finish() {
      const written = buffer.slice(at);
      buffer.fill(0);
      return written;
    },
  };
}

/** X.690 §10.1: the definite form, as short as it can be. */
export function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}
