import { concat } from '../../contract/bytes.ts';
import { createRc4 } from './cipher.ts';
import { hash, hashId, type HashAlgorithm } from './hash.ts';
import { core } from './instance.ts';
import { constantTimeEqual } from './mac.ts';
import { keep } from './slab.ts';
import { feed } from './windows.ts';

/*
 * Kerberos' encryption types as core.wasm computes them. `etype` is 17 to 20 or 23 and checked by the caller; `usage` is already the
 * etype's own number. Keys of a usage are opaque, secret, and the caller's to keep and to wipe.
 */

/** n-fold of RFC 3961 §5.1; lengths in bytes. */
export function nFold(input: Uint8Array, length: number): Uint8Array {
  const { exports, input: window, output } = core();
  window.set(input);
  exports.nFold(exports.INPUT.value, input.length, exports.OUTPUT.value, length);
  const folded = output.slice(0, length);
  exports.wipe(input.length, length, 0);
  return folded;
}

/** DK of RFC 3961 for 17 and 18, KDF-HMAC-SHA2 of RFC 8009 for 19 and 20; `length` in bytes. */
export function deriveKey(etype: number, key: Uint8Array, constant: Uint8Array, length: number): Uint8Array {
  const { exports, input, output, key: window } = core();
  window.set(key);
  input.set(constant);
  exports.krb5Derive(etype, exports.KEY.value, exports.INPUT.value, constant.length, exports.OUTPUT.value, length);
  const derived = output.slice(0, length);
  exports.wipe(constant.length, length + 16, key.length);
  return derived;
}

/** What encrypts and decrypts under a usage. */
export function deriveSealKeys(etype: number, key: Uint8Array, usage: number): Uint8Array {
  const { exports } = core();
  return derived(key, (etype === RC4 ? exports.RC4_SEAL : exports.K5_SEAL).value, (at, out) => {
    if (etype === RC4) exports.rc4DeriveSeal(at, usage, out);
    else exports.k5DeriveSeal(etype, at, usage, out);
  });
}

/** What makes checksums under a usage. */
export function deriveSignKeys(etype: number, key: Uint8Array, usage: number): Uint8Array {
  const { exports } = core();
  return derived(key, (etype === RC4 ? exports.RC4_SIGN : exports.K5_SIGN).value, (at, out) => {
    if (etype === RC4) exports.rc4DeriveSign(at, usage, out);
    else exports.k5DeriveSign(etype, at, usage, out);
  });
}

/** Length of the confounder in bytes. */
export function confounderLength(etype: number): number {
  return etype === RC4 ? 8 : 16;
}

/** The ciphertext as EncryptedData carries it: confounder and checksum included. */
export function seal(etype: number, keys: Uint8Array, confounder: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const { exports, input, output, key } = core();
  const length = confounder.length + plaintext.length;
  if (length > CHUNK) return etype === RC4 ? rc4SealLong(keys, concat(confounder, plaintext)) : sealLong(etype, keys, concat(confounder, plaintext));
  key.set(keys);
  input.set(confounder);
  input.set(plaintext, confounder.length);
  const [at, from, to] = [exports.KEY.value, exports.INPUT.value, exports.OUTPUT.value];
  const written = etype === RC4 ? exports.rc4HmacEncrypt(at, from, length, to) : exports.k5Encrypt(etype, at, from, length, to);
  const sealed = output.slice(0, written);
  exports.wipe(length, written, keys.length);
  return sealed;
}

/** The plaintext without its confounder, or null when the checksum differs. */
export function open(etype: number, keys: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  const { exports, input, output, key } = core();
  if (ciphertext.length > CHUNK) return etype === RC4 ? rc4OpenLong(keys, ciphertext) : openLong(etype, keys, ciphertext);
  key.set(keys);
  input.set(ciphertext);
  const [at, from, to] = [exports.KEY.value, exports.INPUT.value, exports.OUTPUT.value];
  const written = etype === RC4 ? exports.rc4HmacDecrypt(at, from, ciphertext.length, to) : exports.k5Decrypt(etype, at, from, ciphertext.length, to);
  const opened = written < 0 ? null : output.slice(confounderLength(etype), written);
  exports.wipe(ciphertext.length, Math.max(written, 0), keys.length);
  return opened;
}

/** AES's part of `seal` alone: what is returned carries no checksum. `plain` begins with the confounder. */
export function sealUnsigned(etype: number, keys: Uint8Array, plain: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(plain.length);
  inPieces('k5EncryptPiece', etype, keys, plain, sealed).fill(0);
  return sealed;
}

/** AES's part of `open` alone, confounder included: nothing of it may leave before a checksum was compared. */
export function openUnchecked(etype: number, keys: Uint8Array, sealed: Uint8Array): Uint8Array {
  const plain = new Uint8Array(sealed.length);
  inPieces('k5DecryptPiece', etype, keys, sealed, plain).fill(0);
  return plain;
}

/** The checksum of the parts, one behind the other. */
export function sign(etype: number, keys: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  if (etype !== RC4) return macWith(etype, keys, parts).slice(0, macLength(etype));
  const { exports } = core();
  return macWith(etype, keys.subarray(0, exports.HMAC_KEY.value), [hash('md5', keys.subarray(exports.HMAC_KEY.value, exports.HMAC_KEY.value + 4), ...parts)]);
}

/** Length of the checksum in bytes, in a ciphertext as well as alone. */
export function macLength(etype: number): number {
  return etype === 20 ? 24 : etype === 17 || etype === 18 ? 12 : 16;
}

function derived(key: Uint8Array, length: number, derive: (key: number, out: number) => void): Uint8Array {
  const { exports, key: window } = core();
  window.set(key);
  derive(exports.KEY.value, exports.KEY.value + KEY_ROOM);
  const keys = keep(window.subarray(KEY_ROOM, KEY_ROOM + length));
  exports.wipe(0, 0, KEY_ROOM + length);
  return keys;
}

function macWith(etype: number, prepared: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const { exports, output, key } = core();
  const id = hashId(HASHES[etype]!);
  const state = exports.KEY.value;
  const offset = exports.HASH_STATE.value;
  key.set(prepared, offset);
  exports.hmacStart(id, state, state + offset);
  let used = 0;
  for (const part of parts) used = Math.max(used, feed(part, (data, length) => exports.hashUpdate(id, state, data, length)));
  exports.hmacFinish(id, state, state + offset, exports.OUTPUT.value);
  const mac = output.slice(0, exports.hashLength(id));
  exports.wipe(used, mac.length, offset + prepared.length);
  return mac;
}

function sealLong(etype: number, keys: Uint8Array, basic: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(basic.length + macLength(etype));
  sealed.set(inPieces('k5EncryptPiece', etype, keys, basic, sealed), basic.length);
  basic.fill(0);
  return sealed;
}

function openLong(etype: number, keys: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  const basic = new Uint8Array(ciphertext.length - macLength(etype));
  const mac = inPieces('k5DecryptPiece', etype, keys, ciphertext.subarray(0, basic.length), basic);
  if (constantTimeEqual(mac, ciphertext.subarray(basic.length))) return basic.subarray(confounderLength(etype));
  basic.fill(0);
  return null;
}

// Returns the MAC. The last piece is the longest that fits or longer than one block, as ciphertext stealing needs.
function inPieces(step: 'k5EncryptPiece' | 'k5DecryptPiece', etype: number, keys: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array {
  const { exports, input, output, key } = core();
  const at = exports.KEY.value;
  const state = at + keys.length;
  key.set(keys);
  exports.k5Start(etype, at, state);
  for (let done = 0; done < from.length;) {
    const left = from.length - done;
    const last = left <= CHUNK;
    const length = last ? left : left <= CHUNK + 16 ? CHUNK - 16 : CHUNK;
    input.set(from.subarray(done, done + length));
    exports[step](etype, at, state, exports.INPUT.value, exports.OUTPUT.value, length, last ? 1 : 0);
    to.set(output.subarray(0, length), done);
    done += length;
  }
  exports.k5Finish(etype, at, state, exports.OUTPUT.value);
  const mac = output.slice(0, macLength(etype));
  exports.wipe(CHUNK, CHUNK, keys.length + exports.K5_STATE.value);
  return mac;
}

function rc4SealLong(keys: Uint8Array, basic: Uint8Array): Uint8Array {
  const checksum = macWith(RC4, keys, [basic]);
  rc4Over(keys, checksum, basic);
  return concat(checksum, basic);
}

function rc4OpenLong(keys: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  const checksum = ciphertext.subarray(0, 16);
  const basic = ciphertext.slice(16);
  rc4Over(keys, checksum, basic);
  if (constantTimeEqual(macWith(RC4, keys, [basic]), checksum)) return basic.subarray(confounderLength(RC4));
  basic.fill(0);
  return null;
}

function rc4Over(keys: Uint8Array, checksum: Uint8Array, data: Uint8Array): void {
  const k3 = macWith(RC4, keys, [checksum]);
  const stream = createRc4(k3);
  stream.updateInPlace(data);
  stream.dispose();
  k3.fill(0);
}

const RC4 = 23;
const KEY_ROOM = 32;
const CHUNK = 0x10000; // assembly/memory.ts
const HASHES: Readonly<Record<number, HashAlgorithm>> = { 17: 'sha1', 18: 'sha1', 19: 'sha256', 20: 'sha384', 23: 'md5' };
