import * as nodeCrypto from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HashAlgorithm } from '../../../backends/wasm/core/hash.ts';
import { constantTimeEqual, hmac, pbkdf2 } from '../../../backends/wasm/core/mac.ts';
import { rng } from '../../fuzz.ts';
import { fromHex, hex, leavesNoTrace, vectors } from './support.ts';

interface MacGroup {
  algorithm: HashAlgorithm;
  source: string;
  vectors: { key: string; message: string; mac: string }[];
}

interface KeyGroup {
  algorithm: HashAlgorithm;
  source: string;
  vectors: { password: string; salt: string; iterations: number; key: string }[];
}

const inNode = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const;
const test = suite('mac');

for (const { algorithm, source, vectors: group } of vectors<MacGroup[]>('hmac.json')) {
  test(`HMAC-${algorithm}: ${source}`, () => {
    for (const { key, message, mac } of group) {
      assert.is(hex(leavesNoTrace(() => hmac(algorithm, fromHex(key), fromHex(message)))), mac, `key ${key}`);
    }
  });
}

for (const { algorithm, source, vectors: group } of vectors<KeyGroup[]>('pbkdf2.json')) {
  test(`PBKDF2-${algorithm}: ${source}`, () => {
    for (const { password, salt, iterations, key } of group) {
      const derived = leavesNoTrace(() => pbkdf2(algorithm, fromHex(password), fromHex(salt), iterations, key.length / 2));
      assert.is(hex(derived), key, `${iterations} iterations`);
    }
  });
}

test('HMAC agrees with node:crypto for every length of key and message, and in parts', () => {
  const random = rng(2104);
  for (const algorithm of inNode) {
    for (let length = 0; length <= 300; length++) {
      const key = random.bytes(length <= 140 ? length : random.below(300));
      const message = random.bytes(random.below(301));
      const cut = random.below(message.length + 1);
      const expected = nodeCrypto.createHmac(algorithm, key).update(message).digest('hex');
      assert.is(hex(hmac(algorithm, key, message)), expected, `${algorithm}, key of ${key.length}, message of ${message.length} bytes`);
      assert.is(hex(hmac(algorithm, key, message.subarray(0, cut), message.subarray(cut))), expected, `${algorithm}, cut at ${cut}`);
    }
  }
});

test('keys and messages longer than the window', () => {
  const long = rng(1).bytes(0x20001);
  for (const algorithm of inNode) {
    const expected = nodeCrypto.createHmac(algorithm, long).update(long).digest('hex');
    assert.is(hex(leavesNoTrace(() => hmac(algorithm, long, long))), expected);
    const derived = nodeCrypto.pbkdf2Sync(long, long.subarray(0, 0x10000), 2, 100, algorithm);
    assert.is(hex(leavesNoTrace(() => pbkdf2(algorithm, long, long.subarray(0, 0x10000), 2, 100))), hex(derived));
  }
  assert.is(long[0], rng(1).bytes(1)[0], "the caller's key is not wiped");
});

test('PBKDF2 agrees with node:crypto', () => {
  const random = rng(8018);
  for (const algorithm of inNode) {
    for (let n = 0; n < 60; n++) {
      const [password, salt] = [random.bytes(random.below(150)), random.bytes(random.below(150))];
      const [iterations, length] = [1 + random.below(20), random.below(150)];
      const expected = length === 0 ? '' : nodeCrypto.pbkdf2Sync(password, salt, iterations, length, algorithm).toString('hex');
      assert.is(hex(pbkdf2(algorithm, password, salt, iterations, length)), expected, `${algorithm}, ${iterations} iterations, ${length} bytes`);
    }
  }
});

test('PBKDF2 refuses what it cannot do', () => {
  const none = new Uint8Array(0);
  for (const iterations of [0, -1, 1.5, Number.NaN, 2 ** 32]) assert.throws(() => pbkdf2('sha1', none, none, iterations, 1), isRangeError);
  for (const length of [-1, 0.5, 0x10001]) assert.throws(() => pbkdf2('sha1', none, none, 1, length), isRangeError);
  assert.throws(() => pbkdf2('sha1', none, new Uint8Array(0x10001), 1, 1), isRangeError);
});

test('constantTimeEqual', () => {
  const random = rng(99);
  for (const length of [0, 1, 2, 15, 16, 17, 300, 0x10000, 0x10001]) {
    const a = random.bytes(length);
    assert.is(leavesNoTrace(() => constantTimeEqual(a, a.slice())), true, `${length} bytes`);
    for (let n = 0; n < Math.min(8 * length, 200); n++) {
      const b = a.slice();
      b[random.below(length)]! ^= 1 << random.below(8);
      assert.is(constantTimeEqual(a, b), false, `${length} bytes`);
    }
    assert.is(constantTimeEqual(a, random.bytes(length + 1)), false);
  }
});

function isRangeError(error: unknown): boolean {
  return error instanceof RangeError;
}

test.run();
