// SMB 2.1 to a Samba AD controller with Kerberos inside SPNEGO: our session key is what signs.
import * as assert from 'uvu/assert';
import { acquireCredentialsHandle, createInitiator, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, type SecurityContext } from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import type { InitiatorOptions } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';
import { Smb2Client, STATUS_LOGON_FAILURE, STATUS_MORE_PROCESSING_REQUIRED, STATUS_SUCCESS, verifies, type Response } from '../lab/smb2.ts';

const smb = peerSuite('SMB2 with Kerberos at a Samba AD controller', samba);
let dc: DomainController;
smb.before(async () => { dc = await domainController(); });

const STATUS_ACCESS_DENIED = 0xc0000022;

function initiator(options: InitiatorOptions = {}): Promise<SecurityContext> {
  return createInitiator({
    target: `cifs/${dc.host}`, flags: ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH, packageList: 'Kerberos,!NTLM',
    kerberos: { krb5Conf: dc.krb5ConfText, allowWeakCrypto: false }, credential: { user: 'alice@AD.TEST', password: dc.password }, ...options,
  });
}

async function setUp(client: Smb2Client, context: SecurityContext, fromServer: Uint8Array | null): Promise<Response> {
  let token = await context.step(fromServer);
  for (;;) {
    const response = await client.sessionSetup(token!);
    if (response.status !== STATUS_MORE_PROCESSING_REQUIRED && response.status !== STATUS_SUCCESS) return response;
    if (response.token.length > 0) token = await context.step(response.token);
    if (response.status === STATUS_SUCCESS) return response;
  }
}

async function signedSession(client: Smb2Client, context: SecurityContext, last: Response): Promise<void> {
  assert.is(last.status, STATUS_SUCCESS);
  assert.ok(context.complete);
  assert.is(context.package, 'Kerberos');
  assert.ok(context.attributes & ISC_RET_MUTUAL_AUTH);
  const key = context.sessionKey.slice(0, 16); // MS-SMB2 3.2.5.3: its first 16 bytes
  assert.ok(verifies(last, key), 'the final SESSION_SETUP response is signed with our session key');
  assert.not.ok(verifies(last, key.map((byte) => byte ^ 1)), 'and with no other');
  client.signWith(key);
  for (const call of [() => client.treeConnect('\\\\127.0.0.1\\IPC$'), () => client.echo(), () => client.logoff()]) {
    const response = await call();
    assert.is(response.status, STATUS_SUCCESS);
    assert.ok(verifies(response, key));
  }
}

for (const [etype, length] of [['aes256-cts-hmac-sha1-96', 32], ['aes128-cts-hmac-sha1-96', 16], ['rc4-hmac', 16]] as const) {
  smb(`a session begun by the server's NegTokenInit2, ${etype}`, async () => {
    const client = await Smb2Client.connect(445);
    const { token } = await client.negotiate();
    const context = await initiator({ kerberos: { krb5Conf: dc.krb5ConfText, etypes: [etype], allowWeakCrypto: etype === 'rc4-hmac' } });
    const last = await setUp(client, context, token);
    await signedSession(client, context, last);
    assert.is(context.sessionKey.length, length);
    client.close();
  });
}

smb('a session that we begin, without the server\'s token', async () => {
  const client = await Smb2Client.connect(445);
  await client.negotiate();
  const context = await initiator();
  await signedSession(client, context, await setUp(client, context, null));
  client.close();
});

smb('raw Kerberos without SPNEGO', async () => {
  const client = await Smb2Client.connect(445);
  await client.negotiate();
  const context = await initiator({ package: 'Kerberos' });
  await signedSession(client, context, await setUp(client, context, null));
  client.close();
});

smb('one credential, several sessions: one ticket', async () => {
  const { credential } = await acquireCredentialsHandle({
    authData: { user: 'alice@AD.TEST', password: dc.password }, kerberos: { krb5Conf: dc.krb5ConfText }, packageList: 'Kerberos',
  });
  await Promise.all(Array.from({ length: 4 }, async () => {
    const client = await Smb2Client.connect(445);
    const { token } = await client.negotiate();
    const context = await createInitiator({ target: `cifs/${dc.host}`, flags: ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH, credential });
    await signedSession(client, context, await setUp(client, context, token));
    client.close();
  }));
  credential[Symbol.dispose]();
});

smb('the ticket of another service is refused', async () => {
  const client = await Smb2Client.connect(445);
  const { token } = await client.negotiate();
  const context = await initiator({ target: 'HTTP/web.ad.test' });
  const last = await setUp(client, context, token);
  client.close();
  assert.ok([STATUS_LOGON_FAILURE, STATUS_ACCESS_DENIED].includes(last.status), last.status.toString(16));
  assert.is(context.complete, false);
});

smb('a target that is an address is no Kerberos service', async () => {
  const context = await initiator({ target: 'cifs/127.0.0.1' });
  await refuses(() => context.step(null), 'SEC_E_NO_CREDENTIALS', 'SEC_E_TARGET_UNKNOWN', 'SEC_E_WRONG_PRINCIPAL');
});

smb.run();
