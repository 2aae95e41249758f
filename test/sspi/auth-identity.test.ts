import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unpackAuthIdentity } from '../../backends/contract/auth-identity.ts';
import { packAuthIdentity, SspiError } from '../../src/index.ts';
import { hex } from './support.ts';

const test = suite('SEC_WINNT_AUTH_IDENTITY_EX2');

test('lies in memory as sspi.h declares it', () => {
  const packed = packAuthIdentity({ user: 'al', domain: 'D', password: 'pw' });
  assert.is(hex(packed), [
    '01020000', '3000', '0000', '56000000', // Version 0x201, cbHeaderLength 48, cbStructureLength 86
    '30000000', '0400', '0000', // User at 48
    '34000000', '0200', '0000', // Domain at 52
    '36000000', '2000', '0000', // PackedCredentials at 54, 32 bytes
    '06000000', // Flags: MARSHALLED | UNICODE
    '56000000', '0000', '0000', // PackageList: none
    '61006c00', '4400', // "al", "D"
    '1c00', '2000', '2fc3bf28f610384798d11ac061df716a', '1c000000', '0400', '0000', '70007700', // the password
  ].join(''));
});

test('goes there and back, lone surrogates included', () => {
  for (const identity of [
    { user: 'alice', domain: 'ADTEST', password: 'pä\ud800ss' }, { user: 'alice@AD.TEST', password: '' }, { user: '', password: 'x', packageList: '!Kerberos' },
  ]) assert.equal(unpackAuthIdentity(packAuthIdentity(identity)), identity);
});

test('whatever is cut or bent is SEC_E_INVALID_TOKEN and shows no password', () => {
  const packed = packAuthIdentity({ user: 'alice', domain: 'ADTEST', password: 'Tops3cret', packageList: 'NTLM' });
  const refused = (bytes: Uint8Array) => {
    try {
      unpackAuthIdentity(bytes);
      return false;
    } catch (error) {
      assert.instance(error, SspiError);
      assert.is((error as SspiError).code, 'SEC_E_INVALID_TOKEN');
      assert.not.match((error as SspiError).message, /Tops3cret/);
      return true;
    }
  };
  for (let length = 0; length < packed.length; length++) assert.ok(refused(packed.subarray(0, length)), `cut to ${length}`);
  for (const at of [0, 8, 12, 15, 20, 28, 31, 32, 40, 48 + 22 + 4, 48 + 22 + 20, 48 + 22 + 24]) {
    const bent = packed.slice();
    bent[at]! ^= 0xff;
    assert.ok(refused(bent), `bent at ${at}`);
  }
});

test('what does not fit the structure is refused before it is packed', () => {
  assert.throws(() => packAuthIdentity({ user: 'a', password: 'x'.repeat(40_000) }), (error: unknown) => error instanceof RangeError);
  assert.throws(() => packAuthIdentity({ user: 1 as unknown as string, password: 'x' }), (error: unknown) => error instanceof TypeError);
});

test.run();
