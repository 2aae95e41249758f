// createFetch against Apache with mod_auth_gssapi: MIT's SPNEGO and gss-ntlmssp at the other end.
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import * as assert from 'uvu/assert';
import { authenticationOf, createFetch, proxyAuthenticationOf, type NegotiatingFetch } from '../../../src/http/index.ts';
import { apache, startApache, type Apache } from '../lab/apache.ts';
import { peerSuite } from '../lab/peer.ts';

const credential = { user: 'alice', domain: 'LAB', password: 'S3cret! Pässwörd' };
const wrong = { ...credential, password: 'wrong' };

const check = peerSuite('createFetch with Apache', apache);
let server: Apache;
let logged = 0;
check.before(async () => { server = await startApache([`${credential.domain}:${credential.user}:${credential.password}`]); });
check.after(() => server.stop());

async function using(options: Parameters<typeof createFetch>[0], work: (fetch: NegotiatingFetch) => Promise<void>): Promise<void> {
  const fetch = createFetch({ credential, ...options });
  try {
    await work(fetch);
  } finally {
    await fetch.close();
  }
}

/** Lines of the access log since the last call, once `count` of them are there. */
async function newRequests(count: number): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const lines = server.accessLog().slice(logged);
    if (lines.length >= count || tries === 100) {
      logged += lines.length;
      return lines;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Apache offers Negotiate and NTLM; this relay to it passes the second offer only. */
function withoutNegotiate(port: number): Promise<Server> {
  const relay = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream).on('error', () => client.destroy());
    upstream.on('data', (chunk) => client.write(chunk.toString('latin1').replace('WWW-Authenticate: Negotiate\r\n', ''), 'latin1'));
    upstream.on('end', () => client.end());
    client.on('error', () => upstream.destroy());
  });
  return new Promise((resolve) => relay.listen(0, '127.0.0.1', () => resolve(relay)));
}

check('200, and the token that came with it was verified', () => using({}, async (fetch) => {
  const response = await fetch(`${server.url}/`);
  assert.is(response.status, 200, server.errorLog());
  assert.is(await response.text(), 'hello');
  assert.match(response.headers.get('www-authenticate')!, /^Negotiate oRs/, 'accept-completed with a mechListMIC');
  const authentication = authenticationOf(response)!;
  assert.is(authentication.scheme, 'Negotiate');
  assert.is(authentication.package, 'NTLM');
  assert.is(authentication.complete, true);
  assert.is(authentication.target, 'HTTP/127.0.0.1');
  assert.equal((await newRequests(3)).map((line) => line.split(' ').slice(0, 2)), [['401', '-'], ['401', '-'], ['200', 'LAB\\\\alice']]);
}));

check('NTLM without SPNEGO, where the server offers no Negotiate', () => using({}, async (fetch) => {
  const relay = await withoutNegotiate(Number(new URL(server.url).port));
  try {
    const response = await fetch(`http://127.0.0.1:${(relay.address() as AddressInfo).port}/`);
    assert.is(response.status, 200, server.errorLog());
    assert.is(await response.text(), 'hello');
    const authentication = authenticationOf(response)!;
    assert.is(authentication.scheme, 'NTLM');
    assert.is(authentication.package, 'NTLM');
    assert.is(authentication.complete, true);
  } finally {
    relay.close();
  }
  assert.equal((await newRequests(3)).map((line) => line.split(' ').slice(0, 2)), [['401', '-'], ['401', '-'], ['200', 'LAB\\\\alice']]);
}));

check('later requests go over the connection that was authenticated', () => using({}, async (fetch) => {
  for (let request = 0; request < 4; request++) {
    const response = await fetch(`${server.url}/`);
    assert.is(response.status, 200);
    assert.is(await response.text(), 'hello');
    assert.is(authenticationOf(response)!.reused, request > 0);
  }
  const lines = (await newRequests(6)).map((line) => line.split(' '));
  assert.equal(lines.map(([status]) => status), ['401', '401', '200', '200', '200', '200']);
  assert.equal(lines.map((line) => line[3]), ['0', '1', '2', '3', '4', '5'], 'one connection');
}));

check('a POST arrives whole, though the handshake took three requests', () => using({}, async (fetch) => {
  const body = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index & 0xff));
  const response = await fetch(`${server.url}/echo/`, { method: 'POST', body });
  assert.is(response.status, 200);
  assert.is(response.headers.get('x-user'), 'LAB\\alice');
  assert.is(response.headers.get('x-method'), 'POST');
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(body));
  const again = await fetch(`${server.url}/echo/`, { method: 'POST', body: 'on the same connection' });
  assert.is(await again.text(), 'on the same connection');
  await newRequests(4);
}));

check('requests at the same time have a connection each', () => using({}, async (fetch) => {
  const bodies = Array.from({ length: 6 }, (_, index) => `body ${index}`);
  const answers = await Promise.all(bodies.map(async (body) => (await fetch(`${server.url}/echo/`, { method: 'POST', body })).text()));
  assert.equal(answers, bodies);
  await newRequests(18);
}));

check('a wrong password ends in 401', () => using({ credential: wrong }, async (fetch) => {
  const response = await fetch(`${server.url}/`);
  assert.is(response.status, 401);
  assert.is(authenticationOf(response)?.complete ?? false, false);
  await response.arrayBuffer();
  const lines = await newRequests(3);
  assert.equal(lines.map((line) => line.split(' ')[0]), ['401', '401', '401'], 'and is tried once');
}));

check('what needs no authentication is not authenticated', () => using({}, async (fetch) => {
  const response = await fetch(`${server.url}/open/`);
  assert.is(await response.text(), 'open');
  assert.is(authenticationOf(response), null);
  await newRequests(1);
}));

check('over TLS, bound to a channel that the server does not look at', async () => {
  for (const channelBinding of ['auto', 'never'] as const) {
    await using({ channelBinding, tls: { ca: server.certificate } }, async (fetch) => {
      const response = await fetch(`${server.secureUrl}/`);
      assert.is(response.status, 200, server.errorLog());
      assert.is(await response.text(), 'hello');
      assert.is(authenticationOf(response)!.complete, true);
      assert.is(authenticationOf(response)!.channelBindings, channelBinding === 'auto');
    });
  }
  await newRequests(6);
});

check('through a proxy that demands 407, to a page that demands nothing', () => using({ proxy: server.proxyUrl }, async (fetch) => {
  const response = await fetch(`${server.url}/open/`);
  assert.is(response.status, 200, server.errorLog());
  assert.is(await response.text(), 'open');
  assert.is(proxyAuthenticationOf(response)!.complete, true);
  assert.is(authenticationOf(response), null);
  const again = await fetch(`${server.url}/open/`);
  assert.is(await again.text(), 'open');
  assert.is(proxyAuthenticationOf(again)!.reused, true);
}));

check('a wrong password for the proxy ends in 407', () => using({ proxy: server.proxyUrl, proxyCredential: wrong }, async (fetch) => {
  const response = await fetch(`${server.url}/open/`);
  assert.is(response.status, 407);
  await response.arrayBuffer();
}));

check('through a tunnel: 407 by NTLM, then 401 by NTLM inside of it, bound to the server behind it', () => using({ proxy: server.proxyUrl, tls: { ca: server.certificate } }, async (fetch) => {
  const body = 'z'.repeat(100_000);
  const response = await fetch(`${server.secureUrl}/echo/`, { method: 'POST', body });
  assert.is(response.status, 200, server.errorLog());
  assert.is(response.headers.get('x-user'), 'LAB\\alice');
  assert.ok(await response.text() === body);
  assert.is(authenticationOf(response)!.complete, true);
  assert.is(authenticationOf(response)!.channelBindings, true);
  assert.is(proxyAuthenticationOf(response)!.complete, false, 'mod_proxy_connect writes its 200 without the last token');
  const again = await fetch(`${server.secureUrl}/`);
  assert.is(await again.text(), 'hello');
  assert.is(authenticationOf(again)!.reused, true);
}));

check('a wrong password for the tunnel is an error that names the proxy', () => using({ proxy: server.proxyUrl, proxyCredential: wrong, tls: { ca: server.certificate } }, async (fetch) => {
  const error = await fetch(`${server.secureUrl}/`).then(() => null, (reason: Error & { code?: string }) => reason);
  assert.is(error?.code, 'SEC_E_LOGON_DENIED');
  assert.match(error!.message, new URL(server.proxyUrl).host);
}));

check('a server that closes connections after a few requests, or when they wait, is followed', () => using({}, async (fetch) => {
  for (let request = 0; request < 7; request++) {
    const response = await fetch(`${server.hurriedUrl}/echo/`, { method: 'POST', body: `body ${request}` });
    assert.is(response.status, 200, server.errorLog());
    assert.is(await response.text(), `body ${request}`);
  }
  for (const pause of [100, 950, 1100]) { // we let go after 500 ms, Apache after 1000
    await new Promise((resolve) => setTimeout(resolve, pause));
    const response = await fetch(`${server.hurriedUrl}/echo/`, { method: 'POST', body: `after ${pause}` });
    assert.is(await response.text(), `after ${pause}`);
  }
}));

check('twenty requests at once', () => using({}, async (fetch) => {
  const bodies = Array.from({ length: 20 }, (_, index) => `body ${index}`);
  const answers = await Promise.all(bodies.map(async (body) => (await fetch(`${server.url}/echo/`, { method: 'POST', body })).text()));
  assert.equal(answers, bodies);
}));

check('HEAD', () => using({}, async (fetch) => {
  const response = await fetch(`${server.url}/`, { method: 'HEAD' });
  assert.is(response.status, 200);
  assert.is(await response.text(), '');
  assert.is(authenticationOf(response)!.complete, true);
}));

check('a page that is slower than headersTimeout is an error, and no harm to the next', () => using({ headersTimeout: 500 }, async (fetch) => {
  const error = await fetch(`${server.url}/slow/`).then(() => null, (reason: Error) => reason);
  assert.is(error?.message, 'fetch failed');
  assert.is((error!.cause as Error & { code: string }).code, 'UND_ERR_HEADERS_TIMEOUT');
  assert.is(await (await fetch(`${server.url}/`)).text(), 'hello');
}));

check.run();
