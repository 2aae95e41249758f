import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { createKerberosKey } from '../../../../backends/wasm/kerberos/etypes/index.ts';
import { readKeytab, writeKeytab } from '../../../../backends/wasm/kerberos/store/keytab.ts';

const test = suite('keytab');

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../../../vectors/kerberos/${name}`, import.meta.url)));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const entry = ({ kvno, etype, key }: { kvno: number; etype: number; key: Uint8Array }) => `${kvno} ${etype} ${hex(key)}`;

test("reads MIT's keytab, as klist -K prints it", () => {
  const entries = readKeytab(fixture('alice.keytab'));
  assert.equal(entries.map(entry), ALICE);
  assert.equal(entries[0]!.principal, { nameType: 1, realm: 'EXAMPLE.TEST', components: ['alice'] });
});

test('keys are copies, of a Buffer too', () => {
  const bytes = readFileSync(new URL('../../../vectors/kerberos/alice.keytab', import.meta.url));
  const before = hex(bytes);
  for (const { key, etype } of readKeytab(bytes)) {
    createKerberosKey(etype, Buffer.from(key.buffer, key.byteOffset, key.length)).dispose();
    assert.not.ok(key.every((byte) => byte === 0), 'a key is not its source');
    key.fill(0);
  }
  assert.is(hex(bytes), before);
});

test('writes the bytes that MIT wrote', () => {
  for (const name of ['alice.keytab', 'http.keytab']) assert.is(hex(writeKeytab(readKeytab(fixture(name)))), hex(fixture(name)));
});

test('passes over holes and reads a kvno above 255', () => {
  const [first] = readKeytab(fixture('alice.keytab'));
  const written = writeKeytab([{ ...first!, kvno: 70000 }]);
  const hole = new Uint8Array([0xff, 0xff, 0xff, 0xfa, 1, 2, 3, 4, 5, 6]);
  const joined = new Uint8Array([...written.subarray(0, 2), ...hole, ...written.subarray(2)]);
  assert.equal(readKeytab(joined).map((one) => one.kvno), [70000]);
});

test('a record without the 32-bit kvno keeps its 8-bit one', () => {
  const [first] = readKeytab(fixture('alice.keytab'));
  const written = writeKeytab([{ ...first!, kvno: 3 }]);
  const size = new DataView(written.buffer).getInt32(2);
  const short = written.slice(0, -4);
  new DataView(short.buffer).setInt32(2, size - 4);
  assert.equal(readKeytab(short).map((one) => one.kvno), [3]);
});

test('version 1 in either byte order', () => {
  // 05 01, one record: components counts the realm, no name type
  const record = (little: boolean) => {
    const bytes = new Uint8Array(34);
    const view = new DataView(bytes.buffer);
    bytes.set([5, 1]);
    view.setInt32(2, 28, little);
    view.setUint16(6, 2, little);
    view.setUint16(8, 1, little); bytes[10] = 0x52;
    view.setUint16(11, 1, little); bytes[13] = 0x61;
    view.setUint32(14, 77, little);
    bytes[18] = 9;
    view.setUint16(19, 17, little);
    view.setUint16(21, 11, little);
    return bytes;
  };
  for (const little of [false, true]) {
    const [only] = readKeytab(record(little));
    assert.equal(only!.principal, { nameType: 1, realm: 'R', components: ['a'] });
    assert.is(only!.timestamp, 77);
    assert.is(only!.etype, 17);
    assert.is(only!.key.length, 11);
  }
});

test('every truncation is an SspiError with an offset, or a shorter keytab', () => {
  const whole = fixture('http.keytab');
  for (let length = 0; length < whole.length; length++) {
    try {
      assert.ok(readKeytab(whole.subarray(0, length)).length < 4);
    } catch (error) {
      assert.instance(error, SspiError);
      assert.is((error as SspiError).code, 'SEC_E_UNKNOWN_CREDENTIALS');
      assert.type((error as SspiError).offset, 'number');
    }
  }
});

test('a foreign file says what was expected', () => {
  assert.throws(() => readKeytab(new TextEncoder().encode('[libdefaults]')), /version 05 01 or 05 02 expected, 5b 6c came \(at byte 0\)/);
});

// klist -k -K -e alice.keytab (MIT krb5 1.20.1)
const ALICE = [
  '1 18 822fd5d1d67c851ffe6cedae86d6d17138478433dfe30201bab19c9833e301ae',
  '1 17 cfb0c200bbded80d412178947e085092',
  '1 20 59ebc60ff946f9b8d875fea923dd253bc4ecdf69049cb577efa34ef64fb0b5e9',
  '1 19 e7c6c5ae3a13060648d0783de2aaaef1',
];

test.run();
