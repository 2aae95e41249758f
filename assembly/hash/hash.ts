import { final, HASH_STATE, init, update } from './merkle-damgard';
import { Md4 } from './md4';
import { Md5 } from './md5';
import { Sha1 } from './sha1';
import { Sha256 } from './sha256';
import { Sha384, Sha512 } from './sha512';

export { HASH_STATE };

/** Algorithm ids: index into the tables of this file, and what the host passes. */
export const HASH_MD4: i32 = 0;
export const HASH_MD5: i32 = 1;
export const HASH_SHA1: i32 = 2;
export const HASH_SHA256: i32 = 3;
export const HASH_SHA384: i32 = 4;
export const HASH_SHA512: i32 = 5;

/** Digest length in bytes. */
export function hashLength(algorithm: i32): i32 {
  return load<u8>(DIGEST + algorithm);
}

/** Block length in bytes. */
export function hashBlock(algorithm: i32): i32 {
  return algorithm < HASH_SHA384 ? 64 : 128;
}

export function hashInit(algorithm: i32, state: usize): void {
  switch (algorithm) {
    case HASH_MD4: return init<Md4>(state);
    case HASH_MD5: return init<Md5>(state);
    case HASH_SHA1: return init<Sha1>(state);
    case HASH_SHA256: return init<Sha256>(state);
    case HASH_SHA384: return init<Sha384>(state);
    default: return init<Sha512>(state);
  }
}

export function hashUpdate(algorithm: i32, state: usize, data: usize, length: i32): void {
  switch (algorithm) {
    case HASH_MD4: return update<Md4>(state, data, length);
    case HASH_MD5: return update<Md5>(state, data, length);
    case HASH_SHA1: return update<Sha1>(state, data, length);
    case HASH_SHA256: return update<Sha256>(state, data, length);
    default: return update<Sha512>(state, data, length);
  }
}

/** Writes the digest and wipes the state. */
export function hashFinal(algorithm: i32, state: usize, out: usize): void {
  switch (algorithm) {
    case HASH_MD4: return final<Md4>(state, out);
    case HASH_MD5: return final<Md5>(state, out);
    case HASH_SHA1: return final<Sha1>(state, out);
    case HASH_SHA256: return final<Sha256>(state, out);
    case HASH_SHA384: return final<Sha384>(state, out);
    default: return final<Sha512>(state, out);
  }
}

const DIGEST: usize = memory.data<u8>([16, 16, 20, 32, 48, 64]);
