import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRc4, desEncrypt } from '../../../backends/wasm/core/cipher.ts';
import { crc32, hash } from '../../../backends/wasm/core/hash.ts';
import { core } from '../../../backends/wasm/core/instance.ts';
import { constantTimeEqual, hmac, pbkdf2 } from '../../../backends/wasm/core/mac.ts';
import { rng } from '../../fuzz.ts';

const test = suite("core.wasm's memory");

test('core.wasm imports nothing and starts nothing', () => {
  const module = new WebAssembly.Module(readFileSync(new URL('../../../dist/core.wasm', import.meta.url)));
  assert.equal(WebAssembly.Module.imports(module), []);
  assert.not.ok(WebAssembly.Module.exports(module).some(({ name }) => name === '_start' || name === '_initialize'));
});

test('a million calls do not grow it', () => {
  const { memory } = core().exports;
  const buffer = memory.buffer;
  const random = rng(1_000_000);
  const key = random.bytes(16);
  const data = Array.from({ length: 64 }, (_, length) => random.bytes(length));
  const stream = createRc4(key);
  let calls = 0;
  for (let round = 0; calls < 1_000_000; round++, calls += 10) {
    const part = data[round & 63]!;
    for (const algorithm of ['md4', 'md5', 'sha1', 'sha256', 'sha512'] as const) hash(algorithm, part);
    hmac('md5', key, part);
    hmac('sha1', key, part);
    stream.update(part);
    crc32(part);
    constantTimeEqual(part, part);
    if (round % 100 === 0) {
      createRc4(key).dispose();
      desEncrypt(key.subarray(0, 8), key.subarray(8));
      pbkdf2('sha256', key, part, 2, 32);
      calls += 3;
    }
  }
  assert.is(memory.buffer, buffer); // growing would have detached it
  assert.is(memory.buffer.byteLength, core().input.buffer.byteLength);
});

test.run();
