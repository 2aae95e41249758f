/** RFC 1321 §3.4, over whole blocks. */
export function md5Compress(state: usize, data: usize, blocks: i32): void {
  md5Blocks<Alone>(state, data, blocks, 0, 0, 0);
}

/**
 * Folds whole blocks into `state`. MD5 waits for its own last step most of the time, so another stream of 64 bytes a block
 * can ride along: after every four steps `R`, an unmanaged class at `rider`, takes four bytes from `input` to `output`.
 */
export function md5Blocks<R>(state: usize, data: usize, blocks: i32, rider: usize, input: usize, output: usize): void {
  const along = changetype<R>(rider);
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let i = along.i;
  let j = along.j;
  for (; blocks > 0; blocks--, data += 64) {
    const aa = a;
    const bb = b;
    const cc = c;
    const dd = d;
    for (let o: u32 = 0; o < 64; o += 16) {
      a = ff(a, b, c, d, load<u32>(data + o), 7, load<u32>(T + o));
      d = ff(d, a, b, c, load<u32>(data + o, 4), 12, load<u32>(T + o, 4));
      c = ff(c, d, a, b, load<u32>(data + o, 8), 17, load<u32>(T + o, 8));
      b = ff(b, c, d, a, load<u32>(data + o, 12), 22, load<u32>(T + o, 12));
      j = along.four(i, j, input, output);
      i += 4;
      input += 4;
      output += 4;
    }
    for (let o: u32 = 0; o < 64; o += 16) {
      a = gg(a, b, c, d, load<u32>(data + o, 4), 5, load<u32>(T + o, 64));
      d = gg(d, a, b, c, load<u32>(data + ((o + 24) & 60)), 9, load<u32>(T + o, 68));
      c = gg(c, d, a, b, load<u32>(data + ((o + 44) & 60)), 14, load<u32>(T + o, 72));
      b = gg(b, c, d, a, load<u32>(data + o), 20, load<u32>(T + o, 76));
      j = along.four(i, j, input, output);
      i += 4;
      input += 4;
      output += 4;
    }
    for (let o: u32 = 0; o < 64; o += 16) {
      a = hh(a, b, c, d, load<u32>(data + ((20 - o) & 60)), 4, load<u32>(T + o, 128));
      d = hh(d, a, b, c, load<u32>(data + ((32 - o) & 60)), 11, load<u32>(T + o, 132));
      c = hh(c, d, a, b, load<u32>(data + ((44 - o) & 60)), 16, load<u32>(T + o, 136));
      b = hh(b, c, d, a, load<u32>(data + ((56 - o) & 60)), 23, load<u32>(T + o, 140));
      j = along.four(i, j, input, output);
      i += 4;
      input += 4;
      output += 4;
    }
    for (let o: u32 = 0; o < 64; o += 16) {
      a = ii(a, b, c, d, load<u32>(data + (-o & 60)), 6, load<u32>(T + o, 192));
      d = ii(d, a, b, c, load<u32>(data + ((28 - o) & 60)), 10, load<u32>(T + o, 196));
      c = ii(c, d, a, b, load<u32>(data + ((56 - o) & 60)), 15, load<u32>(T + o, 200));
      b = ii(b, c, d, a, load<u32>(data + ((20 - o) & 60)), 21, load<u32>(T + o, 204));
      j = along.four(i, j, input, output);
      i += 4;
      input += 4;
      output += 4;
    }
    a += aa;
    b += bb;
    c += cc;
    d += dd;
  }
  store<u32>(state, a);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
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

// T[i] = floor(4294967296 abs(sin(i)))
const T: usize = memory.data<u32>([
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
  0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
  0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
  0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
  0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
  0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
  0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
], 16);
