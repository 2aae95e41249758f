import { aesDecryptFour, aesDecryptOne, aesEncrypt } from './aes';

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
  let chain = v128.load(iv);
  for (; blocks > 0; blocks--, input += 16, output += 16) {
    chain = aesEncrypt(schedule, v128.xor(v128.load(input), chain));
    v128.store(output, chain);
  }
  v128.store(iv, chain);
}

/** Whole blocks. */
export function aesCbcDecrypt(schedule: usize, iv: usize, input: usize, output: usize, blocks: i32): void {
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
