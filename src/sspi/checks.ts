import type { SecBuffer } from '../../backends/contract/buffers.ts';
import { SECURITY_NATIVE_DREP, SECURITY_NETWORK_DREP } from '../../backends/contract/constants.ts';

// Misuse by the program is a TypeError or a RangeError; what a peer or a package refuses is an SspiError.

const NONE: readonly never[] = [];

/** The buffers of one direction; none when absent. */
export function checkBuffers(buffers: SecBuffer[] | undefined, name: string): SecBuffer[] {
  if (buffers === undefined) return NONE as unknown as SecBuffer[];
  if (!Array.isArray(buffers)) throw new TypeError(`${name} must be an array of { type, data }`);
  for (let index = 0; index < buffers.length; index++) {
    const buffer = buffers[index];
    if (typeof buffer !== 'object' || buffer === null) throw new TypeError(`${name}[${index}] must be { type, data }`);
    if (!(buffer.data instanceof Uint8Array)) throw new TypeError(`${name}[${index}].data must be a Uint8Array`);
    if (!isUint32(buffer.type)) throw new RangeError(`${name}[${index}].type must be a SECBUFFER_* number`);
  }
  return buffers;
}

/** A 32-bit mask, also when composed with JavaScript's signed operators. */
export function checkFlags(flags: number | undefined, name: string): number {
  if (flags === undefined) return 0;
  if (typeof flags !== 'number') throw new TypeError(`${name} must be a number`);
  if (!isUint32(flags)) throw new RangeError(`${name} must be a 32-bit mask`);
  return flags >>> 0;
}

/**
 * SECURITY_NETWORK_DREP (the default) or SECURITY_NATIVE_DREP. The tokens of these packages fix their own byte order,
 * so both give the same bytes, as on Windows.
 */
export function checkDataRep(targetDataRep: number | undefined): number {
  if (targetDataRep === undefined) return SECURITY_NETWORK_DREP;
  if (targetDataRep !== SECURITY_NATIVE_DREP && targetDataRep !== SECURITY_NETWORK_DREP) {
    throw new RangeError('targetDataRep must be SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP');
  }
  return targetDataRep;
}

export function checkString(value: string | undefined, name: string): void {
  if (value !== undefined && typeof value !== 'string') throw new TypeError(`${name} must be a string`);
}

export function checkBytes(value: Uint8Array, name: string): void {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
}

function isUint32(value: number): boolean {
  return value >>> 0 === value || (value | 0) === value;
}
