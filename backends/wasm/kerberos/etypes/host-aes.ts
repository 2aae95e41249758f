import { deriveKey, macLength } from '../../core/krb5.ts';
import { constantTimeEqual } from '../../core/mac.ts';

/*
 * The AES etypes over the host's own cryptography, where it has one that answers at once (node:crypto; Bun and Deno have it too).
 * It costs more to begin than core.wasm and is several times as fast after that, so it is for long messages.
 * The layouts are those of assembly/krb5/aes-profile.ts, and the bytes are the same.
 */
export interface HostAes {
  /** What EncryptedData carries. */
  seal(confounder: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext without its confounder, or null when the checksum differs. */
  open(ciphertext: Uint8Array): Uint8Array | null;
  /** Wipes the keys; idempotent. */
  dispose(): void;
}

/** From how many bytes on it gains: at 1024 core.wasm is ahead by a sixth, at 2048 behind by as much (Node 20, aes256-cts-hmac-sha1-96). */
export const HOST_AES_FROM = 2048;

/** Null where the host has none. `etype` is 17 to 20. */
export function createHostAes(etype: number, key: Uint8Array, usage: number): HostAes | null {
  const crypto = hostCrypto();
  if (crypto === null) return null;
  const sha2 = etype >= 19;
  const length = macLength(etype);
  const ke = deriveKey(etype, key, constant(usage, 0xaa), key.length);
  const ki = deriveKey(etype, key, constant(usage, 0x55), sha2 ? length : key.length);
  const algorithm = `aes-${key.length * 8}-cbc`;
  const hash = etype === 19 ? 'sha256' : etype === 20 ? 'sha384' : 'sha1';
  const mac = (...parts: readonly Uint8Array[]) => {
    const hmac = crypto.createHmac(hash, ki);
    for (const part of parts) hmac.update(part);
    return hmac.digest().subarray(0, length);
  };
  const decrypt = (iv: Uint8Array, blocks: Uint8Array) => crypto.createDecipheriv(algorithm, ke, iv).setAutoPadding(false).update(blocks);

  return {
    seal(confounder, plaintext) {
      const size = BLOCK + plaintext.length;
      const { head, tail } = split(size);
      const padded = new Uint8Array(head + 2 * BLOCK);
      padded.set(confounder);
      padded.set(plaintext, BLOCK);
      const cbc = crypto.createCipheriv(algorithm, ke, ZERO).setAutoPadding(false).update(padded);
      // C_1 … C_n and what is left of C_n-1
      const sealed = new Uint8Array(size + length);
      sealed.set(cbc.subarray(0, head));
      sealed.set(cbc.subarray(head + BLOCK), head);
      sealed.set(cbc.subarray(head, head + tail), head + BLOCK);
      const check = sha2 ? mac(ZERO, sealed.subarray(0, size)) : mac(padded.subarray(0, size));
      sealed.set(check, size);
      padded.fill(0);
      return sealed;
    },
    open(ciphertext) {
      const size = ciphertext.length - length;
      const { head, tail } = split(size);
      const encrypted = ciphertext.subarray(0, size);
      const check = ciphertext.subarray(size);
      if (sha2 && !constantTimeEqual(mac(ZERO, encrypted), check)) return null;
      // D(C_n) shows past the tail what was cut off C_n-1
      const last = encrypted.subarray(head, head + BLOCK);
      const cut = decrypt(ZERO, last).subarray(tail);
      const cbc = new Uint8Array(head + 2 * BLOCK);
      cbc.set(encrypted.subarray(0, head));
      cbc.set(encrypted.subarray(head + BLOCK), head);
      cbc.set(cut, head + tail);
      cbc.set(last, head + BLOCK);
      const basic = decrypt(ZERO, cbc).subarray(0, size);
      if (!sha2 && !constantTimeEqual(mac(basic), check)) {
        basic.fill(0);
        return null;
      }
      return new Uint8Array(basic.subarray(BLOCK));
    },
    dispose() {
      ke.fill(0);
      ki.fill(0);
    },
  };
}

// ciphertext stealing: all blocks but the last two, and the length of the last; more than one block is there
function split(size: number): { head: number; tail: number } {
  const tail = ((size - 1) & 15) + 1;
  return { head: size - tail - BLOCK, tail };
}

function constant(usage: number, which: number): Uint8Array {
  return new Uint8Array([usage >>> 24, usage >>> 16, usage >>> 8, usage, which]);
}

type NodeCrypto = typeof import('node:crypto');
let found: NodeCrypto | null | undefined;

// Asked for at run time, so that no bundle for a browser or an edge runtime has to resolve it.
function hostCrypto(): NodeCrypto | null {
  if (found === undefined) {
    found = null;
    try {
      const crypto = globalThis.process?.getBuiltinModule?.('node:crypto');
      if (crypto?.createCipheriv('aes-256-cbc', new Uint8Array(32), ZERO).setAutoPadding(false).update(ZERO).length === BLOCK) found = crypto;
    } catch {
      // a host that has the module without the cipher: core.wasm does it
    }
  }
  return found;
}

const BLOCK = 16;
const ZERO = new Uint8Array(BLOCK);
