// A web server for a domain: a keytab is all that it needs, and the ticket's PAC says which groups a user is in.
// In a domain, `keytab` is a path (ktpass, `net ads keytab`, `samba-tool domain exportkeytab` write one).
import { createServer } from 'node:http';
import { authenticationOf, createFetch, negotiateAuth } from 'portable-sspi/http';
import { createTestRealm } from 'portable-sspi/testing';

const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'Passw0rd!', bob: 'Builder1!' }, services: ['HTTP/localhost'] });
const ADMINISTRATORS = 1200;
realm.setUser('alice', { groups: [513, ADMINISTRATORS] });

const auth = negotiateAuth({
  keytab: realm.keytab('HTTP/localhost'),
  packageList: '!NTLM', // Kerberos or nothing
  onRefusal: (error) => console.log(`refused: ${error.code}`),
});

// Tickets of users with many groups do not fit into the 16 KiB that Node allows for headers.
const server = createServer({ maxHeaderSize: 131072 }, (req, res) => auth(req, res, (error) => {
  if (error !== undefined) return res.writeHead(500).end();
  const { user, domain, groups = [] } = req.sspi;
  if (!groups.some((sid) => sid.endsWith(`-${ADMINISTRATORS}`))) return res.writeHead(403).end(`${user}, this is for administrators.`);
  res.end(`Welcome, ${user} of ${domain}.`);
}));
await new Promise((resolve) => server.listen(0, resolve));
const url = `http://localhost:${server.address().port}/`;

for (const user of ['alice', 'bob']) {
  const fetch = createFetch({ credential: realm.authData(user), kerberos: realm.kerberos });
  const response = await fetch(url);
  console.log(response.status, await response.text());
  const { package: by, mutual } = authenticationOf(response);
  console.log(by, mutual);
  await fetch.close();
}
// → 200 Welcome, alice of AD.TEST.
// → Kerberos true
// → 403 bob, this is for administrators.
// → Kerberos true

// A ticket for a name that this server has no key of.
realm.addService('HTTP/other.ad.test');
const astray = createFetch({ credential: realm.authData('alice'), kerberos: realm.kerberos, target: 'HTTP/other.ad.test' });
console.log((await astray(url)).status);
// → 401
await astray.close();

server.close();
server.closeAllConnections();
