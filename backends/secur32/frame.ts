import type { Block, Secur32Library } from './library.ts';
import { type Layouts, layouts, type PointerSize } from './structs.ts';

const ALIGNMENT = 16;
const SMALLEST = 4096;
/** Frames of one size that wait for the next call. */
const KEPT = 8;

/** Memory for the calls, used again and again: a fresh frame for each call would cost more than many a call. */
export class FramePool {
  readonly library: Secur32Library;
  readonly layouts: Layouts;
  readonly #waiting = new Map<number, Frame[]>();
  readonly #keep = (frame: Frame, size: number): void => {
    const waiting = this.#waiting.get(size);
    if (waiting === undefined) this.#waiting.set(size, [frame]);
    else if (waiting.length < KEPT) waiting.push(frame);
  };

  constructor(library: Secur32Library) {
    this.library = library;
    this.layouts = layouts(library.pointerSize);
  }

  /** Memory for one call; `room` bytes and what structures need besides. Give it back with `release`. */
  take(room: number): Frame {
    let size = SMALLEST;
    while (size < room + SMALLEST / 2) size *= 2;
    return this.#waiting.get(size)?.pop() ?? new Frame(this.library.allocate(size), this.layouts, this.library.pointerSize, this.#keep);
  }
}

/**
 * The memory of one call: structures, strings and buffers one after the other, each aligned, at addresses that the DLL is given.
 * What was used is wiped at the end: it may have held a password, a session key or a message.
 */
export class Frame {
  readonly layouts: Layouts;
  readonly #block: Block;
  readonly #view: DataView;
  readonly #pointerSize: PointerSize;
  readonly #keep: (frame: Frame, size: number) => void;
  #top = 0;

  constructor(block: Block, layouts: Layouts, pointerSize: PointerSize, keep: (frame: Frame, size: number) => void) {
    this.#block = block;
    this.#view = new DataView(block.bytes.buffer, block.bytes.byteOffset, block.bytes.byteLength);
    this.layouts = layouts;
    this.#pointerSize = pointerSize;
    this.#keep = keep;
  }

  /** Zeroed room; its address. */
  reserve(length: number): number {
    const at = this.#top;
    const top = at + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    if (top > this.#block.bytes.length) throw new RangeError(`a frame of ${this.#block.bytes.length} bytes has no room for ${length} more than ${at}`);
    this.#top = top;
    return this.#block.address + at;
  }

  put(bytes: Uint8Array): number {
    const address = this.reserve(bytes.length);
    this.#block.bytes.set(bytes, address - this.#block.address);
    return address;
  }

  /** UTF-16LE with its zero. Throws a TypeError for text that holds a zero itself: the DLL would see less than the caller wrote. */
  putString(text: string, what: string): number {
    if (text.includes('\0')) throw new TypeError(`${what} holds a NUL character`);
    const address = this.reserve(2 * text.length + 2);
    const start = address - this.#block.address;
    for (let unit = 0; unit < text.length; unit++) this.#view.setUint16(start + 2 * unit, text.charCodeAt(unit), true);
    return address;
  }

  setUint32(address: number, value: number): void {
    this.#view.setUint32(address - this.#block.address, value, true);
  }

  getUint32(address: number): number {
    return this.#view.getUint32(address - this.#block.address, true);
  }

  setPointer(address: number, value: number): void {
    const at = address - this.#block.address;
    this.#view.setUint32(at, value % 2 ** 32, true);
    if (this.#pointerSize === 8) this.#view.setUint32(at + 4, value / 2 ** 32, true);
  }

  getPointer(address: number): number {
    const at = address - this.#block.address;
    const low = this.#view.getUint32(at, true);
    return this.#pointerSize === 4 ? low : this.#view.getUint32(at + 4, true) * 2 ** 32 + low;
  }

  /** A LARGE_INTEGER. */
  getInt64(address: number): bigint {
    return this.#view.getBigInt64(address - this.#block.address, true);
  }

  /** A view that ends with the frame. */
  bytes(address: number, length: number): Uint8Array {
    const at = address - this.#block.address;
    return this.#block.bytes.subarray(at, at + length);
  }

  copy(address: number, length: number): Uint8Array {
    const at = address - this.#block.address;
    return this.#block.bytes.slice(at, at + length);
  }

  /** Wipes what was used, and lets the next call have the memory: the last that is done with it. */
  release(): void {
    this.#block.bytes.fill(0, 0, this.#top);
    this.#top = 0;
    this.#keep(this, this.#block.bytes.length);
  }
}
