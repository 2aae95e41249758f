import { hash, hashId, type HashAlgorithm } from './hash.ts';
import { core } from './instance.ts';
import { feed } from './windows.ts';

/** HMAC (RFC 2104) of the parts, one behind the other; the key may have any length. */
export function hmac(algorithm: HashAlgorithm, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const { exports, input, output } = core();
  const id = hashId(algorithm);
  const state = exports.KEY.value;
  const prepared = state + exports.HASH_STATE.value;
  const secret = shortened(algorithm, key);

  input.set(secret);
  exports.hmacKey(id, prepared, exports.INPUT.value, secret.length);
  exports.hmacStart(id, state, prepared);
  let used = secret.length;
  for (const part of parts) used = Math.max(used, feed(part, (data, length) => exports.hashUpdate(id, state, data, length)));
  exports.hmacFinish(id, state, prepared, exports.OUTPUT.value);
  const mac = output.slice(0, exports.hashLength(id));
  exports.wipe(used, mac.length, exports.HASH_STATE.value + exports.HMAC_KEY.value);
  if (secret !== key) secret.fill(0);
  return mac;
}

/**
 * PBKDF2 with HMAC (RFC 8018 §5.2). Lengths in bytes, up to 65536; the time goes with `iterations` and nothing interrupts it,
 * so a count that a peer chose is bounded before it comes here.
 */
export function pbkdf2(algorithm: HashAlgorithm, password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array {
  const { exports, input, output } = core();
  const id = hashId(algorithm);
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 0xffffffff) {
    throw new RangeError(`PBKDF2: from 1 to 4294967295 iterations expected, ${iterations} came`);
  }
  if (!Number.isInteger(length) || length < 0 || length > MAX_FIELD) throw new RangeError(`PBKDF2: a length from 0 to ${MAX_FIELD} expected, ${length} came`);
  if (salt.length > MAX_FIELD) throw new RangeError(`PBKDF2: a salt of at most ${MAX_FIELD} bytes expected, ${salt.length} came`);
  const secret = shortened(algorithm, password);

  const at = exports.INPUT.value;
  input.set(secret);
  input.set(salt, secret.length);
  exports.pbkdf2(id, at, secret.length, at + secret.length, salt.length, iterations, exports.OUTPUT.value, length);
  const derived = output.slice(0, length);
  exports.wipe(secret.length + salt.length, length, 0);
  if (secret !== password) secret.fill(0);
  return derived;
}

/** True when both have the same bytes. The time depends on the lengths alone, which are no secret. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const { exports, output } = core();
  let same = 1;
  const used = feed(a, (data, length, from) => {
    output.set(b.subarray(from, from + length));
    same &= exports.equal(data, exports.OUTPUT.value, length);
  });
  exports.wipe(used, used, 0);
  return same === 1;
}

// RFC 2104: a key longer than the block is hashed first; done here for what would not fit the window
function shortened(algorithm: HashAlgorithm, key: Uint8Array): Uint8Array {
  return key.length > MAX_KEY ? hash(algorithm, key) : key;
}

const MAX_KEY = 0x1000;
const MAX_FIELD = 0x10000;
