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
      h += load<u64>(SCHEDULE + t) + load<u64>(K + t) + ch(e, f, g) + S1(e);
      d += h;
      h += maj(a, b, c) + S0(a);
      g += load<u64>(SCHEDULE + t, 8) + load<u64>(K + t, 8) + ch(d, e, f) + S1(d);
      c += g;
      g += maj(h, a, b) + S0(h);
      f += load<u64>(SCHEDULE + t, 16) + load<u64>(K + t, 16) + ch(c, d, e) + S1(c);
      b += f;
      f += maj(g, h, a) + S0(g);
      e += load<u64>(SCHEDULE + t, 24) + load<u64>(K + t, 24) + ch(b, c, d) + S1(b);
      a += e;
      e += maj(f, g, h) + S0(f);
      d += load<u64>(SCHEDULE + t, 32) + load<u64>(K + t, 32) + ch(a, b, c) + S1(a);
      h += d;
      d += maj(e, f, g) + S0(e);
      c += load<u64>(SCHEDULE + t, 40) + load<u64>(K + t, 40) + ch(h, a, b) + S1(h);
      g += c;
      c += maj(d, e, f) + S0(d);
      b += load<u64>(SCHEDULE + t, 48) + load<u64>(K + t, 48) + ch(g, h, a) + S1(g);
      f += b;
      b += maj(c, d, e) + S0(c);
      a += load<u64>(SCHEDULE + t, 56) + load<u64>(K + t, 56) + ch(f, g, h) + S1(f);
      e += a;
      a += maj(b, c, d) + S0(b);
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
