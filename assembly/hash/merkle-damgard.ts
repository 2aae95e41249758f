/*
 * The buffer that MD4, MD5, SHA-1 and SHA-2 have in common (RFC 1320 §3.1-3.2, RFC 6234 §4). A state is memory of the caller's:
 *
 *    0  chaining value, in the hash's own words (16 to 64 bytes)
 *   64  bytes hashed so far, u64
 *   72  unused
 *   80  the block that fills, 64 or 128 bytes
 *
 * A hash is an unmanaged class laid over that memory: `start` sets the chaining value and `compress` folds whole blocks into it.
 */
export const LENGTH: usize = 64;
export const BUFFER: usize = 80;
/** A state that holds any of the hashes. */
export const HASH_STATE: i32 = 208;
/** The longest chaining value, and so the longest digest. */
export const MAX_CHAIN: i32 = 64;

export function init<H>(state: usize): void {
  changetype<H>(state).start();
  store<u64>(state, 0, LENGTH);
}

export function update<H>(state: usize, data: usize, length: i32): void {
  const hash = changetype<H>(state);
  const total = load<u64>(state, LENGTH);
  const used = <i32>total & (hash.block - 1);
  store<u64>(state, total + <u64>length, LENGTH);
  if (used > 0) {
    const room = hash.block - used;
    if (length < room) {
      memory.copy(state + BUFFER + used, data, length);
      return;
    }
    memory.copy(state + BUFFER + used, data, room);
    hash.compress(state + BUFFER, 1);
    data += room;
    length -= room;
  }
  const whole = length & -hash.block;
  if (whole > 0) hash.compress(data, whole / hash.block);
  memory.copy(state + BUFFER, data + whole, length - whole);
}

/** Writes the digest and wipes the state. */
export function final<H>(state: usize, out: usize): void {
  const hash = changetype<H>(state);
  const block = hash.block;
  const total = load<u64>(state, LENGTH);
  const buffer = state + BUFFER;
  const bits = total << 3;
  let used = <i32>total & (block - 1);

  store<u8>(buffer + used++, 0x80);
  // SHA-384 and SHA-512 count in 128 bits, of which the upper 64 stay zero.
  if (used > block - (block >> 3)) {
    memory.fill(buffer + used, 0, block - used);
    hash.compress(buffer, 1);
    used = 0;
  }
  memory.fill(buffer + used, 0, block - used);
  store<u64>(buffer + block - 8, hash.bigEndian ? bswap(bits) : bits);
  hash.compress(buffer, 1);

  digest<H>(state, out);
  memory.fill(state, 0, BUFFER + block);
}

/** The chaining value as bytes, cut to the digest. */
@inline
export function digest<H>(state: usize, out: usize): void {
  const hash = changetype<H>(state);
  if (!hash.bigEndian) {
    memory.copy(out, state, hash.digest);
  } else if (hash.block == 128) {
    for (let i = 0; i < hash.digest; i += 8) store<u64>(out + i, bswap(load<u64>(state + i)));
  } else {
    for (let i = 0; i < hash.digest; i += 4) store<u32>(out + i, bswap(load<u32>(state + i)));
  }
}

export function oneShot<H>(data: usize, length: i32, out: usize): void {
  init<H>(ONE_SHOT);
  update<H>(ONE_SHOT, data, length);
  final<H>(ONE_SHOT, out);
}

const ONE_SHOT: usize = memory.data(HASH_STATE, 16);
