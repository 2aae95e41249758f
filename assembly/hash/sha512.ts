import { SCHEDULE } from '../memory';
import { K } from './sha2-constants';

/** RFC 6234 §6.4; SHA-384 differs in its start and its end only, over whole blocks. */
export function sha512Compress(state: usize, data: usize, blocks: i32): void {
  for (; blocks > 0; blocks--, data += 128) {
    schedule(data);
    let a = load<u64>(state);
    let b = load<u64>(state, 8);
    let c = load<u64>(state, 16);
    let d = load<u64>(state, 24);
    let e = load<u64>(state, 32);
    let f = load<u64>(state, 40);
    let g = load<u64>(state, 48);
    let h = load<u64>(state, 56);
    for (let t: usize = 0; t < 640; t += 64) {
      h += S1(e) + ch(e, f, g) + load<u64>(K + t, 0) + load<u64>(SCHEDULE + t, 0);
      d += h;
      h += S0(a) + maj(a, b, c);
      g += S1(d) + ch(d, e, f) + load<u64>(K + t, 8) + load<u64>(SCHEDULE + t, 8);
      c += g;
      g += S0(h) + maj(h, a, b);
      f += S1(c) + ch(c, d, e) + load<u64>(K + t, 16) + load<u64>(SCHEDULE + t, 16);
      b += f;
      f += S0(g) + maj(g, h, a);
      e += S1(b) + ch(b, c, d) + load<u64>(K + t, 24) + load<u64>(SCHEDULE + t, 24);
      a += e;
      e += S0(f) + maj(f, g, h);
      d += S1(a) + ch(a, b, c) + load<u64>(K + t, 32) + load<u64>(SCHEDULE + t, 32);
      h += d;
      d += S0(e) + maj(e, f, g);
      c += S1(h) + ch(h, a, b) + load<u64>(K + t, 40) + load<u64>(SCHEDULE + t, 40);
      g += c;
      c += S0(d) + maj(d, e, f);
      b += S1(g) + ch(g, h, a) + load<u64>(K + t, 48) + load<u64>(SCHEDULE + t, 48);
      f += b;
      b += S0(c) + maj(c, d, e);
      a += S1(f) + ch(f, g, h) + load<u64>(K + t, 56) + load<u64>(SCHEDULE + t, 56);
      e += a;
      a += S0(b) + maj(b, c, d);
    }
    store<u64>(state, load<u64>(state) + a);
    store<u64>(state, load<u64>(state, 8) + b, 8);
    store<u64>(state, load<u64>(state, 16) + c, 16);
    store<u64>(state, load<u64>(state, 24) + d, 24);
    store<u64>(state, load<u64>(state, 32) + e, 32);
    store<u64>(state, load<u64>(state, 40) + f, 40);
    store<u64>(state, load<u64>(state, 48) + g, 48);
    store<u64>(state, load<u64>(state, 56) + h, 56);
  }
}

// W(t) = SSIG1(W(t-2)) + W(t-7) + SSIG0(W(t-15)) + W(t-16)
@inline
function schedule(data: usize): void {
  for (let t: usize = 0; t < 128; t += 8) store<u64>(SCHEDULE + t, bswap(load<u64>(data + t)));
  for (let t: usize = SCHEDULE; t < SCHEDULE + 512; t += 8) {
    store<u64>(t, s1(load<u64>(t, 112)) + load<u64>(t, 72) + s0(load<u64>(t, 8)) + load<u64>(t), 128);
  }
}

@inline
function S0(x: u64): u64 {
  return rotr<u64>(x, 28) ^ rotr<u64>(x, 34) ^ rotr<u64>(x, 39);
}

@inline
function S1(x: u64): u64 {
  return rotr<u64>(x, 14) ^ rotr<u64>(x, 18) ^ rotr<u64>(x, 41);
}

@inline
function s0(x: u64): u64 {
  return rotr<u64>(x, 1) ^ rotr<u64>(x, 8) ^ (x >> 7);
}

@inline
function s1(x: u64): u64 {
  return rotr<u64>(x, 19) ^ rotr<u64>(x, 61) ^ (x >> 6);
}

@inline
function ch(x: u64, y: u64, z: u64): u64 {
  return z ^ (x & (y ^ z));
}

@inline
function maj(x: u64, y: u64, z: u64): u64 {
  return (x & y) ^ (z & (x ^ y));
}
