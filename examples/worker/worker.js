// A Cloudflare Worker that shows a page of an intranet to whom it may: it logs on there with Kerberos, its tickets come through a KDC proxy
// (MS-KKDCP), so the only ways into the company are two HTTPS addresses. `wrangler deploy`, with `wrangler secret put SSPI_PASSWORD`.
import { authenticationOf, createFetch } from 'portable-sspi/http';

let intranet; // one for all requests: its tickets serve until they expire

export default {
  async fetch(request, { SITE, KDC_PROXY, SSPI_USER, SSPI_PASSWORD }) {
    intranet ??= createFetch({
      packageList: 'Kerberos',
      credential: { user: SSPI_USER, password: SSPI_PASSWORD },
      kerberos: { realms: { [SSPI_USER.split('@')[1]]: { kdc: [KDC_PROXY] } } },
    });
    try {
      const { pathname, search } = new URL(request.url);
      const response = await intranet(new URL(pathname + search, SITE));
      const { package: mechanism, mutual } = authenticationOf(response) ?? {};
      return new Response(response.body, { status: response.status, headers: { 'x-authenticated-by': `${mechanism}${mutual ? ', mutual' : ''}` } });
    } catch (error) {
      // What the caller is told and what the log is told are two things.
      console.error(error.code, error.message, error.remedy);
      return new Response('The intranet cannot be reached.\n', { status: 502 });
    }
  },
};
