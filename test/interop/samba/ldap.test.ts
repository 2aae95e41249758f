// LDAP to a Samba AD controller: SASL GSS-SPNEGO with NTLM, signed, sealed, and over TLS.
import * as assert from 'uvu/assert';
import {
  channelBindingsFromCertificate, createInitiator, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_NO_INTEGRITY,
  ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, type SecurityContext,
} from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import { LdapClient, type BindResult } from '../lab/ldap.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';

const SUCCESS = 0;
const STRONGER_AUTH_REQUIRED = 8;
const SASL_BIND_IN_PROGRESS = 14;
const INVALID_CREDENTIALS = 49;

const ldap = peerSuite('LDAP with a Samba AD controller', samba);
let dc: DomainController;
ldap.before(async () => { dc = await domainController(); });

/** The SASL exchange; the final token of the server, which comes with its success, is checked too. */
async function bind(client: LdapClient, context: SecurityContext): Promise<BindResult> {
  let token = await context.step(null);
  for (;;) {
    const result = await client.bind('GSS-SPNEGO', token);
    if (result.code !== SASL_BIND_IN_PROGRESS && result.code !== SUCCESS) return result;
    if (result.token !== null && result.token.length > 0) token = await context.step(result.token);
    if (result.code === SUCCESS) return result;
  }
}

function initiator(flags: number, options: { password?: string; channelBindings?: Uint8Array } = {}): Promise<SecurityContext> {
  const { password = dc.password, channelBindings } = options;
  return createInitiator({ target: `ldap/${dc.host}`, credential: { user: dc.user, domain: dc.domain, password }, flags, channelBindings });
}

async function searchesItself(client: LdapClient): Promise<void> {
  const { entries, code, message } = await client.search({
    base: dc.baseDn, scope: 'subtree', filter: { attribute: 'sAMAccountName', value: dc.user }, attributes: ['userPrincipalName', 'objectSid'],
  });
  assert.is(code, SUCCESS, message);
  assert.equal(entries.map(({ dn }) => dn), [`CN=${dc.user},CN=Users,${dc.baseDn}`]);
  const { userPrincipalName, objectSid } = entries[0]!.attributes;
  assert.is(String(userPrincipalName), `${dc.user}@ad.test`);
  assert.is(await client.userSid(), objectSid![0]!.toString('hex'), 'the controller takes us for whom we say we are');
}

for (const [name, flags] of [
  ['signed and sealed', ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY],
  // LDAP seals NTLM's messages where only signing was negotiated, too
  ['integrity alone', ISC_REQ_INTEGRITY],
] as const) {
  ldap(`a bind and searches, ${name}`, async () => {
    const client = await LdapClient.connect(389);
    const context = await initiator(flags);
    const result = await bind(client, context);
    assert.is(result.code, SUCCESS, result.message);
    assert.ok(context.complete);
    assert.is(context.package, 'NTLM');
    assert.is((context.attributes & ISC_RET_CONFIDENTIALITY) !== 0, (flags & ISC_REQ_CONFIDENTIALITY) !== 0);
    assert.ok(context.attributes & ISC_RET_INTEGRITY);
    client.secure({
      wrap: (message) => context.wrap(message),
      unwrap(token) {
        const { message, encrypted } = context.unwrap(token);
        assert.is(encrypted, true);
        return message;
      },
    });
    await searchesItself(client);
    const { entries, code } = await client.search({ base: dc.baseDn, scope: 'subtree', filter: { attribute: 'objectClass' }, attributes: ['*'] });
    assert.is(code, SUCCESS);
    assert.ok(entries.length > 200, `the whole directory, several wrap tokens long: ${entries.length} entries`);
    await searchesItself(client);
    client.close();
  });
}

ldap('without integrity the controller demands stronger authentication', async () => {
  const client = await LdapClient.connect(389);
  const result = await bind(client, await initiator(ISC_REQ_NO_INTEGRITY));
  client.close();
  assert.is(result.code, STRONGER_AUTH_REQUIRED, result.message);
});

ldap('over TLS, with channel bindings and without a layer of its own', async () => {
  const client = await LdapClient.connectTls(636);
  const channelBindings = await channelBindingsFromCertificate(client.certificate);
  const context = await initiator(ISC_REQ_NO_INTEGRITY, { channelBindings });
  const result = await bind(client, context);
  assert.is(result.code, SUCCESS, result.message);
  assert.ok(context.complete);
  await searchesItself(client);
  client.close();
});

ldap('a wrong password is invalidCredentials, and our context is not complete', async () => {
  const client = await LdapClient.connect(389);
  const context = await initiator(ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, { password: 'wrong' });
  const result = await bind(client, context);
  client.close();
  assert.is(result.code, INVALID_CREDENTIALS, result.message);
  assert.match(result.message, /data 52e/); // ERROR_LOGON_FAILURE, as Active Directory says it
  assert.is(context.complete, false);
  await refuses(() => context.wrap(new Uint8Array(1)), 'SEC_E_NO_CONTEXT', 'SEC_E_INVALID_HANDLE');
});

ldap.run();
