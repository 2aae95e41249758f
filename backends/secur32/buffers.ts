import type { SecBuffer } from '../contract/buffers.ts';
import { SECBUFFER_ATTRMASK } from '../contract/constants.ts';
import type { Frame } from './frame.ts';

const SECBUFFER_VERSION = 0;

/** SecBuffers as they lie in a frame, for one call. */
export interface NativeBuffers {
  /** Of the SecBufferDesc. */
  readonly address: number;
  /** Of the buffer's SecBuffer. */
  readonly at: readonly number[];
  /** Where each buffer's memory was before the call. */
  readonly memory: readonly number[];
}

/** A buffer that goes in with its bytes, or one of so many bytes that comes out. */
export type BufferSpec = SecBuffer | { type: number; length: number };

/** How many bytes `putBuffers` takes. */
export function roomFor(buffers: readonly BufferSpec[]): number {
  return buffers.reduce((sum, buffer) => sum + lengthOf(buffer) + 48, 64);
}

/** Lays a SecBufferDesc, its SecBuffers and copies of their bytes into the frame. */
export function putBuffers(frame: Frame, buffers: readonly BufferSpec[]): NativeBuffers {
  const { SecBufferDesc, SecBuffer } = frame.layouts;
  const address = frame.reserve(SecBufferDesc.size);
  const array = frame.reserve(SecBuffer.size * buffers.length);
  frame.setUint32(address + SecBufferDesc.ulVersion, SECBUFFER_VERSION);
  frame.setUint32(address + SecBufferDesc.cBuffers, buffers.length);
  frame.setPointer(address + SecBufferDesc.pBuffers, array);
  const at: number[] = [];
  const memory: number[] = [];
  buffers.forEach((spec, index) => {
    const buffer = array + index * SecBuffer.size;
    const length = lengthOf(spec);
    const bytes = length === 0 ? 0 : 'data' in spec ? frame.put(spec.data) : frame.reserve(length);
    frame.setUint32(buffer + SecBuffer.cbBuffer, length);
    frame.setUint32(buffer + SecBuffer.BufferType, spec.type);
    frame.setPointer(buffer + SecBuffer.pvBuffer, bytes);
    at.push(buffer);
    memory.push(bytes);
  });
  return { address, at, memory };
}

/** What a call left in a SecBuffer. */
export function readBuffer(frame: Frame, address: number): { length: number; type: number; pointer: number } {
  const { SecBuffer } = frame.layouts;
  return {
    length: frame.getUint32(address + SecBuffer.cbBuffer), type: frame.getUint32(address + SecBuffer.BufferType), pointer: frame.getPointer(address + SecBuffer.pvBuffer),
  };
}

function lengthOf(buffer: BufferSpec): number {
  return 'data' in buffer ? buffer.data.length : buffer.length;
}

/** SECBUFFER_*, without the READONLY bits. */
export function bufferType(type: number): number {
  return type & ~SECBUFFER_ATTRMASK;
}

/** The first buffer of a type, whatever its READONLY bits; undefined when there is none. */
export function findBuffer(buffers: readonly SecBuffer[], type: number): SecBuffer | undefined {
  return buffers.find((buffer) => bufferType(buffer.type) === type);
}
