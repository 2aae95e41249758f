import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspect } from 'node:util';
import { SspiError } from '../../../backends/contract/errors.ts';
import { createKerberosKey, ETYPES, MAX_ITERATIONS, randomKey, stringToKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { deriveSealKeys, deriveSignKeys, open, seal, sign } from '../../../backends/wasm/core/krb5.ts';
import { createHostAes, HOST_AES_FROM } from '../../../backends/wasm/kerberos/etypes/host-aes.ts';
import { passwordKey } from '../../../backends/wasm/kerberos/etypes/string-to-key.ts';
import { rng } from '../../fuzz.ts';
import { fromHex, hex, leavesNoTrace, vectors } from '../core/support.ts';
import { oracleKey, oracleStringToKey } from './oracle-key.ts';

interface Mit {
  etypes: {
    etype: number;
    encrypt: { key: string; usage: number; plaintext: string; ciphertext: string }[];
    checksum: { key: string; usage: number; data: string; checksum: string }[];
    stringToKey: { password: string; salt: string; parameters?: string; key: string }[];
  }[];
}
interface PasswordVector { etype: number; password: string; salt: string; iterations: number; key: string }
interface Rfc {
  stringToKey3962: { vectors: PasswordVector[] };
  stringToKey8009: { vectors: PasswordVector[] };
  encrypt8009: { vectors: { etype: number; key: string; usage: number; confounder: string; plaintext: string; ciphertext: string }[] };
  checksum8009: { vectors: SumVector[] };
  checksumMit: { vectors: SumVector[] };
}
interface SumVector { etype: number; key: string; usage: number; data: string; checksum: string }

const mit = vectors<Mit>('kerberos/mit-crypto.json');
const rfc = vectors<Rfc>('kerberos/rfc-crypto.json');
const captures = vectors<{ kerberos: Capture[] }>('captures.json').kerberos;
interface Capture {
  password: string; salt: string; etype: number; clientKey: string; paEncTs: string; tgtSessionKey: string; encAsRepPart: string;
  authenticatorPlain: string; subkey: string; encTgsRepPart: string; messages: Record<string, string>;
}

const test = suite('etypes');
const AES = [17, 18, 19, 20] as const;
/** Around where a message passes in one piece more. */
const LONG = [65504, 65519, 65520, 65521, 65535, 65536, 65537, 65553, 131040, 131073, 200000];

for (const { etype, encrypt, checksum, stringToKey: passwords } of mit.etypes) {
  test(`${etype}: opens what MIT sealed`, () => {
    for (const { key, usage, plaintext, ciphertext } of encrypt) {
      const ours = createKerberosKey(etype, fromHex(key));
      const opened = leavesNoTrace(() => ours.decrypt(usage, fromHex(ciphertext)));
      assert.is(hex(opened), plaintext, `usage ${usage}, ${plaintext.length / 2} bytes`);
      assert.is(hex(ours.decrypt(usage, ours.encrypt(usage, opened))), plaintext);
    }
  });

  test(`${etype}: makes and verifies MIT's checksums`, () => {
    for (const { key, usage, data, checksum: expected } of checksum) {
      const ours = createKerberosKey(etype, fromHex(key));
      assert.is(hex(leavesNoTrace(() => ours.checksum(usage, fromHex(data)))), expected, `usage ${usage}`);
      assert.ok(ours.verifyChecksum(usage, fromHex(data), fromHex(expected)));
      const wrong = fromHex(expected);
      wrong[usage % wrong.length]! ^= 1;
      assert.not.ok(ours.verifyChecksum(usage, fromHex(data), wrong));
      assert.not.ok(ours.verifyChecksum(usage, fromHex(data), wrong.subarray(1)));
    }
  });

  test(`${etype}: gets MIT's keys out of passwords`, () => {
    for (const { password, salt, parameters, key } of passwords) {
      const ours = leavesNoTrace(() => stringToKey(etype, password, salt, parameters === undefined ? undefined : fromHex(parameters)));
      assert.is(hex(ours), key, password);
    }
  });
}

test('keys of passwords: RFC 3962 appendix B, RFC 8009 appendix A', () => {
  for (const { etype, password, salt, iterations, key } of [...rfc.stringToKey3962.vectors, ...rfc.stringToKey8009.vectors]) {
    assert.is(hex(passwordKey(etype, password, fromHex(salt), iterations)), key, `etype ${etype}, ${iterations} iterations`);
  }
});

test('encryption: RFC 8009 appendix A, with its confounders', () => {
  for (const { etype, key, usage, confounder, plaintext, ciphertext } of rfc.encrypt8009.vectors) {
    const ours = createKerberosKey(etype, fromHex(key), () => fromHex(confounder));
    assert.is(hex(leavesNoTrace(() => ours.encrypt(usage, fromHex(plaintext)))), ciphertext);
    assert.is(hex(ours.decrypt(usage, fromHex(ciphertext))), plaintext);
  }
});

test("checksums: RFC 8009 appendix A, and MIT's known ones", () => {
  for (const { etype, key, usage, data, checksum } of [...rfc.checksum8009.vectors, ...rfc.checksumMit.vectors]) {
    assert.is(hex(createKerberosKey(etype, fromHex(key)).checksum(usage, fromHex(data))), checksum);
  }
});

test('a capture: a Windows KDC, from the password to the service session key', () => {
  assert.ok(captures.length > 0);
  for (const { password, salt, etype, clientKey, paEncTs, tgtSessionKey, encAsRepPart, authenticatorPlain, subkey, encTgsRepPart, messages } of captures) {
    const key = stringToKey(etype, password, salt);
    assert.is(hex(key), clientKey);
    const opens = (usage: number, bytes: string, message: string, plain: string) => {
      const ours = createKerberosKey(etype, fromHex(bytes));
      const found = ciphertexts(fromHex(messages[message]!)).some((ciphertext) => {
        try {
          return hex(ours.decrypt(usage, ciphertext)) === plain;
        } catch {
          return false;
        }
      });
      assert.ok(found, `${message}, usage ${usage}`);
    };
    opens(1, clientKey, 'AS_REQ', paEncTs);
    opens(3, clientKey, 'AS_REP', encAsRepPart);
    opens(7, tgtSessionKey, 'TGS_REQ', authenticatorPlain);
    opens(9, subkey, 'TGS_REP', encTgsRepPart);
  }
});

test('AES agrees with node:crypto for every length, long messages in pieces', () => {
  const random = rng(3962);
  const confounder = new Uint8Array(16).fill(7);
  for (const etype of AES) {
    const bytes = random.bytes(etype % 2 === 1 ? 16 : 32);
    const oracle = oracleKey(etype, bytes, () => confounder);
    const sealKeys = deriveSealKeys(etype, bytes, 24);
    const signKeys = deriveSignKeys(etype, bytes, 25);
    for (const length of [...Array.from({ length: 100 }, (_, length) => length), ...Array.from({ length: 80 }, (_, step) => 100 + 11 * step), ...LONG]) {
      const message = length < 1000 ? random.bytes(length) : new Uint8Array(length).map((_, index) => index * 13);
      const sealed = leavesNoTrace(() => seal(etype, sealKeys, confounder, message));
      assert.is(hex(sealed), hex(oracle.encrypt(24, message)), `etype ${etype}, ${length} bytes`);
      assert.is(hex(leavesNoTrace(() => open(etype, sealKeys, sealed))!), hex(message), `etype ${etype}, ${length} bytes`);
      assert.is(hex(leavesNoTrace(() => sign(etype, signKeys, message))), hex(oracle.checksum(25, message)));
      if (length < 60000) continue;
      sealed[length >> 1]! ^= 1;
      assert.is(leavesNoTrace(() => open(etype, sealKeys, sealed)), null);
    }
    assert.is(hex(passwordKey(etype, 'Pass𝄞', 'SALT', 3)), hex(oracleStringToKey(etype, 'Pass𝄞', 'SALT', Uint8Array.of(0, 0, 0, 3))));
  }
});

test("the host's AES gives the same bytes as core.wasm, and refuses the same", () => {
  const random = rng(825);
  for (const etype of AES) {
    const bytes = randomKey(etype, random.bytes);
    const host = createHostAes(etype, bytes, 22);
    assert.ok(host, 'Node has node:crypto');
    const keys = deriveSealKeys(etype, bytes, 22);
    for (const length of [1, 15, 16, 17, 32, 1000, 1023, 1024, 1025, 1039, 1040, 1041, ...LONG]) {
      const message = new Uint8Array(length).map((_, index) => index * 17);
      const confounder = random.bytes(16);
      const sealed = host.seal(confounder, message);
      assert.is(hex(sealed), hex(seal(etype, keys, confounder, message)), `etype ${etype}, ${length} bytes`);
      assert.is(hex(host.open(sealed)!), hex(message), `etype ${etype}, ${length} bytes`);
      sealed[random.below(sealed.length)]! ^= 1 << random.below(8);
      assert.is(host.open(sealed), null);
    }
    host.dispose();
  }
});

test('a key seals and opens on both sides of the length from which the host does it', () => {
  for (const { etype } of ETYPES) {
    const ours = createKerberosKey(etype, randomKey(etype));
    for (const length of [0, HOST_AES_FROM - 60, HOST_AES_FROM - 30, HOST_AES_FROM - 1, HOST_AES_FROM, 3 * HOST_AES_FROM]) {
      const message = new Uint8Array(length).fill(etype);
      const sealed = ours.encrypt(22, message);
      assert.is(hex(ours.decrypt(22, sealed)), hex(message), `etype ${etype}, ${length} bytes`);
      for (const at of [0, sealed.length >> 1, sealed.length - 1]) {
        const altered = sealed.slice();
        altered[at]! ^= 0x80;
        assert.throws(() => ours.decrypt(22, altered), isDecryptFailure);
      }
      assert.throws(() => ours.decrypt(24, sealed), isDecryptFailure);
    }
    ours.dispose();
    assert.throws(() => ours.encrypt(22, new Uint8Array(4096)), /disposed/);
  }
});

test('RC4 seals long messages the same way', () => {
  const random = rng(4757);
  const ours = createKerberosKey(23, random.bytes(16));
  for (const length of [65511, 65512, 65513, 65528, 65529, 140000]) {
    const message = new Uint8Array(length).map((_, index) => index * 11);
    const sealed = leavesNoTrace(() => ours.encrypt(11, message));
    assert.is(sealed.length, length + 24);
    assert.is(hex(leavesNoTrace(() => ours.decrypt(11, sealed))), hex(message), `${length} bytes`);
    sealed[9]! ^= 1;
    assert.throws(() => leavesNoTrace(() => ours.decrypt(11, sealed)), isDecryptFailure);
  }
});

test('no altered, cut or foreign ciphertext is opened, and nothing of it stays behind', () => {
  const random = rng(8009);
  for (const { etype } of ETYPES) {
    const ours = createKerberosKey(etype, randomKey(etype, random.bytes));
    const sealed = ours.encrypt(12, random.bytes(40));
    for (let at = 0; at < sealed.length; at++) {
      const altered = sealed.slice();
      altered[at]! ^= 1 << random.below(8);
      assert.throws(() => leavesNoTrace(() => ours.decrypt(12, altered)), isDecryptFailure, `etype ${etype}, byte ${at}`);
      assert.throws(() => leavesNoTrace(() => ours.decrypt(12, sealed.subarray(0, at))), isDecryptFailure, `etype ${etype}, cut at ${at}`);
    }
    assert.throws(() => ours.decrypt(11, sealed), isDecryptFailure);
    assert.throws(() => createKerberosKey(etype, randomKey(etype)).decrypt(12, sealed), isDecryptFailure);
  }
});

test('confounders differ, and the key is copied', () => {
  const bytes = randomKey(18);
  const ours = createKerberosKey(18, bytes);
  const sealed = ours.encrypt(1, new Uint8Array(3));
  assert.is.not(hex(sealed), hex(ours.encrypt(1, new Uint8Array(3))));
  bytes.fill(0);
  assert.is(hex(ours.decrypt(1, sealed)), '000000');
});

test('a key shows nothing, and once disposed of does nothing', () => {
  const ours = createKerberosKey(18, randomKey(18));
  ours.checksum(1, new Uint8Array(1));
  assert.not.match(inspect(ours, { depth: 9, showHidden: true }), /Uint8Array\(/);
  ours.dispose();
  ours.dispose();
  assert.is(hex(ours.bytes), '00'.repeat(32));
  assert.throws(() => ours.encrypt(1, new Uint8Array(1)), /disposed/);
});

test('refuses other etypes, other key lengths, and unreasonable parameters', () => {
  const is = (code: string) => (error: unknown) => error instanceof SspiError && error.code === code;
  for (const etype of [0, 1, 3, 16, 21, 24, -128]) {
    assert.throws(() => createKerberosKey(etype, new Uint8Array(16)), is('SEC_E_KDC_UNKNOWN_ETYPE'));
    assert.throws(() => stringToKey(etype, 'x', 'y'), is('SEC_E_KDC_UNKNOWN_ETYPE'));
  }
  for (const { etype, keyLength } of ETYPES) assert.throws(() => createKerberosKey(etype, new Uint8Array(keyLength - 1)), is('SEC_E_INVALID_TOKEN'));
  const count = (iterations: number) => new Uint8Array([iterations >>> 24, iterations >>> 16, iterations >>> 8, iterations]);
  for (const [etype, iterations] of [[18, 0], [18, 1], [18, 4095], [20, 32767], [17, MAX_ITERATIONS + 1], [19, 0xffffffff]] as const) {
    assert.throws(() => stringToKey(etype, 'x', 'y', count(iterations)), is('SEC_E_INVALID_TOKEN'), `${iterations} iterations`);
  }
  assert.throws(() => stringToKey(18, 'x', 'y', new Uint8Array(3)), is('SEC_E_INVALID_TOKEN'));
});

function isDecryptFailure(error: unknown): boolean {
  return error instanceof SspiError && error.code === 'SEC_E_DECRYPT_FAILURE';
}

/** Every OCTET STRING of a message, outer ones first: where the ciphertexts are. */
function ciphertexts(der: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at + 2 <= der.length; at++) {
    if (der[at] !== 0x04) continue;
    const first = der[at + 1]!;
    const size = first < 0x80 ? 0 : first & 0x7f;
    if (size > 2) continue;
    let length = size === 0 ? first : 0;
    for (let i = 0; i < size; i++) length = (length << 8) | (der[at + 2 + i] ?? 0);
    if (at + 2 + size + length <= der.length) found.push(der.subarray(at + 2 + size, at + 2 + size + length));
  }
  return found;
}

test.run();
