/*
 * RC4 as MS-NLMP names it; the state goes in and out through a window, so it is held in bytes:
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
    const si = load<u8>(state + i);
    j = (j + si + load<u8>(key + k)) & 0xff;
    store<u8>(state + i, load<u8>(state + j));
    store<u8>(state + j, si);
    if (++k == keyLength) k = 0;
  }
  store<u32>(state, 0, I);
}

/** Encrypts or decrypts and goes on from there; in place where `input` is `output`. */
export function rc4(state: usize, input: usize, output: usize, length: i32): void {
  let i: u32 = load<u8>(state, I);
  let j: u32 = load<u8>(state, J);
  for (let n = 0; n < length; n++) {
    i = (i + 1) & 0xff;
    const si: u32 = load<u8>(state + i);
    j = (j + si) & 0xff;
    const sj: u32 = load<u8>(state + j);
    store<u8>(state + i, sj);
    store<u8>(state + j, si);
    store<u8>(output + n, load<u8>(input + n) ^ load<u8>(state + ((si + sj) & 0xff)));
  }
  store<u8>(state, i, I);
  store<u8>(state, j, J);
}
