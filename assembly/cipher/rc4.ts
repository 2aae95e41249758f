/*
 * RC4. The state goes in and out through a window, so it is held in bytes (words measure no faster):
 *
 *    0  S, 256 bytes
 *  256  i
 *  257  j
 *  258  zero, to a multiple of 4
 */
const I: usize = 256;
const J: usize = 257;
export const RC4_STATE: i32 = 260;

/** `keyLength`: 1 to 256 bytes. */
export function rc4Init(state: usize, key: usize, keyLength: i32): void {
  for (let i: u32 = 0; i < 256; i += 4) store<u32>(state + i, 0x03020100 + i * 0x01010101);
  let j: u32 = 0;
  for (let i: u32 = 0, k = 0; i < 256; i++) {
    j = (j + load<u8>(state + i) + load<u8>(key + k)) & 0xff;
    swap(state, i, j);
    if (++k == keyLength) k = 0;
  }
  store<u32>(state, 0, I);
}

/** Encrypts or decrypts and goes on from there; in place where `input` is `output`. */
export function rc4(state: usize, input: usize, output: usize, length: i32): void {
  const stream = changetype<Rc4>(state);
  let i = stream.i;
  let j = stream.j;
  for (; length >= 4; length -= 4, i += 4, input += 4, output += 4) j = stream.four(i, j, input, output);
  for (; length > 0; length--, input++, output++) {
    i = (i + 1) & 0xff;
    j = (j + load<u8>(state + i)) & 0xff;
    store<u8>(output, load<u8>(input) ^ swap(state, i, j));
  }
  stream.keep(i, j);
}

/** A state in the midst of its work: the caller holds i and j in registers, takes four bytes at a time, and puts both back. */
@unmanaged
export class Rc4 {
  @inline get i(): u32 { return load<u8>(changetype<usize>(this), I); }
  @inline get j(): u32 { return load<u8>(changetype<usize>(this), J); }

  /** Works on the four bytes after i; returns the new j. */
  @inline
  four(i: u32, j: u32, input: usize, output: usize): u32 {
    const state = changetype<usize>(this);
    const i1 = (i + 1) & 0xff;
    const i2 = (i + 2) & 0xff;
    const i3 = (i + 3) & 0xff;
    const i4 = (i + 4) & 0xff;
    const j1 = (j + load<u8>(state + i1)) & 0xff;
    let k = swap(state, i1, j1);
    const j2 = (j1 + load<u8>(state + i2)) & 0xff;
    k |= swap(state, i2, j2) << 8;
    const j3 = (j2 + load<u8>(state + i3)) & 0xff;
    k |= swap(state, i3, j3) << 16;
    const j4 = (j3 + load<u8>(state + i4)) & 0xff;
    k |= swap(state, i4, j4) << 24;
    store<u32>(output, load<u32>(input) ^ k);
    return j4;
  }

  @inline
  keep(i: u32, j: u32): void {
    store<u8>(changetype<usize>(this), i, I);
    store<u8>(changetype<usize>(this), j, J);
  }
}

// exchanges S[i] and S[j]; returns S[S[i] + S[j]]
@inline
function swap(state: usize, i: u32, j: u32): u32 {
  const si: u32 = load<u8>(state + i);
  const sj: u32 = load<u8>(state + j);
  store<u8>(state + i, sj);
  store<u8>(state + j, si);
  return load<u8>(state + ((si + sj) & 0xff));
}
