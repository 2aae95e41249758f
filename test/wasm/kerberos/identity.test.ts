import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KerberosConfig } from '../../../backends/contract/credentials.ts';
import { SspiError } from '../../../backends/contract/errors.ts';
import { clientIdentity, serverPrincipal } from '../../../backends/wasm/kerberos/identity.ts';
import { NT_ENTERPRISE, NT_PRINCIPAL } from '../../../backends/wasm/kerberos/store/principal.ts';
import { readKrb5Conf } from '../../../backends/wasm/kerberos/store/krb5-conf.ts';

const test = suite('who and what is meant');

const known: KerberosConfig = { defaultRealm: 'AD.TEST' };
const CLIENTS: [user: string, domain: string | undefined, config: KerberosConfig, principal: string, canonicalize: boolean][] = [
  ['alice', undefined, known, 'alice@AD.TEST', false],
  ['alice@AD.TEST', undefined, {}, 'alice@AD.TEST', false],
  ['alice@OTHER.TEST', undefined, known, 'alice@OTHER.TEST', false],
  ['ADTEST\\alice', undefined, known, 'alice@AD.TEST', false],
  ['ad.test\\alice', undefined, {}, 'alice@AD.TEST', false],
  ['alice', 'ADTEST', known, 'alice@AD.TEST', false],
  ['alice', 'ad.test', {}, 'alice@AD.TEST', false],
  ['alice@corp.example', undefined, known, 'alice@corp.example@AD.TEST', true],
  ['alice@corp.example', undefined, {}, 'alice@corp.example@CORP.EXAMPLE', true],
  ['alice@corp.example', 'ADTEST', known, 'alice@corp.example@AD.TEST', true],
  ['HTTP/web.ad.test', undefined, known, 'HTTP/web.ad.test@AD.TEST', false],
];
for (const [user, domain, config, expected, canonicalize] of CLIENTS) {
  test(`${domain === undefined ? '' : `${domain} + `}${user} is ${expected}`, () => {
    const identity = clientIdentity(user, domain, config, null);
    assert.is(`${identity.principal.components.join('/')}@${identity.principal.realm}`, expected);
    assert.is(identity.canonicalize, canonicalize);
    assert.is(identity.principal.nameType === NT_ENTERPRISE, canonicalize);
  });
}

test('without a realm Kerberos says so, and Negotiate goes on with NTLM', async () => {
  for (const [user, domain] of [['alice', undefined], ['ADTEST\\alice', undefined], ['alice', 'ADTEST']] as const) {
    assert.throws(() => clientIdentity(user, domain, {}, null), (error: unknown) => error instanceof SspiError && error.code === 'SEC_E_NO_AUTHENTICATING_AUTHORITY' && error.remedy !== undefined);
  }
  const conf = await readKrb5Conf('[libdefaults]\ndefault_realm = ADTEST.EXAMPLE.COM\n');
  assert.is(clientIdentity('ADTEST\\alice', undefined, {}, conf).principal.realm, 'ADTEST.EXAMPLE.COM');
  assert.throws(() => clientIdentity('OTHER\\alice', undefined, {}, conf));
});

const TARGETS: [target: string, config: KerberosConfig, expected: string][] = [
  ['HTTP/web.ad.test', {}, 'HTTP/web.ad.test@'],
  ['HTTP/web.ad.test@AD.TEST', {}, 'HTTP/web.ad.test@AD.TEST'],
  ['HTTP/web.ad.test', { domainRealm: { '.ad.test': 'AD.TEST' } }, 'HTTP/web.ad.test@AD.TEST'],
  ['HTTP/WEB.AD.TEST', { domainRealm: { '.AD.test': 'AD.TEST' } }, 'HTTP/WEB.AD.TEST@AD.TEST'],
  ['HTTP@web.ad.test', {}, 'HTTP/web.ad.test@'],
  ['MSSQLSvc/db.ad.test:1433', { domainRealm: { 'db.ad.test': 'AD.TEST' } }, 'MSSQLSvc/db.ad.test:1433@AD.TEST'],
  ['ldap/dc1.ad.test/ad.test', { domainRealm: { 'ad.test': 'AD.TEST' } }, 'ldap/dc1.ad.test/ad.test@AD.TEST'],
  ['alice@AD.TEST', {}, 'alice@AD.TEST'],
  ['web$', {}, 'web$@'],
];
for (const [target, config, expected] of TARGETS) {
  test(`the target ${target} is ${expected || 'found by the KDC'}`, () => {
    const { components, realm, nameType } = serverPrincipal(target, config, null);
    assert.is(`${components.join('/')}@${realm}`, expected);
    assert.is(nameType === NT_PRINCIPAL, components.length === 1);
  });
}

test('what is no target', () => {
  for (const target of ['', '  ', '/', 'HTTP/', '/web', '@AD.TEST', 'HTTP//web']) {
    assert.throws(() => serverPrincipal(target, {}, null), (error: unknown) => error instanceof SspiError && error.code === 'SEC_E_TARGET_UNKNOWN', target);
  }
});

test.run();
