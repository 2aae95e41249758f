/*
 * DES of one block (FIPS 46-3), for NTLMv1 and LM responses. Bits are numbered as there: 1 is the highest.
 * The S-boxes are looked up by byte shuffles of the whole box, so neither key nor data chooses an address.
 */

/** Encrypts 8 bytes; the key has 8 bytes, whose parity bits are ignored. */
export function desEncrypt(key: usize, input: usize, output: usize): void {
  const permuted = permute(bswap(load<u64>(key)), 64, PC1, 56);
  let c = <u32>(permuted >> 28);
  let d = <u32>permuted & MASK28;
  const block = permute(bswap(load<u64>(input)), 64, IP, 64);
  let l = <u32>(block >> 32);
  let r = <u32>block;
  for (let n = 0; n < 16; n++) {
    // one place in the rounds 1, 2, 9 and 16, two in the others
    const shift: u32 = (0x8103 >> n) & 1 ? 1 : 2;
    c = ((c << shift) | (c >> (28 - shift))) & MASK28;
    d = ((d << shift) | (d >> (28 - shift))) & MASK28;
    const kn = permute((<u64>c << 28) | <u64>d, 56, PC2, 48);
    const next = l ^ f(r, kn);
    l = r;
    r = next;
  }
  store<u64>(output, bswap(permute((<u64>r << 32) | <u64>l, 64, FP, 64)));
}

/** Spreads 7 key bytes over 8, seven bits each, with odd parity in the lowest bit (MS-NLMP 6, DES). */
export function desExpandKey(key7: usize, key8: usize): void {
  let bits: u64 = 0;
  for (let i = 0; i < 7; i++) bits = (bits << 8) | load<u8>(key7 + i);
  for (let i = 7; i >= 0; i--, bits >>= 7) {
    const seven = <u32>bits & 0x7f;
    store<u8>(key8 + i, (seven << 1) | (~popcnt(seven) & 1));
  }
}

// f(R,K) = P(S1(B1) … S8(B8)) where B1 … B8 = K xor E(R)
function f(r: u32, k: u64): u32 {
  const b = permute(r, 32, E, 48) ^ k;
  let s: u32 = 0;
  for (let i = 0; i < 8; i++) {
    const six = <u32>(b >> (42 - 6 * i)) & 63;
    // the outer bits name the row, the inner ones the column
    const index = <i8>((six & 32) | ((six & 1) << 4) | ((six >> 1) & 15));
    const box = S + (<usize>i << 6);
    s = (s << 4) | <u32>i8x16.extract_lane_u(v128.or(
      v128.or(row(box, index), row(box + 16, index - 16)),
      v128.or(row(box + 32, index - 32), row(box + 48, index - 48)),
    ), 0);
  }
  return <u32>permute(s, 32, P, 32);
}

// zero unless the index lies in this row
@inline
function row(address: usize, index: i8): v128 {
  return i8x16.swizzle(v128.load(address), i8x16.splat(index));
}

function permute(value: u64, width: i32, table: usize, count: i32): u64 {
  let result: u64 = 0;
  for (let i = 0; i < count; i++) result = (result << 1) | ((value >> (width - load<u8>(table + i))) & 1);
  return result;
}

const MASK28: u32 = 0x0fffffff;

const IP: usize = memory.data<u8>([
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
  57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
]);

const FP: usize = memory.data<u8>([
  40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
  36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
]);

const E: usize = memory.data<u8>([
  32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
  16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
]);

const P: usize = memory.data<u8>([
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
]);

const PC1: usize = memory.data<u8>([
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
]);

const PC2: usize = memory.data<u8>([
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
]);

// S1 … S8, four rows of 16 each
const S: usize = memory.data<u8>([
  14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
  4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13,

  15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
  0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9,

  10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
  13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,

  7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
  10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14,

  2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
  4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3,

  12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
  9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13,

  4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
  1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12,

  13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
  7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
], 16);
