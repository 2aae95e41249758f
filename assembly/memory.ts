/*
 * The memory of core.wasm is fixed: it never grows, so the views that the host makes once never detach.
 *
 *   INPUT    what a call reads: one message, or several fields one behind the other
 *   OUTPUT   what a call writes
 *   KEY      keys and cipher states that go in, and come back changed
 *   SCRATCH  a call's own working memory
 *   SCHEDULE a hash's message schedule
 *
 * A caller writes INPUT and KEY, calls, reads OUTPUT and KEY, and wipes what it used with `wipe`.
 * Longer messages pass through in pieces of at most CHUNK bytes.
 */

/** The longest token that is accepted, in bytes; a longer one is refused before it gets here. */
export const MAX_TOKEN: i32 = 0xffff;
/** Bulk data (a sealed message, a hashed stream) crosses in pieces of at most this many bytes. */
export const CHUNK: i32 = 0x10000;

export const INPUT_CAPACITY: i32 = 0x14000;
export const OUTPUT_CAPACITY: i32 = 0x14000;
export const KEY_CAPACITY: i32 = 0x1000;
const SCRATCH_CAPACITY: i32 = 0x1000;
export const SCHEDULE_CAPACITY: i32 = 640; // SHA-512's 80 words

export const INPUT: usize = memory.data(INPUT_CAPACITY, 64);
export const OUTPUT: usize = memory.data(OUTPUT_CAPACITY, 64);
export const KEY: usize = memory.data(KEY_CAPACITY, 64);
export const SCRATCH: usize = memory.data(SCRATCH_CAPACITY, 64);
export const SCHEDULE: usize = memory.data(SCHEDULE_CAPACITY, 64);

/** Zeroes the first bytes of each window, and all of the working memory. */
export function wipe(input: i32, output: i32, key: i32): void {
  memory.fill(INPUT, 0, input);
  memory.fill(OUTPUT, 0, output);
  memory.fill(KEY, 0, key);
  memory.fill(SCRATCH, 0, SCRATCH_CAPACITY);
  memory.fill(SCHEDULE, 0, SCHEDULE_CAPACITY);
}
