import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nFold, oracleKey, oracleStringToKey } from './oracle-key.ts';

const test = suite('the oracle of the etypes');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const { kerberos: [capture] } = JSON.parse(readFileSync(new URL('../../vectors/captures.json', import.meta.url), 'utf8'));

test('n-fold, RFC 3961 A.1', () => {
  assert.is(hex(nFold(Buffer.from('012345'), 8)), 'be072631276b1955');
  assert.is(hex(nFold(Buffer.from('Rough Consensus, and Running Code'), 8)), 'bb6ed30870b7f0e0');
  assert.is(hex(nFold(Buffer.from('kerberos'), 16)), '6b65726265726f737b9b5b2b93132b93');
});

test("a Windows KDC's exchange: the password's key, the timestamp, the ticket's part", () => {
  const key = oracleStringToKey(18, capture.password, capture.salt);
  assert.is(hex(key), capture.clientKey);
  const asReq = capture.messages.AS_REQ.toLowerCase() as string;
  const cipher = asReq.slice(asReq.indexOf('a23a0438') + 8, asReq.indexOf('a23a0438') + 8 + 0x38 * 2);
  const plain = oracleKey(18, key).decrypt(1, bytes(cipher));
  assert.is(hex(plain), capture.paEncTs);
});

test('what is encrypted decrypts, at every length', () => {
  for (const etype of [17, 18, 19, 20]) {
    const key = oracleKey(etype, new Uint8Array(etype % 2 === 0 ? 32 : 16).fill(7));
    for (let length = 0; length < 70; length++) {
      const plain = new Uint8Array(length).fill(length);
      assert.is(hex(key.decrypt(3, key.encrypt(3, plain))), hex(plain));
    }
  }
});


test.run();
