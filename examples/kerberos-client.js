// A Kerberos client: one credential holds its tickets, however many contexts use it, and fails with a reason where there is none.
// In a domain leave out `kerberos`: a krb5.conf or the domain's DNS says where the KDC is. The service at the other end is here for show.
import { ISC_RET_MUTUAL_AUTH, acquireCredentialsHandle, createAcceptor, createInitiator, freeCredentialsHandle } from 'portable-sspi';
import { createTestRealm } from 'portable-sspi/testing';

const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'Passw0rd!' }, services: ['ldap/dc1.ad.test'] });
let asked = 0;
const transport = { send: (...message) => (asked++, realm.kerberos.transport.send(...message)) };

const { credential } = await acquireCredentialsHandle({
  package: 'Kerberos',
  authData: { user: 'alice@AD.TEST', password: 'Passw0rd!' }, // or { keytab: '/etc/krb5.keytab' }, or { ccache: 'FILE:/tmp/krb5cc_1000' }
  kerberos: { ...realm.kerberos, transport },
});

for (let i = 0; i < 3; i++) {
  const client = await createInitiator({ target: 'ldap/dc1.ad.test', credential });
  const server = await createAcceptor({ package: 'Kerberos', credential: { keytab: realm.keytab('ldap/dc1.ad.test') } });

  const apReq = await client.step();
  const apRep = await server.step(apReq);
  await client.step(apRep); // proves the server; throws where it is not who it should be

  console.log(client.complete, (client.attributes & ISC_RET_MUTUAL_AUTH) !== 0, asked);
  client.dispose();
  server.dispose();
}
// → true true 3
// → true true 3
// → true true 3
// Three messages are the logon (without and with pre-authentication) and one ticket. The others found it.

const unknown = await createInitiator({ target: 'ldap/dc9.ad.test', credential });
try {
  await unknown.step();
} catch (error) {
  console.log(error.code);          // → SEC_E_TARGET_UNKNOWN
  console.log(error.kerberos.name); // → KDC_ERR_S_PRINCIPAL_UNKNOWN
  console.log(error.remedy);
}
freeCredentialsHandle(credential);
