// Fetches a URL that demands Negotiate or NTLM: SSPI_USER and SSPI_PASSWORD say who asks.
// `npm run build`, then `node --import ./build/register.js examples/http-fetch.ts http://127.0.0.1:8080/`
import { SspiError } from 'portable-sspi';
import { authenticationOf, createFetch } from 'portable-sspi/http';

const url = process.argv[2] ?? 'http://127.0.0.1:8080/';
const fetch = createFetch({ credential: { user: process.env.SSPI_USER ?? 'alice', password: process.env.SSPI_PASSWORD ?? 'wonderland' } });

try {
  const response = await fetch(url);
  console.log(response.status, response.statusText);
  console.log(authenticationOf(response) ?? 'the server asked for no authentication');
  console.log(await response.text());
} catch (error) {
  if (!(error instanceof SspiError)) throw error;
  console.error(error.message);
  if (error.remedy !== undefined) console.error(error.remedy);
  process.exitCode = 1;
}
