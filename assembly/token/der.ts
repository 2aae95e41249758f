/*
 * DER as SPNEGO needs it: definite lengths of up to four octets, one-byte tags. Reading is bounded by the element
 * around it and never overflows; a length longer than it had to be is tolerated, as Windows tolerates it.
 *
 *   tag | length < 0x80          | content
 *   tag | 0x80 + n | n octets BE | content      n = 1 to 4
 */
import { INPUT } from '../memory';

export const SEQUENCE: i32 = 0x30;
export const OBJECT_IDENTIFIER: i32 = 0x06;
export const OCTET_STRING: i32 = 0x04;
export const ENUMERATED: i32 = 0x0a;
export const GENERAL_STRING: i32 = 0x1b;
/** [n], constructed. */
export const CONTEXT: i32 = 0xa0;
/** [APPLICATION 0], constructed. */
export const APPLICATION: i32 = 0x60;

/** What `derOpen` expects when a length is wrong, whatever the element is. */
export const EXPECTED_LENGTH: i32 = 1;

/** The end of the element that `derOpen` opened last. */
export let derEnd: i32 = 0;
/** After a failure: the offset, and the number of what was expected there. */
export let derFailedAt: i32 = 0;
export let derExpected: i32 = 0;

export function derFail(at: i32, expected: i32): i32 {
  derFailedAt = at;
  derExpected = expected;
  return -1;
}

/** Enters the element at `at`, which must have this tag and end by `end`: the offset of its content, or -1. */
export function derOpen(at: i32, end: i32, tag: i32, expected: i32): i32 {
  if (at >= end || <i32>load<u8>(INPUT + at) != tag) return derFail(at, expected);
  let start = at + 2;
  if (start > end) return derFail(at + 1, EXPECTED_LENGTH);
  let length = <u32>load<u8>(INPUT + at + 1);
  if (length >= 0x80) {
    const octets = <i32>(length & 0x7f);
    if (octets == 0 || octets > 4 || octets > end - start) return derFail(at + 1, EXPECTED_LENGTH);
    length = 0;
    for (let i = 0; i < octets; i++) length = (length << 8) | <u32>load<u8>(INPUT + start + i);
    start += octets;
  }
  if (length > <u32>(end - start)) return derFail(at + 1, EXPECTED_LENGTH);
  derEnd = start + <i32>length;
  return start;
}

/** `derOpen` for an element that must fill its surroundings. */
export function derOpenWhole(at: i32, end: i32, tag: i32, expected: i32): i32 {
  const start = derOpen(at, end, tag, expected);
  return start >= 0 && derEnd != end ? derFail(at + 1, EXPECTED_LENGTH) : start;
}

/** The size of an element around `length` bytes of content. */
export function derSize(length: i32): i32 {
  return length + (length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5);
}

/** Writes a tag and a length; returns the address of the content. */
export function derPut(to: usize, tag: i32, length: i32): usize {
  store<u8>(to, tag);
  if (length < 0x80) {
    store<u8>(to, length, 1);
    return to + 2;
  }
  const octets = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  store<u8>(to, 0x80 | octets, 1);
  for (let i = octets, rest = length; i > 0; i--, rest >>= 8) store<u8>(to + 1 + i, rest);
  return to + 2 + octets;
}
