import { AES_KEY, aesExpandKey } from '../cipher/aes';
import { aesCbcDecrypt, aesCbcEncrypt, aesCtsDecrypt, aesCtsEncrypt } from '../cipher/aes-cbc';
import { aesSha1Decrypt, aesSha1Encrypt } from '../cipher/aes-sha1';
import { equal } from '../constant-time';
import { HASH_STATE, hashUpdate, MAX_CHAIN } from '../hash/hash';
import { HMAC_KEY, hmacFinish, hmacKey, hmacStart } from '../hash/hmac';
import { hashOf, isSha2, keyLength, krb5Derive, macLength, usageConstant } from './derive';

/*
 * The profiles of the AES etypes. C is the confounder of 16 bytes, P the plaintext:
 *
 *   17, 18 (RFC 3962, RFC 3961 §5.3)   CTS(Ke, C | P) | HMAC(Ki, C | P)
 *   19, 20 (RFC 8009 §5)               CTS(Ke, C | P) | HMAC(Ki, IV | CTS(Ke, C | P)), the IV zero
 *
 * Keys of a usage, made once (K5_SEAL and K5_SIGN bytes):
 *
 *   seal     0  Ke as a key schedule        sign   0  Kc as an HMAC key
 *          496  Ki as an HMAC key
 *
 * A message that passes in pieces (each a multiple of 16 bytes, the last one longer than 16 or all) has a state:
 *
 *     0  the HMAC's hash state
 *   208  IV
 */
const KI: usize = <usize>AES_KEY;
const IV: usize = <usize>HASH_STATE;
export const K5_SEAL: i32 = AES_KEY + HMAC_KEY;
export const K5_SIGN: i32 = HMAC_KEY;
export const K5_STATE: i32 = HASH_STATE + 16;
const CONFOUNDER: i32 = 16;

/** Ke and Ki of a usage. */
export function k5DeriveSeal(etype: i32, key: usize, usage: u32, out: usize): void {
  derive(etype, key, usage, 0xaa, keyLength(etype));
  aesExpandKey(out, DERIVED, keyLength(etype));
  const length = macKeyLength(etype);
  derive(etype, key, usage, 0x55, length);
  hmacKey(hashOf(etype), out + KI, DERIVED, length);
  memory.fill(DERIVED, 0, 32);
}

/** Kc of a usage. */
export function k5DeriveSign(etype: i32, key: usize, usage: u32, out: usize): void {
  const length = macKeyLength(etype);
  derive(etype, key, usage, 0x99, length);
  hmacKey(hashOf(etype), out, DERIVED, length);
  memory.fill(DERIVED, 0, 32);
}

/** Encrypts C | P, `length` bytes in all; returns the length of what it wrote. */
export function k5Encrypt(etype: i32, seal: usize, input: usize, length: i32, output: usize): i32 {
  k5Start(etype, seal, STATE);
  k5EncryptPiece(etype, seal, STATE, input, output, length, 1);
  k5Finish(etype, seal, STATE, output + length);
  return length + macLength(etype);
}

/** Verifies and decrypts; returns the length of C | P, or -1 with nothing left in `output`. */
export function k5Decrypt(etype: i32, seal: usize, input: usize, length: i32, output: usize): i32 {
  length -= macLength(etype);
  if (length < CONFOUNDER) return -1;
  k5Start(etype, seal, STATE);
  k5DecryptPiece(etype, seal, STATE, input, output, length, 1);
  k5Finish(etype, seal, STATE, MAC);
  const same = equal(MAC, input + length, macLength(etype));
  memory.fill(MAC, 0, MAX_CHAIN);
  if (same) return length;
  memory.fill(output, 0, length);
  return -1;
}

export function k5Start(etype: i32, seal: usize, state: usize): void {
  hmacStart(hashOf(etype), state, seal + KI);
  v128.store(state + IV, i32x4.splat(0));
  if (isSha2(etype)) hashUpdate(hashOf(etype), state, state + IV, 16);
}

export function k5EncryptPiece(etype: i32, seal: usize, state: usize, input: usize, output: usize, length: i32, last: i32): void {
  if (!isSha2(etype)) return aesSha1Encrypt(seal, state + IV, state, input, output, length, last);
  if (last) aesCtsEncrypt(seal, state + IV, input, output, length);
  else aesCbcEncrypt(seal, state + IV, input, output, length >> 4);
  hashUpdate(hashOf(etype), state, output, length);
}

export function k5DecryptPiece(etype: i32, seal: usize, state: usize, input: usize, output: usize, length: i32, last: i32): void {
  if (!isSha2(etype)) return aesSha1Decrypt(seal, state + IV, state, input, output, length, last);
  hashUpdate(hashOf(etype), state, input, length);
  if (last) aesCtsDecrypt(seal, state + IV, input, output, length);
  else aesCbcDecrypt(seal, state + IV, input, output, length >> 4);
}

/** Writes the MAC, cut to its length, and wipes the state. */
export function k5Finish(etype: i32, seal: usize, state: usize, mac: usize): void {
  hmacFinish(hashOf(etype), state, seal + KI, DIGEST);
  memory.copy(mac, DIGEST, macLength(etype));
  memory.fill(DIGEST, 0, MAX_CHAIN);
  v128.store(state + IV, i32x4.splat(0));
}

// RFC 8009 §5: Kc and Ki are as long as the MAC; RFC 3961 §5.3: as long as the protocol key
function macKeyLength(etype: i32): i32 {
  return isSha2(etype) ? macLength(etype) : keyLength(etype);
}

function derive(etype: i32, key: usize, usage: u32, which: u8, length: i32): void {
  usageConstant(usage, which, CONSTANT);
  krb5Derive(etype, key, CONSTANT, 5, DERIVED, length);
  store<u64>(CONSTANT, 0);
}

const CONSTANT: usize = memory.data(8, 8);
const DERIVED: usize = memory.data(32, 16);
const STATE: usize = memory.data(K5_STATE, 16);
const MAC: usize = memory.data(MAX_CHAIN, 16);
const DIGEST: usize = memory.data(MAX_CHAIN, 16);
