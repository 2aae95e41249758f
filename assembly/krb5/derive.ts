import { AES_KEY, aesExpandKey } from '../cipher/aes';
import { aesCbcEncrypt } from '../cipher/aes-cbc';
import { HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_STATE, hashUpdate } from '../hash/hash';
import { HMAC_KEY, hmacFinish, hmacKey, hmacStart } from '../hash/hmac';
import { nFold } from './n-fold';

/** The AES etypes' numbers; RC4 (23) is rc4-hmac.ts. */
export const AES128_SHA1: i32 = 17;
export const AES256_SHA1: i32 = 18;
export const AES128_SHA256: i32 = 19;
export const AES256_SHA384: i32 = 20;

@inline
export function isSha2(etype: i32): bool {
  return etype >= AES128_SHA256;
}

/** 17 and 19: 16 bytes; 18 and 20: 32. */
@inline
export function keyLength(etype: i32): i32 {
  return etype & 1 ? 16 : 32;
}

export function hashOf(etype: i32): i32 {
  return etype == AES128_SHA256 ? HASH_SHA256 : etype == AES256_SHA384 ? HASH_SHA384 : HASH_SHA1;
}

/** HMACs are cut to this many bytes (RFC 3962 §6, RFC 8009 §5). */
export function macLength(etype: i32): i32 {
  return etype == AES128_SHA256 ? 16 : etype == AES256_SHA384 ? 24 : 12;
}

/**
 * A key of `outLength` bytes out of a protocol key.
 *
 *   RFC 3961 §5.1:  DK = k-truncate(K1 | K2 …), K1 = E(key, n-fold(constant)), K2 = E(key, K1)
 *   RFC 8009 §3:    KDF-HMAC-SHA2 = k-truncate(HMAC(key, 0x00000001 | constant | 0x00 | k)), k in bits
 */
export function krb5Derive(etype: i32, key: usize, constant: usize, length: i32, out: usize, outLength: i32): void {
  if (isSha2(etype)) {
    const hash = hashOf(etype);
    hmacKey(hash, HMAC, key, keyLength(etype));
    hmacStart(hash, STATE, HMAC);
    store<u32>(BLOCK, 0x01000000);
    hashUpdate(hash, STATE, BLOCK, 4);
    hashUpdate(hash, STATE, constant, length);
    store<u8>(BLOCK, 0);
    store<u32>(BLOCK, bswap<u32>(outLength << 3), 1);
    hashUpdate(hash, STATE, BLOCK, 5);
    hmacFinish(hash, STATE, HMAC, BLOCK);
    memory.copy(out, BLOCK, outLength);
    memory.fill(HMAC, 0, HMAC_KEY);
  } else {
    aesExpandKey(SCHEDULE, key, keyLength(etype));
    nFold(constant, length, BLOCK, 16);
    for (; outLength > 0; outLength -= 16, out += 16) {
      v128.store(IV, i32x4.splat(0));
      aesCbcEncrypt(SCHEDULE, IV, BLOCK, BLOCK, 1);
      v128.store(out, v128.load(BLOCK));
    }
    memory.fill(SCHEDULE, 0, AES_KEY);
    v128.store(IV, i32x4.splat(0));
  }
  memory.fill(BLOCK, 0, 48);
}

/** The constant of a usage: its number, then which key is wanted. `out`: 5 bytes. */
export function usageConstant(usage: u32, which: u8, out: usize): void {
  store<u32>(out, bswap(usage));
  store<u8>(out, which, 4);
}

const SCHEDULE: usize = memory.data(AES_KEY, 16);
const HMAC: usize = memory.data(HMAC_KEY, 16);
const STATE: usize = memory.data(HASH_STATE, 16);
const BLOCK: usize = memory.data(48, 16);
const IV: usize = memory.data(16, 16);
