import { HASH_STATE, hashBits, hashBlock, hashCompress, hashDigest, hashLength, hashUpdate, MAX_CHAIN } from './hash';
import { HMAC_KEY, hmacFinish, hmacKey, hmacStart } from './hmac';

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
    hashBits(algorithm, U + block - 8, <u64>(block + hLen) << 3);
    for (let n: u32 = 1; n < iterations; n++) {
      fold(algorithm, KEY);
      fold(algorithm, KEY + MAX_CHAIN);
      // past the digest this only mixes what is not used
      for (let k = 0; k < hLen; k += 16) v128.store(T + k, v128.xor(v128.load(T + k), v128.load(U + k)));
    }
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

function fold(algorithm: i32, start: usize): void {
  for (let k = 0; k < MAX_CHAIN; k += 16) v128.store(STATE + k, v128.load(start + k));
  hashCompress(algorithm, STATE, U, 1);
  hashDigest(algorithm, STATE, U);
}

const KEY: usize = memory.data(HMAC_KEY, 16);
const STATE: usize = memory.data(HASH_STATE, 16);
const U: usize = memory.data(128, 16);
const T: usize = memory.data(MAX_CHAIN, 16);
const INDEX: usize = memory.data(4, 4);
