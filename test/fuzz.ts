/** A seeded source of numbers: the same seed gives the same cases on every machine, so that a failure can be told by its seed. */
export interface Rng {
  /** An integer in [0, 2^32). */
  next(): number;
  /** An integer in [0, limit); 0 for a limit below 1. */
  below(limit: number): number;
  bytes(length: number): Uint8Array;
  pick<T>(items: readonly T[]): T;
}

/** Marsaglia's xorshift32 with Weyl's sequence added: short, and good enough to choose where to hit a token. */
export function rng(seed: number): Rng {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  let weyl = seed | 0;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    weyl = (weyl + 0x61c88647) | 0;
    return (state + weyl) >>> 0;
  };
  const below = (limit: number) => (limit < 1 ? 0 : Math.floor((next() / 0x100000000) * limit));
  return {
    next,
    below,
    bytes: (length) => Uint8Array.from({ length }, () => next() >>> 24),
    pick: (items) => {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[below(items.length)]!;
    },
  };
}

/** One to three injuries to a copy of `bytes`; the original is not touched. */
export function mutate(bytes: Uint8Array, random: Rng): Uint8Array {
  let mutated: Uint8Array = bytes.slice();
  for (let injuries = 1 + random.below(3); injuries > 0; injuries--) mutated = random.pick(INJURIES)(mutated, random);
  return mutated;
}

type Injury = (bytes: Uint8Array, random: Rng) => Uint8Array;

/** Values that sit on the edges of length and offset checks. */
const EDGES = [0, 1, 2, 7, 8, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff];

function flipBit(bytes: Uint8Array, random: Rng): Uint8Array {
  if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
  return bytes;
}

function setByte(bytes: Uint8Array, random: Rng): Uint8Array {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.next() >>> 24;
  return bytes;
}

function setEdge(bytes: Uint8Array, random: Rng): Uint8Array {
  const width = random.pick([1, 2, 4]);
  if (bytes.length < width) return bytes;
  const at = random.below(bytes.length - width + 1);
  const value = random.below(3) === 0 ? random.below(bytes.length + 8) : random.pick(EDGES);
  const littleEndian = random.below(2) === 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (width === 1) view.setUint8(at, value & 0xff);
  else if (width === 2) view.setUint16(at, value & 0xffff, littleEndian);
  else view.setUint32(at, value, littleEndian);
  return bytes;
}

function truncate(bytes: Uint8Array, random: Rng): Uint8Array {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function remove(bytes: Uint8Array, random: Rng): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(bytes.length - at, 32) + 1);
  return concat(bytes.subarray(0, at), bytes.subarray(at + length));
}

function insert(bytes: Uint8Array, random: Rng): Uint8Array {
  const at = random.below(bytes.length + 1);
  return concat(bytes.subarray(0, at), random.bytes(1 + random.below(16)), bytes.subarray(at));
}

function repeat(bytes: Uint8Array, random: Rng): Uint8Array {
  const at = random.below(bytes.length + 1);
  const stretch = bytes.slice(at, at + 1 + random.below(32));
  return concat(bytes.subarray(0, at), stretch, bytes.subarray(at));
}

function swap(bytes: Uint8Array, random: Rng): Uint8Array {
  if (bytes.length < 2) return bytes;
  const length = 1 + random.below(Math.min(8, bytes.length >> 1));
  const a = random.below(bytes.length - length + 1);
  const b = random.below(bytes.length - length + 1);
  const kept = bytes.slice(a, a + length);
  bytes.copyWithin(a, b, b + length);
  bytes.set(kept, b);
  return bytes;
}

function concat(...pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

const INJURIES: readonly Injury[] = [flipBit, flipBit, setByte, setEdge, setEdge, truncate, remove, insert, repeat, swap];
