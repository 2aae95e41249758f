import * as nodeCrypto from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { core } from '../../../backends/wasm/core/instance.ts';
import { deriveKey, nFold } from '../../../backends/wasm/core/krb5.ts';
import { rng } from '../../fuzz.ts';
import { fromHex, hex, leavesNoTrace, vectors } from './support.ts';

interface Rfc {
  nFold: { vectors: { input: string; length: number; output: string }[] };
  cts: { vectors: { key: string; plain: string; cipher: string; iv: string }[] };
  derive3961: { vectors: Derivation[] };
  derive8009: { vectors: Derivation[] };
}
interface Derivation { etype: number; key: string; constant: string; derived: string }

const rfc = vectors<Rfc>('kerberos/rfc-crypto.json');
const test = suite('krb5 core');

test('n-fold: RFC 3961 A.1', () => {
  for (const { input, length, output } of rfc.nFold.vectors) assert.is(hex(leavesNoTrace(() => nFold(fromHex(input), length))), output);
});

test('derived keys: RFC 3961 and RFC 8009', () => {
  for (const { etype, key, constant, derived } of [...rfc.derive3961.vectors, ...rfc.derive8009.vectors]) {
    assert.is(hex(leavesNoTrace(() => deriveKey(etype, fromHex(key), fromHex(constant), derived.length / 2))), derived, `etype ${etype}, ${constant}`);
  }
});

test('AES: FIPS 197 appendix C.1 and C.3', () => {
  const plain = fromHex('00112233445566778899aabbccddeeff');
  const cases = [[16, '69c4e0d86a7b0430d8cdb78070b4c55a'], [32, '8ea2b7ca516745bfeafc49904b496089']] as const;
  for (const [keyLength, cipher] of cases) {
    const key = new Uint8Array(keyLength).map((_, index) => index);
    assert.is(hex(leavesNoTrace(() => cbc('aesCbcEncrypt', key, new Uint8Array(16), plain, false))), cipher);
    assert.is(hex(leavesNoTrace(() => cbc('aesCbcDecrypt', key, new Uint8Array(16), fromHex(cipher), false))), hex(plain));
  }
});

test('ciphertext stealing: RFC 3962 appendix B, with the next IV', () => {
  for (const { key, plain, cipher, iv } of rfc.cts.vectors) {
    const encrypted = leavesNoTrace(() => cts('aesCtsEncrypt', fromHex(key), fromHex(plain)));
    assert.is(hex(encrypted.data), cipher);
    assert.is(hex(encrypted.iv), iv);
    const decrypted = leavesNoTrace(() => cts('aesCtsDecrypt', fromHex(key), fromHex(cipher)));
    assert.is(hex(decrypted.data), plain);
    assert.is(hex(decrypted.iv), iv);
  }
});

test('AES-CBC agrees with node:crypto, for both key lengths and any number of blocks, in place or not', () => {
  const random = rng(197);
  for (const keyLength of [16, 32]) {
    for (let n = 0; n < 150; n++) {
      const [key, iv, data] = [random.bytes(keyLength), random.bytes(16), random.bytes(16 * (n % 23))];
      const algorithm = `aes-${keyLength * 8}-cbc`;
      const encrypted = nodeCrypto.createCipheriv(algorithm, key, iv).setAutoPadding(false).update(data);
      for (const inPlace of [true, false]) {
        assert.is(hex(cbc('aesCbcEncrypt', key, iv, data, inPlace)), hex(encrypted), `encrypt ${data.length} bytes`);
        assert.is(hex(cbc('aesCbcDecrypt', key, iv, encrypted, inPlace)), hex(data), `decrypt ${data.length} bytes`);
      }
    }
  }
});

test('AES: every byte of the S-box, in both directions', () => {
  const key = new Uint8Array(16);
  const data = new Uint8Array(4096).map((_, index) => index % 16 === 5 ? index >> 4 : 0);
  const encrypted = nodeCrypto.createCipheriv('aes-128-cbc', key, key).setAutoPadding(false).update(data);
  assert.is(hex(cbc('aesCbcEncrypt', key, key, data, false)), hex(encrypted));
  assert.is(hex(cbc('aesCbcDecrypt', key, key, encrypted, false)), hex(data));
});

function cbc(step: 'aesCbcEncrypt' | 'aesCbcDecrypt', key: Uint8Array, iv: Uint8Array, data: Uint8Array, inPlace: boolean): Uint8Array {
  return withKey(key, iv, data, inPlace, (schedule, at, from, to) => core().exports[step](schedule, at, from, to, data.length / 16)).data;
}

function cts(step: 'aesCtsEncrypt' | 'aesCtsDecrypt', key: Uint8Array, data: Uint8Array): { data: Uint8Array; iv: Uint8Array } {
  return withKey(key, new Uint8Array(16), data, false, (schedule, at, from, to) => core().exports[step](schedule, at, from, to, data.length));
}

function withKey(
  key: Uint8Array, iv: Uint8Array, data: Uint8Array, inPlace: boolean, run: (schedule: number, iv: number, from: number, to: number) => void,
): { data: Uint8Array; iv: Uint8Array } {
  const { exports, input, output, key: window } = core();
  const base = exports.KEY.value;
  window.set(key);
  window.set(iv, 32);
  exports.aesExpandKey(base + 64, base, key.length);
  input.set(data);
  run(base + 64, base + 32, exports.INPUT.value, inPlace ? exports.INPUT.value : exports.OUTPUT.value);
  const result = { data: (inPlace ? input : output).slice(0, data.length), iv: window.slice(32, 48) };
  exports.wipe(data.length, data.length, 64 + exports.AES_KEY.value);
  return result;
}

test.run();
