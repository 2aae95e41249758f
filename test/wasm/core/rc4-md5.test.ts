import * as nodeCrypto from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRc4 } from '../../../backends/wasm/core/cipher.ts';
import { core } from '../../../backends/wasm/core/instance.ts';
import { rng } from '../../fuzz.ts';
import { hex } from './support.ts';

const test = suite('rc4-md5');

/** Seals or unseals the parts with the one kernel. */
function run(seal: boolean, cipherKey: Uint8Array, parts: readonly Uint8Array[], inPlace: boolean): { data: string; digest: string } {
  const { exports, input, output } = core();
  const at = exports.INPUT.value;
  const out = inPlace ? at : exports.OUTPUT.value;
  const rc4State = exports.KEY.value;
  const md5State = rc4State + 512;
  const md5 = exports.HASH_MD5.value;
  input.set(cipherKey);
  exports.rc4Init(rc4State, at, cipherKey.length);
  exports.hashInit(md5, md5State);

  const data = parts.map((part) => {
    input.set(part);
    (seal ? exports.rc4Md5Seal : exports.rc4Md5Unseal)(rc4State, md5State, at, out, part.length);
    if (!inPlace) assert.is(hex(input.subarray(0, part.length)), hex(part), 'the input is only read');
    return (inPlace ? input : output).slice(0, part.length);
  });

  exports.hashFinal(md5, md5State, exports.OUTPUT.value);
  const digest = hex(output.subarray(0, 16));
  exports.wipe(0x10000, 0x10000, 1024);
  return { data: hex(Buffer.concat(data)), digest };
}

/** The same by RC4 alone, and MD5 by node:crypto. */
function separately(seal: boolean, cipherKey: Uint8Array, parts: readonly Uint8Array[]): { data: string; digest: string } {
  const whole = Buffer.concat(parts);
  const result = createRc4(cipherKey).update(whole);
  const plain = seal ? whole : result;
  return { data: hex(result), digest: nodeCrypto.createHash('md5').update(plain).digest('hex') };
}

function agrees(cipherKey: Uint8Array, parts: readonly Uint8Array[]): void {
  const lengths = parts.map((part) => part.length).join(' + ');
  for (const seal of [true, false]) {
    const expected = separately(seal, cipherKey, parts);
    for (const inPlace of [true, false]) assert.equal(run(seal, cipherKey, parts, inPlace), expected, `${seal ? 'seal' : 'unseal'} of ${lengths} bytes`);
  }
}

test('equals RC4 and MD5 one after the other, for every length up to 520', () => {
  const random = rng(343);
  const key = random.bytes(16);
  for (let length = 0; length <= 520; length++) agrees(key, [random.bytes(length)]);
});

test('equals them in parts of any length, which leave MD5 in the midst of a block', () => {
  const random = rng(344);
  for (let n = 0; n < 500; n++) {
    agrees(random.bytes(pick(n)), Array.from({ length: 2 + random.below(4) }, () => random.bytes(random.below(n % 4 === 0 ? 2000 : 200))));
  }
  agrees(random.bytes(16), [random.bytes(4), random.bytes(0x10000), random.bytes(0xffff)]);
});

function pick(n: number): number {
  return [5, 7, 16][n % 3]!;
}

test.run();
