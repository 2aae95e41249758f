import { SspiError } from '../contract/errors.ts';

/**
 * A SecHandle that the DLL owns. It is freed once: when it was closed and no call uses it any more, whichever comes last.
 */
export class NativeHandle {
  /** The SecHandle's bytes; opaque. */
  bytes: Uint8Array;
  readonly #free: (bytes: Uint8Array) => void;
  #uses = 0;
  #closed = false;
  #freed = false;

  constructor(bytes: Uint8Array, free: (bytes: Uint8Array) => void) {
    this.bytes = bytes;
    this.#free = free;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** A call with it is under way on another thread. */
  get isUsed(): boolean {
    return this.#uses > 0;
  }

  /** Something uses it from now on; each use is ended by one `done`. Throws SEC_E_INVALID_HANDLE once it was freed. */
  use(): void {
    if (this.#freed) throw new SspiError('SEC_E_INVALID_HANDLE', 'this handle was given back to the system');
    this.#uses++;
  }

  done(): void {
    this.#uses--;
    this.#freeUnused();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#freeUnused();
  }

  #freeUnused(): void {
    if (!this.#closed || this.#uses > 0 || this.#freed) return;
    this.#freed = true;
    young.delete(this);
    this.#free(this.bytes);
  }
}

/** One handle that another keeps in use: a handshake its credential, to the end, whatever its owner does with it. */
export class Hold {
  #held: NativeHandle | null = null;

  /** In place of the one that is held. */
  take(handle: NativeHandle): void {
    if (this.#held === handle) return;
    this.release();
    handle.use();
    this.#held = handle;
  }

  /** Idempotent. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    held?.done();
  }
}

/**
 * Closes what belongs to an object that nobody can reach any more; it must not lead to the object. The last resort: when that happens is for the
 * collector to say. Most are closed by their owner within moments, and to register each one with the collector would cost more than all else
 * of a leg: so they are held until then, and those that are still open after a while are registered.
 */
export function closeWhenForgotten(owner: object, handle: Closable): void {
  young.set(handle, owner);
  timer ??= unreferenced(setTimeout(grow, MOMENT));
}

function grow(): void {
  timer = undefined;
  forgotten ??= new FinalizationRegistry((handle) => handle.close());
  for (const [handle, owner] of young) forgotten.register(owner, handle);
  young.clear();
}

/** A timer that does not keep the process alive, where a runtime has such. */
function unreferenced(started: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  (started as { unref?(): void }).unref?.();
  return started;
}

/** Milliseconds. */
const MOMENT = 100;
/** What is open and not registered yet, with its owner. */
const young = new Map<Closable, object>();
let timer: ReturnType<typeof setTimeout> | undefined;
let forgotten: FinalizationRegistry<Closable> | undefined;

interface Closable {
  close(): void;
}
