// changeAccountPassword (RFC 3244) with MIT's kadmind.
import * as assert from 'uvu/assert';
import { changeAccountPassword, type KerberosConfig } from '../../../src/index.ts';
import { kinit } from '../../../src/kerberos/index.ts';
import { refuses } from '../lab/handshake.ts';
import { kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { hasProgram, peerSuite, type Peer } from '../lab/peer.ts';
import { PASSWORD } from './fixture.ts';

const kadmind: Peer = { name: 'MIT kadmind', packages: ['krb5-admin-server'], unusable: () => hasProgram('kadmind') ? null : 'kadmind is not installed' };
const check = peerSuite('Passwords with MIT\'s kadmind', kdc, kadmind);
const NEW = 'Another-Pässwörd-2';
let realms: MitRealms;
let passwordServer: string;
check.before(async () => {
  realms = await startRealms({ 'LAB.TEST': [
    'addpol -minlength 10 long', ...['alice', 'bob'].map((user) => `addprinc +requires_preauth -policy long -pw ${PASSWORD} ${user}`),
    `addprinc +requires_preauth -pwexpire yesterday -pw ${PASSWORD} stale`,
  ] });
  passwordServer = await realms.startPasswordServer('LAB.TEST');
});
check.after(() => realms.stop());

const through = (prefix: string): KerberosConfig => ({
  krb5Conf: '', defaultRealm: 'LAB.TEST', realms: { 'LAB.TEST': { kdc: [realms.addresses['LAB.TEST']!], kpasswd: [prefix + passwordServer] } },
});
const change = (user: string, oldPassword: string, newPassword: string, prefix = '') =>
  changeAccountPassword({ user, domain: 'LAB.TEST', oldPassword, newPassword, kerberos: through(prefix) });

for (const [prefix, user] of [['udp://', 'alice'], ['tcp://', 'bob']] as const) {
  check(`a new password counts, the old one does not (${prefix})`, async () => {
    await change(user, PASSWORD, NEW, prefix);
    assert.is((await kinit({ principal: `${user}@LAB.TEST`, password: NEW, kerberos: through('') })).principal, `${user}@LAB.TEST`);
    assert.is((await refuses(() => kinit({ principal: `${user}@LAB.TEST`, password: PASSWORD, kerberos: through('') }), 'SEC_E_LOGON_DENIED')).kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
  });
}

check('an expired password can be changed', async () => {
  await refuses(() => kinit({ principal: 'stale@LAB.TEST', password: PASSWORD, kerberos: through('') }), 'SEC_E_LOGON_DENIED');
  await change('stale', PASSWORD, NEW);
  await kinit({ principal: 'stale@LAB.TEST', password: NEW, kerberos: through('') });
});

check('a wrong old password, and a new one that the policy refuses', async () => {
  assert.is((await refuses(() => change('alice', 'wrong', 'does-not-matter'), 'SEC_E_LOGON_DENIED')).kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
  const error = await refuses(() => change('alice', NEW, 'short'), 'SEC_E_INVALID_PARAMETER');
  assert.match(error.message, /10|short/, 'the policy\'s words');
});

check.run();
