import { sha1Add, sha1Five, sha1Start } from '../hash/sha1';
import { aesDecryptFour, aesDecryptOne, aesEncryptRound, at, ENCRYPT, high, INV, inverted, low, phi, S1, shiftRows, SO } from './aes';
import { aesSlicedDecrypt } from './aes-sliced';

/*
 * CBC with ciphertext stealing, where the last two blocks always change places (RFC 3962 §5; NIST SP 800-38A's CBC-CS3):
 *
 *   P_1 … P_n-1 P_n          the last of 1 to 16 bytes
 *   C_1 … C_n   C_n-1        the last cut to as many
 *
 * One block alone is plain CBC. `iv` is 16 bytes that go on: a long message passes in pieces through the CBC functions, and ends in a
 * CTS one of more than 16 bytes. In place where `input` is `output`.
 */

/** Whole blocks. */
export function aesCbcEncrypt(schedule: usize, iv: usize, input: usize, output: usize, blocks: i32): void {
  aesCbcEncryptBeside(schedule, iv, 0, input, output, blocks);
}

/**
 * As many blocks, and beside it, unless `sha1` is 0, SHA-1 over the plaintext. Each block waits for the one before, and so much that the hash costs next
 * to nothing. `sha1`: a state at the start of a block; `blocks`: then a multiple of 4, all of which it has folded in at the end.
 */
export function aesCbcEncryptBeside(schedule: usize, iv: usize, sha1: usize, input: usize, output: usize, blocks: i32): void {
  const first = schedule + ENCRYPT;
  const rounds = load<usize>(schedule);
  const end = first + (rounds << 4);
  const quarter = ((rounds - 1) >> 2) << 4;
  // what goes from block to block is kept as φ of it, with the first round key: so it need not leave that form and come back
  const between = v128.xor(phi(v128.load(end)), v128.load(first));
  let last = v128.load(iv);
  let chain = v128.xor(phi(last), v128.load(first));
  let t: usize = 0;
  for (; blocks > 0; blocks--, input += 16, output += 16) {
    if (sha1 != 0 && t == 0) sha1Start(sha1, input);
    let x = shiftRows(v128.xor(phi(v128.load(input)), chain));
    let key = first + 16;
    for (let part = 3; part >= 0; part--) {
      if (sha1 != 0) {
        sha1Five(t);
        t += 20;
      }
      for (const stop = part > 0 ? key + quarter : end; key < stop; key += 16) x = aesEncryptRound(x, v128.load(key));
    }
    const k = low(x);
    const i = high(x);
    const j = v128.xor(i, k);
    const ak = at(INV + 16, k);
    const io = inverted(i, ak, j);
    const jo = inverted(j, ak, i);
    chain = v128.xor(v128.xor(at(S1, io), between), at(S1 + 16, jo));
    last = v128.xor(v128.xor(at(SO, io), at(SO + 16, jo)), v128.load(end));
    v128.store(output, last);
    if (t == 320) {
      sha1Add(sha1);
      t = 0;
    }
  }
  v128.store(iv, last);
}

/** Whole blocks. */
export function aesCbcDecrypt(schedule: usize, iv: usize, input: usize, output: usize, blocks: i32): void {
  if (blocks >= 8) {
    const groups = blocks >> 3;
    aesSlicedDecrypt(schedule, iv, 0, input, output, groups);
    input += groups << 7;
    output += groups << 7;
    blocks &= 7;
  }
  let chain = v128.load(iv);
  for (; blocks >= 4; blocks -= 4, input += 64, output += 64) {
    const c1 = v128.load(input);
    const c2 = v128.load(input, 16);
    const c3 = v128.load(input, 32);
    const c4 = v128.load(input, 48);
    aesDecryptFour(schedule, input, output);
    v128.store(output, v128.xor(v128.load(output), chain));
    v128.store(output, v128.xor(v128.load(output, 16), c1), 16);
    v128.store(output, v128.xor(v128.load(output, 32), c2), 32);
    v128.store(output, v128.xor(v128.load(output, 48), c3), 48);
    chain = c4;
  }
  for (; blocks > 0; blocks--, input += 16, output += 16) {
    const c = v128.load(input);
    aesDecryptOne(schedule, input, output);
    v128.store(output, v128.xor(v128.load(output), chain));
    chain = c;
  }
  v128.store(iv, chain);
}

/** `length`: at least 16. */
export function aesCtsEncrypt(schedule: usize, iv: usize, input: usize, output: usize, length: i32): void {
  if (length == 16) return aesCbcEncrypt(schedule, iv, input, output, 1);
  const tail = ((length - 1) & 15) + 1;
  const head = length - tail - 16;
  aesCbcEncrypt(schedule, iv, input, output, head >> 4);
  v128.store(LAST, ZERO);
  memory.copy(LAST, input + head + 16, tail);
  aesCbcEncrypt(schedule, iv, input + head, BEFORE, 1);
  aesCbcEncrypt(schedule, iv, LAST, output + head, 1);
  memory.copy(output + head + 16, BEFORE, tail);
  v128.store(LAST, ZERO);
  v128.store(BEFORE, ZERO);
}

/** `length`: at least 16. */
export function aesCtsDecrypt(schedule: usize, iv: usize, input: usize, output: usize, length: i32): void {
  if (length == 16) return aesCbcDecrypt(schedule, iv, input, output, 1);
  const tail = ((length - 1) & 15) + 1;
  const head = length - tail - 16;
  aesCbcDecrypt(schedule, iv, input, output, head >> 4);
  // D(C_n) = P_n + C_n-1, where P_n is filled with zeros: past the tail it shows what was cut off C_n-1
  const last = v128.load(input + head);
  aesDecryptOne(schedule, input + head, LAST);
  v128.store(BEFORE, v128.load(LAST));
  memory.copy(BEFORE, input + head + 16, tail);
  v128.store(LAST, v128.xor(v128.load(LAST), v128.load(BEFORE)));
  memory.copy(output + head + 16, LAST, tail);
  aesDecryptOne(schedule, BEFORE, BEFORE);
  v128.store(output + head, v128.xor(v128.load(BEFORE), v128.load(iv)));
  v128.store(iv, last);
  v128.store(LAST, ZERO);
  v128.store(BEFORE, ZERO);
}

const ZERO: v128 = i32x4.splat(0);
const LAST: usize = memory.data(16, 16);
const BEFORE: usize = memory.data(16, 16);
