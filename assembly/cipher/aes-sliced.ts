import { sha1Add, sha1Five, sha1Start } from '../hash/sha1';
import { SCRATCH } from '../memory';
import { at, ENCRYPT, high, inverseShiftRows, low, shiftRows } from './aes';

/*
 * AES decryption of eight blocks at a time, without any table (E. Käsper, P. Schwabe, Faster and Timing-Attack Resistant AES-GCM, CHES 2009).
 * The blocks are turned into eight vectors x0 to x7, one for each bit of a byte:
 *
 *   bit n of byte p of xb   =   bit b of byte p of block n
 *
 * The inverse S-box is a circuit: its middle, inversion over the tower field, is Boyar's and Peralta's (A depth-16 circuit for the AES S-box, 2011); what
 * is linear before and after it was searched for few levels, for each waits for the one before. Its constant 0x63 is in the round keys already.
 */
const SLICED_KEY: usize = 128;
const KEYS: usize = SCRATCH;
const OPENED: usize = KEYS + 15 * SLICED_KEY;
const USED: usize = 16 * SLICED_KEY;

/**
 * CBC of `groups` times eight blocks. Beside it, unless `sha1` is 0, SHA-1 over the plaintext of all groups but the last; it is a state at the start
 * of a block. In place where `input` is `output`.
 */
export function aesSlicedDecrypt(schedule: usize, iv: usize, sha1: usize, input: usize, output: usize, groups: i32): void {
  const rounds = load<i32>(schedule);
  let chain = v128.load(iv);
  let behind = 0;
  sliceKeys(schedule, rounds);
  for (; groups > 0; groups--, input += 128, output += 128) {
    decryptEight(input, rounds, sha1, output - 128, behind);
    const last = v128.load(input, 112);
    for (let i: usize = 112; i > 0; i -= 16) v128.store(output + i, v128.xor(v128.load(OPENED + i), v128.load(input + i - 16)));
    v128.store(output, v128.xor(v128.load(OPENED), chain));
    chain = last;
    behind = sha1 == 0 ? 0 : 2;
  }
  v128.store(iv, chain);
  memory.fill(KEYS, 0, USED);
}

/** Opens the eight blocks, beside SHA-1 over `blocks` blocks (two at most) at `hashed`. */
function decryptEight(input: usize, rounds: i32, sha1: usize, hashed: usize, blocks: i32): void {
  let key = KEYS;
  let t: usize = 0;
  memory.copy(OPENED, input, 128);
  transpose();
  let x0 = xor(v128.load(OPENED), v128.load(key)), x1 = xor(v128.load(OPENED, 16), v128.load(key, 16));
  let x2 = xor(v128.load(OPENED, 32), v128.load(key, 32)), x3 = xor(v128.load(OPENED, 48), v128.load(key, 48));
  let x4 = xor(v128.load(OPENED, 64), v128.load(key, 64)), x5 = xor(v128.load(OPENED, 80), v128.load(key, 80));
  let x6 = xor(v128.load(OPENED, 96), v128.load(key, 96)), x7 = xor(v128.load(OPENED, 112), v128.load(key, 112));
  for (;;) {
    // a quarter of a block of the hash to a round: two blocks take eight rounds, of nine at least
    if (blocks > 0) {
      if (t == 0) sha1Start(sha1, hashed);
      for (const stop = t + 80; t < stop; t += 20) sha1Five(t);
      if (t == 320) {
        sha1Add(sha1);
        hashed += 64;
        blocks--;
        t = 0;
      }
    }
    key += SLICED_KEY;
    const y5 = xor(x6, x4), u0 = xor(x1, x0), y9 = xor(x4, x3), u1 = xor(x6, x3), u2 = xor(x7, x2), y4 = xor(y5, u0), y2 = xor(u0, u1);
    const y8 = xor(x7, x6), u3 = xor(x5, y5), y6 = xor(x7, y5), u4 = xor(x2, x1), y3 = xor(x7, x4), y19 = xor(x3, x0), u5 = xor(x5, x1);
    const u6 = xor(x7, x0), y16 = xor(u1, u5), y20 = xor(u2, y2), y17 = xor(y9, u4), y15 = xor(x2, u3), y18 = xor(x5, y9), y1 = xor(x0, y9);
    const y13 = xor(u0, y9), y14 = xor(x3, y6), y12 = xor(u0, y8), y21 = xor(x0, u3), y10 = xor(u1, u6), y11 = xor(u2, y4), y0 = xor(x5, u2);
    const y7 = xor(x5, y4), t2 = and(y12, y15), t3 = and(y3, y6), t4 = xor(t3, t2), t5 = and(y4, y0), t6 = xor(t5, t2), t7 = and(y13, y16);
    const t8 = and(y5, y1), t9 = xor(t8, t7), t10 = and(y2, y7), t11 = xor(t10, t7), t12 = and(y9, y11), t13 = and(y14, y17), t14 = xor(t13, t12);
    const t15 = and(y8, y10), t16 = xor(t15, t12), t17 = xor(t4, t14), t18 = xor(t6, t16), t19 = xor(t9, t14), t20 = xor(t11, t16);
    const t21 = xor(t17, y20), t22 = xor(t18, y19), t23 = xor(t19, y21), t24 = xor(t20, y18), t25 = xor(t21, t22), t26 = and(t21, t23);
    const t27 = xor(t24, t26), t28 = and(t25, t27), t29 = xor(t28, t22), t30 = xor(t23, t24), t31 = xor(t22, t26), t32 = and(t31, t30);
    const t33 = xor(t32, t24), t34 = and(t21, t24), t35 = and(t25, t34), t36 = xor(t25, t26), t40 = xor(t35, t36), t38 = and(t22, t23);
    const t39 = and(t30, t38), t46 = xor(t30, t26), t37 = xor(t39, t46), t41 = xor(t40, t37), t42 = xor(t29, t33), t43 = xor(t29, t40);
    const t44 = xor(t33, t37), t45 = xor(t42, t41), z0 = and(t44, y15), z1 = and(t37, y6), z2 = and(t33, y0), z3 = and(t43, y16), z4 = and(t40, y1);
    const z5 = and(t29, y7), z6 = and(t42, y11), z7 = and(t45, y17), z8 = and(t41, y10), z9 = and(t44, y12), z10 = and(t37, y3), z11 = and(t33, y4);
    const z12 = and(t43, y13), z13 = and(t40, y5), z14 = and(t29, y2), z15 = and(t42, y9), z16 = and(t45, y14), z17 = and(t41, y8);
    const w0 = xor(z6, z15), w1 = xor(z13, w0), w2 = xor(z12, z16), w3 = xor(w1, w2), w4 = xor(z3, z8), w5 = xor(z1, z4), w6 = xor(z2, z10);
    const w7 = xor(z11, z17), w8 = xor(z4, z7), w9 = xor(w1, w6), w10 = xor(z14, w5), w11 = xor(z0, z8), w12 = xor(w4, w10), w13 = xor(z15, w7);
    const w14 = xor(z9, z17), w15 = xor(z2, w11), w16 = xor(w0, w6), w17 = xor(z12, w7), w18 = xor(z11, w2), w19 = xor(z3, w8), o1 = xor(w3, w19);
    const w20 = xor(z5, w11), w21 = xor(z5, w4), o7 = xor(w3, w21), o0 = xor(z9, w13), w22 = xor(w12, w16), w23 = xor(z0, z5), o4 = xor(w3, w15);
    const o5 = xor(w18, w22), w24 = xor(w17, w23), w25 = xor(w5, w20), w26 = xor(w8, w24), w27 = xor(w12, w14), o2 = xor(w3, w25), o6 = xor(w9, w27);
    const o3 = xor(w9, w26);
    x0 = xor(o0, v128.load(key));
    x1 = xor(o1, v128.load(key, 16));
    x2 = xor(o2, v128.load(key, 32));
    x3 = xor(o3, v128.load(key, 48));
    x4 = xor(o4, v128.load(key, 64));
    x5 = xor(o5, v128.load(key, 80));
    x6 = xor(o6, v128.load(key, 96));
    x7 = xor(o7, v128.load(key, 112));
    if (--rounds == 0) break;

    const f0 = xor(inverseShiftRows(x0), oppositeShifted(x0)), f1 = xor(inverseShiftRows(x1), oppositeShifted(x1));
    const f2 = xor(inverseShiftRows(x2), oppositeShifted(x2)), f3 = xor(inverseShiftRows(x3), oppositeShifted(x3));
    const f4 = xor(inverseShiftRows(x4), oppositeShifted(x4)), f5 = xor(inverseShiftRows(x5), oppositeShifted(x5));
    const f6 = xor(inverseShiftRows(x6), oppositeShifted(x6)), f7 = xor(inverseShiftRows(x7), oppositeShifted(x7));
    const f67 = xor(f6, f7);
    x0 = xor(inverseShiftRows(x0), f6);
    x1 = xor(inverseShiftRows(x1), f67);
    x2 = xor(inverseShiftRows(x2), xor(f0, f7));
    x3 = xor(inverseShiftRows(x3), xor(f1, f6));
    x4 = xor(inverseShiftRows(x4), xor(f2, f67));
    x5 = xor(inverseShiftRows(x5), xor(f3, f7));
    x6 = xor(inverseShiftRows(x6), f4);
    x7 = xor(inverseShiftRows(x7), f5);
    const n0 = next(x0), n1 = next(x1), n2 = next(x2), n3 = next(x3), n4 = next(x4), n5 = next(x5), n6 = next(x6), n7 = next(x7);
    const b0 = xor(x0, n0), b1 = xor(x1, n1), b2 = xor(x2, n2), b3 = xor(x3, n3), b4 = xor(x4, n4), b5 = xor(x5, n5), b6 = xor(x6, n6);
    const b7 = xor(x7, n7);
    x0 = xor(xor(b7, n0), opposite(b0));
    x1 = xor(xor(xor(b0, b7), n1), opposite(b1));
    x2 = xor(xor(b1, n2), opposite(b2));
    x3 = xor(xor(xor(b2, b7), n3), opposite(b3));
    x4 = xor(xor(xor(b3, b7), n4), opposite(b4));
    x5 = xor(xor(b4, n5), opposite(b5));
    x6 = xor(xor(b5, n6), opposite(b6));
    x7 = xor(xor(b6, n7), opposite(b7));
  }
  v128.store(OPENED, inverseShiftRows(x0));
  v128.store(OPENED, inverseShiftRows(x1), 16);
  v128.store(OPENED, inverseShiftRows(x2), 32);
  v128.store(OPENED, inverseShiftRows(x3), 48);
  v128.store(OPENED, inverseShiftRows(x4), 64);
  v128.store(OPENED, inverseShiftRows(x5), 80);
  v128.store(OPENED, inverseShiftRows(x6), 96);
  v128.store(OPENED, inverseShiftRows(x7), 112);
  transpose();
}

// The last round key comes first. ShiftRows is turned back after each key but that one, so these stand as they were before it.
function sliceKeys(schedule: usize, rounds: i32): void {
  let to = KEYS;
  for (let r = rounds; r >= 0; r--) {
    const stored = v128.load(schedule + ENCRYPT + (<usize>r << 4));
    const key = r == rounds ? stored : shiftRows(inversePhi(stored));
    for (let b = 0; b < 8; b++, to += 16) {
      const bit = i8x16.shl(i8x16.splat(1), b);
      v128.store(to, i8x16.eq(v128.and(key, bit), bit));
    }
  }
}

// OPENED's eight blocks into their bits, and back
function transpose(): void {
  exchange(1, i8x16.splat(0x55));
  exchange(2, i8x16.splat(0x33));
  exchange(4, i8x16.splat(0x0f));
}

// bits change places that are so far apart in their bytes, and in their blocks; `lower`: one bit of each two
@inline
function exchange(apart: i32, lower: v128): void {
  for (let n = 0; n < 8; n = (n + apart + 1) & ~apart) {
    const block = OPENED + (<usize>n << 4);
    const other = block + (<usize>apart << 4);
    const changed = and(xor(i64x2.shr_u(v128.load(block), apart), v128.load(other)), lower);
    v128.store(other, xor(v128.load(other), changed));
    v128.store(block, xor(v128.load(block), i64x2.shl(changed, apart)));
  }
}

@inline
function xor(a: v128, b: v128): v128 {
  return v128.xor(a, b);
}

@inline
function and(a: v128, b: v128): v128 {
  return v128.and(a, b);
}

// opposite(inverseShiftRows(x))
@inline
function oppositeShifted(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(10, 7, 0, 13, 14, 11, 4, 1, 2, 15, 8, 5, 6, 3, 12, 9));
}

// of each column, the byte below
@inline
function next(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
}

// of each column, the byte two below
@inline
function opposite(x: v128): v128 {
  return i8x16.swizzle(x, i8x16(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
}

function inversePhi(x: v128): v128 {
  return v128.xor(at(INVERSE_PHI, low(x)), at(INVERSE_PHI + 16, high(x)));
}

// of the low nibble, of the high one
const INVERSE_PHI: usize = memory.data<u8>([
  0x00, 0x01, 0x5c, 0x5d, 0xe0, 0xe1, 0xbc, 0xbd, 0x50, 0x51, 0x0c, 0x0d, 0xb0, 0xb1, 0xec, 0xed,
  0x00, 0xb2, 0xb5, 0x07, 0x3a, 0x88, 0x8f, 0x3d, 0xac, 0x1e, 0x19, 0xab, 0x96, 0x24, 0x23, 0x91,
], 16);
