import { SCHEDULE } from '../memory';
import { BUFFER, final, init, oneShot, update } from './merkle-damgard';

export const SHA1_STATE: i32 = <i32>BUFFER + 64;

export function sha1Init(state: usize): void {
  init<Sha1>(state);
}

export function sha1Update(state: usize, data: usize, length: i32): void {
  update<Sha1>(state, data, length);
}

/** Writes the digest and wipes the state. */
export function sha1Final(state: usize, out: usize): void {
  final<Sha1>(state, out);
}

export function sha1(data: usize, length: i32, out: usize): void {
  oneShot<Sha1>(data, length, out);
}

/** RFC 3174. */
@unmanaged
export class Sha1 {
  h0: u32;
  h1: u32;
  h2: u32;
  h3: u32;
  h4: u32;

  @inline get block(): i32 { return 64; }
  @inline get digest(): i32 { return 20; }
  @inline get chain(): i32 { return 20; }
  @inline get bigEndian(): bool { return true; }

  start(): void {
    this.h0 = 0x67452301;
    this.h1 = 0xefcdab89;
    this.h2 = 0x98badcfe;
    this.h3 = 0x10325476;
    this.h4 = 0xc3d2e1f0;
  }

  compress(data: usize, blocks: i32): void {
    for (; blocks > 0; blocks--, data += 64) {
      schedule(data);
      let a = this.h0;
      let b = this.h1;
      let c = this.h2;
      let d = this.h3;
      let e = this.h4;
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
      this.h0 += a;
      this.h1 += b;
      this.h2 += c;
      this.h3 += d;
      this.h4 += e;
    }
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
