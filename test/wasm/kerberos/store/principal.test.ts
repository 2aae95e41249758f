import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPrincipal, NT_ENTERPRISE, NT_PRINCIPAL, NT_SRV_HST, NT_SRV_INST, parsePrincipal, samePrincipal } from '../../../../backends/wasm/kerberos/store/principal.ts';

const test = suite('principal');

const read: [text: string, nameType: number, components: string[], realm: string][] = [
  ['alice', NT_PRINCIPAL, ['alice'], 'DEFAULT.TEST'],
  ['alice@AD.TEST', NT_PRINCIPAL, ['alice'], 'AD.TEST'],
  ['HTTP/web.ad.test@AD.TEST', NT_SRV_HST, ['HTTP', 'web.ad.test'], 'AD.TEST'],
  ['krbtgt/B.TEST@A.TEST', NT_SRV_INST, ['krbtgt', 'B.TEST'], 'A.TEST'],
  ['a\\/b\\@c\\\\d\\te@R', NT_PRINCIPAL, ['a/b@c\\d\te'], 'R'],
];
for (const [text, nameType, components, realm] of read) {
  test(`reads ${text} and writes it back`, () => {
    const principal = parsePrincipal(text, { defaultRealm: 'DEFAULT.TEST' });
    assert.equal(principal, { nameType, realm, components });
    assert.ok(samePrincipal(parsePrincipal(formatPrincipal(principal)), principal));
  });
}

test('an enterprise name is one component, and its @ is escaped in writing', () => {
  const principal = parsePrincipal('alice@corp.example', { enterprise: true, defaultRealm: 'AD.TEST' });
  assert.equal(principal, { nameType: NT_ENTERPRISE, realm: 'AD.TEST', components: ['alice@corp.example'] });
  assert.is(formatPrincipal(principal), 'alice\\@corp.example@AD.TEST');
});

for (const text of ['', '@R', 'a@B@C', 'a\\']) {
  test(`refuses '${text}'`, () => assert.throws(() => parsePrincipal(text, { defaultRealm: 'D' }), /SEC_E_UNKNOWN_CREDENTIALS: .* is no Kerberos principal/));
}

test('without any realm the remedy names one', () => {
  assert.throws(() => parsePrincipal('alice'), (error: { remedy?: string }) => error.remedy === 'Write it as alice@REALM, or set defaultRealm.');
});

test.run();
