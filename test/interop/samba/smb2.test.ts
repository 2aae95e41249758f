// SMB 2.1 to a Samba AD controller: the server speaks first, and our exported session key is what signs.
import * as assert from 'uvu/assert';
import { createInitiator, ISC_REQ_INTEGRITY, ISC_REQ_NULL_SESSION, ISC_RET_NULL_SESSION, type SecurityContext } from '../../../src/index.ts';
import { hex } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';
import { Smb2Client, STATUS_LOGON_FAILURE, STATUS_MORE_PROCESSING_REQUIRED, STATUS_SUCCESS, verifies, type Response } from '../lab/smb2.ts';

const smb = peerSuite('SMB2 with a Samba AD controller', samba);
let dc: DomainController;
smb.before(async () => { dc = await domainController(); });

function initiator(password = dc.password, packageName: 'Negotiate' | 'NTLM' = 'Negotiate'): Promise<SecurityContext> {
  const credential = { user: dc.user, domain: dc.domain, password };
  return createInitiator({ package: packageName, target: `cifs/${dc.host}`, credential, flags: ISC_REQ_INTEGRITY });
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
  const key = context.sessionKey;
  assert.is(key.length, 16);
  assert.ok(verifies(last, key), 'the final SESSION_SETUP response is signed with our session key');
  assert.not.ok(verifies(last, key.map((byte) => byte ^ 1)), 'and with no other');
  client.signWith(key);
  for (const call of [() => client.treeConnect('\\\\127.0.0.1\\IPC$'), () => client.echo(), () => client.logoff()]) {
    const response = await call();
    assert.is(response.status, STATUS_SUCCESS);
    assert.ok(verifies(response, key));
  }
}

smb('a session begun by the server\'s NegTokenInit2, signed with our session key', async () => {
  const client = await Smb2Client.connect(445);
  const { status, dialect, token } = await client.negotiate();
  assert.is(status, STATUS_SUCCESS);
  assert.is(dialect, 0x0210);
  assert.match(hex(token), Buffer.from('not_defined_in_RFC4178@please_ignore').toString('hex'));
  const context = await initiator();
  await signedSession(client, context, await setUp(client, context, token));
  client.close();
});

smb('a session that we begin, without the server\'s token', async () => {
  const client = await Smb2Client.connect(445);
  await client.negotiate();
  const context = await initiator();
  await signedSession(client, context, await setUp(client, context, null));
  client.close();
});

smb('raw NTLM without SPNEGO', async () => {
  const client = await Smb2Client.connect(445);
  await client.negotiate();
  const context = await initiator(dc.password, 'NTLM');
  await signedSession(client, context, await setUp(client, context, null));
  client.close();
});

smb('anonymous: the session is opened, and has no key', async () => {
  const client = await Smb2Client.connect(445);
  const { token } = await client.negotiate();
  const context = await createInitiator({ target: `cifs/${dc.host}`, credential: { anonymous: true }, flags: ISC_REQ_NULL_SESSION });
  const last = await setUp(client, context, token);
  assert.is(last.status, STATUS_SUCCESS);
  assert.is(last.signed, false);
  assert.is((await client.treeConnect('\\\\127.0.0.1\\IPC$')).status, STATUS_SUCCESS);
  client.close();
  assert.ok(context.complete);
  assert.is(context.sessionKey.length, 0);
  assert.is(context.attributes & ISC_RET_NULL_SESSION, ISC_RET_NULL_SESSION);
});

smb('a wrong password is STATUS_LOGON_FAILURE, and our context is not complete', async () => {
  const client = await Smb2Client.connect(445);
  const { token } = await client.negotiate();
  const context = await initiator('wrong');
  const last = await setUp(client, context, token);
  client.close();
  assert.is(last.status, STATUS_LOGON_FAILURE);
  assert.is(context.complete, false);
});

smb('a request signed with another key is refused', async () => {
  const client = await Smb2Client.connect(445);
  const { token } = await client.negotiate();
  const context = await initiator();
  await setUp(client, context, token);
  client.signWith(context.sessionKey.map((byte) => byte ^ 1));
  const response = await client.treeConnect('\\\\127.0.0.1\\IPC$');
  client.close();
  assert.is(response.status, 0xc0000022, 'STATUS_ACCESS_DENIED');
});

smb.run();
