import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accountName, computerName, readName, upperCase, utf16 } from '../../../backends/wasm/ntlm/names.ts';
import { writeFileTime } from '../../../backends/wasm/core/ntlm-handshake.ts';
import { ascii, hex, testHost } from './support.ts';

const test = suite('NTLM names');

test('upper case as Windows maps it: one unit to one', () => {
  for (const [lower, upper] of [
    ['alice', 'ALICE'], ['straße', 'STRAßE'], ['ÿ', 'Ÿ'], ['ç-é-ñ', 'Ç-É-Ñ'], ['ışık', 'ıŞıK'], ['ſ', 'ſ'], ['µ', 'µ'], ['σς', 'ΣΣ'], ['дом', 'ДОМ'],
    ['ŉ', 'ŉ'], ['ᾳ', 'ᾼ'], ['ᾀ', 'ᾈ'], ['\ud801\udc28', '\ud801\udc28'], ['\udc00x', '\udc00X'], ['ﬁ', 'ﬁ'], ['', ''],
  ]) assert.is(upperCase(lower!), upper, lower);
});

test('account names', () => {
  assert.equal(accountName('alice', undefined), { user: 'alice', domain: '' });
  assert.equal(accountName('alice@AD.TEST', undefined), { user: 'alice@AD.TEST', domain: '' });
  assert.equal(accountName('ADTEST\\alice', undefined), { user: 'alice', domain: 'ADTEST' });
  assert.equal(accountName('ADTEST\\alice', 'OTHER'), { user: 'alice', domain: 'OTHER' });
  assert.equal(accountName('.\\alice', undefined), { user: 'alice', domain: '.' });
});

test('UTF-16 and OEM', () => {
  assert.is(hex(utf16('aÄ\ud834')), '6100c40034d8');
  assert.is(readName(utf16('aÄ\ud834'), { offset: 0, length: 6 }, true), 'aÄ\ud834');
  assert.is(readName(ascii('ab\xe4c'), { offset: 1, length: 3 }, false), 'b\ufffdc');
});

test("the computer's name comes from its environment, if at all", () => {
  const host = (variables: Record<string, string>) => ({ ...testHost(), environment: (name: string) => variables[name] });
  assert.is(computerName(host({ COMPUTERNAME: 'Box' })), 'BOX');
  assert.is(computerName(host({ HOSTNAME: 'a-very-long-host-name.example.org' })), 'A-VERY-LONG-HOS');
  assert.is(computerName(host({ HOSTNAME: 'ü' })), null);
  assert.is(computerName(host({})), null);
  assert.is(computerName(testHost()), null);
});

test('FILETIME counts from 1601 and is exact', () => {
  for (const [time, expected] of [
    [-11644473600000, 0n], [0, 116444736000000000n], [1, 116444736000010000n], [Date.UTC(2026, 1, 3, 4, 5, 6, 789), 134145651067890000n],
    [Date.UTC(2400, 0, 1), (BigInt(Date.UTC(2400, 0, 1)) + 11644473600000n) * 10000n],
  ] as const) {
    const bytes = new Uint8Array(8);
    writeFileTime(bytes, 0, time);
    assert.is(new DataView(bytes.buffer).getBigUint64(0, true), expected);
  }
});

test.run();
