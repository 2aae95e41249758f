/** RFC 1320 §3.4, over whole blocks. */
export function md4Compress(state: usize, data: usize, blocks: i32): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  for (; blocks > 0; blocks--, data += 64) {
    const aa = a;
    const bb = b;
    const cc = c;
    const dd = d;
    for (let o = 0; o < 64; o += 16) {
      a = ff(a, b, c, d, load<u32>(data + o), 3);
      d = ff(d, a, b, c, load<u32>(data + o, 4), 7);
      c = ff(c, d, a, b, load<u32>(data + o, 8), 11);
      b = ff(b, c, d, a, load<u32>(data + o, 12), 19);
    }
    for (let o = 0; o < 16; o += 4) {
      a = gg(a, b, c, d, load<u32>(data + o), 3);
      d = gg(d, a, b, c, load<u32>(data + o, 16), 5);
      c = gg(c, d, a, b, load<u32>(data + o, 32), 9);
      b = gg(b, c, d, a, load<u32>(data + o, 48), 13);
    }
    // the words 0, 2, 1, 3 of each four
    for (let q = 0; q < 4; q++) {
      const o = ((q & 1) << 3) | ((q & 2) << 1);
      a = hh(a, b, c, d, load<u32>(data + o), 3);
      d = hh(d, a, b, c, load<u32>(data + o, 32), 9);
      c = hh(c, d, a, b, load<u32>(data + o, 16), 11);
      b = hh(b, c, d, a, load<u32>(data + o, 48), 15);
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
