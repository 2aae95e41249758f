// A server that lets only known users in. `npm run build`, then `node --import ./build/register.js examples/http-server.ts`, then
// `curl --ntlm -u 'alice:wonderland' http://127.0.0.1:8080/` or `node --import ./build/register.js examples/http-fetch.ts http://127.0.0.1:8080/`
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { negotiateAuth } from 'portable-sspi/http';

const accounts = new Map([['alice', 'wonderland'], ['bob', 'builder']]);
const auth = negotiateAuth({
  accounts: ({ user }) => {
    const password = accounts.get(user.toLowerCase());
    return password === undefined ? null : { password };
  },
});

// Kerberos tickets of users with many groups do not fit into the 16 KiB that Node allows for headers.
const server = createServer({ maxHeaderSize: 131072 }, (req, res) => auth(req, res, (error) => {
  if (error !== undefined) {
    console.error(error);
    res.writeHead(500).end('The accounts cannot be read.\n');
    return;
  }
  const { user, domain, package: mechanism } = req.sspi!;
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  res.end(`Hello ${user}${domain === '' ? '' : ` of ${domain}`}, by ${mechanism}.\n`);
}));

const port = Number(process.env.PORT ?? 8080);
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
