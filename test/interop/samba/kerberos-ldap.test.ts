// LDAP to a Samba AD controller with Kerberos: SASL GSS-SPNEGO, and SASL GSSAPI with its layers.
import * as assert from 'uvu/assert';
import {
  channelBindingsFromCertificate, createInitiator, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_NO_INTEGRITY,
  ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, ISC_RET_MUTUAL_AUTH, type SecurityContext,
} from '../../../src/index.ts';
import { refuses } from '../lab/handshake.ts';
import type { InitiatorOptions } from '../lab/kerberos.ts';
import { LdapClient, type BindResult } from '../lab/ldap.ts';
import { peerSuite } from '../lab/peer.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';
import { bindGssapi, LAYER, securityLayer } from '../lab/sasl-gssapi.ts';

const SUCCESS = 0;
const STRONGER_AUTH_REQUIRED = 8;
const SASL_BIND_IN_PROGRESS = 14;
const INVALID_CREDENTIALS = 49;
const SIGNED = ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
const SEALED = SIGNED | ISC_REQ_CONFIDENTIALITY;

const ldap = peerSuite('LDAP with Kerberos at a Samba AD controller', samba);
let dc: DomainController;
ldap.before(async () => { dc = await domainController(); });

function initiator(options: InitiatorOptions): Promise<SecurityContext> {
  return createInitiator({
    target: `ldap/${dc.host}`, packageList: 'Kerberos,!NTLM', kerberos: { krb5Conf: dc.krb5ConfText, allowWeakCrypto: false },
    credential: { user: 'alice@AD.TEST', password: dc.password }, ...options,
  });
}

async function bindSpnego(client: LdapClient, context: SecurityContext): Promise<BindResult> {
  let token = await context.step(null);
  for (;;) {
    const result = await client.bind('GSS-SPNEGO', token);
    if (result.code !== SASL_BIND_IN_PROGRESS && result.code !== SUCCESS) return result;
    if (result.token !== null && result.token.length > 0) token = await context.step(result.token);
    if (result.code === SUCCESS) return result;
  }
}

async function searchesAsAlice(client: LdapClient): Promise<void> {
  const { entries, code, message } = await client.search({
    base: dc.baseDn, scope: 'subtree', filter: { attribute: 'sAMAccountName', value: 'alice' }, attributes: ['userPrincipalName', 'objectSid'],
  });
  assert.is(code, SUCCESS, message);
  assert.equal(entries.map(({ dn }) => dn), [`CN=alice,CN=Users,${dc.baseDn}`]);
  assert.is(await client.userSid(), entries[0]!.attributes.objectSid![0]!.toString('hex'), 'the controller takes us for whom we say we are');
}

/** Many messages, some of them of several wrap tokens or of 64 KiB. */
async function searchesEverything(client: LdapClient): Promise<void> {
  const { entries, code } = await client.search({ base: dc.baseDn, scope: 'subtree', filter: { attribute: 'objectClass' }, attributes: ['*'] });
  assert.is(code, SUCCESS);
  assert.ok(entries.length > 200, `${entries.length} entries`);
}

for (const [name, flags] of [['sealed', SEALED], ['signed only', SIGNED]] as const) {
  const sealed = flags === SEALED;

  ldap(`GSS-SPNEGO, ${name}`, async () => {
    const client = await LdapClient.connect(389);
    const context = await initiator({ flags });
    const result = await bindSpnego(client, context);
    assert.is(result.code, SUCCESS, result.message);
    assert.ok(context.complete);
    assert.is(context.package, 'Kerberos');
    assert.is(context.peer, `ldap/${dc.host}@AD.TEST`);
    assert.ok(context.attributes & ISC_RET_MUTUAL_AUTH);
    assert.ok(context.attributes & ISC_RET_INTEGRITY);
    assert.is((context.attributes & ISC_RET_CONFIDENTIALITY) !== 0, sealed);
    client.secure(securityLayer(context, sealed));
    await searchesAsAlice(client);
    await searchesEverything(client);
    await searchesAsAlice(client);
    client.close();
  });

  ldap(`GSSAPI, ${name}: the layer is the one that was chosen`, async () => {
    const client = await LdapClient.connect(389);
    const context = await initiator({ package: 'Kerberos', flags });
    const { result, offered, serverMaximum } = await bindGssapi(client, context, sealed ? LAYER.CONFIDENTIALITY : LAYER.INTEGRITY);
    assert.is(result.code, SUCCESS, result.message);
    assert.ok(offered & (sealed ? LAYER.CONFIDENTIALITY : LAYER.INTEGRITY), `offered: ${offered}`);
    assert.ok(serverMaximum > 0);
    await searchesAsAlice(client);
    await searchesEverything(client);
    await searchesAsAlice(client);
    client.close();
  });
}

for (const etype of ['aes256-cts-hmac-sha1-96', 'aes128-cts-hmac-sha1-96', 'rc4-hmac']) {
  ldap(`GSSAPI and GSS-SPNEGO, sealed with ${etype} alone`, async () => {
    const kerberos = { krb5Conf: dc.krb5ConfText, etypes: [etype], allowWeakCrypto: etype === 'rc4-hmac' };
    const first = await LdapClient.connect(389);
    const { result } = await bindGssapi(first, await initiator({ package: 'Kerberos', flags: SEALED, kerberos }), LAYER.CONFIDENTIALITY);
    assert.is(result.code, SUCCESS, result.message);
    await searchesAsAlice(first);
    await searchesEverything(first);
    first.close();
    const second = await LdapClient.connect(389);
    const context = await initiator({ flags: SEALED, kerberos });
    assert.is((await bindSpnego(second, context)).code, SUCCESS);
    second.secure(securityLayer(context, true));
    await searchesAsAlice(second);
    second.close();
  });
}

ldap('GSSAPI without mutual authentication', async () => {
  const client = await LdapClient.connect(389);
  const { result } = await bindGssapi(client, await initiator({ package: 'Kerberos', flags: SEALED & ~ISC_REQ_MUTUAL_AUTH }), LAYER.CONFIDENTIALITY);
  assert.is(result.code, SUCCESS, result.message);
  await searchesAsAlice(client);
  client.close();
});

ldap('without a layer, the controller demands stronger authentication', async () => {
  const client = await LdapClient.connect(389);
  const { result } = await bindGssapi(client, await initiator({ package: 'Kerberos', flags: ISC_REQ_MUTUAL_AUTH | ISC_REQ_NO_INTEGRITY }), LAYER.NONE);
  client.close();
  assert.is(result.code, STRONGER_AUTH_REQUIRED, result.message);
});

ldap('over TLS, with channel bindings and without a layer: both mechanisms', async () => {
  for (const mechanism of ['GSS-SPNEGO', 'GSSAPI'] as const) {
    const client = await LdapClient.connectTls(636);
    const channelBindings = await channelBindingsFromCertificate(client.certificate);
    const options = { flags: ISC_REQ_MUTUAL_AUTH | ISC_REQ_NO_INTEGRITY, channelBindings };
    const result = mechanism === 'GSSAPI' ? (await bindGssapi(client, await initiator({ ...options, package: 'Kerberos' }), LAYER.NONE)).result
      : await bindSpnego(client, await initiator(options));
    assert.is(result.code, SUCCESS, `${mechanism}: ${result.message}`);
    await searchesAsAlice(client);
    client.close();
  }
});

ldap('an SPN that nobody has gives no ticket; the ticket of another service is refused', async () => {
  const unknown = await initiator({ target: 'ldap/elsewhere.ad.test' });
  assert.is((await refuses(() => unknown.step(null), 'SEC_E_TARGET_UNKNOWN')).kerberos?.name, 'KDC_ERR_S_PRINCIPAL_UNKNOWN');
  const client = await LdapClient.connect(389);
  const context = await initiator({ package: 'Kerberos', target: 'HTTP/web.ad.test', flags: SEALED });
  const { result } = await bindGssapi(client, context, LAYER.CONFIDENTIALITY);
  client.close();
  assert.is(result.code, INVALID_CREDENTIALS, result.message);
  assert.is(context.complete, false);
});

ldap('a message that was altered on the way is refused by both', async () => {
  const client = await LdapClient.connect(389);
  const context = await initiator({ package: 'Kerberos', flags: SEALED });
  assert.is((await bindGssapi(client, context, LAYER.CONFIDENTIALITY)).result.code, SUCCESS);
  const honest = securityLayer(context, true);
  client.secure({
    wrap: honest.wrap,
    async unwrap(token) {
      const altered = Uint8Array.from(token);
      altered[altered.length - 1]! ^= 1;
      await refuses(() => context.unwrap(altered), 'SEC_E_MESSAGE_ALTERED');
      return honest.unwrap(token);
    },
  });
  await searchesAsAlice(client);
  client.secure({
    wrap(message) {
      const token = Uint8Array.from(context.wrap(message, { encrypt: true }));
      token[token.length - 1]! ^= 1;
      return token;
    },
    unwrap: honest.unwrap,
  });
  const outcome = await searchesAsAlice(client).then(() => 'answered', () => 'refused');
  assert.is(outcome, 'refused', 'the controller ends the connection');
  client.close();
});

ldap.run();
