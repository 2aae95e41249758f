import { SCHEDULE } from '../memory';

/** RFC 3174 §6.1, over whole blocks. */
export function sha1Compress(state: usize, data: usize, blocks: i32): void {
  for (; blocks > 0; blocks--, data += 64) {
    schedule(data);
    let a = load<u32>(state);
    let b = load<u32>(state, 4);
    let c = load<u32>(state, 8);
    let d = load<u32>(state, 12);
    let e = load<u32>(state, 16);
    for (let t: usize = 0; t < 80; t += 20) {
      e += rotl<u32>(a, 5) + ch(b, c, d) + load<u32>(SCHEDULE + t, 0);
      b = rotl<u32>(b, 30);
      d += rotl<u32>(e, 5) + ch(a, b, c) + load<u32>(SCHEDULE + t, 4);
      a = rotl<u32>(a, 30);
      c += rotl<u32>(d, 5) + ch(e, a, b) + load<u32>(SCHEDULE + t, 8);
      e = rotl<u32>(e, 30);
      b += rotl<u32>(c, 5) + ch(d, e, a) + load<u32>(SCHEDULE + t, 12);
      d = rotl<u32>(d, 30);
      a += rotl<u32>(b, 5) + ch(c, d, e) + load<u32>(SCHEDULE + t, 16);
      c = rotl<u32>(c, 30);
    }
    for (let t: usize = 80; t < 160; t += 20) {
      e += rotl<u32>(a, 5) + parity1(b, c, d) + load<u32>(SCHEDULE + t, 0);
      b = rotl<u32>(b, 30);
      d += rotl<u32>(e, 5) + parity1(a, b, c) + load<u32>(SCHEDULE + t, 4);
      a = rotl<u32>(a, 30);
      c += rotl<u32>(d, 5) + parity1(e, a, b) + load<u32>(SCHEDULE + t, 8);
      e = rotl<u32>(e, 30);
      b += rotl<u32>(c, 5) + parity1(d, e, a) + load<u32>(SCHEDULE + t, 12);
      d = rotl<u32>(d, 30);
      a += rotl<u32>(b, 5) + parity1(c, d, e) + load<u32>(SCHEDULE + t, 16);
      c = rotl<u32>(c, 30);
    }
    for (let t: usize = 160; t < 240; t += 20) {
      e += rotl<u32>(a, 5) + maj(b, c, d) + load<u32>(SCHEDULE + t, 0);
      b = rotl<u32>(b, 30);
      d += rotl<u32>(e, 5) + maj(a, b, c) + load<u32>(SCHEDULE + t, 4);
      a = rotl<u32>(a, 30);
      c += rotl<u32>(d, 5) + maj(e, a, b) + load<u32>(SCHEDULE + t, 8);
      e = rotl<u32>(e, 30);
      b += rotl<u32>(c, 5) + maj(d, e, a) + load<u32>(SCHEDULE + t, 12);
      d = rotl<u32>(d, 30);
      a += rotl<u32>(b, 5) + maj(c, d, e) + load<u32>(SCHEDULE + t, 16);
      c = rotl<u32>(c, 30);
    }
    for (let t: usize = 240; t < 320; t += 20) {
      e += rotl<u32>(a, 5) + parity2(b, c, d) + load<u32>(SCHEDULE + t, 0);
      b = rotl<u32>(b, 30);
      d += rotl<u32>(e, 5) + parity2(a, b, c) + load<u32>(SCHEDULE + t, 4);
      a = rotl<u32>(a, 30);
      c += rotl<u32>(d, 5) + parity2(e, a, b) + load<u32>(SCHEDULE + t, 8);
      e = rotl<u32>(e, 30);
      b += rotl<u32>(c, 5) + parity2(d, e, a) + load<u32>(SCHEDULE + t, 12);
      d = rotl<u32>(d, 30);
      a += rotl<u32>(b, 5) + parity2(c, d, e) + load<u32>(SCHEDULE + t, 16);
      c = rotl<u32>(c, 30);
    }
    store<u32>(state, load<u32>(state) + a);
    store<u32>(state, load<u32>(state, 4) + b, 4);
    store<u32>(state, load<u32>(state, 8) + c, 8);
    store<u32>(state, load<u32>(state, 12) + d, 12);
    store<u32>(state, load<u32>(state, 16) + e, 16);
  }
}

// W(t) = S^1(W(t-3) XOR W(t-8) XOR W(t-14) XOR W(t-16))
@inline
function schedule(data: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, bswap(load<u32>(data + t)));
  for (let t: usize = SCHEDULE; t < SCHEDULE + 256; t += 4) {
    store<u32>(t, rotl<u32>(load<u32>(t, 52) ^ load<u32>(t, 32) ^ load<u32>(t, 8) ^ load<u32>(t), 1), 64);
  }
}

@inline
function ch(b: u32, c: u32, d: u32): u32 {
  return 0x5a827999 + (d ^ (b & (c ^ d)));
}

@inline
function parity1(b: u32, c: u32, d: u32): u32 {
  return 0x6ed9eba1 + (b ^ c ^ d);
}

@inline
function maj(b: u32, c: u32, d: u32): u32 {
  return 0x8f1bbcdc + (b & c) + (d & (b ^ c));
}

@inline
function parity2(b: u32, c: u32, d: u32): u32 {
  return 0xca62c1d6 + (b ^ c ^ d);
}
