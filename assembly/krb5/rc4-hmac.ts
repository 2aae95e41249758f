import { RC4_STATE, rc4, rc4Init } from '../cipher/rc4';
import { equal } from '../constant-time';
import { HASH_MD5, MD5_STATE, md5Update } from '../hash/hash';
import { HMAC_KEY, hmacFinish, hmacKey, hmacStart } from '../hash/hmac';

/*
 * RC4-HMAC (RFC 4757). T is the usage as a little-endian word, C the confounder of 8 bytes, P the plaintext:
 *
 *   K1 = K2 = HMAC(K, T)      checksum = HMAC(K2, C | P)      K3 = HMAC(K1, checksum)
 *   encrypted  checksum, 16 bytes | RC4(K3, C | P)
 *   signed     HMAC(HMAC(K, "signaturekey\0"), MD5(T | data))
 *
 * Keys of a usage, made once (RC4_SEAL and RC4_SIGN bytes):
 *
 *   seal   0  K1 as an HMAC key          sign   0  the signature key as an HMAC key
 *                                             128  T
 */
export const RC4_SEAL: i32 = HMAC_KEY;
export const RC4_SIGN: i32 = HMAC_KEY + 16;
const T: usize = <usize>HMAC_KEY;
const CHECKSUM: i32 = 16;
const CONFOUNDER: i32 = 8;

/** `key`: 16 bytes; `usage`: already RC4's own number. */
export function rc4DeriveSeal(key: usize, usage: u32, out: usize): void {
  store<u32>(SHORT, usage);
  hmacKey(HASH_MD5, KEY, key, 16);
  mac(KEY, SHORT, 4, SHORT);
  hmacKey(HASH_MD5, out, SHORT, 16);
  wipe();
}

export function rc4DeriveSign(key: usize, usage: u32, out: usize): void {
  // "signaturekey\0"
  store<u64>(SHORT, 0x727574616e676973);
  store<u64>(SHORT, 0x79656b65, 8);
  hmacKey(HASH_MD5, KEY, key, 16);
  mac(KEY, SHORT, 13, SHORT);
  hmacKey(HASH_MD5, out, SHORT, 16);
  store<u64>(out + T, usage);
  store<u64>(out + T, 0, 8);
  wipe();
}

/** Encrypts C | P, `length` bytes in all; returns the length of what it wrote. */
export function rc4HmacEncrypt(seal: usize, input: usize, length: i32, output: usize): i32 {
  mac(seal, input, length, SHORT);
  mac(seal, SHORT, CHECKSUM, K3);
  rc4Init(STREAM, K3, 16);
  rc4(STREAM, input, output + CHECKSUM, length);
  memory.copy(output, SHORT, CHECKSUM);
  wipe();
  return CHECKSUM + length;
}

/** Decrypts and verifies; returns the length of C | P, or -1 with nothing left in `output`. */
export function rc4HmacDecrypt(seal: usize, input: usize, length: i32, output: usize): i32 {
  length -= CHECKSUM;
  if (length < CONFOUNDER) return -1;
  mac(seal, input, CHECKSUM, K3);
  rc4Init(STREAM, K3, 16);
  rc4(STREAM, input + CHECKSUM, output, length);
  mac(seal, output, length, SHORT);
  const same = equal(SHORT, input, CHECKSUM);
  wipe();
  if (same) return length;
  memory.fill(output, 0, length);
  return -1;
}

function mac(key: usize, data: usize, length: i32, out: usize): void {
  hmacStart(HASH_MD5, STATE, key);
  md5Update(STATE, data, length);
  hmacFinish(HASH_MD5, STATE, key, out);
}

function wipe(): void {
  memory.fill(KEY, 0, HMAC_KEY);
  memory.fill(SHORT, 0, 16);
  memory.fill(K3, 0, 16);
  memory.fill(STREAM, 0, RC4_STATE);
}

const KEY: usize = memory.data(HMAC_KEY, 16);
const SHORT: usize = memory.data(16, 16);
const K3: usize = memory.data(16, 16);
const STATE: usize = memory.data(MD5_STATE, 16);
const STREAM: usize = memory.data(RC4_STATE, 16);
