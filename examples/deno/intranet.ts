// A Deno script that reads a page of an intranet with Kerberos, with no more permissions than it needs:
//   deno run --allow-net=intranet.ad.test,gateway.ad.test --allow-env=SSPI_USER,SSPI_PASSWORD,KDC_PROXY intranet.ts https://intranet.ad.test/
import { authenticationOf, createFetch } from 'portable-sspi/http';

const [site] = Deno.args;
const user = Deno.env.get('SSPI_USER')!; // 'alice@AD.TEST'
const realm = user.split('@')[1]!;

const fetch = createFetch({
  credential: { user, password: Deno.env.get('SSPI_PASSWORD')! },
  kerberos: { realms: { [realm]: { kdc: [Deno.env.get('KDC_PROXY')!] } }, krb5Conf: '' }, // krb5Conf: the system's is not looked for
});
const response = await fetch(site!);
console.log(response.status, await response.text());
const { package: mechanism, mutual } = authenticationOf(response)!;
console.log(`by ${mechanism}, ${mutual ? 'mutual' : 'not mutual'}`);
await fetch.close();
