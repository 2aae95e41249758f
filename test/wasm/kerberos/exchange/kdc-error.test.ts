import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { extendedStatus, toSspiError } from '../../../../backends/wasm/kerberos/exchange/kdc-error.ts';
import { KrbError } from '../../../../backends/wasm/kerberos/messages/krb-error.ts';

const test = suite("a KDC's errors");

function krbError(errorCode: number, eData: string): KrbError {
  const error = new KrbError();
  error.errorCode = errorCode;
  error.realm = 'AD.TEST';
  error.eData = new Uint8Array(Buffer.from(eData, 'hex'));
  return error;
}

for (const { account, code, eData, status, says, remedy } of [
  { account: 'disabled', code: 18, eData: '3046302da103020113a226042430223020a003020112a1111b0f41442e5445535464697361626c6564a2060404000010003015a103020103a20e040c720000c00000000001000000',
    status: 0xc0000072, says: /the account is disabled: .*STATUS_ACCOUNT_DISABLED/, remedy: /enable/ },
  { account: 'expired', code: 18, eData: '3045302ca103020113a22504233021301fa003020112a1101b0e41442e5445535465787069726564a2060404000010003015a103020103a20e040c930100c00000000001000000',
    status: 0xc0000193, says: /the account has expired: .*STATUS_ACCOUNT_EXPIRED/, remedy: /extend/ },
  { account: 'mustchange', code: 23, eData: '3048302fa103020113a228042630243022a003020112a1131b1141442e544553546d7573746368616e6765a2060404000010003015a103020103a20e040c240200c00000000001000000',
    status: 0xc0000224, says: /must be changed .*STATUS_PASSWORD_MUST_CHANGE/, remedy: /[Cc]hange the password/ },
]) {
  test(`the NTSTATUS in METHOD-DATA, as Samba 4.17 sends it: ${account}`, () => {
    const error = krbError(code, eData);
    assert.is(extendedStatus(error), status);
    const told = toSspiError(error, 'a ticket');
    assert.match(told.message, says);
    assert.match(told.remedy!, remedy);
  });
}

test('the NTSTATUS in a KERB-ERROR-DATA of its own (MS-KILE 2.2.2)', () => {
  assert.is(extendedStatus(krbError(18, '3015a103020103a20e040c340200c00000000001000000')), 0xc0000234);
});

test('METHOD-DATA without one, a salt of that type, and what is no DER, tell no status', () => {
  // METHOD-DATA of Samba 4.17 for a locked account
  assert.is(extendedStatus(krbError(18, '302d302ba103020113a22404223020301ea003020112a10f1b0d41442e544553546c6f636b6564a206040400001000')), undefined);
  assert.is(extendedStatus(krbError(25, '30173015a103020103a20e040c720000c00000000001000000')), undefined, 'KDC_ERR_PREAUTH_REQUIRED gives salts');
  assert.is(extendedStatus(krbError(18, '30093007a103020103a2000400')), undefined);
  assert.is(extendedStatus(krbError(18, 'ffff')), undefined);
});

test.run();
