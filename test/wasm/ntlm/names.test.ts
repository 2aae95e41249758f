import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { accountName, computerName, readName, upperCase, utf16 } from '../../../backends/wasm/ntlm/names.ts';
import { writeFileTime } from '../../../backends/wasm/core/ntlm-handshake.ts';
import { ascii, hex, testHost } from './support.ts';

const test = suite('NTLM names');

test('upper case as Windows maps it: one unit to one', () => {
  for (const [lower, upper] of [
    ['alice', 'ALICE'], ['straße', 'STRAßE'], ['ÿ', 'Ÿ'], ['ç-é-ñ', 'Ç-É-Ñ'], ['ışık', 'ıŞıK'], ['ſ', 'ſ'], ['µ', 'µ'], ['σς', 'ΣΣ'], ['дом', 'ДОМ'],
    ['ŉ', 'ŉ'], ['\ud801\udc28', '\ud801\udc28'], ['\udc00x', '\udc00X'], ['ﬁ', 'ﬁ'], ['', ''],
  ]) assert.is(upperCase(lower!), upper, lower);
});

// the up-case table of the exFAT specification (7.2.5.1), which is Windows's own; and Wine's l_intl.nls, which has all but the final sigma
test('upper case where Unicode and Windows differ', () => {
  const stay = '\u00b5\u0131\u017f\u01c5\u01c8\u01cb\u01f2\u0345\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f5\u1e9b\u1f50\u1f52\u1f56\u1fbe\u1fe2\u1c80\u1c87';
  assert.is(upperCase(stay), stay);
  assert.is(upperCase('\u0180\u01c6\u01c9\u01cc\u01f3\u0253\u037b\u03f2\u04cf\u03c2'), '\u0243\u01c4\u01c7\u01ca\u01f1\u0181\u03fd\u03f9\u04c0\u03a3');
  assert.is(upperCase('\u1f80\u1f87\u1f90\u1f97\u1fa0\u1fa7\u1fb3\u1fc3\u1ff3'), '\u1f88\u1f8f\u1f98\u1f9f\u1fa8\u1faf\u1fbc\u1fcc\u1ffc');
  assert.is(upperCase('ⅰⓐａ＠'), 'ⅠⒶＡ＠');
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
