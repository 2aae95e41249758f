import { HASH_SHA1, hashUpdate, LENGTH } from '../hash/hash';
import { aesCbcDecrypt, aesCbcEncrypt, aesCbcEncryptBeside, aesCtsDecrypt, aesCtsEncrypt } from './aes-cbc';
import { aesSlicedDecrypt } from './aes-sliced';

/*
 * AES over a message, CBC or with `last` its CTS, and SHA-1 over its plaintext in one walk, as etypes 17 and 18 need both. They wait for different
 * parts of a processor, so beside each other they take little longer than AES alone. `length`: more than 16 for CTS, else whole blocks.
 * In place where `input` is `output`. Both states go on from there.
 */

/** SHA-1 over the input. */
export function aesSha1Encrypt(schedule: usize, iv: usize, sha1: usize, input: usize, output: usize, length: i32, last: i32): void {
  const both = together(sha1, length, last);
  if (both > 0) {
    aesCbcEncryptBeside(schedule, iv, sha1, input, output, both >> 4);
    count(sha1, both);
    input += both;
    output += both;
    length -= both;
  }
  hashUpdate(HASH_SHA1, sha1, input, length);
  if (last) aesCtsEncrypt(schedule, iv, input, output, length);
  else aesCbcEncrypt(schedule, iv, input, output, length >> 4);
}

/** SHA-1 over the output. */
export function aesSha1Decrypt(schedule: usize, iv: usize, sha1: usize, input: usize, output: usize, length: i32, last: i32): void {
  let hashed = output;
  const groups = together(sha1, length, last) >> 7;
  if (groups > 1) {
    aesSlicedDecrypt(schedule, iv, sha1, input, output, groups);
    const both = groups << 7;
    count(sha1, both - 128);
    hashed += both - 128;
    input += both;
    output += both;
    length -= both;
  }
  if (last) aesCtsDecrypt(schedule, iv, input, output, length);
  else aesCbcDecrypt(schedule, iv, input, output, length >> 4);
  hashUpdate(HASH_SHA1, sha1, hashed, <i32>(output - hashed) + length);
}

// how many bytes of whole hash blocks the two can share: none where the hash stands within a block, and not those that CTS needs
function together(sha1: usize, length: i32, last: i32): i32 {
  if (load<i32>(sha1, LENGTH) & 63) return 0;
  return (last ? length - 17 : length) & -64;
}

function count(sha1: usize, length: i32): void {
  store<u64>(sha1, load<u64>(sha1, LENGTH) + length, LENGTH);
}
