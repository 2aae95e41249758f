import type { Block } from '../../backends/secur32/library.ts';
import { type Layouts, layouts, type PointerSize } from '../../backends/secur32/structs.ts';

/** An address space: blocks that the backend allocated, and a heap of the DLL's own whose pieces must be given back. */
export class FakeMemory {
  readonly pointerSize: PointerSize;
  readonly layouts: Layouts;
  readonly #blocks: Block[] = [];
  /** Address to bytes, of what the DLL allocated and nobody freed. */
  readonly heap = new Map<number, Uint8Array>();
  /** What the DLL allocated, as its bytes were when it was freed. */
  readonly freed: Uint8Array[] = [];
  #nextBlock: number;
  #nextHeap: number;

  constructor(pointerSize: PointerSize) {
    this.pointerSize = pointerSize;
    this.layouts = layouts(pointerSize);
    this.#nextBlock = pointerSize === 4 ? 0x8000_0000 : 0x2_0000_0000; // what a signed or a 32-bit number would not hold
    this.#nextHeap = pointerSize === 4 ? 0xc000_0000 : 0x7ff_0000_0000;
  }

  allocate(length: number): Block {
    const bytes = new Uint8Array(length);
    return { bytes, address: this.adopt(bytes) };
  }

  /** Gives memory an address. */
  adopt(bytes: Uint8Array): number {
    const address = this.#nextBlock;
    this.#nextBlock += bytes.length + 0x1000;
    this.#blocks.push({ bytes, address });
    return address;
  }

  /** Every block that the backend ever had. */
  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** A view of memory, which must all belong to one block or one piece of the heap. */
  at(address: number, length: number): Uint8Array {
    for (const { bytes, address: start } of this.#blocks) {
      if (address >= start && address + length <= start + bytes.length) return bytes.subarray(address - start, address - start + length);
    }
    for (const [start, bytes] of this.heap) {
      if (address >= start && address + length <= start + bytes.length) return bytes.subarray(address - start, address - start + length);
    }
    throw new Error(`access violation: ${length} bytes at 0x${address.toString(16)}`);
  }

  /** Gives bytes to the DLL's heap; their address. */
  give(bytes: Uint8Array): number {
    const address = this.#nextHeap;
    this.#nextHeap += Math.ceil((bytes.length + 1) / 16) * 16;
    this.heap.set(address, bytes);
    return address;
  }

  giveString(text: string): number {
    return this.give(utf16(`${text}\0`));
  }

  /** FreeContextBuffer; false for what was never given, or freed already. */
  free(address: number): boolean {
    const bytes = this.heap.get(address);
    if (bytes === undefined) return false;
    this.freed.push(bytes);
    return this.heap.delete(address);
  }

  uint32(address: number): number {
    return view(this.at(address, 4)).getUint32(0, true);
  }

  setUint32(address: number, value: number): void {
    view(this.at(address, 4)).setUint32(0, value, true);
  }

  pointer(address: number): number {
    const bytes = view(this.at(address, this.pointerSize));
    return this.pointerSize === 4 ? bytes.getUint32(0, true) : Number(bytes.getBigUint64(0, true));
  }

  setPointer(address: number, value: number): void {
    const bytes = view(this.at(address, this.pointerSize));
    if (this.pointerSize === 4) bytes.setUint32(0, value, true);
    else bytes.setBigUint64(0, BigInt(value), true);
  }

  string(address: number): string {
    let text = '';
    for (let at = address; ; at += 2) {
      const unit = view(this.at(at, 2)).getUint16(0, true);
      if (unit === 0) return text;
      text += String.fromCharCode(unit);
    }
  }

  /** So many UTF-16 units. */
  units(address: number, length: number): string {
    return Buffer.from(this.at(address, 2 * length)).toString('utf16le');
  }

  /** The SecBuffers of a SecBufferDesc; [] for NULL. */
  buffers(desc: number): FakeBuffer[] {
    if (desc === 0) return [];
    const { SecBufferDesc, SecBuffer } = this.layouts;
    if (this.uint32(desc + SecBufferDesc.ulVersion) !== 0) throw new Error('SECBUFFER_VERSION expected');
    const array = this.pointer(desc + SecBufferDesc.pBuffers);
    return Array.from({ length: this.uint32(desc + SecBufferDesc.cBuffers) }, (_, index) => {
      const at = array + index * SecBuffer.size;
      const length = this.uint32(at + SecBuffer.cbBuffer);
      const pointer = this.pointer(at + SecBuffer.pvBuffer);
      return { at, type: this.uint32(at + SecBuffer.BufferType), pointer, data: length === 0 ? new Uint8Array(0) : this.at(pointer, length) };
    });
  }

  /** Writes a SecBuffer's length, and its bytes where its pointer leads. */
  fill(buffer: FakeBuffer, bytes: Uint8Array): void {
    if (bytes.length > 0) this.at(buffer.pointer, bytes.length).set(bytes);
    this.setUint32(buffer.at + this.layouts.SecBuffer.cbBuffer, bytes.length);
  }
}

export interface FakeBuffer {
  /** Of its SecBuffer. */
  at: number;
  type: number;
  pointer: number;
  /** A view. */
  data: Uint8Array;
}

export function utf16(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf16le'));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
