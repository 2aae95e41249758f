import { core } from './instance.ts';
import { feed } from './windows.ts';

export type HashAlgorithm = 'md4' | 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** The digest of the parts, one behind the other. */
export function hash(algorithm: HashAlgorithm, ...parts: readonly Uint8Array[]): Uint8Array {
  const { exports, output } = core();
  const id = hashId(algorithm);
  const state = exports.KEY.value;
  let used = 0;
  exports.hashInit(id, state);
  for (const part of parts) used = Math.max(used, feed(part, (data, length) => exports.hashUpdate(id, state, data, length)));
  exports.hashFinal(id, state, exports.OUTPUT.value);
  const digest = output.slice(0, exports.hashLength(id));
  exports.wipe(used, digest.length, exports.HASH_STATE.value);
  return digest;
}

export interface Hash {
  update(data: Uint8Array): Hash;
  /** The digest; the hash is used up. */
  digest(): Uint8Array;
  /** Wipes the state; idempotent. */
  dispose(): void;
}

/** A hash that is fed as the data comes. Its state lives outside core.wasm between the calls, so any number may run at a time. */
export function createHash(algorithm: HashAlgorithm): Hash {
  const { exports, output, key } = core();
  const id = hashId(algorithm);
  const size = exports.HASH_STATE.value;
  const address = exports.KEY.value;
  const state = new Uint8Array(size);
  let open = true;

  exports.hashInit(id, address);
  state.set(key.subarray(0, size));
  exports.wipe(0, 0, size);

  const enter = () => {
    if (!open) throw new TypeError('the hash was already used up');
    key.set(state);
  };
  return {
    update(data) {
      enter();
      const used = feed(data, (from, length) => exports.hashUpdate(id, address, from, length));
      state.set(key.subarray(0, size));
      exports.wipe(used, 0, size);
      return this;
    },
    digest() {
      enter();
      this.dispose();
      exports.hashFinal(id, address, exports.OUTPUT.value);
      const digest = output.slice(0, exports.hashLength(id));
      exports.wipe(0, digest.length, size);
      return digest;
    },
    dispose() {
      open = false;
      state.fill(0);
    },
  };
}

/** CRC-32 (IEEE 802.3) of the parts, one behind the other. */
export function crc32(...parts: readonly Uint8Array[]): number {
  const { exports } = core();
  let crc = 0;
  let used = 0;
  for (const part of parts) used = Math.max(used, feed(part, (data, length) => { crc = exports.crc32Update(crc, data, length); }));
  exports.wipe(used, 0, 0);
  return crc >>> 0;
}

/** What assembly/hash/hash.ts calls the algorithm. */
export function hashId(algorithm: HashAlgorithm): number {
  const id = NAMES.indexOf(algorithm);
  if (id < 0) throw new TypeError(`no such hash: ${String(algorithm)}`);
  return id;
}

const NAMES: readonly HashAlgorithm[] = ['md4', 'md5', 'sha1', 'sha256', 'sha384', 'sha512'];
