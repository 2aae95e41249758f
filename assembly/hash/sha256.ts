import { SCHEDULE } from '../memory';
import { BUFFER, final, init, oneShot, update } from './merkle-damgard';

export const SHA256_STATE: i32 = <i32>BUFFER + 64;

export function sha256Init(state: usize): void {
  init<Sha256>(state);
}

export function sha256Update(state: usize, data: usize, length: i32): void {
  update<Sha256>(state, data, length);
}

/** Writes the digest and wipes the state. */
export function sha256Final(state: usize, out: usize): void {
  final<Sha256>(state, out);
}

export function sha256(data: usize, length: i32, out: usize): void {
  oneShot<Sha256>(data, length, out);
}

/** RFC 6234. */
@unmanaged
export class Sha256 {
  h0: u32;
  h1: u32;
  h2: u32;
  h3: u32;
  h4: u32;
  h5: u32;
  h6: u32;
  h7: u32;

  @inline get block(): i32 { return 64; }
  @inline get digest(): i32 { return 32; }
  @inline get chain(): i32 { return 32; }
  @inline get bigEndian(): bool { return true; }

  start(): void {
    this.h0 = 0x6a09e667;
    this.h1 = 0xbb67ae85;
    this.h2 = 0x3c6ef372;
    this.h3 = 0xa54ff53a;
    this.h4 = 0x510e527f;
    this.h5 = 0x9b05688c;
    this.h6 = 0x1f83d9ab;
    this.h7 = 0x5be0cd19;
  }

  compress(data: usize, blocks: i32): void {
    for (; blocks > 0; blocks--, data += 64) {
      schedule(data);
      let a = this.h0;
      let b = this.h1;
      let c = this.h2;
      let d = this.h3;
      let e = this.h4;
      let f = this.h5;
      let g = this.h6;
      let h = this.h7;
      for (let t: usize = 0; t < 256; t += 32) {
        h += S1(e) + ch(e, f, g) + load<u32>(K + t, 0) + load<u32>(SCHEDULE + t, 0);
        d += h;
        h += S0(a) + maj(a, b, c);
        g += S1(d) + ch(d, e, f) + load<u32>(K + t, 4) + load<u32>(SCHEDULE + t, 4);
        c += g;
        g += S0(h) + maj(h, a, b);
        f += S1(c) + ch(c, d, e) + load<u32>(K + t, 8) + load<u32>(SCHEDULE + t, 8);
        b += f;
        f += S0(g) + maj(g, h, a);
        e += S1(b) + ch(b, c, d) + load<u32>(K + t, 12) + load<u32>(SCHEDULE + t, 12);
        a += e;
        e += S0(f) + maj(f, g, h);
        d += S1(a) + ch(a, b, c) + load<u32>(K + t, 16) + load<u32>(SCHEDULE + t, 16);
        h += d;
        d += S0(e) + maj(e, f, g);
        c += S1(h) + ch(h, a, b) + load<u32>(K + t, 20) + load<u32>(SCHEDULE + t, 20);
        g += c;
        c += S0(d) + maj(d, e, f);
        b += S1(g) + ch(g, h, a) + load<u32>(K + t, 24) + load<u32>(SCHEDULE + t, 24);
        f += b;
        b += S0(c) + maj(c, d, e);
        a += S1(f) + ch(f, g, h) + load<u32>(K + t, 28) + load<u32>(SCHEDULE + t, 28);
        e += a;
        a += S0(b) + maj(b, c, d);
      }
      this.h0 += a;
      this.h1 += b;
      this.h2 += c;
      this.h3 += d;
      this.h4 += e;
      this.h5 += f;
      this.h6 += g;
      this.h7 += h;
    }
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

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
