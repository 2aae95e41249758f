/**
 * A SecHandle that the DLL owns. It is freed once: when it was closed and no call uses it any more, whichever comes last.
 */
export class NativeHandle {
  /** The SecHandle's bytes; opaque. */
  bytes: Uint8Array;
  readonly #free: (bytes: Uint8Array) => void;
  #uses = 0;
  #closed = false;

  constructor(bytes: Uint8Array, free: (bytes: Uint8Array) => void) {
    this.bytes = bytes;
    this.#free = free;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Something uses it from now on; each use is ended by one `done`. */
  use(): void {
    this.#uses++;
  }

  done(): void {
    this.#uses--;
    if (this.#closed && this.#uses === 0) this.#free(this.bytes);
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#uses === 0) this.#free(this.bytes);
  }
}

/** Closes the handle of an object that nobody can reach any more. The last resort: when that happens is for the collector to say. */
export function closeWhenForgotten(owner: object, handle: NativeHandle): void {
  forgotten ??= new FinalizationRegistry((forgottenHandle) => forgottenHandle.close());
  forgotten.register(owner, handle);
}

let forgotten: FinalizationRegistry<NativeHandle> | undefined;
