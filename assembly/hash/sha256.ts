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
      h += load<u32>(SCHEDULE + t) + load<u32>(K + (t << 1), 4) + ch(e, f, g) + S1(e);
      d += h;
      h += maj(a, b, c) + S0(a);
      g += load<u32>(SCHEDULE + t, 4) + load<u32>(K + (t << 1), 12) + ch(d, e, f) + S1(d);
      c += g;
      g += maj(h, a, b) + S0(h);
      f += load<u32>(SCHEDULE + t, 8) + load<u32>(K + (t << 1), 20) + ch(c, d, e) + S1(c);
      b += f;
      f += maj(g, h, a) + S0(g);
      e += load<u32>(SCHEDULE + t, 12) + load<u32>(K + (t << 1), 28) + ch(b, c, d) + S1(b);
      a += e;
      e += maj(f, g, h) + S0(f);
      d += load<u32>(SCHEDULE + t, 16) + load<u32>(K + (t << 1), 36) + ch(a, b, c) + S1(a);
      h += d;
      d += maj(e, f, g) + S0(e);
      c += load<u32>(SCHEDULE + t, 20) + load<u32>(K + (t << 1), 44) + ch(h, a, b) + S1(h);
      g += c;
      c += maj(d, e, f) + S0(d);
      b += load<u32>(SCHEDULE + t, 24) + load<u32>(K + (t << 1), 52) + ch(g, h, a) + S1(g);
      f += b;
      b += maj(c, d, e) + S0(c);
      a += load<u32>(SCHEDULE + t, 28) + load<u32>(K + (t << 1), 60) + ch(f, g, h) + S1(f);
      e += a;
      a += maj(b, c, d) + S0(b);
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
