// A Bun server with single sign-on: who has a ticket for HTTP/its name is let in, and known.
//   KEYTAB=/etc/http.keytab bun server.ts
import { createRequestAuthenticator } from 'portable-sspi/http';

const authenticate = createRequestAuthenticator({ keytab: process.env.KEYTAB ?? '/etc/krb5.keytab' });

const server = Bun.serve({
  port: Number(process.env.PORT ?? 8080),
  async fetch(request) {
    const verdict = await authenticate(request);
    if (verdict.sspi === null) return verdict.response; // 401 and what to answer it with
    const { user, domain, groups = [] } = verdict.sspi;
    return verdict.finish(new Response(`Hello ${user} of ${domain}, in ${groups.length} groups.\n`)); // with the proof of the server
  },
});
console.log(`http://localhost:${server.port}/`);
