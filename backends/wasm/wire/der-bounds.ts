/**
 * Where the contents of the first DER element begin and end: a length of up to four bytes, all of it within the buffer;
 * null otherwise.
 */
export function elementBounds(bytes: Uint8Array): { start: number; end: number } | null {
  const first = bytes[1];
  if (first === undefined) return null;
  let start = 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || bytes.length < 2 + count) return null;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[2 + i]!;
    start += count;
  }
  return length <= bytes.length - start ? { start, end: start + length } : null;
}
