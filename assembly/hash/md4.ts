import { BUFFER, final, init, oneShot, update } from './merkle-damgard';

export const MD4_STATE: i32 = <i32>BUFFER + 64;

export function md4Init(state: usize): void {
  init<Md4>(state);
}

export function md4Update(state: usize, data: usize, length: i32): void {
  update<Md4>(state, data, length);
}

/** Writes the digest and wipes the state. */
export function md4Final(state: usize, out: usize): void {
  final<Md4>(state, out);
}

export function md4(data: usize, length: i32, out: usize): void {
  oneShot<Md4>(data, length, out);
}

/** RFC 1320. */
@unmanaged
export class Md4 {
  a: u32;
  b: u32;
  c: u32;
  d: u32;

  @inline get block(): i32 { return 64; }
  @inline get digest(): i32 { return 16; }
  @inline get chain(): i32 { return 16; }
  @inline get bigEndian(): bool { return false; }

  start(): void {
    this.a = 0x67452301;
    this.b = 0xefcdab89;
    this.c = 0x98badcfe;
    this.d = 0x10325476;
  }

  compress(data: usize, blocks: i32): void {
    let a = this.a;
    let b = this.b;
    let c = this.c;
    let d = this.d;
    for (; blocks > 0; blocks--, data += 64) {
      const aa = a;
      const bb = b;
      const cc = c;
      const dd = d;
      a = ff(a, b, c, d, load<u32>(data, 0), 3);
      d = ff(d, a, b, c, load<u32>(data, 4), 7);
      c = ff(c, d, a, b, load<u32>(data, 8), 11);
      b = ff(b, c, d, a, load<u32>(data, 12), 19);
      a = ff(a, b, c, d, load<u32>(data, 16), 3);
      d = ff(d, a, b, c, load<u32>(data, 20), 7);
      c = ff(c, d, a, b, load<u32>(data, 24), 11);
      b = ff(b, c, d, a, load<u32>(data, 28), 19);
      a = ff(a, b, c, d, load<u32>(data, 32), 3);
      d = ff(d, a, b, c, load<u32>(data, 36), 7);
      c = ff(c, d, a, b, load<u32>(data, 40), 11);
      b = ff(b, c, d, a, load<u32>(data, 44), 19);
      a = ff(a, b, c, d, load<u32>(data, 48), 3);
      d = ff(d, a, b, c, load<u32>(data, 52), 7);
      c = ff(c, d, a, b, load<u32>(data, 56), 11);
      b = ff(b, c, d, a, load<u32>(data, 60), 19);
      a = gg(a, b, c, d, load<u32>(data, 0), 3);
      d = gg(d, a, b, c, load<u32>(data, 16), 5);
      c = gg(c, d, a, b, load<u32>(data, 32), 9);
      b = gg(b, c, d, a, load<u32>(data, 48), 13);
      a = gg(a, b, c, d, load<u32>(data, 4), 3);
      d = gg(d, a, b, c, load<u32>(data, 20), 5);
      c = gg(c, d, a, b, load<u32>(data, 36), 9);
      b = gg(b, c, d, a, load<u32>(data, 52), 13);
      a = gg(a, b, c, d, load<u32>(data, 8), 3);
      d = gg(d, a, b, c, load<u32>(data, 24), 5);
      c = gg(c, d, a, b, load<u32>(data, 40), 9);
      b = gg(b, c, d, a, load<u32>(data, 56), 13);
      a = gg(a, b, c, d, load<u32>(data, 12), 3);
      d = gg(d, a, b, c, load<u32>(data, 28), 5);
      c = gg(c, d, a, b, load<u32>(data, 44), 9);
      b = gg(b, c, d, a, load<u32>(data, 60), 13);
      a = hh(a, b, c, d, load<u32>(data, 0), 3);
      d = hh(d, a, b, c, load<u32>(data, 32), 9);
      c = hh(c, d, a, b, load<u32>(data, 16), 11);
      b = hh(b, c, d, a, load<u32>(data, 48), 15);
      a = hh(a, b, c, d, load<u32>(data, 8), 3);
      d = hh(d, a, b, c, load<u32>(data, 40), 9);
      c = hh(c, d, a, b, load<u32>(data, 24), 11);
      b = hh(b, c, d, a, load<u32>(data, 56), 15);
      a = hh(a, b, c, d, load<u32>(data, 4), 3);
      d = hh(d, a, b, c, load<u32>(data, 36), 9);
      c = hh(c, d, a, b, load<u32>(data, 20), 11);
      b = hh(b, c, d, a, load<u32>(data, 52), 15);
      a = hh(a, b, c, d, load<u32>(data, 12), 3);
      d = hh(d, a, b, c, load<u32>(data, 44), 9);
      c = hh(c, d, a, b, load<u32>(data, 28), 11);
      b = hh(b, c, d, a, load<u32>(data, 60), 15);

      a += aa;
      b += bb;
      c += cc;
      d += dd;
    }
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }
}

// F(X,Y,Z) = XY v not(X) Z
@inline
function ff(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32): u32 {
  return rotl<u32>(a + x + (d ^ (b & (c ^ d))), s);
}

// G(X,Y,Z) = XY v XZ v YZ, and sqrt(2)
@inline
function gg(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32): u32 {
  return rotl<u32>(a + x + 0x5a827999 + ((b & (c | d)) | (c & d)), s);
}

// H(X,Y,Z) = X xor Y xor Z, and sqrt(3)
@inline
function hh(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32): u32 {
  return rotl<u32>(a + x + 0x6ed9eba1 + (b ^ c ^ d), s);
}
