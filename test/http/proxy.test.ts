import { connect, createServer as createTcp, type Socket } from 'node:net';
import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticationOf, proxyAuthenticationOf } from '../../src/http/authentication.ts';
import { createProxyRule } from '../../src/http/node/proxy.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { echo, guarded, listen, serve, serveProxy, stop } from './support/servers.ts';

const test = suite('http: proxies');
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);
const bob = { user: 'bob', password: 'builder' };

test('http goes to the proxy in absolute form', async () => {
  await using server = await serve(echo);
  await using proxy = await serveProxy();
  const response = await fakeFetch({ proxy: proxy.url }).fetch(`${server.url}/x?y`);
  assert.is(response.status, 200);
  assert.is(proxy.seen[0]!.url, `${server.url}/x?y`);
  assert.is(proxyAuthenticationOf(response), null);
});

test('407 is answered on one connection, with the credential of the proxy, and the body is sent again', async () => {
  const guard = fakeAuth();
  await using server = await serve(echo);
  await using proxy = await serveProxy({ middleware: guard.middleware });
  const { fetch, initiator } = fakeFetch({ proxy: proxy.url, proxyCredential: bob });
  const response = await fetch(server.url, { method: 'POST', body: 'b' });
  assert.is((await response.json() as { body: string }).body, 'b');
  assert.equal(proxy.seen.map(({ socket }) => socket), [0, 0, 0]);
  assert.is(server.seen.length, 1);
  assert.is(server.seen[0]!.headers['proxy-authorization'], undefined);
  assert.is(initiator.log.made.length, 0);
  assert.is(proxyAuthenticationOf(response)?.target, 'HTTP/127.0.0.1');
  assert.is(proxyAuthenticationOf(response)?.complete, true);
  const again = await fetch(server.url);
  await again.text();
  assert.is(proxy.seen.length, 4);
  assert.is(proxyAuthenticationOf(again)?.reused, true);
});

test('407 and then 401 over the same connection', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'always' }).middleware, hello));
  await using proxy = await serveProxy({ middleware: fakeAuth().middleware });
  const { fetch } = fakeFetch({ proxy: proxy.url, proxyCredential: bob });
  const response = await fetch(server.url);
  assert.is(await response.text(), 'hello alice');
  assert.is(authenticationOf(response)?.complete, true);
  assert.is(proxyAuthenticationOf(response)?.complete, true);
  assert.is(proxy.sockets.length, 1);
  assert.is(server.sockets.length, 1);
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  assert.is(proxy.sockets.length, 1);
});

test('a proxy that does not support sessions must not carry the handshake of an origin (RFC 4559 6)', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'always' }).middleware, hello));
  await using proxy = await serveProxy({ sessionSupport: false });
  const { fetch, initiator } = fakeFetch({ proxy: proxy.url });
  assert.is((await rejection(fetch(server.url))).code, 'SEC_E_UNSUPPORTED_FUNCTION');
  assert.is(initiator.log.made.length, 0);
});

test('a proxy that refuses the credentials: its 407 is handed out', async () => {
  await using server = await serve(echo);
  await using proxy = await serveProxy({ middleware: fakeAuth().middleware });
  const response = await fakeFetch({ proxy: proxy.url, password: 'wrong' }).fetch(server.url);
  assert.is(response.status, 407);
  assert.is(proxyAuthenticationOf(response)?.complete, false);
  assert.is(server.seen.length, 0);
});

for (const secure of [false, true]) {
  test(`https goes through a tunnel${secure ? ' of a proxy that is https itself' : ''}, bound to the origin's certificate`, async () => {
    const origin = fakeAuth({ target: 'HTTP/localhost' });
    await using server = await serve(guarded(origin.middleware, hello), { secure: true, host: 'localhost' });
    await using proxy = await serveProxy({ secure });
    const { fetch } = fakeFetch({ proxy: `http${secure ? 's' : ''}://127.0.0.1:${proxy.port}` });
    const response = await fetch(server.url);
    assert.is(await response.text(), 'hello alice');
    assert.is(authenticationOf(response)?.channelBindings, true);
    assert.equal(proxy.tunnels, [`localhost:${server.port}`]);
    assert.is(await (await fetch(server.url)).text(), 'hello alice');
    assert.is(proxy.tunnels.length, 1);
  });
}

test('CONNECT is authenticated on the connection that becomes the tunnel', async () => {
  const origin = fakeAuth({ target: 'HTTP/localhost' });
  await using server = await serve(guarded(origin.middleware, hello), { secure: true, host: 'localhost' });
  await using proxy = await serveProxy({ middleware: fakeAuth().middleware });
  const { fetch } = fakeFetch({ proxy: `http://bob:builder@127.0.0.1:${proxy.port}` });
  const response = await fetch(server.url);
  assert.is(await response.text(), 'hello alice');
  assert.is(proxyAuthenticationOf(response)?.complete, true);
  assert.is(proxy.sockets.length, 1);
  assert.is(proxy.tunnels.length, 1);
  assert.is(server.seen[0]!.headers['proxy-authorization'], undefined);
});

test('a refused tunnel is an SspiError, a failed one a TypeError', async () => {
  await using proxy = await serveProxy({ middleware: fakeAuth().middleware });
  const refused = await rejection(fakeFetch({ proxy: proxy.url, password: 'wrong' }).fetch('https://localhost:9/'));
  assert.is(refused.code, 'SEC_E_LOGON_DENIED');
  assert.match(refused.message, `127.0.0.1:${proxy.port}`);
  await using open = await serveProxy();
  assert.is((await rejection(fakeFetch({ proxy: open.url }).fetch('https://localhost:9/'))).message, 'fetch failed');
});

/** A proxy of canned answers: each element is sent when one more request head has come. */
async function canned(...answers: string[]): Promise<{ url: string; heads: string[]; sockets: Socket[]; stop(): Promise<void> }> {
  const heads: string[] = [];
  const sockets: Socket[] = [];
  const server = createTcp((socket) => {
    sockets.push(socket);
    let held = '';
    socket.on('error', () => {}).on('data', (chunk: Buffer) => {
      held += chunk.toString('latin1');
      for (let end = held.indexOf('\r\n\r\n'); end >= 0; end = held.indexOf('\r\n\r\n')) {
        heads.push(held.slice(0, end));
        held = held.slice(end + 4);
        const answer = answers[heads.length - 1];
        if (answer === undefined) return void socket.destroy();
        for (let at = 0; at < answer.length; at += 37) socket.write(answer.slice(at, at + 37), 'latin1');
        if (/^connection: close/im.test(answer)) socket.end();
      }
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, heads, sockets, stop: async () => {
    for (const socket of sockets) socket.destroy();
    await stop(server);
  } };
}

test('answers to CONNECT of every framing', async () => {
  const challenge = `HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm="x", Negotiate ${btoa('challenge n')}\r\n`;
  const proxy = await canned(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\nproxy-authenticate: negotiate\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n',
    `${challenge}Content-Length: 7\r\n\r\nrefused`,
    'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n',
  );
  const error = await rejection(fakeFetch({ proxy: proxy.url }).fetch('https://web.test/'));
  assert.match(error.cause?.message ?? '', '502 Bad Gateway');
  assert.is(proxy.heads.length, 3);
  assert.is(proxy.sockets.length, 1);
  assert.match(proxy.heads[0]!, /^CONNECT web\.test:443 HTTP\/1\.1\r\nHost: web\.test:443\r\nProxy-Connection: keep-alive$/);
  assert.match(proxy.heads[1]!, `Proxy-Authorization: Negotiate ${btoa('hello')}`);
  await proxy.stop();
});

test('a proxy that closes after its first 407, as old ones do', async () => {
  const proxy = await canned(
    'HTTP/1.0 407 Auth\r\nProxy-Authenticate: Negotiate\r\nConnection: close\r\n\r\nhello',
    `HTTP/1.0 407 Auth\r\nProxy-Authenticate: Negotiate ${btoa('challenge n')}\r\nProxy-Connection: keep-alive\r\nContent-Length: 3\r\n\r\nabc`,
    'HTTP/1.1 503 No\r\n\r\n',
  );
  await rejection(fakeFetch({ proxy: proxy.url }).fetch('https://web.test/'));
  assert.is(proxy.sockets.length, 2);
  assert.is(proxy.heads.length, 3);
  await proxy.stop();
});

test('a proxy that closes in the middle each time is given up', async () => {
  const answer = `HTTP/1.1 407 A\r\nProxy-Authenticate: Negotiate ${btoa('challenge n')}\r\nConnection: close\r\n\r\n`;
  const proxy = await canned(...Array<string>(50).fill(answer));
  const error = await rejection(fakeFetch({ proxy: proxy.url }).fetch('https://web.test/'));
  assert.match(error.cause?.message ?? '', 'in the middle of the handshake');
  assert.ok(proxy.heads.length < 10);
  await proxy.stop();
});

test('hostile answers to CONNECT are network errors', async () => {
  const answers = [
    'SSH-2.0-x\r\n\r\n', 'HTTP/1.1 abc\r\n\r\n', 'HTTP/1.1 407 A\r\nbroken line\r\n\r\n', `HTTP/1.1 407 A\r\nX: ${'x'.repeat(300000)}`,
    'HTTP/1.1 407 A\r\nProxy-Authenticate: Negotiate\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 407 A\r\nProxy-Authenticate: Negotiate\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n',
    'HTTP/1.1 407 A\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
  ];
  for (const answer of answers) {
    const proxy = await canned(answer);
    const error = await rejection(fakeFetch({ proxy: proxy.url, headersTimeout: 1000 }).fetch('https://web.test/'));
    assert.is(error.message, 'fetch failed', answer.slice(0, 40));
    await proxy.stop();
  }
});

test('an answer to CONNECT in single bytes, longer than its tunnel needs', async () => {
  const origin = fakeAuth({ target: 'HTTP/localhost' });
  await using server = await serve(guarded(origin.middleware, hello), { secure: true, host: 'localhost' });
  const proxy = createTcp((client) => {
    client.on('error', () => {}).once('data', () => {
      const upstream = connect(server.port, '127.0.0.1', () => {
        for (const byte of `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`) client.write(byte);
        client.pipe(upstream).on('error', () => {}).pipe(client);
      });
    });
  });
  const port = await listen(proxy);
  const { fetch } = fakeFetch({ proxy: `http://127.0.0.1:${port}` });
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  await fetch.close();
  await stop(proxy);
});

test('an abort ends a CONNECT that gets no answer', async () => {
  const silent = createTcp((socket) => void socket.on('error', () => {}).resume());
  const port = await listen(silent);
  const error = await rejection(fakeFetch({ proxy: `127.0.0.1:${port}` }).fetch('https://web.test/', { signal: AbortSignal.timeout(30) }));
  assert.is(error.name, 'TimeoutError');
  await stop(silent);
});

test('the environment is read only when asked to, with NO_PROXY', () => {
  const environment = { HTTP_PROXY: 'proxy.test:3128', https_proxy: 'http://a%40b:p%3A@secure.test', NO_PROXY: 'intra.test, .corp.test,10.0.0.1:8080 , ::1' };
  const rule = createProxyRule('environment', environment);
  assert.is(rule(new URL('http://x.test'))?.url.href, 'http://proxy.test:3128/');
  assert.equal(rule(new URL('https://x.test'))?.credential, { user: 'a@b', password: 'p:' });
  for (const exempt of ['http://intra.test', 'https://www.intra.test', 'http://a.corp.test', 'http://corp.test', 'http://10.0.0.1:8080']) assert.is(rule(new URL(exempt)), null, exempt);
  for (const proxied of ['http://xintra.test', 'http://10.0.0.1', 'http://intra.test.evil.test']) assert.ok(rule(new URL(proxied)), proxied);
  assert.is(createProxyRule('environment', { ...environment, no_proxy: '*' })(new URL('http://x.test')), null);
  assert.is(createProxyRule('environment', {})(new URL('http://x.test')), null);
  assert.is(createProxyRule(undefined, environment)(new URL('http://x.test')), null);
});

test.run();
