import { SCHEDULE } from '../memory';

/** RFC 3174 §6.1, over whole blocks. */
export function sha1Compress(state: usize, data: usize, blocks: i32): void {
  for (; blocks > 0; blocks--, data += 64) {
    let w16 = words(data, 0);
    let w12 = words(data, 16);
    let w8 = words(data, 32);
    let w4 = words(data, 48);
    let a = load<u32>(state);
    let b = load<u32>(state, 4);
    let c = load<u32>(state, 8);
    let d = load<u32>(state, 12);
    let e = load<u32>(state, 16);
    let next: usize = SCHEDULE + 64;
    for (let t: usize = 0; t < 80; t += 20, next += 16) {
      const w = early(w16, w12, w8, w4);
      w16 = w12;
      w12 = w8;
      w8 = w4;
      w4 = w;
      v128.store(next, w);
      e = step(e, load<u32>(SCHEDULE + t) + 0x5a827999, ch(b, c, d), a);
      b = rotl<u32>(b, 30);
      d = step(d, load<u32>(SCHEDULE + t, 4) + 0x5a827999, ch(a, b, c), e);
      a = rotl<u32>(a, 30);
      c = step(c, load<u32>(SCHEDULE + t, 8) + 0x5a827999, ch(e, a, b), d);
      e = rotl<u32>(e, 30);
      b = step(b, load<u32>(SCHEDULE + t, 12) + 0x5a827999, ch(d, e, a), c);
      d = rotl<u32>(d, 30);
      a = step(a, load<u32>(SCHEDULE + t, 16) + 0x5a827999, ch(c, d, e), b);
      c = rotl<u32>(c, 30);
    }
    for (let t: usize = 80; t < 160; t += 20, next += 16) {
      const w = late(next, w16, w8, w4);
      w16 = w12;
      w12 = w8;
      w8 = w4;
      w4 = w;
      v128.store(next, w);
      e = step(e, load<u32>(SCHEDULE + t) + 0x6ed9eba1, parity(b, c, d), a);
      b = rotl<u32>(b, 30);
      d = step(d, load<u32>(SCHEDULE + t, 4) + 0x6ed9eba1, parity(a, b, c), e);
      a = rotl<u32>(a, 30);
      c = step(c, load<u32>(SCHEDULE + t, 8) + 0x6ed9eba1, parity(e, a, b), d);
      e = rotl<u32>(e, 30);
      b = step(b, load<u32>(SCHEDULE + t, 12) + 0x6ed9eba1, parity(d, e, a), c);
      d = rotl<u32>(d, 30);
      a = step(a, load<u32>(SCHEDULE + t, 16) + 0x6ed9eba1, parity(c, d, e), b);
      c = rotl<u32>(c, 30);
    }
    for (let t: usize = 160; t < 240; t += 20, next += 16) {
      const w = late(next, w16, w8, w4);
      w16 = w12;
      w12 = w8;
      w8 = w4;
      w4 = w;
      v128.store(next, w);
      e = step(e, load<u32>(SCHEDULE + t) + 0x8f1bbcdc, maj(b, c, d), a);
      b = rotl<u32>(b, 30);
      d = step(d, load<u32>(SCHEDULE + t, 4) + 0x8f1bbcdc, maj(a, b, c), e);
      a = rotl<u32>(a, 30);
      c = step(c, load<u32>(SCHEDULE + t, 8) + 0x8f1bbcdc, maj(e, a, b), d);
      e = rotl<u32>(e, 30);
      b = step(b, load<u32>(SCHEDULE + t, 12) + 0x8f1bbcdc, maj(d, e, a), c);
      d = rotl<u32>(d, 30);
      a = step(a, load<u32>(SCHEDULE + t, 16) + 0x8f1bbcdc, maj(c, d, e), b);
      c = rotl<u32>(c, 30);
    }
    for (let t: usize = 240; t < 320; t += 20, next += 16) {
      const w = late(next, w16, w8, w4);
      w16 = w12;
      w12 = w8;
      w8 = w4;
      w4 = w;
      v128.store(next, w);
      e = step(e, load<u32>(SCHEDULE + t) + 0xca62c1d6, parity(b, c, d), a);
      b = rotl<u32>(b, 30);
      d = step(d, load<u32>(SCHEDULE + t, 4) + 0xca62c1d6, parity(a, b, c), e);
      a = rotl<u32>(a, 30);
      c = step(c, load<u32>(SCHEDULE + t, 8) + 0xca62c1d6, parity(e, a, b), d);
      e = rotl<u32>(e, 30);
      b = step(b, load<u32>(SCHEDULE + t, 12) + 0xca62c1d6, parity(d, e, a), c);
      d = rotl<u32>(d, 30);
      a = step(a, load<u32>(SCHEDULE + t, 16) + 0xca62c1d6, parity(c, d, e), b);
      c = rotl<u32>(c, 30);
    }
    store<u32>(state, load<u32>(state) + a);
    store<u32>(state, load<u32>(state, 4) + b, 4);
    store<u32>(state, load<u32>(state, 8) + c, 8);
    store<u32>(state, load<u32>(state, 12) + d, 12);
    store<u32>(state, load<u32>(state, 16) + e, 16);
  }
}

/*
 * One block in sixteen pieces, for what does something else in between: sha1Start, sha1Five for t = 0, 20 … 300, sha1Add. The five words that the
 * steps change stand behind the message schedule.
 */
const WORDS: usize = SCHEDULE + 320;

/** Reads the block: it may then be overwritten. */
export function sha1Start(state: usize, data: usize): void {
  for (let t: usize = 0; t < 64; t += 16) words(data, t);
  for (let i: usize = 0; i < 20; i += 4) store<u32>(WORDS + i, load<u32>(state + i));
}

/** Five steps. `t`: the first one's word, as an offset. */
@inline
export function sha1Five(t: usize): void {
  const next = SCHEDULE + 64 + ((t / 20) << 4);
  const w16 = v128.load(next - 64);
  const w8 = v128.load(next - 32);
  const w4 = v128.load(next - 16);
  v128.store(next, t < 80 ? early(w16, v128.load(next - 48), w8, w4) : late(next, w16, w8, w4));
  let a = load<u32>(WORDS);
  let b = load<u32>(WORDS, 4);
  let c = load<u32>(WORDS, 8);
  let d = load<u32>(WORDS, 12);
  let e = load<u32>(WORDS, 16);
  const at = SCHEDULE + t;
  if (t < 80) {
    e = step(e, load<u32>(at) + 0x5a827999, ch(b, c, d), a);
    b = rotl<u32>(b, 30);
    d = step(d, load<u32>(at, 4) + 0x5a827999, ch(a, b, c), e);
    a = rotl<u32>(a, 30);
    c = step(c, load<u32>(at, 8) + 0x5a827999, ch(e, a, b), d);
    e = rotl<u32>(e, 30);
    b = step(b, load<u32>(at, 12) + 0x5a827999, ch(d, e, a), c);
    d = rotl<u32>(d, 30);
    a = step(a, load<u32>(at, 16) + 0x5a827999, ch(c, d, e), b);
    c = rotl<u32>(c, 30);
  } else if (t - 160 < 80) {
    e = step(e, load<u32>(at) + 0x8f1bbcdc, maj(b, c, d), a);
    b = rotl<u32>(b, 30);
    d = step(d, load<u32>(at, 4) + 0x8f1bbcdc, maj(a, b, c), e);
    a = rotl<u32>(a, 30);
    c = step(c, load<u32>(at, 8) + 0x8f1bbcdc, maj(e, a, b), d);
    e = rotl<u32>(e, 30);
    b = step(b, load<u32>(at, 12) + 0x8f1bbcdc, maj(d, e, a), c);
    d = rotl<u32>(d, 30);
    a = step(a, load<u32>(at, 16) + 0x8f1bbcdc, maj(c, d, e), b);
    c = rotl<u32>(c, 30);
  } else {
    const k: u32 = t < 160 ? 0x6ed9eba1 : 0xca62c1d6;
    e = step(e, load<u32>(at) + k, parity(b, c, d), a);
    b = rotl<u32>(b, 30);
    d = step(d, load<u32>(at, 4) + k, parity(a, b, c), e);
    a = rotl<u32>(a, 30);
    c = step(c, load<u32>(at, 8) + k, parity(e, a, b), d);
    e = rotl<u32>(e, 30);
    b = step(b, load<u32>(at, 12) + k, parity(d, e, a), c);
    d = rotl<u32>(d, 30);
    a = step(a, load<u32>(at, 16) + k, parity(c, d, e), b);
    c = rotl<u32>(c, 30);
  }
  store<u32>(WORDS, a);
  store<u32>(WORDS, b, 4);
  store<u32>(WORDS, c, 8);
  store<u32>(WORDS, d, 12);
  store<u32>(WORDS, e, 16);
}

/** Folds in what the steps made of the block. */
export function sha1Add(state: usize): void {
  for (let i: usize = 0; i < 20; i += 4) store<u32>(state + i, load<u32>(state + i) + load<u32>(WORDS + i));
}

/*
 * W(t) = S^1(W(t-3) XOR W(t-8) XOR W(t-14) XOR W(t-16)), four at a time: those of the block, which are its bytes, then one group for every five
 * steps, in whose shadow it is made. From t = 32 on the formula applied to itself,
 *
 *   W(t) = S^2(W(t-6) XOR W(t-16) XOR W(t-28) XOR W(t-32))
 *
 * reaches back far enough for that; before, the fourth word needs the first.
 */
@inline
function words(data: usize, t: usize): v128 {
  const w = i8x16.swizzle(v128.load(data + t), i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  v128.store(SCHEDULE + t, w);
  return w;
}

@inline
function early(w16: v128, w12: v128, w8: v128, w4: v128): v128 {
  const zero = i32x4.splat(0);
  const w14 = i8x16.shuffle(w16, w12, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
  const w3 = i8x16.shuffle(w4, zero, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
  const w = rotate(v128.xor(v128.xor(v128.xor(w14, w16), w8), w3), 1);
  const first = i8x16.shuffle(zero, w, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19);
  return v128.xor(w, rotate(first, 1));
}

@inline
function late(next: usize, w16: v128, w8: v128, w4: v128): v128 {
  const w6 = i8x16.shuffle(w8, w4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23);
  return rotate(v128.xor(v128.xor(w16, v128.xor(v128.load(next - 112), v128.load(next - 128))), w6), 2);
}

@inline
function rotate(x: v128, n: i32): v128 {
  return v128.or(i32x4.shl(x, n), i32x4.shr_u(x, 32 - n));
}

// what was known longest is added first, for the next step waits for the sum
@inline
function step(e: u32, w: u32, f: u32, a: u32): u32 {
  return (e + w) + f + rotl<u32>(a, 5);
}

@inline
function ch(b: u32, c: u32, d: u32): u32 {
  return d ^ (b & (c ^ d));
}

@inline
function parity(b: u32, c: u32, d: u32): u32 {
  return b ^ (c ^ d);
}

@inline
function maj(b: u32, c: u32, d: u32): u32 {
  return (c & d) + (b & (c ^ d));
}
