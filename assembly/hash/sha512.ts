import { SCHEDULE } from '../memory';
import { BUFFER, final, init, oneShot, update } from './merkle-damgard';

export const SHA384_STATE: i32 = <i32>BUFFER + 128;
export const SHA512_STATE: i32 = <i32>BUFFER + 128;

export function sha384Init(state: usize): void {
  init<Sha384>(state);
}

export function sha384Update(state: usize, data: usize, length: i32): void {
  update<Sha384>(state, data, length);
}

/** Writes the digest and wipes the state. */
export function sha384Final(state: usize, out: usize): void {
  final<Sha384>(state, out);
}

export function sha384(data: usize, length: i32, out: usize): void {
  oneShot<Sha384>(data, length, out);
}

export function sha512Init(state: usize): void {
  init<Sha512>(state);
}

export function sha512Update(state: usize, data: usize, length: i32): void {
  update<Sha512>(state, data, length);
}

/** Writes the digest and wipes the state. */
export function sha512Final(state: usize, out: usize): void {
  final<Sha512>(state, out);
}

export function sha512(data: usize, length: i32, out: usize): void {
  oneShot<Sha512>(data, length, out);
}

/** RFC 6234: SHA-512 and SHA-384, which differ in where they start and end. */
@unmanaged
class Sha2 {
  h0: u64;
  h1: u64;
  h2: u64;
  h3: u64;
  h4: u64;
  h5: u64;
  h6: u64;
  h7: u64;

  @inline get block(): i32 { return 128; }
  @inline get chain(): i32 { return 64; }
  @inline get bigEndian(): bool { return true; }

  compress(data: usize, blocks: i32): void {
    for (; blocks > 0; blocks--, data += 128) {
      schedule(data);
      let a = this.h0;
      let b = this.h1;
      let c = this.h2;
      let d = this.h3;
      let e = this.h4;
      let f = this.h5;
      let g = this.h6;
      let h = this.h7;
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

@unmanaged
export class Sha384 extends Sha2 {
  @inline get digest(): i32 { return 48; }

  start(): void {
    this.h0 = 0xcbbb9d5dc1059ed8;
    this.h1 = 0x629a292a367cd507;
    this.h2 = 0x9159015a3070dd17;
    this.h3 = 0x152fecd8f70e5939;
    this.h4 = 0x67332667ffc00b31;
    this.h5 = 0x8eb44a8768581511;
    this.h6 = 0xdb0c2e0d64f98fa7;
    this.h7 = 0x47b5481dbefa4fa4;
  }
}

@unmanaged
export class Sha512 extends Sha2 {
  @inline get digest(): i32 { return 64; }

  start(): void {
    this.h0 = 0x6a09e667f3bcc908;
    this.h1 = 0xbb67ae8584caa73b;
    this.h2 = 0x3c6ef372fe94f82b;
    this.h3 = 0xa54ff53a5f1d36f1;
    this.h4 = 0x510e527fade682d1;
    this.h5 = 0x9b05688c2b3e6c1f;
    this.h6 = 0x1f83d9abfb41bd6b;
    this.h7 = 0x5be0cd19137e2179;
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

const K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);
