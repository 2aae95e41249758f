// Passwords changed at a Samba AD controller (RFC 3244), by their owners.
import * as assert from 'uvu/assert';
import { changeAccountPassword, createInitiator, SspiError, type KerberosConfig } from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';

const check = peerSuite('Passwords at a Samba AD controller', samba);
let dc: DomainController;
let current: string;
check.before(async () => {
  dc = await domainController();
  current = dc.password;
});

const kerberos = (protocol = ''): KerberosConfig => ({ defaultRealm: 'AD.TEST', realms: { 'AD.TEST': { kdc: ['127.0.0.1'], kpasswd: [`${protocol}127.0.0.1:464`] } } });
const change = (user: string, domain: string, oldPassword: string, newPassword: string, protocol = ''): Promise<void> =>
  changeAccountPassword({ user, domain, oldPassword, newPassword, kerberos: kerberos(protocol) });

/** What a logon says; null: it succeeds. */
async function logOnError(user: string, password: string): Promise<string | null> {
  const context = await createInitiator({ package: 'Kerberos', target: 'HTTP/web.ad.test', credential: { user: `${user}@AD.TEST`, password }, kerberos: kerberos() });
  try {
    await context.step();
    return null;
  } catch (error) {
    assert.instance(error, SspiError);
    return (error as SspiError).kerberos?.name ?? (error as SspiError).message;
  }
}

check('a wrong old password', async () => {
  const error = await refuses(() => change('changes', 'AD.TEST', 'wrong', 'N3w-Passwörd-1'), 'SEC_E_LOGON_DENIED');
  assert.is(error.kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
  assert.is(await logOnError('changes', current), null);
});

check('a new password that is too weak is refused with the domain\'s rules', async () => {
  for (const [weak, says] of [['sh0rtA', /at least 7 characters/], ['alllowercaseletters', /complexity/]] as const) {
    const error = await refuses(() => change('changes', 'AD.TEST', current, weak), 'SEC_E_INVALID_PARAMETER');
    assert.is(error.kerberos?.name, 'KRB5_KPASSWD_SOFTERROR');
    assert.match(error.kerberos?.text ?? '', says);
    assert.not.match(error.message, weak);
  }
  assert.is(await logOnError('changes', current), null);
});

for (const [protocol, user, domain] of [['udp://', 'changes', 'ADTEST'], ['tcp://', 'changes', 'AD.TEST'], ['', 'changes@ad.test', '']] as const) {
  check(`${protocol || 'UDP or TCP'}, as ${domain}\\${user}: then a logon with the new one, and none with the old one`, async () => {
    const next = `N3w-Passwörd-${protocol}${domain}`;
    await change(user, domain, current, next, protocol);
    assert.is(await logOnError('changes', next), null);
    assert.is(await logOnError('changes', current), 'KDC_ERR_PREAUTH_FAILED');
    current = next;
  });
}

check('a password that must be changed can be, and the account logs on then', async () => {
  assert.is(await logOnError('renews', dc.password), 'KDC_ERR_KEY_EXPIRED');
  await change('renews', 'AD.TEST', dc.password, 'Ch4nged-At-Last');
  assert.is(await logOnError('renews', 'Ch4nged-At-Last'), null);
});

check('an account that is disabled changes nothing', async () => {
  const error = await refuses(() => change('disabled', 'AD.TEST', dc.password, 'N3w-Passwörd-1'), 'SEC_E_LOGON_DENIED');
  assert.is(error.kerberos?.name, 'KDC_ERR_CLIENT_REVOKED');
  assert.match(error.message, 'STATUS_ACCOUNT_DISABLED');
});

check('a server that is not there', async () => {
  const options = { user: 'changes', domain: 'AD.TEST', oldPassword: current, newPassword: 'N3w-Passwörd-9' };
  await refuses(() => changeAccountPassword({ ...options, kerberos: { realms: { 'AD.TEST': { kdc: ['127.0.0.1'], kpasswd: ['tcp://127.0.0.1:9'] } } } }), 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.is(await logOnError('changes', current), null);
});

check.run();
