import { core } from './instance.ts';

const CHUNK = 0x10000; // assembly/memory.ts

/**
 * Brings data of any length into INPUT, piece after piece, and hands each piece's address, length and place in the data to `take`.
 * Returns how many bytes of the window were used, for `wipe`.
 */
export function feed(data: Uint8Array, take: (address: number, length: number, from: number) => void): number {
  const { exports, input } = core();
  for (let from = 0; from < data.length; from += CHUNK) {
    const piece = data.length <= CHUNK ? data : data.subarray(from, from + CHUNK);
    input.set(piece);
    take(exports.INPUT.value, piece.length, from);
  }
  return Math.min(data.length, CHUNK);
}
