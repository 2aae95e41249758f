import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readPolicy } from '../../backends/wasm/kerberos/exchange/kpasswd.ts';
import { changeAccountPassword, type KdcTransport } from '../../src/index.ts';
import { kinit } from '../../src/kerberos/index.ts';
import { createTestRealm } from '../../src/testing/index.ts';
import { failure } from '../failure.ts';

const test = suite('changing a password (RFC 3244)');

const CHANGE = { user: 'alice', domain: '', oldPassword: 'Password1', newPassword: 'Pässwörd2' };

test('in process: the new password is good, the old one no more', async () => {
  await using realm = await createTestRealm();
  const { kerberos } = realm;
  await changeAccountPassword({ ...CHANGE, kerberos });
  await kinit({ principal: 'alice', password: 'Pässwörd2', kerberos });
  assert.is((await failure(kinit({ principal: 'alice', password: 'Password1', kerberos }))).code, 'SEC_E_LOGON_DENIED');
  assert.is(realm.authData('alice').password, 'Pässwörd2');
});

test('over TCP, found by krb5.conf; a name with a domain', async () => {
  await using realm = await createTestRealm();
  const { krb5Conf } = await realm.listen();
  await changeAccountPassword({ ...CHANGE, domain: 'TEST', kerberos: { krb5Conf } });
  assert.is(realm.authData('alice').password, 'Pässwörd2');
});

test('an expired password is changed', async () => {
  await using realm = await createTestRealm();
  realm.setUser('alice', { passwordExpired: true });
  await changeAccountPassword({ ...CHANGE, kerberos: realm.kerberos });
  await kinit({ principal: 'alice', password: 'Pässwörd2', kerberos: realm.kerberos });
});

test('a wrong old password, a refused new one, a disabled account', async () => {
  await using realm = await createTestRealm({ minimumPasswordLength: 8 });
  const { kerberos } = realm;
  const wrong = await failure(changeAccountPassword({ ...CHANGE, oldPassword: 'hunter2', kerberos }));
  assert.equal([wrong.code, wrong.kerberos?.name], ['SEC_E_LOGON_DENIED', 'KDC_ERR_PREAUTH_FAILED']);
  const short = await failure(changeAccountPassword({ ...CHANGE, newPassword: 'shorty', kerberos }));
  assert.equal([short.code, short.kerberos], ['SEC_E_INVALID_PARAMETER', {
    errorCode: 4, name: 'KRB5_KPASSWD_SOFTERROR', realm: 'TEST.REALM', text: 'The password must have 8 characters or more.',
  }]);
  assert.match(short.message, /8 characters/);
  for (const error of [wrong, short]) assert.not.match(`${error.message}${error.remedy}`, /hunter2|shorty/);
  realm.setUser('alice', { disabled: true });
  assert.is((await failure(changeAccountPassword({ ...CHANGE, kerberos }))).kerberos?.name, 'KDC_ERR_CLIENT_REVOKED');
  assert.is(realm.authData('alice').password, 'Password1');
});

test('a forged, broken or foreign reply is refused', async () => {
  await using realm = await createTestRealm();
  const inner = realm.kerberos.transport!;
  let earlier: Uint8Array | undefined;
  const answering = (change: (reply: Uint8Array) => Uint8Array) => {
    const transport: KdcTransport = {
      async send(name, message, options) {
        const reply = await inner.send(name, message, options);
        return options.service === 'kpasswd' ? change(reply) : reply;
      },
    };
    return changeAccountPassword({ ...CHANGE, oldPassword: realm.authData('alice').password, newPassword: `p${Math.random()}`, kerberos: { ...realm.kerberos, transport } });
  };
  await answering((reply) => (earlier = reply.slice()));
  assert.is((await failure(answering(() => earlier!))).code, 'SEC_E_DECRYPT_FAILURE', 'the reply to another request');
  for (const length of [0, 1, 5, 6, 7, 20]) await failure(answering((reply) => reply.subarray(0, length)));
  const flipped: string[] = [];
  for (const at of [0, 3, 5, 30, -1]) {
    const broken = answering((reply) => {
      const bytes = reply.slice();
      bytes[at < 0 ? bytes.length + at : at]! ^= 1;
      return bytes;
    });
    // the version of a reply says nothing, and MIT's clients do not look at it either
    if (at === 3) await broken;
    else flipped.push((await failure(broken)).code);
  }
  assert.is(flipped.length, 4);
});

test("Windows's policy, told in words", () => {
  const blob = Uint8Array.from(Buffer.from('0000' + '00000007' + '00000018' + '00000001' + '00002507eb4b8000' + '000000c92a69c000', 'hex'));
  assert.is(readPolicy(blob), 'the domain asks for at least 7 characters; three of capitals, small letters, digits and signs, and no part of the name; none of the last 24 passwords; '
    + 'not before the last one is 1 day old');
  assert.is(readPolicy(blob.subarray(1)), undefined);
  assert.is(readPolicy(new TextEncoder().encode('a text that has thirty letters')), undefined);
});

test.run();
