// Tickets of a Samba AD controller at our acceptor, with keytabs that Samba exported: AES and RC4, and what the PAC says.
import * as assert from 'uvu/assert';
import { authenticationOf, createFetch, negotiateAuth } from '../../../src/http/index.ts';
import { Keytab } from '../../../src/kerberos/index.ts';
import { createAcceptor, createInitiator, type KerberosConfig, type SecurityContext } from '../../../src/index.ts';
import { guarded, serve } from '../../http/support/servers.ts';
import { handshake, hex, refuses } from '../lab/handshake.ts';
import { logOn } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';

const check = peerSuite('Services of a Samba AD domain, we at both ends', samba);
let dc: DomainController;
check.before(async () => { dc = await domainController(); });

const WEAK = { allowWeakCrypto: true };
const kerberos = (more: KerberosConfig = {}): KerberosConfig => ({ krb5Conf: dc.krb5ConfText.replace(/^allow_.*$/gm, ''), ...more });
const alice = (): { user: string; password: string } => ({ user: 'alice@AD.TEST', password: dc.password });

/** The SIDs of the domain, of which the PAC tells all; Samba adds S-1-18-1 (MS-DTYP: authenticated by its authority). */
function tellsTheDirectory(server: SecurityContext): void {
  const { userSid, tokenGroups, groups } = dc.directory;
  assert.is(server.userSid, userSid);
  assert.equal([...server.groups].filter((sid) => !sid.startsWith('S-1-18-')).sort(), tokenGroups.filter((sid) => !sid.startsWith('S-1-5-32-')).sort());
  for (const sid of Object.values(groups)) assert.ok(server.groups.includes(sid), 'direct and nested, global, universal and domain-local');
}

async function messages(client: SecurityContext, server: SecurityContext): Promise<void> {
  assert.is(hex(client.sessionKey), hex(server.sessionKey));
  const text = Buffer.from('to the service and back');
  for (const [from, to] of [[client, server], [server, client]] as const) {
    for (const encrypt of [true, false]) assert.equal(Buffer.from(to.unwrap(from.wrap(text, { encrypt })).message), text);
    to.verify(text, from.sign(text));
  }
}

check('AES service keys: the server signature of the PAC holds, user and groups are those of the directory', async () => {
  const { client, server } = await logOn({ target: 'HTTP/web.ad.test', credential: alice(), kerberos: kerberos() }, { credential: { keytab: dc.keytab } });
  assert.is(server.peer, 'alice@AD.TEST');
  tellsTheDirectory(server);
  assert.is(client.sessionKey.length, 32);
  await messages(client, server);
});

check('RC4 service keys, with weak crypto allowed at both ends', async () => {
  const { client, server } = await logOn(
    { target: 'HTTP/old.ad.test', credential: alice(), kerberos: kerberos(WEAK) },
    { credential: { keytab: dc.keytab }, kerberos: WEAK },
  );
  tellsTheDirectory(server);
  assert.is(client.sessionKey.length, 16);
  await messages(client, server);
});

check('RC4 service keys: a client without weak crypto gets no ticket, an acceptor without it takes none', async () => {
  const strict = await createInitiator({ package: 'Kerberos', target: 'HTTP/old.ad.test', credential: alice(), kerberos: kerberos() });
  const error = await refuses(() => strict.step(), 'SEC_E_KDC_UNKNOWN_ETYPE');
  assert.is(error.kerberos?.name, 'KDC_ERR_ETYPE_NOSUPP');
  assert.match(error.remedy!, 'allowWeakCrypto');
  const weak = await createInitiator({ package: 'Kerberos', target: 'HTTP/old.ad.test', credential: alice(), kerberos: kerberos(WEAK) });
  const server = await createAcceptor({ package: 'Kerberos', credential: { keytab: dc.keytab } });
  const token = await weak.step();
  const refused = await refuses(() => server.step(token), 'SEC_E_KDC_UNKNOWN_ETYPE');
  assert.match(refused.remedy!, 'allowWeakCrypto');
});

check('RC4 service keys: Negotiate falls back to NTLM and says why', async () => {
  const client = await createInitiator({ target: 'HTTP/old.ad.test', credential: alice(), kerberos: kerberos() });
  const server = await createAcceptor({ credential: { keytab: dc.keytab, accounts: () => ({ password: dc.password }) } });
  await handshake(client, server);
  assert.is(client.package, 'NTLM');
  assert.is(client.fallbackFrom?.code, 'SEC_E_KDC_UNKNOWN_ETYPE');
  const forbidden = await createInitiator({ target: 'HTTP/old.ad.test', credential: alice(), kerberos: kerberos(), packageList: 'Kerberos,!NTLM' });
  await refuses(() => forbidden.step(), 'SEC_E_KDC_UNKNOWN_ETYPE');
});

check('a key of another version, and another service\'s key, are errors of their own', async () => {
  const token = await (await createInitiator({ package: 'Kerberos', target: 'HTTP/web.ad.test', credential: alice(), kerberos: kerberos() })).step();
  const acceptor = (keytab: Uint8Array): Promise<SecurityContext> => createAcceptor({ package: 'Kerberos', credential: { keytab } });
  const wrong = await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', 'another', { kvno: dc.serviceKvno });
  const mismatch = await refuses(async () => (await acceptor(wrong.toBytes())).step(token), 'SEC_E_LOGON_DENIED');
  assert.is(mismatch.kerberos?.name, 'KRB_AP_ERR_BAD_INTEGRITY');
  const stale = await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', dc.password, { kvno: dc.serviceKvno + 5 });
  assert.is((await refuses(async () => (await acceptor(stale.toBytes())).step(token), 'SEC_E_NO_KERB_KEY')).kerberos?.name, 'KRB_AP_ERR_BADKEYVER');
  const other = await Keytab.fromPassword('HTTP/other.ad.test@AD.TEST', dc.password);
  assert.is((await refuses(async () => (await acceptor(other.toBytes())).step(token), 'SEC_E_NO_KERB_KEY')).kerberos?.name, 'KRB_AP_ERR_NOKEY');
});

check('a keytab from the service account\'s password opens the ticket as the exported one does', async () => {
  // Samba's salt of a user account: the realm in capitals, then the account's name
  const keytab = await Keytab.fromPassword('HTTP/web.ad.test@AD.TEST', dc.password, { kvno: dc.serviceKvno, salt: 'AD.TESTweb' });
  const { server } = await logOn({ target: 'HTTP/web.ad.test', credential: alice(), kerberos: kerberos() }, { credential: { keytab: keytab.toBytes() } });
  tellsTheDirectory(server);
});

for (const [spn, weak] of [['HTTP/web.ad.test', {}], ['HTTP/old.ad.test', WEAK]] as const) {
  check(`createFetch and negotiateAuth as ${spn}: req.sspi.groups`, async () => {
    await using server = await serve(guarded(negotiateAuth({ keytab: dc.keytab, kerberos: weak }), (req, res) => void res.end(JSON.stringify(req.sspi))), { host: 'localhost' });
    await using fetch = createFetch({ credential: alice(), target: spn, kerberos: kerberos(weak) });
    const response = await fetch(server.url);
    assert.is(response.status, 200);
    const sspi = await response.json() as { user: string; domain: string; package: string; groups: string[] };
    assert.equal([sspi.user, sspi.domain, sspi.package], ['alice', 'AD.TEST', 'Kerberos']);
    for (const sid of Object.values(dc.directory.groups)) assert.ok(sspi.groups.includes(sid));
    const authentication = authenticationOf(response)!;
    assert.equal([authentication.package, authentication.mutual], ['Kerberos', true]);
  });
}

check.run();
