import type { SecPkgInfo } from '../contract/attributes.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { newCounts, type Secur32Counts } from './counts.ts';
import { type Frame, FramePool } from './frame.ts';
import { type FunctionName, MOST_AT_ONCE, type Secur32Library } from './library.ts';
import { isSuccess, nativeError } from './status.ts';

/** secur32.dll as this backend uses it: calls, the memory that they share, and what is owed to the DLL. */
export class Secur32 {
  readonly library: Secur32Library;
  readonly frames: FramePool;
  readonly counts: Secur32Counts = newCounts();
  readonly #packages = new Map<string, SecPkgInfo>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(library: Secur32Library) {
    this.library = library;
    this.frames = new FramePool(library);
  }

  /** The status, unsigned. */
  call(name: FunctionName, ...values: number[]): number {
    return this.library.call(name, ...values) >>> 0;
  }

  /** As `call`; throws the error of a status that is one. */
  check(name: FunctionName, ...values: number[]): number {
    const status = this.call(name, ...values);
    if (!isSuccess(status)) throw nativeError(status, name);
    return status;
  }

  /** As `call`, on another thread, in the order of the calls. */
  async callAsync(name: FunctionName, ...values: number[]): Promise<number> {
    if (this.#running >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    this.counts.calls.acquired++;
    try {
      return (await this.library.callAsync(name, ...values)) >>> 0;
    } finally {
      this.#running--;
      this.counts.calls.freed++;
      this.#waiting.shift()?.();
    }
  }

  /** Runs with memory for one call, which is wiped in the end. */
  framed<Result>(room: number, run: (frame: Frame) => Result): Result {
    const frame = this.frames.take(room);
    try {
      return run(frame);
    } finally {
      frame.release();
    }
  }

  /** A string that the DLL allocated; null for NULL. */
  takeString(address: number): string | null {
    if (address === 0) return null;
    this.counts.buffers.acquired++;
    try {
      return this.library.readString(address);
    } finally {
      this.#free(address);
    }
  }

  /** Bytes that the DLL allocated: a key, a token. Its own copy is wiped. */
  takeBytes(address: number, length: number): Uint8Array {
    if (address === 0) return new Uint8Array(0);
    this.counts.buffers.acquired++;
    try {
      const bytes = this.library.read(address, length);
      if (length > 0) this.library.wipe(address, length);
      return bytes;
    } finally {
      this.#free(address);
    }
  }

  /** A SecPkgInfoW that the DLL allocated, with its strings. */
  takePackageInfo(address: number): SecPkgInfo {
    return this.takePackages(address, 1)[0]!;
  }

  /** An array of SecPkgInfoW in one allocation. Throws SEC_E_INVALID_HANDLE for NULL, which Negotiate gives while it knows no package yet. */
  takePackages(address: number, count: number): SecPkgInfo[] {
    if (address === 0) throw new SspiError('SEC_E_INVALID_HANDLE', 'the system names no package');
    this.counts.buffers.acquired++;
    try {
      const { SecPkgInfoW: layout } = this.frames.layouts;
      const bytes = this.library.read(address, layout.size * count);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const string = (at: number) => {
        const pointer = this.library.pointerSize === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
        return pointer === 0 ? '' : this.library.readString(pointer);
      };
      return Array.from({ length: count }, (_, index) => {
        const at = index * layout.size;
        return {
          capabilities: view.getUint32(at + layout.fCapabilities, true), version: view.getUint16(at + layout.wVersion, true), rpcId: view.getUint16(at + layout.wRPCID, true),
          maxToken: view.getUint32(at + layout.cbMaxToken, true), name: string(at + layout.Name) as PackageName, comment: string(at + layout.Comment),
        };
      });
    } finally {
      this.#free(address);
    }
  }

  /** QuerySecurityPackageInfo; a package is what it is while the process lives. Throws SEC_E_SECPKG_NOT_FOUND. */
  packageInfo(name: PackageName): SecPkgInfo {
    let info = this.#packages.get(name);
    if (info === undefined) {
      info = this.framed(2 * name.length, (frame) => {
        const found = frame.reserve(8);
        const status = this.call('QuerySecurityPackageInfoW', frame.putString(name, 'package'), found);
        if (!isSuccess(status)) throw nativeError(status, `QuerySecurityPackageInfoW(${JSON.stringify(name)})`);
        return this.takePackageInfo(frame.getPointer(found));
      });
      this.#packages.set(name, info);
    }
    return { ...info };
  }

  #free(address: number): void {
    if (isSuccess(this.call('FreeContextBuffer', address))) this.counts.buffers.freed++;
  }
}
