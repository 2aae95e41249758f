import { md4Compress } from './md4';
import { md5Compress } from './md5';
import { sha1Compress } from './sha1';
import { sha256Compress } from './sha256';
import { sha512Compress } from './sha512';

/*
 * The buffer that MD4, MD5, SHA-1 and SHA-2 have in common (RFC 1320 §3.1-3.2, RFC 6234 §4). A state is memory of the caller's:
 *
 *    0  chaining value, in the hash's own words (16 to 64 bytes)
 *   64  bytes hashed so far, u64
 *   72  unused
 *   80  the block that fills, 64 or 128 bytes
 */
export const LENGTH: usize = 64;
export const BUFFER: usize = 80;
/** A state that holds any of the hashes. */
export const HASH_STATE: i32 = 208;
export const MD5_STATE: i32 = 144;
/** The longest chaining value, and so the longest digest. */
export const MAX_CHAIN: i32 = 64;

/** Algorithm ids, as the host passes them. */
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
@inline
export function hashBlock(algorithm: i32): i32 {
  return algorithm < HASH_SHA384 ? 64 : 128;
}

export function hashInit(algorithm: i32, state: usize): void {
  hashStart(algorithm, state);
  store<u64>(state, 0, LENGTH);
}

export function hashUpdate(algorithm: i32, state: usize, data: usize, length: i32): void {
  const block = hashBlock(algorithm);
  const total = load<u64>(state, LENGTH);
  const used = <i32>total & (block - 1);
  store<u64>(state, total + <u64>length, LENGTH);
  if (used > 0) {
    const room = block - used;
    if (length < room) {
      memory.copy(state + BUFFER + used, data, length);
      return;
    }
    memory.copy(state + BUFFER + used, data, room);
    hashCompress(algorithm, state, state + BUFFER, 1);
    data += room;
    length -= room;
  }
  const whole = length & -block;
  if (whole > 0) hashCompress(algorithm, state, data, whole / block);
  memory.copy(state + BUFFER, data + whole, length - whole);
}

/** Writes the digest and wipes the state. */
export function hashFinal(algorithm: i32, state: usize, out: usize): void {
  const block = hashBlock(algorithm);
  const total = load<u64>(state, LENGTH);
  const buffer = state + BUFFER;
  const used = <i32>total & (block - 1);
  const shift = <u64>(used & 7) << 3;
  let at = used & -8;

  store<u64>(buffer + at, (load<u64>(buffer + at) & ~(<u64>-1 << shift)) | (<u64>0x80 << shift));
  at += 8;
  // SHA-384 and SHA-512 count in 128 bits, of which the upper 64 stay zero.
  if (at > block - (block >> 3)) {
    zero(buffer + at, block - at);
    hashCompress(algorithm, state, buffer, 1);
    at = 0;
  }
  zero(buffer + at, block - at);
  hashBits(algorithm, buffer + block - 8, total << 3);
  hashCompress(algorithm, state, buffer, 1);

  hashDigest(algorithm, state, out);
  zero(state, <i32>BUFFER + block);
}

export function md5Init(state: usize): void {
  hashInit(HASH_MD5, state);
}

export function md5Update(state: usize, data: usize, length: i32): void {
  hashUpdate(HASH_MD5, state, data, length);
}

/** Writes the digest and wipes the state. */
export function md5Final(state: usize, out: usize): void {
  hashFinal(HASH_MD5, state, out);
}

export function md5(data: usize, length: i32, out: usize): void {
  oneShot(HASH_MD5, data, length, out);
}

export function md4(data: usize, length: i32, out: usize): void {
  oneShot(HASH_MD4, data, length, out);
}

/** Sets the chaining value alone. */
export function hashStart(algorithm: i32, state: usize): void {
  if (algorithm <= HASH_SHA1) memory.copy(state, START, 20);
  else if (algorithm == HASH_SHA384) memory.copy(state, START_384, 64);
  else if (algorithm == HASH_SHA512) memory.copy(state, START_512, 64);
  // RFC 6234 §6.1 and §6.3: SHA-256 starts with the upper halves of SHA-512's words
  else for (let i = 0; i < 32; i += 4) store<u32>(state + i, load<u32>(START_512 + (i << 1), 4));
}

/** Folds whole blocks into the chaining value. */
export function hashCompress(algorithm: i32, state: usize, data: usize, blocks: i32): void {
  switch (algorithm) {
    case HASH_MD4: return md4Compress(state, data, blocks);
    case HASH_MD5: return md5Compress(state, data, blocks);
    case HASH_SHA1: return sha1Compress(state, data, blocks);
    case HASH_SHA256: return sha256Compress(state, data, blocks);
    default: return sha512Compress(state, data, blocks);
  }
}

/** The chaining value as bytes, cut to the digest. */
export function hashDigest(algorithm: i32, state: usize, out: usize): void {
  const length = hashLength(algorithm);
  if (algorithm <= HASH_MD5) v128.store(out, v128.load(state));
  else if (algorithm < HASH_SHA384) for (let i = 0; i < length; i += 4) store<u32>(out + i, bswap(load<u32>(state + i)));
  else for (let i = 0; i < length; i += 8) store<u64>(out + i, bswap(load<u64>(state + i)));
}

/** The length in bits, as a last block ends with it. */
@inline
export function hashBits(algorithm: i32, at: usize, bits: u64): void {
  store<u64>(at, algorithm <= HASH_MD5 ? bits : bswap(bits));
}

// whole words; a loop costs less than memory.fill does for so few
@inline
function zero(at: usize, length: i32): void {
  for (const end = at + <usize>length; at < end; at += 8) store<u64>(at, 0);
}

function oneShot(algorithm: i32, data: usize, length: i32, out: usize): void {
  hashInit(algorithm, ONE_SHOT);
  hashUpdate(algorithm, ONE_SHOT, data, length);
  hashFinal(algorithm, ONE_SHOT, out);
}

const ONE_SHOT: usize = memory.data(HASH_STATE, 16);
const DIGEST: usize = memory.data<u8>([16, 16, 20, 32, 48, 64]);
const START: usize = memory.data<u32>([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0], 16);
const START_384: usize = memory.data<u64>([
  0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
  0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
], 16);
const START_512: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
], 16);
