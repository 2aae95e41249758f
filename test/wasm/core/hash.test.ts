import * as nodeCrypto from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createHash, hash, hashId, crc32, type HashAlgorithm } from '../../../backends/wasm/core/hash.ts';
import { core } from '../../../backends/wasm/core/instance.ts';
import { rng } from '../../fuzz.ts';
import { fromHex, hex, leavesNoTrace, vectors } from './support.ts';

interface Group {
  algorithm: HashAlgorithm;
  source: string;
  vectors: { message: string; repeat?: number; digest: string }[];
}

const groups = vectors<Group[]>('hash.json');
const inNode = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const;
const test = suite('hash');

for (const { algorithm, source, vectors } of groups) {
  test(`${algorithm}: ${source}`, () => {
    for (const { message, repeat = 1, digest } of vectors) {
      const bytes = fromHex(message.repeat(repeat));
      assert.is(hex(leavesNoTrace(() => hash(algorithm, bytes))), digest, `${bytes.length} bytes`);
    }
  });
}

test('agrees with node:crypto, in one piece and in random parts', () => {
  const random = rng(6234);
  for (const algorithm of inNode) {
    for (let length = 0; length <= 300; length++) {
      const message = random.bytes(length);
      const expected = nodeCrypto.createHash(algorithm).update(message).digest('hex');
      assert.is(hex(hash(algorithm, message)), expected, `${algorithm}, ${length} bytes`);
      const a = random.below(length + 1);
      const b = a + random.below(length - a + 1);
      const parts = [message.subarray(0, a), message.subarray(a, b), message.subarray(b)];
      assert.is(hex(hash(algorithm, ...parts)), expected, `${algorithm}, ${parts.map((part) => part.length).join(' + ')} bytes`);
    }
  }
});

test('messages longer than the window pass in pieces', () => {
  for (const length of [0xffff, 0x10000, 0x10001, 0x14001, 0x30003]) {
    const message = new Uint8Array(length).map((_, index) => index * 7);
    for (const algorithm of inNode) {
      const expected = nodeCrypto.createHash(algorithm).update(message).digest('hex');
      assert.is(hex(leavesNoTrace(() => hash(algorithm, message))), expected);
      assert.is(hex(leavesNoTrace(() => createHash(algorithm).update(message).digest())), expected);
    }
  }
});

test('streams run beside each other, and leave nothing in the windows', () => {
  const random = rng(1321);
  const messages = groups.map(({ algorithm }) => ({ algorithm, ours: createHash(algorithm), whole: [] as Uint8Array[] }));
  for (let round = 0; round < 40; round++) {
    for (const { ours, whole } of messages) {
      const part = random.bytes(random.below(200));
      whole.push(part);
      assert.is(leavesNoTrace(() => ours.update(part)), ours);
    }
  }
  for (const { algorithm, ours, whole } of messages) {
    assert.is(hex(leavesNoTrace(() => ours.digest())), hex(hash(algorithm, Buffer.concat(whole))), algorithm);
    assert.throws(() => ours.update(new Uint8Array(1)), /used up/);
    assert.throws(() => ours.digest(), /used up/);
  }
});

test('the names stand for the ids of core.wasm', () => {
  const { exports } = core();
  assert.equal(
    (['md4', 'md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const).map(hashId),
    [exports.HASH_MD4, exports.HASH_MD5, exports.HASH_SHA1, exports.HASH_SHA256, exports.HASH_SHA384, exports.HASH_SHA512].map((id) => id.value),
  );
  assert.throws(() => hash('sha3' as HashAlgorithm), (error: unknown) => error instanceof TypeError && /no such hash: sha3/.test(error.message));
});

test('crc32 has the check value of the catalogue, and that of zlib for other lengths', () => {
  assert.is(leavesNoTrace(() => crc32(Buffer.from('123456789'))), 0xcbf43926); // reveng's catalogue, CRC-32/ISO-HDLC
  assert.is(crc32(), 0);
  // zlib 1.2.13 through Python 3.11: zlib.crc32(bytes(i * 31 % 251 for i in range(n)))
  for (const [length, crc] of CRC32) {
    const message = new Uint8Array(length).map((_, index) => (index * 31) % 251);
    assert.is(leavesNoTrace(() => crc32(message)), crc, `${length} bytes`);
    assert.is(crc32(message.subarray(0, length >> 1), message.subarray(length >> 1)), crc, `${length} bytes in two parts`);
  }
});

const CRC32: readonly [number, number][] = [
  [1, 0xd202ef8d], [2, 0xccd11f0a], [3, 0xf37aca27], [4, 0x62210d65], [15, 0x57ac00f3],
  [16, 0x995197ca], [17, 0x64fd9327], [63, 0x4d7039ec], [64, 0xe7fa374e], [65, 0x7a82caef],
  [255, 0x5f6bbc7e], [1000, 0xb403841f], [65536, 0x424eb016], [65537, 0xd240a13d], [100000, 0x57f9f375],
];

test.run();
