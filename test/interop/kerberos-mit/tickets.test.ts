// Tickets from MIT's KDC: every AES type, by password and keytab, lifetimes, clocks, and each refusal by its name.
import * as assert from 'uvu/assert';
import { acquireCredentialsHandle, freeCredentialsHandle, type KerberosConfig, type SspiErrorCode } from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import { ETYPES, kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { logOn, shiftedHost, type InitiatorOptions } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';

const PASSWORD = 'S3cret-Pässwörd';
const HOUR = 3_600_000;
const WEB = 'HTTP/web.lab.test';
const check = peerSuite('Tickets of MIT\'s KDC', kdc);
let realms: MitRealms;
let services: string;
let users: string;
let kerberos: KerberosConfig;

check.before(async () => {
  realms = await startRealms({
    'LAB.TEST': [
      'addpol -maxfailure 2 strict',
      `addprinc +requires_preauth -pw ${PASSWORD} alice`, `addprinc -requires_preauth -pw ${PASSWORD} open`,
      `addprinc +requires_preauth -maxlife "3 seconds" -pw ${PASSWORD} mayfly`, `addprinc +requires_preauth -maxlife "65 seconds" -maxrenewlife "0 seconds" -pw ${PASSWORD} brief`,
      `addprinc +requires_preauth -maxlife "65 seconds" -maxrenewlife "1 hour" -pw ${PASSWORD} renewing`,
      `addprinc +requires_preauth -pwexpire yesterday -pw ${PASSWORD} stale`, `addprinc +requires_preauth -expire yesterday -pw ${PASSWORD} gone`,
      `addprinc +requires_preauth -allow_tix -pw ${PASSWORD} disabled`, `addprinc +requires_preauth -policy strict -pw ${PASSWORD} locked`,
      `addprinc +requires_preauth +needchange -pw ${PASSWORD} changing`, `addprinc +requires_hwauth +requires_preauth -pw ${PASSWORD} card`,
      `addprinc -randkey ${WEB}`, 'addprinc -randkey -allow_svr HTTP/nobody.lab.test', 'addprinc -randkey -allow_tix HTTP/off.lab.test',
      ...ETYPES.map(({ kadmin, etype }) => `addprinc -randkey -e ${kadmin}:normal HTTP/e${etype}.lab.test`),
    ],
  });
  services = await realms.keytab('services.keytab', 'LAB.TEST', WEB, ...ETYPES.map(({ etype }) => `HTTP/e${etype}.lab.test`));
  users = await realms.keytab('users.keytab', 'LAB.TEST', 'alice', 'open');
  kerberos = { krb5Conf: realms.krb5Conf };
});
check.after(() => realms.stop());

const as = (user: string, password = PASSWORD): InitiatorOptions => ({ target: WEB, credential: { user: `${user}@LAB.TEST`, password }, kerberos });
const server = () => ({ credential: { keytab: services } });
const issued = async (kind: 'AS_REQ' | 'TGS_REQ') => (await realms.log('LAB.TEST')).filter((line) => line.includes(kind) && line.includes('ISSUE'));

for (const { etype, name, keyLength } of ETYPES) {
  for (const user of ['alice', 'open']) {
    for (const kind of ['password', 'keytab'] as const) {
      check(`${name}, ${kind}, ${user === 'alice' ? 'with' : 'without'} pre-authentication`, async () => {
        await realms.log('LAB.TEST');
        const credential = kind === 'password' ? { user: `${user}@LAB.TEST`, password: PASSWORD } : { user: `${user}@LAB.TEST`, keytab: users };
        const one = { kerberos: { ...kerberos, etypes: [name] }, credential };
        const own = await logOn({ ...one, target: `HTTP/e${etype}.lab.test` }, server());
        assert.is(own.server.peer, `${user}@LAB.TEST`);
        assert.is(own.client.sessionKey.length, keyLength);
        const lines = await realms.log('LAB.TEST');
        assert.is(lines.filter((line) => line.includes('NEEDED_PREAUTH')).length, user === 'alice' ? 1 : 0);
        const [granting, service] = lines.filter((line) => line.includes('ISSUE'));
        assert.match(granting!, new RegExp(`AS_REQ .*rep=${name}\\(${etype}\\), tkt=.*ses=${name}\\(${etype}\\)`), 'the reply is in the type that was asked for');
        assert.match(service!, new RegExp(`TGS_REQ .*tkt=${name}\\(${etype}\\), ses=${name}\\(${etype}\\)`));
      });
    }
  }
}

check('all types at once: the ticket\'s, the session\'s and the reply\'s may differ', async () => {
  for (const { etype } of ETYPES) {
    const { server: accepted } = await logOn({ ...as('alice'), target: `HTTP/e${etype}.lab.test` }, server());
    assert.is(accepted.peer, 'alice@LAB.TEST');
  }
});

check('one credential asks once for all who want the same ticket', async () => {
  const { credential } = await acquireCredentialsHandle({ package: 'Kerberos', authData: { user: 'alice@LAB.TEST', password: PASSWORD }, kerberos });
  await realms.log('LAB.TEST');
  await Promise.all(Array.from({ length: 8 }, () => logOn({ target: WEB, credential }, server())));
  await logOn({ target: WEB, credential }, server());
  assert.is((await realms.log('LAB.TEST')).filter((line) => line.includes('ISSUE')).length, 2, 'a ticket-granting ticket and one for the service');
  freeCredentialsHandle(credential);
});

check('tickets that end before a handshake\'s margin are good for one handshake each', async () => {
  const { credential } = await acquireCredentialsHandle({ package: 'Kerberos', authData: { user: 'mayfly@LAB.TEST', password: PASSWORD }, kerberos });
  await realms.log('LAB.TEST');
  for (let times = 0; times < 2; times++) {
    const { client } = await logOn({ target: WEB, credential }, server());
    assert.ok(client.expiry!.getTime() <= Date.now() + 4000);
  }
  assert.is((await issued('AS_REQ')).length, 2);
  freeCredentialsHandle(credential);
});

check('an expired ticket is replaced: by a new logon, or by renewal where it is renewable', async () => {
  for (const [user, asked] of [['brief', 2], ['renewing', 1]] as const) {
    const host = shiftedHost();
    const renewable = { krb5Conf: realms.krb5Conf.replace('[libdefaults]', '[libdefaults]\nrenew_lifetime = 1h') };
    const { credential } = await acquireCredentialsHandle({ package: 'Kerberos', authData: { user: `${user}@LAB.TEST`, password: PASSWORD }, kerberos: renewable, host });
    await realms.log('LAB.TEST');
    await logOn({ target: WEB, credential }, server());
    await logOn({ target: WEB, credential }, server());
    host.shift = 10_000; // of 65 s the last 60 are the margin
    await logOn({ target: WEB, credential }, server());
    const lines = (await realms.log('LAB.TEST')).filter((line) => line.includes('ISSUE'));
    assert.is(lines.filter((line) => line.includes('AS_REQ')).length, asked, lines.join('\n'));
    assert.is(lines.filter((line) => / for krbtgt\/LAB\.TEST@/.test(line) && line.includes('TGS_REQ')).length, 2 - asked, lines.join('\n'));
    assert.is(lines.filter((line) => line.includes(`for ${WEB}@`)).length, 2);
    freeCredentialsHandle(credential);
  }
});

for (const shift of [HOUR, -HOUR]) {
  for (const user of ['alice', 'open']) {
    check(`our clock an hour ${shift > 0 ? 'ahead' : 'behind'}, ${user === 'alice' ? 'with' : 'without'} pre-authentication: the KDC's is learned`, async () => {
      const { credential } = await acquireCredentialsHandle({ package: 'Kerberos', authData: { user: `${user}@LAB.TEST`, password: PASSWORD }, kerberos, host: shiftedHost(shift) });
      await realms.log('LAB.TEST');
      for (let times = 0; times < 2; times++) await logOn({ target: WEB, credential }, server()); // the server's clock is right
      assert.is((await realms.log('LAB.TEST')).filter((line) => line.includes('ISSUE')).length, 2, 'the tickets count as good by that clock');
      freeCredentialsHandle(credential);
    });
  }
}

const REFUSALS: [what: string, options: () => InitiatorOptions, code: SspiErrorCode, name: string, remedy: RegExp][] = [
  ['a wrong password', () => as('alice', 'wrong'), 'SEC_E_LOGON_DENIED', 'KDC_ERR_PREAUTH_FAILED', /password/i],
  ['an expired password', () => as('stale'), 'SEC_E_LOGON_DENIED', 'KDC_ERR_KEY_EXPIRED', /[Cc]hange the password/],
  ['a password that must be changed', () => as('changing'), 'SEC_E_LOGON_DENIED', 'KDC_ERR_KEY_EXPIRED', /[Cc]hange the password/],
  ['an expired account', () => as('gone'), 'SEC_E_LOGON_DENIED', 'KDC_ERR_NAME_EXP', /administrator/],
  ['a disabled account', () => as('disabled'), 'SEC_E_LOGON_DENIED', 'KDC_ERR_CLIENT_REVOKED', /administrator/],
  ['an unknown user', () => as('nobody'), 'SEC_E_LOGON_DENIED', 'KDC_ERR_C_PRINCIPAL_UNKNOWN', /user name/],
  ['an unknown service', () => ({ ...as('alice'), target: 'HTTP/elsewhere.lab.test' }), 'SEC_E_TARGET_UNKNOWN', 'KDC_ERR_S_PRINCIPAL_UNKNOWN', /target name/],
];
for (const [what, options, code, name, remedy] of REFUSALS) {
  check(`${what}: ${name}`, async () => {
    const error = await refuses(() => logOn(options(), server()), code);
    assert.is(error.kerberos?.name, name, error.message);
    assert.is(error.kerberos?.realm, 'LAB.TEST');
    assert.match(error.remedy!, remedy);
    assert.not.match(error.message + error.remedy, PASSWORD);
  });
}

check('without pre-authentication a wrong password is found when the reply is opened', async () => {
  const error = await refuses(() => logOn(as('open', 'wrong'), server()), 'SEC_E_LOGON_DENIED');
  assert.match(error.message, /the password is wrong/);
});

check('a locked account: KDC_ERR_CLIENT_REVOKED, whatever the password', async () => {
  for (let times = 0; times < 2; times++) assert.is((await refuses(() => logOn(as('locked', 'wrong'), server()), 'SEC_E_LOGON_DENIED')).kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
  assert.is((await refuses(() => logOn(as('locked'), server()), 'SEC_E_LOGON_DENIED')).kerberos?.name, 'KDC_ERR_CLIENT_REVOKED');
});

check('services that may not be asked for', async () => {
  for (const [target, code, name] of [
    ['HTTP/nobody.lab.test', 'SEC_E_NO_TGT_REPLY', 'KDC_ERR_MUST_USE_USER2USER'], ['HTTP/off.lab.test', 'SEC_E_TARGET_UNKNOWN', 'KDC_ERR_S_PRINCIPAL_UNKNOWN'],
  ] as const) {
    const error = await refuses(() => logOn({ ...as('alice'), target }, server()), code);
    assert.is(error.kerberos!.name, name, error.message);
  }
});

check('an account that demands what a password is not', async () => {
  const error = await refuses(() => logOn(as('card'), server()), 'SEC_E_UNSUPPORTED_PREAUTH', 'SEC_E_LOGON_DENIED');
  assert.ok(error.kerberos!.errorCode > 0, error.message);
});

check('a service whose key the keytab has in another version: KRB_AP_ERR_BADKEYVER', async () => {
  await realms.kadmin('LAB.TEST', 'addprinc -randkey HTTP/rekeyed.lab.test');
  const keytab = await realms.keytab('rekeyed.keytab', 'LAB.TEST', 'HTTP/rekeyed.lab.test');
  await realms.kadmin('LAB.TEST', 'cpw -randkey HTTP/rekeyed.lab.test');
  const options = { ...as('alice'), target: 'HTTP/rekeyed.lab.test' };
  assert.is((await refuses(() => logOn(options, { credential: { keytab } }), 'SEC_E_NO_KERB_KEY')).kerberos?.name, 'KRB_AP_ERR_BADKEYVER');
  const both = await realms.keytab('rekeyed.keytab', 'LAB.TEST', 'HTTP/rekeyed.lab.test');
  await logOn(options, { credential: { keytab: both } });
});

check('by UDP and by TCP', async () => {
  const address = realms.addresses['LAB.TEST']!;
  for (const kdcAddress of [`udp://${address}`, `tcp://${address}`, address]) {
    await logOn({ ...as('alice'), kerberos: { defaultRealm: 'LAB.TEST', realms: { 'LAB.TEST': { kdc: [kdcAddress] } }, krb5Conf: '' } }, server());
  }
  const silent = { defaultRealm: 'LAB.TEST', realms: { 'LAB.TEST': { kdc: ['tcp://127.0.0.1:1', address] } }, krb5Conf: '' };
  await logOn({ ...as('alice'), kerberos: silent }, server());
});

check.run();
