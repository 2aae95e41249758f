// Hono with single sign-on, here on Node; the same app runs in Deno, Bun and Workers, where `connection` is left out and Kerberos is offered alone.
//   KEYTAB=/etc/http.keytab node hono.js
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { negotiateHono } from 'portable-sspi/http';

const app = new Hono();
app.get('/public', (c) => c.text('Anyone may read this.\n'));

app.use(negotiateHono({
  keytab: process.env.KEYTAB ?? '/etc/krb5.keytab',
  connection: (request, c) => c.env.incoming.socket, // so that a client need not send its ticket with each request
}));

app.get('/', (c) => {
  const { user, domain, package: mechanism } = c.get('sspi');
  return c.text(`Hello ${user} of ${domain}, by ${mechanism}.\n`);
});

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8080) }, ({ port }) => console.log(`http://localhost:${port}/`));
