import { HASH_MD4, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, hashBlock, hashLength, hashUpdate } from './hash';
import { HMAC_KEY, hmacFinish, hmacKey, hmacStart } from './hmac';
import { digest, HASH_STATE, MAX_CHAIN } from './merkle-damgard';
import { Md4 } from './md4';
import { Md5 } from './md5';
import { Sha1 } from './sha1';
import { Sha256 } from './sha256';
import { Sha384, Sha512 } from './sha512';

/**
 * PBKDF2 with HMAC (RFC 8018 §5.2), `length` bytes at `out`. The time goes with `iterations`, whose bounds are the caller's care.
 *
 *   T_i = U_1 xor U_2 xor … xor U_c      U_1 = HMAC(P, S | INT(i))      U_n = HMAC(P, U_n-1)
 */
export function pbkdf2(algorithm: i32, password: usize, passwordLength: i32, salt: usize, saltLength: i32, iterations: u32, out: usize, length: i32): void {
  const hLen = hashLength(algorithm);
  const block = hashBlock(algorithm);
  hmacKey(algorithm, KEY, password, passwordLength);
  for (let i: u32 = 1; length > 0; i++) {
    store<u32>(INDEX, bswap(i));
    hmacStart(algorithm, STATE, KEY);
    hashUpdate(algorithm, STATE, salt, saltLength);
    hashUpdate(algorithm, STATE, INDEX, 4);
    hmacFinish(algorithm, STATE, KEY, U);
    memory.copy(T, U, hLen);
    // From here on both hashes of an HMAC read one block behind the pad's: the digest and its padding.
    memory.fill(U + hLen, 0, block - hLen);
    store<u8>(U + hLen, 0x80);
    const bits = <u64>(block + hLen) << 3;
    store<u64>(U + block - 8, algorithm <= HASH_MD5 ? bits : bswap(bits));
    iterate(algorithm, iterations - 1);
    const part = min(length, hLen);
    memory.copy(out, T, part);
    out += part;
    length -= part;
  }
  memory.fill(KEY, 0, HMAC_KEY);
  memory.fill(STATE, 0, HASH_STATE);
  memory.fill(U, 0, 128);
  memory.fill(T, 0, MAX_CHAIN);
  store<u32>(INDEX, 0);
}

function iterate(algorithm: i32, count: u32): void {
  switch (algorithm) {
    case HASH_MD4: return chain<Md4>(count);
    case HASH_MD5: return chain<Md5>(count);
    case HASH_SHA1: return chain<Sha1>(count);
    case HASH_SHA256: return chain<Sha256>(count);
    case HASH_SHA384: return chain<Sha384>(count);
    default: return chain<Sha512>(count);
  }
}

function chain<H>(count: u32): void {
  const hash = changetype<H>(STATE);
  for (; count > 0; count--) {
    fold<H>(KEY);
    fold<H>(KEY + MAX_CHAIN);
    for (let i = 0; i < hash.digest; i += 4) store<u32>(T + i, load<u32>(T + i) ^ load<u32>(U + i));
  }
}

@inline
function fold<H>(start: usize): void {
  const hash = changetype<H>(STATE);
  for (let i = 0; i < hash.chain; i += 4) store<u32>(STATE + i, load<u32>(start + i));
  hash.compress(U, 1);
  digest<H>(STATE, U);
}

const KEY: usize = memory.data(HMAC_KEY, 16);
const STATE: usize = memory.data(HASH_STATE, 16);
const U: usize = memory.data(128, 16);
const T: usize = memory.data(MAX_CHAIN, 16);
const INDEX: usize = memory.data(4, 4);
