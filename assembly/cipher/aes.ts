/*
 * AES (FIPS 197) without an address that depends on key or data: every table is 16 bytes, looked up by a byte shuffle
 * (M. Hamburg, Accelerating AES with Vector Permute Instructions, CHES 2009).
 *
 * Inside, a byte is k + i y over GF(2^4) = GF(2)[w]/(w^4 + w + 1), with y^2 = a y + a and a = 2; i is the high nibble, k the low.
 * φ maps AES's field to it. With j = i + k, inversion takes six lookups of nibbles and ends in a pair io, jo,
 *
 *   io = 1 / (1/i + a/k) + j      jo = 1 / (1/j + a/k) + i      1/x = linear(1/io, 1/jo)
 *
 * so the last inversion, the affine map of the S-box and the factors of MixColumns are tables of io and jo. 1/0 is 0x80, which no
 * sum of nibbles removes and for which a shuffle gives 0. Decryption holds its bytes as ψ, which is φ after the inverse of the
 * S-box's linear part. Rounds move the bytes of ShiftRows while they add up MixColumns.
 *
 * A key schedule:
 *
 *    0  rounds, u32
 *   16  round keys for encryption, up to 15 of 16 bytes
 *  256  round keys for decryption, likewise
 */
export const ENCRYPT: usize = 16;
const DECRYPT: usize = 256;
export const AES_KEY: i32 = 496;

/** `keyLength`: 16 or 32 bytes. */
export function aesExpandKey(schedule: usize, key: usize, keyLength: i32): void {
  const nk = keyLength >> 2;
  const nr = nk + 6;
  const w = schedule + ENCRYPT;
  store<u32>(schedule, nr);
  memory.copy(w, key, keyLength);
  let rcon: u32 = 1;
  for (let i = nk; i < 4 * (nr + 1); i++) {
    const at = w + (<usize>i << 2);
    let temp = load<u32>(at - 4);
    if (i % nk == 0) {
      temp = subWord(rotr<u32>(temp, 8)) ^ rcon;
      rcon = (rcon << 1) ^ (0x11b & -(rcon >> 7));
    } else if (nk > 6 && i % nk == 4) {
      temp = subWord(temp);
    }
    store<u32>(at, load<u32>(at - keyLength) ^ temp);
  }

  // The constant of the S-box, 0x63, passes through MixColumns unchanged and is added with the next round key.
  const d = schedule + DECRYPT;
  for (let r = 0; r <= nr; r++) {
    const k = v128.load(w + (<usize>r << 4));
    const middle = r > 0 && r < nr ? inverseMixColumns(k) : k;
    v128.store(d + (<usize>(nr - r) << 4), r == 0 ? k : inverseShiftRows(v128.xor(psi(middle), i8x16.splat(PSI_63))));
  }
  for (let r = 0; r <= nr; r++) {
    const k = v128.load(w + (<usize>r << 4));
    v128.store(w + (<usize>r << 4), r == nr ? v128.xor(k, i8x16.splat(0x63)) : v128.xor(phi(k), i8x16.splat(r == 0 ? 0 : PHI_63)));
  }
}

/** A round but the last; its ShiftRows is done at the end of the one before. */
@inline
export function aesEncryptRound(x: v128, key: v128): v128 {
  const k = low(x);
  const i = high(x);
  const j = v128.xor(i, k);
  const ak = at(INV + 16, k);
  const io = inverted(i, ak, j);
  const jo = inverted(j, ak, i);
  const s = v128.xor(at(S1, io), at(S1 + 16, jo));
  const s2 = v128.xor(v128.xor(at(S2, io), key), at(S2 + 16, jo));
  const s3 = v128.xor(at(S3, io), at(S3 + 16, jo));
  return v128.xor(
    v128.xor(
      i8x16.swizzle(s2, i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11)),
      i8x16.swizzle(s3, i8x16(1, 6, 11, 12, 5, 10, 15, 0, 9, 14, 3, 4, 13, 2, 7, 8)),
    ),
    v128.xor(
      i8x16.swizzle(s, i8x16(2, 7, 8, 13, 6, 11, 12, 1, 10, 15, 0, 5, 14, 3, 4, 9)),
      i8x16.swizzle(s, i8x16(3, 4, 9, 14, 7, 8, 13, 2, 11, 12, 1, 6, 15, 0, 5, 10)),
    ),
  );
}

/** Decrypts the block at `input` to `output`. */
export function aesDecryptOne(schedule: usize, input: usize, output: usize): void {
  const end = schedule + DECRYPT + (load<usize>(schedule) << 4);
  let key = schedule + DECRYPT;
  let x = v128.xor(inverseShiftRows(psi(v128.load(input))), v128.load(key));
  for (key += 16; key < end; key += 16) x = inverseRound(x, v128.load(key));
  v128.store(output, v128.xor(boxed(x, DO), v128.load(key)));
}

/** Decrypts the four blocks at `input` to `output`, beside each other: one alone waits for itself most of the time. In place allowed. */
export function aesDecryptFour(schedule: usize, input: usize, output: usize): void {
  const end = schedule + DECRYPT + (load<usize>(schedule) << 4);
  let key = schedule + DECRYPT;
  let k = v128.load(key);
  let x0 = v128.xor(inverseShiftRows(psi(v128.load(input))), k);
  let x1 = v128.xor(inverseShiftRows(psi(v128.load(input, 16))), k);
  let x2 = v128.xor(inverseShiftRows(psi(v128.load(input, 32))), k);
  let x3 = v128.xor(inverseShiftRows(psi(v128.load(input, 48))), k);
  for (key += 16; key < end; key += 16) {
    k = v128.load(key);
    x0 = inverseRound(x0, k);
    x1 = inverseRound(x1, k);
    x2 = inverseRound(x2, k);
    x3 = inverseRound(x3, k);
  }
  k = v128.load(key);
  v128.store(output, v128.xor(boxed(x0, DO), k));
  v128.store(output, v128.xor(boxed(x1, DO), k), 16);
  v128.store(output, v128.xor(boxed(x2, DO), k), 32);
  v128.store(output, v128.xor(boxed(x3, DO), k), 48);
}

@inline
function inverseRound(x: v128, key: v128): v128 {
  const k = low(x);
  const i = high(x);
  const j = v128.xor(i, k);
  const ak = at(INV + 16, k);
  const io = inverted(i, ak, j);
  const jo = inverted(j, ak, i);
  const d14 = v128.xor(at(D14, io), at(D14 + 16, jo));
  const d11 = v128.xor(at(D11, io), at(D11 + 16, jo));
  const d13 = v128.xor(at(D13, io), at(D13 + 16, jo));
  const d9 = v128.xor(at(D9, io), at(D9 + 16, jo));
  return v128.xor(
    v128.xor(key, i8x16.swizzle(d14, i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3))),
    v128.xor(
      i8x16.swizzle(d11, i8x16(1, 14, 11, 4, 5, 2, 15, 8, 9, 6, 3, 12, 13, 10, 7, 0)),
      v128.xor(
        i8x16.swizzle(d13, i8x16(2, 15, 8, 5, 6, 3, 12, 9, 10, 7, 0, 13, 14, 11, 4, 1)),
        i8x16.swizzle(d9, i8x16(3, 12, 9, 6, 7, 0, 13, 10, 11, 4, 1, 14, 15, 8, 5, 2)),
      ),
    ),
  );
}

// io or jo
@inline
export function inverted(i: v128, ak: v128, j: v128): v128 {
  return v128.xor(at(INV, v128.xor(at(INV, i), ak)), j);
}

// the S-box, or its inverse, into AES's own bytes: `table` is SO or DO
@inline
function boxed(x: v128, table: usize): v128 {
  const k = low(x);
  const i = high(x);
  const j = v128.xor(i, k);
  const ak = at(INV + 16, k);
  const io = inverted(i, ak, j);
  const jo = inverted(j, ak, i);
  return v128.xor(at(table, io), at(table + 16, jo));
}

function subWord(w: u32): u32 {
  return i32x4.extract_lane(boxed(phi(i32x4.splat(w)), SO), 0) ^ 0x63636363;
}

@inline
export function phi(x: v128): v128 {
  return v128.xor(at(PHI, low(x)), at(PHI + 16, high(x)));
}

@inline
function psi(x: v128): v128 {
  return v128.xor(at(PSI, low(x)), at(PSI + 16, high(x)));
}

@inline
export function low(x: v128): v128 {
  return v128.and(x, i8x16.splat(15));
}

@inline
export function high(x: v128): v128 {
  return v128.and(i16x8.shr_u(x, 4), i8x16.splat(15));
}

@inline
export function at(table: usize, nibbles: v128): v128 {
  return i8x16.swizzle(v128.load(table), nibbles);
}

@inline
export function shiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));
}

@inline
export function inverseShiftRows(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));
}

// 14 x, 11 x, 13 x and 9 x of the column's bytes, as MixColumns of x + 4 (x + the byte two rows on)
function inverseMixColumns(x: v128): v128 {
  const far = v128.xor(x, i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)));
  const y = v128.xor(x, double(double(far)));
  const y2 = double(y);
  const y3 = v128.xor(y, y2);
  return v128.xor(
    v128.xor(y2, i8x16.swizzle(y3, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12))),
    v128.xor(
      i8x16.swizzle(y, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)),
      i8x16.swizzle(y, i8x16(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14)),
    ),
  );
}

@inline
function double(x: v128): v128 {
  return v128.xor(i8x16.shl(x, 1), v128.and(i8x16.shr_s(x, 7), i8x16.splat(0x1b)));
}

const PHI_63: i8 = 0x6e;
const PSI_63: i8 = 0x2c;

// Each line is for io, or the low nibble; the next one for jo, or the high nibble. All are made of φ, ψ, inversion and the S-box's linear part.
const TABLES: usize = memory.data<u8>([
  // φ(x) of the low nibble, of the high one
  0x00, 0x01, 0x1c, 0x1d, 0x2d, 0x2c, 0x31, 0x30, 0x27, 0x26, 0x3b, 0x3a, 0x0a, 0x0b, 0x16, 0x17,
  0x00, 0x86, 0xfd, 0x7b, 0x8e, 0x08, 0x73, 0xf5, 0x77, 0xf1, 0x8a, 0x0c, 0xf9, 0x7f, 0x04, 0x82,
  // 1/x; a/x
  0x80, 0x01, 0x09, 0x0e, 0x0d, 0x0b, 0x07, 0x06, 0x0f, 0x02, 0x0c, 0x05, 0x0a, 0x04, 0x03, 0x08,
  0x80, 0x02, 0x01, 0x0f, 0x09, 0x05, 0x0e, 0x0c, 0x0d, 0x04, 0x0b, 0x0a, 0x07, 0x08, 0x06, 0x03,
  // S(x)
  0x00, 0xc3, 0x4f, 0x0c, 0xfc, 0x7c, 0x43, 0x80, 0xcf, 0x33, 0x3f, 0x70, 0xbf, 0xb3, 0xf0, 0x8c,
  0x00, 0xe6, 0x72, 0xb7, 0xe5, 0xc6, 0xc5, 0x23, 0x51, 0xb4, 0x03, 0x71, 0x20, 0x97, 0x52, 0x94,
  // 2 S(x)
  0x00, 0x7c, 0x20, 0xcf, 0x92, 0x01, 0xef, 0x93, 0xb3, 0x21, 0xee, 0xce, 0x7d, 0xb2, 0x5d, 0x5c,
  0x00, 0xd1, 0xe5, 0xf7, 0xe6, 0x25, 0x12, 0xc3, 0x26, 0xc0, 0x37, 0xd2, 0xf4, 0x03, 0x11, 0x34,
  // 3 S(x)
  0x00, 0xbf, 0x6f, 0xc3, 0x6e, 0x7d, 0xac, 0x13, 0x7c, 0x12, 0xd1, 0xbe, 0xc2, 0x01, 0xad, 0xd0,
  0x00, 0x37, 0x97, 0x40, 0x03, 0xe3, 0xd7, 0xe0, 0x77, 0x74, 0x34, 0xa3, 0xd4, 0x94, 0x43, 0xa0,
  // S(x), as AES writes it
  0x00, 0xcb, 0xd7, 0xb0, 0x21, 0x8d, 0x67, 0xac, 0x7b, 0x5a, 0xea, 0x3d, 0x46, 0xf6, 0x91, 0x1c,
  0x00, 0x9f, 0x61, 0x16, 0xc2, 0x2a, 0x77, 0xe8, 0x89, 0x4b, 0x5d, 0x3c, 0xb5, 0xa3, 0xd4, 0xfe,
  // ψ(x) of the low nibble, of the high one
  0x00, 0xb5, 0xdc, 0x69, 0xdb, 0x6e, 0x07, 0xb2, 0x14, 0xa1, 0xc8, 0x7d, 0xcf, 0x7a, 0x13, 0xa6,
  0x00, 0xa7, 0xa8, 0x0f, 0xed, 0x4a, 0x45, 0xe2, 0xd1, 0x76, 0x79, 0xde, 0x3c, 0x9b, 0x94, 0x33,
  // 14 InvS(x)
  0x00, 0xeb, 0xa6, 0xb9, 0x7b, 0x8f, 0x1f, 0xf4, 0x52, 0x29, 0x90, 0x36, 0x64, 0xdd, 0xc2, 0x4d,
  0x00, 0xfd, 0xdf, 0x65, 0x9d, 0xda, 0xba, 0x47, 0x98, 0x05, 0x60, 0xbf, 0x27, 0x42, 0xf8, 0x22,
  // 11 InvS(x)
  0x00, 0xc2, 0x4d, 0xeb, 0xdd, 0xb9, 0xa6, 0x64, 0x29, 0xf4, 0x1f, 0x52, 0x7b, 0x90, 0x36, 0x8f,
  0x00, 0xf8, 0x22, 0xfd, 0x42, 0x65, 0xdf, 0x27, 0x05, 0x47, 0xba, 0x98, 0x9d, 0x60, 0xbf, 0xda,
  // 13 InvS(x)
  0x00, 0x7c, 0x1b, 0x3d, 0x15, 0x4f, 0x26, 0x5a, 0x41, 0x54, 0x69, 0x72, 0x33, 0x0e, 0x28, 0x67,
  0x00, 0x77, 0xb2, 0xb0, 0xb6, 0xc3, 0x02, 0x75, 0xc7, 0x71, 0xc1, 0x73, 0xb4, 0x04, 0x06, 0xc5,
  // 9 InvS(x)
  0x00, 0x27, 0xbf, 0x47, 0xda, 0x05, 0xf8, 0xdf, 0x60, 0xba, 0xfd, 0x42, 0x22, 0x65, 0x9d, 0x98,
  0x00, 0x01, 0x8c, 0x2e, 0xa8, 0x0b, 0xa2, 0xa3, 0x2f, 0x87, 0xa9, 0x25, 0x0a, 0x24, 0x86, 0x8d,
  // InvS(x), as AES writes it
  0x00, 0x3b, 0xe4, 0xc8, 0x03, 0x14, 0x2c, 0x17, 0xf3, 0xf0, 0x38, 0xdc, 0x2f, 0xe7, 0xcb, 0xdf,
  0x00, 0x24, 0x91, 0x19, 0x23, 0x8f, 0x88, 0xac, 0x3d, 0x1e, 0x07, 0x96, 0xab, 0xb2, 0x3a, 0xb5,
], 16);
const PHI: usize = TABLES + 0;
export const INV: usize = TABLES + 32;
export const S1: usize = TABLES + 64;
const S2: usize = TABLES + 96;
const S3: usize = TABLES + 128;
export const SO: usize = TABLES + 160;
const PSI: usize = TABLES + 192;
const D14: usize = TABLES + 224;
const D11: usize = TABLES + 256;
const D13: usize = TABLES + 288;
const D9: usize = TABLES + 320;
const DO: usize = TABLES + 352;
