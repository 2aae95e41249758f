// Logging on at a Samba AD controller: names, transports, and every refusal told apart.
import * as assert from 'uvu/assert';
import { createInitiator, SspiError, type AuthData, type KerberosConfig } from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import { logOn } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';

const check = peerSuite('Kerberos logons at a Samba AD controller', samba);
const TARGET = 'HTTP/web.ad.test';
let dc: DomainController;
check.before(async () => { dc = await domainController(); });

const realm = (kdc = '127.0.0.1', more: KerberosConfig = {}): KerberosConfig => ({ realms: { 'AD.TEST': { kdc: [kdc] } }, ...more });

async function succeeds(credential: AuthData, kerberos: KerberosConfig, peer = 'alice@AD.TEST'): Promise<void> {
  const { server } = await logOn({ target: TARGET, credential, kerberos }, { credential: { keytab: dc.keytab } });
  assert.is(server.peer, peer);
}

async function fails(credential: AuthData, code: SspiError['code'], options: { kerberos?: KerberosConfig; target?: string } = {}): Promise<SspiError> {
  const context = await createInitiator({ package: 'Kerberos', target: options.target ?? TARGET, credential, kerberos: options.kerberos ?? realm() });
  const error = await refuses(() => context.step(), code);
  assert.not.match(error.message, dc.password);
  return error;
}

for (const kdc of ['udp://127.0.0.1:88', 'tcp://127.0.0.1:88', '127.0.0.1']) {
  check(`by ${kdc}`, () => succeeds({ user: 'alice@AD.TEST', password: dc.password }, realm(kdc)));
}

for (const [name, credential, more] of [
  ['a principal', { user: 'alice@AD.TEST' }, {}],
  ['a UPN, which is an enterprise name', { user: 'alice@ad.test' }, {}],
  ['a UPN in another case', { user: 'Alice@Ad.Test' }, {}],
  ['a UPN sent to the default realm', { user: 'alice@ad.test' }, { defaultRealm: 'AD.TEST' }],
  ['DOMAIN\\user', { user: 'ADTEST\\alice' }, { defaultRealm: 'AD.TEST' }],
  ['user and NetBIOS domain', { user: 'alice', domain: 'ADTEST' }, { defaultRealm: 'AD.TEST' }],
  ['user and DNS domain', { user: 'alice', domain: 'ad.test' }, {}],
  ['a bare name in the default realm', { user: 'alice' }, { defaultRealm: 'AD.TEST' }],
] as const) {
  check(`as ${name}`, () => succeeds({ ...credential, password: dc.password }, realm('127.0.0.1', more)));
}

check('a UPN as an enterprise name comes back as the principal that the directory has', async () => {
  await succeeds({ user: 'ALICE@ad.test', password: dc.password }, realm(), 'alice@AD.TEST');
});

check('with a krb5.conf in the place of realms', async () => {
  await succeeds({ user: 'alice', password: dc.password }, { krb5Conf: dc.krb5ConfText });
});

for (const etype of ['aes256-cts-hmac-sha1-96', 'aes128-cts-hmac-sha1-96']) {
  check(`with ${etype} alone`, () => succeeds({ user: 'alice@AD.TEST', password: dc.password }, realm('127.0.0.1', { etypes: [etype] })));
}

check('RC4 from a password hash, only where weak crypto is allowed', async () => {
  const ntHash = Buffer.from(dc.ntHash, 'hex');
  await succeeds({ user: 'alice@AD.TEST', ntHash }, realm('127.0.0.1', { allowWeakCrypto: true }));
  await refuses(() => createInitiator({ package: 'Kerberos', target: TARGET, credential: { user: 'alice@AD.TEST', ntHash }, kerberos: realm() }), 'SEC_E_NO_CREDENTIALS');
});

for (const [user, name, says, remedy] of [
  ['alice', 'KDC_ERR_PREAUTH_FAILED', /the password is wrong/, /Check the password/],
  ['nobody', 'KDC_ERR_C_PRINCIPAL_UNKNOWN', /the client is not known/, /user name/],
] as const) {
  check(`a wrong password of ${user} is ${name}`, async () => {
    const error = await fails({ user: `${user}@AD.TEST`, password: 'wrong' }, 'SEC_E_LOGON_DENIED');
    assert.is(error.kerberos?.name, name);
    assert.is(error.kerberos?.realm, 'AD.TEST');
    assert.match(error.message, says);
    assert.match(error.remedy!, remedy);
  });
}

for (const [user, name, ntstatus, remedy] of [
  ['disabled', 'KDC_ERR_CLIENT_REVOKED', 'STATUS_ACCOUNT_DISABLED', /enable the account/],
  ['expired', 'KDC_ERR_CLIENT_REVOKED', 'STATUS_ACCOUNT_EXPIRED', /extend the account/],
  ['mustchange', 'KDC_ERR_KEY_EXPIRED', 'STATUS_PASSWORD_MUST_CHANGE', /[Cc]hange the password/],
] as const) {
  check(`an account that is ${user}: ${ntstatus}, but only for who knows the password`, async () => {
    const error = await fails({ user: `${user}@AD.TEST`, password: dc.password }, 'SEC_E_LOGON_DENIED');
    assert.is(error.kerberos?.name, name);
    assert.match(error.message, ntstatus);
    assert.match(error.remedy!, remedy);
    const wrong = await fails({ user: `${user}@AD.TEST`, password: 'wrong' }, 'SEC_E_LOGON_DENIED');
    assert.is(wrong.kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
  });
}

check('three wrong passwords lock an account: the right one is told that, not that it is wrong', async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    assert.is((await fails({ user: 'locked@AD.TEST', password: 'wrong' }, 'SEC_E_LOGON_DENIED')).kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
  }
  const error = await fails({ user: 'locked@AD.TEST', password: dc.password }, 'SEC_E_LOGON_DENIED');
  assert.is(error.kerberos?.name, 'KDC_ERR_CLIENT_REVOKED'); // Samba sends no NTSTATUS here, and names no reason
  assert.match(error.remedy!, /unlock/);
});

check('services and realms that nobody knows', async () => {
  const alice = { user: 'alice@AD.TEST', password: dc.password };
  for (const [target, named] of [['HTTP/web.nowhere.test', 'HTTP/web.nowhere.test'], ['HTTP/web.nowhere.test@NOWHERE.TEST', 'NOWHERE.TEST']] as const) {
    const error = await fails(alice, 'SEC_E_TARGET_UNKNOWN', { target });
    assert.is(error.kerberos?.name, 'KDC_ERR_S_PRINCIPAL_UNKNOWN');
    assert.match(error.message, named);
  }
  const unreachable = await fails({ user: 'alice@NOWHERE.TEST', password: 'any' }, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', { kerberos: { krb5Conf: dc.krb5ConfText } });
  assert.match(unreachable.message, 'NOWHERE.TEST');
  const elsewhere = await fails({ user: 'alice@nowhere.test', password: 'any' }, 'SEC_E_LOGON_DENIED', { kerberos: realm('127.0.0.1', { defaultRealm: 'AD.TEST' }) });
  assert.is(elsewhere.kerberos?.name, 'KDC_ERR_C_PRINCIPAL_UNKNOWN');
});

check('a KDC that is not there is another error than a password', async () => {
  const error = await fails({ user: 'alice@AD.TEST', password: dc.password }, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', { kerberos: realm('tcp://127.0.0.1:9') });
  assert.match(error.message, '127.0.0.1:9');
});

check.run();
