import { BUFFER, final, HASH_STATE, init, LENGTH, MAX_CHAIN, update } from './merkle-damgard';
import { Md4 } from './md4';
import { Md5, MD5_STATE } from './md5';
import { Sha1 } from './sha1';
import { Sha256 } from './sha256';
import { Sha384, Sha512 } from './sha512';
import { HASH_MD4, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, hashUpdate } from './hash';

/*
 * HMAC (RFC 2104). A key is used as the two chaining values that it leads to, made once:
 *
 *    0  after the block K XOR ipad
 *   64  after the block K XOR opad
 *
 * so a message costs its own blocks and two more compressions at most. The key of HMAC-MD5 alone is packed: 16 + 16 bytes.
 */
export const HMAC_KEY: i32 = 2 * MAX_CHAIN;
export const HMAC_MD5_KEY: i32 = 32;
/** A running HMAC with its key behind it. */
export const HMAC_STATE: i32 = HASH_STATE + HMAC_KEY;
export const HMAC_MD5_STATE: i32 = MD5_STATE + HMAC_MD5_KEY;

/** Writes HMAC_KEY bytes at `key`. The key may have any length. */
export function hmacKey(algorithm: i32, key: usize, bytes: usize, length: i32): void {
  switch (algorithm) {
    case HASH_MD4: return prepare<Md4>(key, MAX_CHAIN, bytes, length);
    case HASH_MD5: return prepare<Md5>(key, MAX_CHAIN, bytes, length);
    case HASH_SHA1: return prepare<Sha1>(key, MAX_CHAIN, bytes, length);
    case HASH_SHA256: return prepare<Sha256>(key, MAX_CHAIN, bytes, length);
    case HASH_SHA384: return prepare<Sha384>(key, MAX_CHAIN, bytes, length);
    default: return prepare<Sha512>(key, MAX_CHAIN, bytes, length);
  }
}

/** Begins a message: `state` (HASH_STATE bytes) then takes `hashUpdate`. */
export function hmacStart(algorithm: i32, state: usize, key: usize): void {
  memory.copy(state, key, MAX_CHAIN);
  store<u64>(state, algorithm < HASH_SHA384 ? 64 : 128, LENGTH);
}

/** Writes the MAC and wipes the state; the key stays. */
export function hmacFinish(algorithm: i32, state: usize, key: usize, out: usize): void {
  switch (algorithm) {
    case HASH_MD4: return finish<Md4>(state, key + MAX_CHAIN, out);
    case HASH_MD5: return finish<Md5>(state, key + MAX_CHAIN, out);
    case HASH_SHA1: return finish<Sha1>(state, key + MAX_CHAIN, out);
    case HASH_SHA256: return finish<Sha256>(state, key + MAX_CHAIN, out);
    case HASH_SHA384: return finish<Sha384>(state, key + MAX_CHAIN, out);
    default: return finish<Sha512>(state, key + MAX_CHAIN, out);
  }
}

/** `state`: HMAC_STATE bytes. */
export function hmacInit(algorithm: i32, state: usize, key: usize, keyLength: i32): void {
  hmacKey(algorithm, state + HASH_STATE, key, keyLength);
  hmacStart(algorithm, state, state + HASH_STATE);
}

export function hmacUpdate(algorithm: i32, state: usize, data: usize, length: i32): void {
  hashUpdate(algorithm, state, data, length);
}

/** Writes the MAC and wipes the state with its key. */
export function hmacFinal(algorithm: i32, state: usize, out: usize): void {
  hmacFinish(algorithm, state, state + HASH_STATE, out);
  memory.fill(state + HASH_STATE, 0, HMAC_KEY);
}

/** `key`: HMAC_MD5_KEY bytes, kept for as many messages as there are. */
export function hmacMd5Key(key: usize, bytes: usize, length: i32): void {
  prepare<Md5>(key, 16, bytes, length);
}

/** Begins a message: `state` (MD5_STATE bytes) then takes `md5Update`. */
export function hmacMd5Start(state: usize, key: usize): void {
  v128.store(state, v128.load(key));
  store<u64>(state, 64, LENGTH);
}

/** Writes the MAC and wipes the state; the key stays. */
export function hmacMd5Finish(state: usize, key: usize, out: usize): void {
  finish<Md5>(state, key + 16, out);
}

/** `state`: HMAC_MD5_STATE bytes. */
export function hmacMd5Init(state: usize, key: usize, keyLength: i32): void {
  hmacMd5Key(state + MD5_STATE, key, keyLength);
  hmacMd5Start(state, state + MD5_STATE);
}

export function hmacMd5Update(state: usize, data: usize, length: i32): void {
  update<Md5>(state, data, length);
}

/** Writes the MAC and wipes the state with its key. */
export function hmacMd5Final(state: usize, out: usize): void {
  hmacMd5Finish(state, state + MD5_STATE, out);
  memory.fill(state + MD5_STATE, 0, HMAC_MD5_KEY);
}

function prepare<H>(key: usize, apart: i32, bytes: usize, length: i32): void {
  const hash = changetype<H>(STATE);
  const block = hash.block;
  memory.fill(PAD, 0, block);
  if (length > block) {
    init<H>(STATE);
    update<H>(STATE, bytes, length);
    final<H>(STATE, PAD);
  } else {
    memory.copy(PAD, bytes, length);
  }
  pad<H>(0x3636363636363636);
  memory.copy(key, STATE, apart);
  pad<H>(0x3636363636363636 ^ 0x5c5c5c5c5c5c5c5c);
  memory.copy(key + apart, STATE, apart);
  memory.fill(STATE, 0, HASH_STATE);
  memory.fill(PAD, 0, block);
}

function pad<H>(change: u64): void {
  const hash = changetype<H>(STATE);
  for (let i = 0; i < hash.block; i += 8) store<u64>(PAD + i, load<u64>(PAD + i) ^ change);
  hash.start();
  hash.compress(PAD, 1);
}

function finish<H>(state: usize, opad: usize, out: usize): void {
  const hash = changetype<H>(state);
  final<H>(state, INNER);
  memory.copy(state, opad, hash.chain);
  memory.copy(state + BUFFER, INNER, hash.digest);
  store<u64>(state, hash.block + hash.digest, LENGTH);
  final<H>(state, out);
  memory.fill(INNER, 0, hash.digest);
}

const INNER: usize = memory.data(MAX_CHAIN, 16);
const STATE: usize = memory.data(HASH_STATE, 16);
const PAD: usize = memory.data(128, 16);
