import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MechanismName } from '../../../backends/contract/credentials.ts';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { SspiErrorCode } from '../../../backends/contract/errors.ts';
import { allowedMechanisms, mechanismsForTarget, namesAddress, selectMechanisms } from '../../../backends/wasm/negotiate/policy.ts';

const test = suite('Negotiate policy');
const both: { name: MechanismName }[] = [{ name: 'Kerberos' }, { name: 'NTLM' }];
const names = (mechanisms: readonly { name: MechanismName }[]) => mechanisms.map(({ name }) => name).join(',');
const is = (code: SspiErrorCode, message: RegExp) => (error: unknown) => {
  assert.instance(error, SspiError);
  assert.is((error as SspiError).code, code);
  assert.match((error as SspiError).message, message);
  assert.ok((error as SspiError).remedy);
  return true;
};

for (const [list, allowed] of [
  [undefined, 'Kerberos,NTLM'], ['', 'Kerberos,NTLM'], [' , ', 'Kerberos,NTLM'],
  ['Kerberos', 'Kerberos'], ['NTLM', 'NTLM'], ['kerberos', 'Kerberos'], ['!ntlm', 'Kerberos'], ['!Kerberos', 'NTLM'], ['! NTLM', 'Kerberos'],
  ['Kerberos,!NTLM', 'Kerberos'], ['NTLM,Kerberos', 'Kerberos,NTLM'], [' NTLM , !Kerberos ', 'NTLM'],
  ['NTLM,!NTLM', ''], ['!NTLM,!Kerberos', ''],
] as const) {
  test(`packageList ${JSON.stringify(list)} allows [${allowed}]`, () => {
    assert.is(allowedMechanisms(list).join(','), allowed);
  });
}

test('a name that is no mechanism is a wrong argument', () => {
  for (const list of ['Kerberos,Digest', '!PKU2U', '!', 'Negotiate', 'Kerberos;NTLM']) {
    assert.throws(() => allowedMechanisms(list), (error: unknown) => error instanceof RangeError);
  }
});

test('what is selected is in Windows\'s order', () => {
  assert.is(names(selectMechanisms([...both].reverse(), undefined)), 'Kerberos,NTLM');
  assert.is(names(selectMechanisms(both, 'NTLM,Kerberos')), 'Kerberos,NTLM');
  assert.is(names(selectMechanisms(both, '!Kerberos')), 'NTLM');
});

test('a list that leaves nothing is SEC_E_NO_CREDENTIALS, with a remedy', () => {
  assert.throws(() => selectMechanisms(both, '!NTLM,!Kerberos'), is('SEC_E_NO_CREDENTIALS', /allows nothing/));
  assert.throws(() => selectMechanisms([{ name: 'NTLM' }], 'Kerberos'), is('SEC_E_NO_CREDENTIALS', /allows Kerberos, the credential serves NTLM/));
  assert.throws(() => selectMechanisms([], undefined), is('SEC_E_NO_CREDENTIALS', /no mechanism/));
});

for (const target of [
  '10.0.0.1', 'HTTP/10.0.0.1', 'HTTP/10.0.0.1:8080', 'cifs/192.168.56.10', 'HTTP/10.0.0.1@AD.TEST', 'HTTP@10.0.0.1', 'MSSQLSvc/10.0.0.1:1433',
  'HTTP/10.0.0.1/x', '10.0.0.1.',
  '::1', 'ldap/::1', 'cifs/fe80::1', 'cifs/[fe80::1]', 'HTTP/[2001:db8::1]:8080', 'HTTP/[::ffff:10.0.0.1]', '1:2:3:4:5:6:7:8',
  'cifs/fe80::1%eth0', 'HTTP/[fe80::1%eth0]:80', '1::', '::',
]) {
  test(`${target} names an address`, () => {
    assert.ok(namesAddress(target));
    assert.is(names(mechanismsForTarget(both, target).mechanisms), 'NTLM');
    assert.match(mechanismsForTarget(both, target).fallbackFrom!.message, /names an IP address/);
    assert.throws(() => mechanismsForTarget([both[0]!], target), is('SEC_E_TARGET_UNKNOWN', /names an IP address/));
  });
}

for (const target of [
  'HTTP/web.ad.test', 'web', 'HTTP/web:8080', 'HTTP/1.2.3', 'HTTP/1.2.3.4.5', 'HTTP/256.1.1.1', 'HTTP/10.0.0.1.ad.test', 'alice@AD.TEST',
  'HTTP@web.ad.test', 'cifs/dead.beef',
  'host/1:2:3:4:5:6:7', 'host/1::2::3', 'host/12345::1', 'host/1:2:3:4:5:6:7:8:9', 'host/1:2:3:4:5:6:7::8', 'host/g::1', 'host/10.0.0.1x',
]) {
  test(`${target} names no address`, () => {
    assert.not.ok(namesAddress(target));
    assert.is(names(mechanismsForTarget(both, target).mechanisms), 'Kerberos,NTLM');
  });
}

test('a mechanism that can offer nothing is passed over, and says why', () => {
  const unavailable = new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no realm');
  const { mechanisms, fallbackFrom } = mechanismsForTarget([{ name: 'Kerberos', unavailable }, { name: 'NTLM' }], 'HTTP/web.ad.test');
  assert.is(names(mechanisms), 'NTLM');
  assert.is(fallbackFrom, unavailable);
  assert.is(mechanismsForTarget([both[1]!], '10.0.0.1').fallbackFrom, undefined, 'NTLM alone was asked for');
});

test('without a target name there is no Kerberos', () => {
  for (const target of [null, '', ' ']) {
    assert.is(names(mechanismsForTarget(both, target).mechanisms), 'NTLM');
    assert.throws(() => mechanismsForTarget([both[0]!], target), is('SEC_E_TARGET_UNKNOWN', /no target name/));
  }
});

test.run();
