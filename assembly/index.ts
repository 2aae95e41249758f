/*
 * The whole ABI of core.wasm. Bytes pass through the windows of memory.ts; arguments and results are numbers;
 * nothing is imported, nothing is thrown.
 */
export { CHUNK, INPUT, INPUT_CAPACITY, KEY, KEY_CAPACITY, MAX_TOKEN, OUTPUT, OUTPUT_CAPACITY, wipe } from './memory';
