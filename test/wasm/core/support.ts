import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { core } from '../../../backends/wasm/core/instance.ts';

export function vectors<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8')) as T;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Runs `use`, and fails unless it left all of core.wasm's memory, windows and static areas, as it was, also where it throws. */
export function leavesNoTrace<T>(use: () => T): T {
  const memory = new Uint8Array(core().exports.memory.buffer);
  const before = Buffer.from(memory);
  try {
    return use();
  } finally {
    const at = before.equals(memory) ? -1 : memory.findIndex((byte, index) => byte !== before[index]);
    assert.is(at, -1, `the memory is changed at ${at}`);
  }
}
