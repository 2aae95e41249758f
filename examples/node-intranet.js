// A Node script that reads a page of an intranet with Kerberos: one credential, its tickets through a KDC proxy, many requests.
// `node node-intranet.js https://intranet.ad.test/` with SSPI_USER, SSPI_PASSWORD and KDC_PROXY; without a URL it plays all parts itself.
import { authenticationOf, createFetch } from 'portable-sspi/http';

const own = process.argv.length > 2 ? null : await pretend();
const site = own?.site ?? process.argv[2];
const { SSPI_USER: user, SSPI_PASSWORD: password, KDC_PROXY: proxy } = process.env;

const fetch = createFetch({
  credential: { user, password },                                        // 'alice@AD.TEST'; in a domain leave it out
  kerberos: proxy && { realms: { [user.split('@')[1]]: { kdc: [proxy] } } }, // likewise: a krb5.conf or DNS says where the KDC is
});
for (const path of ['news', 'menu']) {
  const response = await fetch(new URL(path, site));
  console.log(response.status, await response.text());
  const { package: mechanism, mutual } = authenticationOf(response);
  console.log(`by ${mechanism}${mutual ? ', and the server has proven itself' : ''}`);
}
await fetch.close();
await own?.close();
// → 200 /news for alice of AD.TEST
// → by Kerberos, and the server has proven itself
// → 200 /menu for alice of AD.TEST

/** An intranet of this process's own. */
async function pretend() {
  const { createServer } = await import('node:http');
  const { createTestRealm } = await import('portable-sspi/testing');
  const { negotiateAuth } = await import('portable-sspi/http');
  const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'Passw0rd!' }, services: ['HTTP/localhost'] });
  const { kdcProxyUrl } = await realm.listen();
  Object.assign(process.env, { SSPI_USER: 'alice@AD.TEST', SSPI_PASSWORD: 'Passw0rd!', KDC_PROXY: kdcProxyUrl });
  const auth = negotiateAuth({ keytab: realm.keytab('HTTP/localhost') });
  const server = createServer((req, res) => auth(req, res, () => res.end(`${req.url} for ${req.sspi.user} of ${req.sspi.domain}`)));
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return {
    site: `http://localhost:${server.address().port}/`,
    async close() {
      server.close();
      await realm[Symbol.asyncDispose]();
    },
  };
}
