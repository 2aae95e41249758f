import { SCHEDULE } from '../memory';
import { K } from './sha2-constants';

/** RFC 6234 §6.2, over whole blocks. */
export function sha256Compress(state: usize, data: usize, blocks: i32): void {
  for (; blocks > 0; blocks--, data += 64) {
    schedule(data);
    let a = load<u32>(state);
    let b = load<u32>(state, 4);
    let c = load<u32>(state, 8);
    let d = load<u32>(state, 12);
    let e = load<u32>(state, 16);
    let f = load<u32>(state, 20);
    let g = load<u32>(state, 24);
    let h = load<u32>(state, 28);
    for (let t: usize = 0; t < 256; t += 32) {
      h += S1(e) + ch(e, f, g) + load<u32>(K + (t << 1), 4) + load<u32>(SCHEDULE + t, 0);
      d += h;
      h += S0(a) + maj(a, b, c);
      g += S1(d) + ch(d, e, f) + load<u32>(K + (t << 1), 12) + load<u32>(SCHEDULE + t, 4);
      c += g;
      g += S0(h) + maj(h, a, b);
      f += S1(c) + ch(c, d, e) + load<u32>(K + (t << 1), 20) + load<u32>(SCHEDULE + t, 8);
      b += f;
      f += S0(g) + maj(g, h, a);
      e += S1(b) + ch(b, c, d) + load<u32>(K + (t << 1), 28) + load<u32>(SCHEDULE + t, 12);
      a += e;
      e += S0(f) + maj(f, g, h);
      d += S1(a) + ch(a, b, c) + load<u32>(K + (t << 1), 36) + load<u32>(SCHEDULE + t, 16);
      h += d;
      d += S0(e) + maj(e, f, g);
      c += S1(h) + ch(h, a, b) + load<u32>(K + (t << 1), 44) + load<u32>(SCHEDULE + t, 20);
      g += c;
      c += S0(d) + maj(d, e, f);
      b += S1(g) + ch(g, h, a) + load<u32>(K + (t << 1), 52) + load<u32>(SCHEDULE + t, 24);
      f += b;
      b += S0(c) + maj(c, d, e);
      a += S1(f) + ch(f, g, h) + load<u32>(K + (t << 1), 60) + load<u32>(SCHEDULE + t, 28);
      e += a;
      a += S0(b) + maj(b, c, d);
    }
    store<u32>(state, load<u32>(state) + a);
    store<u32>(state, load<u32>(state, 4) + b, 4);
    store<u32>(state, load<u32>(state, 8) + c, 8);
    store<u32>(state, load<u32>(state, 12) + d, 12);
    store<u32>(state, load<u32>(state, 16) + e, 16);
    store<u32>(state, load<u32>(state, 20) + f, 20);
    store<u32>(state, load<u32>(state, 24) + g, 24);
    store<u32>(state, load<u32>(state, 28) + h, 28);
  }
}

// W(t) = SSIG1(W(t-2)) + W(t-7) + SSIG0(W(t-15)) + W(t-16)
@inline
function schedule(data: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, bswap(load<u32>(data + t)));
  for (let t: usize = SCHEDULE; t < SCHEDULE + 192; t += 4) {
    store<u32>(t, s1(load<u32>(t, 56)) + load<u32>(t, 36) + s0(load<u32>(t, 4)) + load<u32>(t), 64);
  }
}

@inline
function S0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}

@inline
function S1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}

@inline
function s0(x: u32): u32 {
  return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3);
}

@inline
function s1(x: u32): u32 {
  return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
}

@inline
function ch(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

@inline
function maj(x: u32, y: u32, z: u32): u32 {
  return (x & y) ^ (z & (x ^ y));
}
