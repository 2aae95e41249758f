import { BUFFER, final, init, oneShot, update } from './merkle-damgard';

export const MD5_STATE: i32 = <i32>BUFFER + 64;

export function md5Init(state: usize): void {
  init<Md5>(state);
}

export function md5Update(state: usize, data: usize, length: i32): void {
  update<Md5>(state, data, length);
}

/** Writes the digest and wipes the state. */
export function md5Final(state: usize, out: usize): void {
  final<Md5>(state, out);
}

export function md5(data: usize, length: i32, out: usize): void {
  oneShot<Md5>(data, length, out);
}

/** RFC 1321. */
@unmanaged
export class Md5 {
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
    md5Blocks<Alone>(changetype<usize>(this), data, blocks, 0, 0, 0);
  }
}

/**
 * Folds whole blocks into `state`. MD5 waits for its own last step most of the time, so another stream of 64 bytes a block
 * can ride along: after every four steps `R`, an unmanaged class at `rider`, takes four bytes from `input` to `output`.
 */
export function md5Blocks<R>(state: usize, data: usize, blocks: i32, rider: usize, input: usize, output: usize): void {
  const md5 = changetype<Md5>(state);
  const along = changetype<R>(rider);
  let a = md5.a;
  let b = md5.b;
  let c = md5.c;
  let d = md5.d;
  let i = along.i;
  let j = along.j;
  for (; blocks > 0; blocks--, data += 64, i += 64, input += 64, output += 64) {
    const aa = a;
    const bb = b;
    const cc = c;
    const dd = d;
    a = ff(a, b, c, d, load<u32>(data, 0), 7, 0xd76aa478);
    d = ff(d, a, b, c, load<u32>(data, 4), 12, 0xe8c7b756);
    c = ff(c, d, a, b, load<u32>(data, 8), 17, 0x242070db);
    b = ff(b, c, d, a, load<u32>(data, 12), 22, 0xc1bdceee);
    j = along.four(i, j, input, output);
    a = ff(a, b, c, d, load<u32>(data, 16), 7, 0xf57c0faf);
    d = ff(d, a, b, c, load<u32>(data, 20), 12, 0x4787c62a);
    c = ff(c, d, a, b, load<u32>(data, 24), 17, 0xa8304613);
    b = ff(b, c, d, a, load<u32>(data, 28), 22, 0xfd469501);
    j = along.four(i + 4, j, input + 4, output + 4);
    a = ff(a, b, c, d, load<u32>(data, 32), 7, 0x698098d8);
    d = ff(d, a, b, c, load<u32>(data, 36), 12, 0x8b44f7af);
    c = ff(c, d, a, b, load<u32>(data, 40), 17, 0xffff5bb1);
    b = ff(b, c, d, a, load<u32>(data, 44), 22, 0x895cd7be);
    j = along.four(i + 8, j, input + 8, output + 8);
    a = ff(a, b, c, d, load<u32>(data, 48), 7, 0x6b901122);
    d = ff(d, a, b, c, load<u32>(data, 52), 12, 0xfd987193);
    c = ff(c, d, a, b, load<u32>(data, 56), 17, 0xa679438e);
    b = ff(b, c, d, a, load<u32>(data, 60), 22, 0x49b40821);
    j = along.four(i + 12, j, input + 12, output + 12);
    a = gg(a, b, c, d, load<u32>(data, 4), 5, 0xf61e2562);
    d = gg(d, a, b, c, load<u32>(data, 24), 9, 0xc040b340);
    c = gg(c, d, a, b, load<u32>(data, 44), 14, 0x265e5a51);
    b = gg(b, c, d, a, load<u32>(data, 0), 20, 0xe9b6c7aa);
    j = along.four(i + 16, j, input + 16, output + 16);
    a = gg(a, b, c, d, load<u32>(data, 20), 5, 0xd62f105d);
    d = gg(d, a, b, c, load<u32>(data, 40), 9, 0x02441453);
    c = gg(c, d, a, b, load<u32>(data, 60), 14, 0xd8a1e681);
    b = gg(b, c, d, a, load<u32>(data, 16), 20, 0xe7d3fbc8);
    j = along.four(i + 20, j, input + 20, output + 20);
    a = gg(a, b, c, d, load<u32>(data, 36), 5, 0x21e1cde6);
    d = gg(d, a, b, c, load<u32>(data, 56), 9, 0xc33707d6);
    c = gg(c, d, a, b, load<u32>(data, 12), 14, 0xf4d50d87);
    b = gg(b, c, d, a, load<u32>(data, 32), 20, 0x455a14ed);
    j = along.four(i + 24, j, input + 24, output + 24);
    a = gg(a, b, c, d, load<u32>(data, 52), 5, 0xa9e3e905);
    d = gg(d, a, b, c, load<u32>(data, 8), 9, 0xfcefa3f8);
    c = gg(c, d, a, b, load<u32>(data, 28), 14, 0x676f02d9);
    b = gg(b, c, d, a, load<u32>(data, 48), 20, 0x8d2a4c8a);
    j = along.four(i + 28, j, input + 28, output + 28);
    a = hh(a, b, c, d, load<u32>(data, 20), 4, 0xfffa3942);
    d = hh(d, a, b, c, load<u32>(data, 32), 11, 0x8771f681);
    c = hh(c, d, a, b, load<u32>(data, 44), 16, 0x6d9d6122);
    b = hh(b, c, d, a, load<u32>(data, 56), 23, 0xfde5380c);
    j = along.four(i + 32, j, input + 32, output + 32);
    a = hh(a, b, c, d, load<u32>(data, 4), 4, 0xa4beea44);
    d = hh(d, a, b, c, load<u32>(data, 16), 11, 0x4bdecfa9);
    c = hh(c, d, a, b, load<u32>(data, 28), 16, 0xf6bb4b60);
    b = hh(b, c, d, a, load<u32>(data, 40), 23, 0xbebfbc70);
    j = along.four(i + 36, j, input + 36, output + 36);
    a = hh(a, b, c, d, load<u32>(data, 52), 4, 0x289b7ec6);
    d = hh(d, a, b, c, load<u32>(data, 0), 11, 0xeaa127fa);
    c = hh(c, d, a, b, load<u32>(data, 12), 16, 0xd4ef3085);
    b = hh(b, c, d, a, load<u32>(data, 24), 23, 0x04881d05);
    j = along.four(i + 40, j, input + 40, output + 40);
    a = hh(a, b, c, d, load<u32>(data, 36), 4, 0xd9d4d039);
    d = hh(d, a, b, c, load<u32>(data, 48), 11, 0xe6db99e5);
    c = hh(c, d, a, b, load<u32>(data, 60), 16, 0x1fa27cf8);
    b = hh(b, c, d, a, load<u32>(data, 8), 23, 0xc4ac5665);
    j = along.four(i + 44, j, input + 44, output + 44);
    a = ii(a, b, c, d, load<u32>(data, 0), 6, 0xf4292244);
    d = ii(d, a, b, c, load<u32>(data, 28), 10, 0x432aff97);
    c = ii(c, d, a, b, load<u32>(data, 56), 15, 0xab9423a7);
    b = ii(b, c, d, a, load<u32>(data, 20), 21, 0xfc93a039);
    j = along.four(i + 48, j, input + 48, output + 48);
    a = ii(a, b, c, d, load<u32>(data, 48), 6, 0x655b59c3);
    d = ii(d, a, b, c, load<u32>(data, 12), 10, 0x8f0ccc92);
    c = ii(c, d, a, b, load<u32>(data, 40), 15, 0xffeff47d);
    b = ii(b, c, d, a, load<u32>(data, 4), 21, 0x85845dd1);
    j = along.four(i + 52, j, input + 52, output + 52);
    a = ii(a, b, c, d, load<u32>(data, 32), 6, 0x6fa87e4f);
    d = ii(d, a, b, c, load<u32>(data, 60), 10, 0xfe2ce6e0);
    c = ii(c, d, a, b, load<u32>(data, 24), 15, 0xa3014314);
    b = ii(b, c, d, a, load<u32>(data, 52), 21, 0x4e0811a1);
    j = along.four(i + 56, j, input + 56, output + 56);
    a = ii(a, b, c, d, load<u32>(data, 16), 6, 0xf7537e82);
    d = ii(d, a, b, c, load<u32>(data, 44), 10, 0xbd3af235);
    c = ii(c, d, a, b, load<u32>(data, 8), 15, 0x2ad7d2bb);
    b = ii(b, c, d, a, load<u32>(data, 36), 21, 0xeb86d391);
    j = along.four(i + 60, j, input + 60, output + 60);

    a += aa;
    b += bb;
    c += cc;
    d += dd;
  }
  md5.a = a;
  md5.b = b;
  md5.c = c;
  md5.d = d;
  along.keep(i, j);
}

@unmanaged
class Alone {
  @inline get i(): u32 { return 0; }
  @inline get j(): u32 { return 0; }
  @inline four(i: u32, j: u32, input: usize, output: usize): u32 { return j; }
  @inline keep(i: u32, j: u32): void {}
}

// F(X,Y,Z) = XY v not(X) Z
@inline
function ff(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32, ti: u32): u32 {
  return b + rotl<u32>(a + x + ti + (d ^ (b & (c ^ d))), s);
}

// G(X,Y,Z) = XZ v Y not(Z); its halves share no bit, so they are added, which keeps b's path short
@inline
function gg(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32, ti: u32): u32 {
  return b + rotl<u32>(a + x + ti + (c & ~d) + (b & d), s);
}

// H(X,Y,Z) = X xor Y xor Z
@inline
function hh(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32, ti: u32): u32 {
  return b + rotl<u32>(a + x + ti + (b ^ (c ^ d)), s);
}

// I(X,Y,Z) = Y xor (X v not(Z))
@inline
function ii(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32, ti: u32): u32 {
  return b + rotl<u32>(a + x + ti + (c ^ (b | ~d)), s);
}
