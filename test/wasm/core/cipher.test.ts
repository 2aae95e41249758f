import { spawnSync } from 'node:child_process';
import * as nodeCrypto from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspect } from 'node:util';
import { createRc4, desEncrypt, desExpandKey } from '../../../backends/wasm/core/cipher.ts';
import { rng } from '../../fuzz.ts';
import { fromHex, hex, leavesNoTrace, vectors } from './support.ts';

const test = suite('cipher');

for (const { source, vectors: group } of vectors<{ source: string; vectors: { key: string; stream: [number, string][] }[] }[]>('rc4.json')) {
  test(`RC4: ${source}`, () => {
    for (const { key, stream } of group) {
      const bytes = leavesNoTrace(() => createRc4(fromHex(key))).update(new Uint8Array(4112));
      for (const [offset, expected] of stream) assert.is(hex(bytes.subarray(offset, offset + 16)), expected, `key ${key}, offset ${offset}`);
    }
  });
}

for (const { source, vectors: group } of vectors<{ source: string; vectors: { key: string; plain: string; cipher: string }[] }[]>('des.json')) {
  test(`DES: ${source}`, () => {
    for (const { key, plain, cipher } of group) {
      assert.is(hex(leavesNoTrace(() => desEncrypt(fromHex(key), fromHex(plain)))), cipher, `key ${key}, plain ${plain}`);
    }
  });
}

test('RC4 goes on where it stopped, in place or not, past the window', () => {
  const random = rng(4757);
  const key = random.bytes(16);
  const message = random.bytes(0x20003);
  const whole = createRc4(key).update(message);
  const stream = createRc4(key);
  const inPlace = message.slice();
  const again = createRc4(key);
  for (let from = 0; from < message.length;) {
    const to = Math.min(message.length, from + (from === 0 ? 0x10001 : random.below(5000)));
    assert.is(hex(leavesNoTrace(() => stream.update(message.subarray(from, to)))), hex(whole.subarray(from, to)), `${from} to ${to}`);
    again.updateInPlace(inPlace.subarray(from, to));
    from = to;
  }
  assert.is(hex(inPlace), hex(whole));
  assert.is(hex(createRc4(key).update(whole)), hex(message));
});

// OpenSSL keeps RC4 in its legacy provider, which not every machine has; RFC 6229 above needs none.
const openssl = (key: Uint8Array, message: Uint8Array) =>
  spawnSync('openssl', ['enc', '-rc4', '-K', hex(key), '-provider', 'legacy', '-provider', 'default'], { input: message });
const hasOpenssl = openssl(new Uint8Array(16), new Uint8Array(1)).status === 0;

(hasOpenssl ? test : test.skip)('RC4 agrees with OpenSSL', () => {
  const random = rng(1994);
  for (let n = 0; n < 8; n++) {
    const key = random.bytes(16);
    const message = random.bytes(1 + random.below(3000));
    assert.is(hex(createRc4(key).update(message)), hex(openssl(key, message).stdout), `${message.length} bytes`);
  }
});

test('an RC4 stream that was disposed of refuses to work, and shows no key', () => {
  const stream = createRc4(fromHex('0102030405'));
  assert.not.match(inspect(stream, { depth: 9, showHidden: true }), /Uint8Array/);
  stream.dispose();
  stream.dispose();
  assert.throws(() => stream.update(new Uint8Array(1)), /disposed/);
  for (const length of [0, 257]) assert.throws(() => createRc4(new Uint8Array(length)), (error: unknown) => error instanceof RangeError);
});

test("DES agrees with node:crypto's triple DES under three equal keys", () => {
  const random = rng(463);
  for (let n = 0; n < 300; n++) {
    const [key, block] = [random.bytes(8), random.bytes(8)];
    const cipher = nodeCrypto.createCipheriv('des-ede3', Buffer.concat([key, key, key]), null).setAutoPadding(false);
    assert.is(hex(desEncrypt(key, block)), cipher.update(block).toString('hex'));
  }
});

test('a DES key of 7 bytes keeps its bits, in order, and gets odd parity', () => {
  const random = rng(56);
  const bits = (bytes: Uint8Array, of: number) => Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0').slice(0, of)).join('');
  for (let n = 0; n < 200; n++) {
    const key7 = random.bytes(7);
    const key8 = leavesNoTrace(() => desExpandKey(key7));
    assert.is(bits(key8, 7), bits(key7, 8));
    for (const byte of key8) assert.is(bits(Uint8Array.of(byte), 8).replaceAll('0', '').length % 2, 1);
  }
});

test('wrong lengths are RangeErrors', () => {
  const isRangeError = (error: unknown) => error instanceof RangeError;
  assert.throws(() => desEncrypt(new Uint8Array(7), new Uint8Array(8)), isRangeError);
  assert.throws(() => desEncrypt(new Uint8Array(8), new Uint8Array(9)), isRangeError);
  assert.throws(() => desExpandKey(new Uint8Array(8)), isRangeError);
});

test.run();
