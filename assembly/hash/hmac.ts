import {
  BUFFER, HASH_MD5, HASH_STATE, hashBlock, hashCompress, hashFinal, hashInit, hashLength, hashStart, hashUpdate, LENGTH, MAX_CHAIN,
} from './hash';

/*
 * HMAC (RFC 2104). A key is used as the two chaining values that it leads to, made once:
 *
 *    0  after the block K XOR ipad
 *   64  after the block K XOR opad
 *
 * so a message costs its own blocks and two more compressions at most. A key for HMAC-MD5 alone is packed: 16 + 16 bytes.
 */
export const HMAC_KEY: i32 = 2 * MAX_CHAIN;
export const HMAC_MD5_KEY: i32 = 32;

/** Writes HMAC_KEY bytes at `key`. The key may have any length. */
export function hmacKey(algorithm: i32, key: usize, bytes: usize, length: i32): void {
  prepare(algorithm, key, MAX_CHAIN, bytes, length);
}

/** Begins a message: `state` (HASH_STATE bytes) then takes `hashUpdate`. */
export function hmacStart(algorithm: i32, state: usize, key: usize): void {
  memory.copy(state, key, MAX_CHAIN);
  store<u64>(state, hashBlock(algorithm), LENGTH);
}

/** Writes the MAC and wipes the state; the key stays. */
export function hmacFinish(algorithm: i32, state: usize, key: usize, out: usize): void {
  finish(algorithm, state, key + MAX_CHAIN, MAX_CHAIN, out);
}

/** `key`: HMAC_MD5_KEY bytes, kept for as many messages as there are. */
export function hmacMd5Key(key: usize, bytes: usize, length: i32): void {
  prepare(HASH_MD5, key, 16, bytes, length);
}

/** Begins a message: `state` (MD5_STATE bytes) then takes `md5Update`. */
export function hmacMd5Start(state: usize, key: usize): void {
  v128.store(state, v128.load(key));
  store<u64>(state, 64, LENGTH);
}

/** Writes the MAC and wipes the state; the key stays. */
export function hmacMd5Finish(state: usize, key: usize, out: usize): void {
  finish(HASH_MD5, state, key + 16, 16, out);
}

// the two chaining values, `apart` bytes from each other
function prepare(algorithm: i32, key: usize, apart: i32, bytes: usize, length: i32): void {
  const block = hashBlock(algorithm);
  memory.fill(PAD, 0, block);
  if (length > block) {
    hashInit(algorithm, STATE);
    hashUpdate(algorithm, STATE, bytes, length);
    hashFinal(algorithm, STATE, PAD);
  } else {
    memory.copy(PAD, bytes, length);
  }
  pad(algorithm, 0x36);
  memory.copy(key, STATE, apart);
  pad(algorithm, 0x36 ^ 0x5c);
  memory.copy(key + apart, STATE, apart);
  memory.fill(STATE, 0, HASH_STATE);
  memory.fill(PAD, 0, block);
}

function pad(algorithm: i32, change: i8): void {
  for (let i = 0; i < hashBlock(algorithm); i += 16) v128.store(PAD + i, v128.xor(v128.load(PAD + i), i8x16.splat(change)));
  hashStart(algorithm, STATE);
  hashCompress(algorithm, STATE, PAD, 1);
}

function finish(algorithm: i32, state: usize, opad: usize, length: i32, out: usize): void {
  const digest = hashLength(algorithm);
  hashFinal(algorithm, state, INNER);
  memory.copy(state, opad, length);
  memory.copy(state + BUFFER, INNER, digest);
  store<u64>(state, hashBlock(algorithm) + digest, LENGTH);
  hashFinal(algorithm, state, out);
  memory.fill(INNER, 0, digest);
}

const INNER: usize = memory.data(MAX_CHAIN, 16);
const STATE: usize = memory.data(HASH_STATE, 16);
const PAD: usize = memory.data(128, 16);
