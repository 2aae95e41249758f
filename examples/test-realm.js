// A realm for tests of your own: what real domains do to users, in milliseconds, and a real KDC for other programs.
import { createInitiator } from 'portable-sspi';
import { createTestRealm } from 'portable-sspi/testing';

const realm = await createTestRealm({ users: { alice: 'Passw0rd!' }, services: ['HTTP/web.test.realm'], ticketLifetime: 600 });
const target = 'HTTP/web.test.realm';

/** What a logon comes to. */
async function attempt(options = {}) {
  const client = await createInitiator({ target, package: 'Kerberos', credential: realm.authData('alice'), kerberos: realm.kerberos, ...options });
  try {
    const token = await client.step();
    return `a token of ${token.length > 1000 ? 'more than 1,000' : 'few'} bytes`;
  } catch (error) {
    return error.kerberos?.name ?? error.message;
  } finally {
    client.dispose();
  }
}

console.log(await attempt()); // → a token of more than 1,000 bytes
realm.setUser('alice', { passwordExpired: true });
console.log(await attempt()); // → KDC_ERR_KEY_EXPIRED
realm.setUser('alice', { passwordExpired: false, disabled: true });
console.log(await attempt()); // → KDC_ERR_CLIENT_REVOKED
realm.setUser('alice', { disabled: false });
console.log(await attempt({ target: 'HTTP/no.test.realm' })); // → KDC_ERR_S_PRINCIPAL_UNKNOWN

// The KDC's clock is an hour ahead: the client learns it, and logs on all the same.
realm.advanceClock(3_600_000);
console.log(await attempt()); // → a token of more than 1,000 bytes

// The same realm on real ports, for kinit, curl, a browser in a container … and for this package's own network code.
const { port, kdcProxyUrl, krb5Conf } = await realm.listen();
const realms = (kdc) => ({ kerberos: { defaultRealm: realm.realm, realms: { [realm.realm]: { kdc: [kdc] } }, krb5Conf: '' } });
console.log(await attempt(realms(`udp://127.0.0.1:${port}`))); // → a token of more than 1,000 bytes
console.log(await attempt(realms(kdcProxyUrl)));               // → a token of more than 1,000 bytes
console.log(krb5Conf.includes(`kdc = 127.0.0.1:${port}`));     // → true
await realm[Symbol.asyncDispose]();
