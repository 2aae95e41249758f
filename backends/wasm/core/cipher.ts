import { core } from './instance.ts';
import { feed } from './windows.ts';

export interface Rc4 {
  /** Encrypts or decrypts, and goes on from there. */
  update(data: Uint8Array): Uint8Array;
  /** The same, over the data's own memory. */
  updateInPlace(data: Uint8Array): void;
  /** Wipes the state; idempotent. */
  dispose(): void;
}

/** An RC4 stream; the key has 1 to 256 bytes. Its state lives outside core.wasm between the calls. */
export function createRc4(key: Uint8Array): Rc4 {
  if (key.length < 1 || key.length > 256) throw new RangeError(`RC4: a key of 1 to 256 bytes expected, ${key.length} came`);
  const { exports, input, output, key: window } = core();
  const size = exports.RC4_STATE.value;
  const address = exports.KEY.value;
  const state = new Uint8Array(size);
  let open = true;

  input.set(key);
  exports.rc4Init(address, exports.INPUT.value, key.length);
  state.set(window.subarray(0, size));
  exports.wipe(key.length, 0, size);

  const run = (data: Uint8Array, into: Uint8Array) => {
    if (!open) throw new TypeError('the RC4 stream was already disposed of');
    window.set(state);
    const used = feed(data, (piece, length, from) => {
      exports.rc4(address, piece, exports.OUTPUT.value, length);
      into.set(output.subarray(0, length), from);
    });
    state.set(window.subarray(0, size));
    exports.wipe(used, used, size);
  };
  return {
    update(data) {
      const result = new Uint8Array(data.length);
      run(data, result);
      return result;
    },
    updateInPlace(data) {
      run(data, data);
    },
    dispose() {
      open = false;
      state.fill(0);
    },
  };
}

/** DES of one block of 8 bytes with a key of 8 (FIPS 46-3); the key's parity bits are ignored. */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  expectLength('a DES key', key, 8);
  expectLength('a DES block', block, 8);
  const { exports, input, output, key: window } = core();
  window.set(key);
  input.set(block);
  exports.desEncrypt(exports.KEY.value, exports.INPUT.value, exports.OUTPUT.value);
  const result = output.slice(0, 8);
  exports.wipe(8, 8, 8);
  return result;
}

/** 7 bytes of key spread over 8, each with odd parity. */
export function desExpandKey(key7: Uint8Array): Uint8Array {
  expectLength('a DES key without parity', key7, 7);
  const { exports, input, output } = core();
  input.set(key7);
  exports.desExpandKey(exports.INPUT.value, exports.OUTPUT.value);
  const result = output.slice(0, 8);
  exports.wipe(7, 8, 0);
  return result;
}

function expectLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${what} has ${length} bytes, ${bytes.length} came`);
}
