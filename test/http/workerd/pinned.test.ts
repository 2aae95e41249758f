// createFetch as in Workers, with a fake of cloudflare:sockets over node:net and node:tls.
import type { RequestListener } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { cloudflareSockets, type CloudflareSockets } from '../../../backends/wasm/host/cloudflare-sockets.ts';
import { authenticationOf } from '../../../src/http/authentication.ts';
import type { FetchOptions } from '../../../src/http/fetch-options.ts';
import { createWebFetchOver } from '../../../src/http/web/fetch.ts';
import { createPinnedExchange } from '../../../src/http/workerd/pinned.ts';
import { fakeAuth, rejection } from '../support/clients.ts';
import { fakeInitiator } from '../support/fake-mechanism.ts';
import { bodyOf, certificate, echo, guarded, serve } from '../support/servers.ts';

const test = suite('http: createFetch in Workers');
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);

/** connect() as Workers have it, and how many connections it opened and closed. */
function fakeSockets() {
  const log = { opened: 0, closed: 0 };
  const sockets: CloudflareSockets = {
    connect({ hostname, port }, { secureTransport }) {
      const socket = secureTransport === 'on' ? connectTls({ host: hostname, port, ca: certificate, servername: 'localhost' }) : connectTcp(port, hostname);
      log.opened++;
      const opened = new Promise<void>((resolve, reject) => socket.once(secureTransport === 'on' ? 'secureConnect' : 'connect', resolve).once('error', reject));
      const closed = new Promise<void>((resolve) => socket.once('close', () => {
        log.closed++;
        resolve();
      }));
      socket.on('error', () => {});
      const { readable, writable } = Duplex.toWeb(socket) as { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };
      return { readable, writable, opened, closed, async close() { socket.destroy(); } };
    },
  };
  return { log, sockets: async () => sockets };
}

function workerFetch({ password = 'wonderland', oneLeg = false, ...options }: FetchOptions & { password?: string; oneLeg?: boolean } = {}) {
  const { log, sockets } = fakeSockets();
  const whole: FetchOptions = { target: 'HTTP/127.0.0.1', ...options };
  // The Kerberos that a realm would give; without one it cannot be had, as in the engine.
  const make = (_credential: unknown, { packageList = '' }: { packageList?: string }) => {
    const initiator = fakeInitiator('alice', password, { oneLeg, packageList });
    if (packageList !== 'Kerberos' || oneLeg) return initiator;
    return { ...initiator, initiator: async () => { throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC answers'); } };
  };
  return { log, fetch: createWebFetchOver(make, { name: 'a Worker', hidesRedirects: false, pinned: createPinnedExchange(sockets, make, whole) }, whole) };
}

test('Kerberos: one connection for each request, the second with its token at once; the platform\'s fetch shares none of it', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch, log } = workerFetch({ oneLeg: true });
  for (let i = 0; i < 2; i++) {
    const response = await fetch(server.url);
    assert.is(await response.text(), 'hello alice');
    assert.is(authenticationOf(response)?.mutual, true);
  }
  assert.equal(server.seen.map(({ headers, socket }) => [headers.authorization !== undefined, socket]), [[false, 0], [true, 0], [true, 1]]);
  assert.is((await globalThis.fetch(server.url)).status, 401);
  assert.equal(log, { opened: 2, closed: 2 });
  await fetch.close();
});

test('NTLM goes over one connection, which closes behind the body', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const { fetch, log } = workerFetch();
  const response = await fetch(`${server.url}/a?b=c`, { method: 'POST', body: 'x'.repeat(100_000), headers: { 'x-mine': 'yes' } });
  const { user, body, method } = await response.json() as { user: string; body: string; method: string };
  assert.equal([user, body.length, method], ['alice', 100_000, 'POST']);
  assert.is(authenticationOf(response)?.complete, true);
  assert.is(authenticationOf(response)?.package, 'NTLM');
  assert.is(response.url, `${server.url}/a?b=c`);
  const leg = [0, 'yes', 'keep-alive', '/a?b=c'];
  assert.equal(server.seen.map(({ socket, headers, url }) => [socket, headers['x-mine'], headers.connection, url]), [leg, leg, leg]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(log, { opened: 1, closed: 1 });
});

test('TLS, and a server that offers NTLM alone', async () => {
  const { middleware } = fakeAuth({ channelBindingPolicy: 'never' });
  await using server = await serve(guarded((req, res, next) => {
    const setHeader = res.setHeader.bind(res);
    res.setHeader = (name, value) => setHeader(name, Array.isArray(value) ? ['NTLM'] : value);
    middleware(req, res, next);
  }, hello), { secure: true });
  const { fetch } = workerFetch();
  assert.is(await (await fetch(server.url.replace('127.0.0.1', 'localhost'))).text(), 'hello alice');
  assert.match(server.seen[1]!.headers.authorization!, /^NTLM /);
});

test('redirects: followed, refused, handed out', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, (req, res) => {
    if (req.url === '/near') res.writeHead(302, { location: '/' }).end();
    else if (req.url === '/bad') res.writeHead(302, { location: 'ftp://x/' }).end();
    else res.end(`hello ${req.sspi?.user}`);
  }));
  const { fetch } = workerFetch({ oneLeg: true });
  assert.is(await (await fetch(`${server.url}/near`)).text(), 'hello alice');
  assert.instance(await rejection(fetch(`${server.url}/near`, { redirect: 'error' })), TypeError);
  assert.instance(await rejection(fetch(`${server.url}/bad`)), TypeError);
  assert.is((await fetch(`${server.url}/near`, { redirect: 'manual' })).status, 302);
});

test('a server that closes between legs gets a new handshake, and only so many', async () => {
  const { middleware } = fakeAuth();
  let hellos = 0;
  await using server = await serve(guarded((req, res, next) => {
    if (req.headers.authorization !== undefined && hellos++ === 0) res.setHeader('connection', 'close');
    middleware(req, res, next);
  }, hello));
  const { fetch, log } = workerFetch();
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  assert.is(log.opened, 2);

  await using never = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': `Negotiate ${btoa('challenge x')}`, connection: 'close' }).end());
  const error = await rejection(workerFetch().fetch(never.url));
  assert.instance(error, TypeError);
  assert.match(error.cause!.message, /closes the connection in the middle/);
});

test('a connection that dies between legs: GET begins anew, POST is not sent twice, and nothing goes on forever', async () => {
  const { middleware } = fakeAuth();
  let cuts = 1;
  await using server = await serve((req, res) => {
    if (req.headers.authorization !== undefined && cuts-- > 0) return void req.socket.destroy();
    guarded(middleware, hello)(req, res);
  });
  const { fetch, log } = workerFetch();
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  assert.is(log.opened, 2);
  cuts = 1;
  const posted = server.seen.length;
  const error = await rejection(fetch(server.url, { method: 'POST', body: 'x' }));
  assert.is(error.message, 'fetch failed');
  assert.is(server.seen.length, posted + 2);
  cuts = 100;
  const before = server.seen.length;
  assert.is((await rejection(fetch(server.url))).message, 'fetch failed');
  assert.is(server.seen.length, before + 3, 'a new connection that dies at once is not asked again');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(log.closed, log.opened);
});

test('a challenge that breaks off has refused its request all the same: the next leg has another connection', async () => {
  const { middleware } = fakeAuth();
  let cuts = 1;
  await using server = await serve((req, res) => {
    if (cuts-- <= 0) return guarded(middleware, echo)(req, res);
    res.writeHead(401, { 'www-authenticate': 'Negotiate', 'content-length': 1000 }).write('half');
    setTimeout(() => res.destroy(), 10);
  });
  for (const method of ['GET', 'POST']) {
    cuts = 1;
    const { fetch, log } = workerFetch();
    assert.is((await (await fetch(server.url, { method, ...(method === 'POST' && { body: 'x' }) })).json() as { user: string }).user, 'alice');
    assert.is(log.opened, 2);
  }
});

test('what is no HTTP is not asked twice', async () => {
  let legs = 0;
  await using server = await serve((req, res) => {
    if (legs++ === 0) return void res.writeHead(401, { 'www-authenticate': 'Negotiate' }).end();
    req.socket.end('SSH-2.0-x\r\n\r\n');
  });
  assert.match((await rejection(workerFetch().fetch(server.url))).cause!.message, /status line/);
  assert.is(legs, 2);
});

test('a wrong password gives the 401; an error of the engine is its own', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const refused = await workerFetch({ password: 'wrong' }).fetch(server.url);
  assert.is(refused.status, 401);
  assert.is(authenticationOf(refused)?.complete, false);
  await refused.text();
  const { fetch, log } = workerFetch({ packageList: 'Kerberos' });
  assert.is((await rejection(fetch(server.url))).code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(log.closed, log.opened);
});

test('a body that is coded, chunked, empty, cancelled', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, async (req, res) => {
    await bodyOf(req);
    if (req.url === '/gzip') res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'));
    else if (req.url === '/none') res.writeHead(204).end();
    else for (let i = 0; i < 1000; i++) res.write('x'.repeat(1000));
    if (req.url === '/long') res.end();
  }));
  const { fetch, log } = workerFetch();
  const packed = await fetch(`${server.url}/gzip`);
  assert.is(await packed.text(), 'unpacked');
  assert.is(packed.headers.get('content-encoding'), null);
  assert.is((await fetch(`${server.url}/none`)).status, 204);
  assert.is((await fetch(`${server.url}/long`, { method: 'HEAD' })).status, 200);
  assert.is((await (await fetch(`${server.url}/long`)).text()).length, 1_000_000);
  await (await fetch(`${server.url}/long`)).body!.cancel();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(log.closed, log.opened);
});

test('an abort closes the connection, before and during the body', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, (_req, res) => void res.write('begun')));
  const { fetch, log } = workerFetch();
  const controller = new AbortController();
  const response = await fetch(server.url, { signal: controller.signal });
  controller.abort(new Error('enough'));
  assert.is((await rejection(response.text())).message, 'enough');
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(log.closed, log.opened);
});

test('an abort while the body has no length, or the socket does not open', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, (_req, res) => {
    res.removeHeader('transfer-encoding');
    res.useChunkedEncodingByDefault = false;
    res.writeHead(200, { connection: 'close' });
    res.write('begun');
  }));
  const { fetch } = workerFetch();
  const controller = new AbortController();
  const response = await fetch(server.url, { signal: controller.signal });
  assert.is(response.headers.get('transfer-encoding'), null);
  controller.abort(new Error('enough'));
  assert.is((await rejection(response.text())).message, 'enough');

  let closed = 0;
  const never = { connect: () => ({ readable: new ReadableStream(), writable: new WritableStream(), opened: new Promise(() => {}), closed: new Promise<void>(() => {}), close: async () => void closed++ }) };
  const make = () => fakeInitiator('alice', 'wonderland', { oneLeg: true });
  const deaf = createWebFetchOver(make, { name: 'a Worker', hidesRedirects: false, pinned: createPinnedExchange(async () => never, make, {}) }, {});
  const late = AbortSignal.timeout(20);
  const error = await Promise.race([rejection(deaf(server.url, { signal: late })), new Promise<Error>((resolve) => setTimeout(() => resolve(new Error('hangs')), 1000))]);
  assert.is(error.name, 'TimeoutError');
  assert.is(closed, 1);
});

test('a redirect that is refused leaves no connection open', async () => {
  await using server = await serve((_req, res) => void res.writeHead(302, { location: '/' }).write('x'.repeat(300_000)));
  const { fetch, log } = workerFetch();
  assert.instance(await rejection(fetch(server.url, { redirect: 'error' })), TypeError);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(log.closed, log.opened);
});

test('a status that a Response does not take is a failure of the network, and its connection closes', async () => {
  await using server = await serve((_req, res) => {
    res.socket!.end('HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n');
  });
  const { fetch, log } = workerFetch();
  const error = await rejection(fetch(server.url));
  assert.instance(error, TypeError);
  assert.match(error.cause!.message, /status line/);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(log.closed, log.opened);
});

test('a server that cannot be reached, and a runtime without sockets', async () => {
  const error = await rejection(workerFetch().fetch('http://127.0.0.1:1/'));
  assert.instance(error, TypeError);
  assert.match(error.cause!.message, /no connection to 127\.0\.0\.1:1/);
  const missing = await rejection(cloudflareSockets()) as unknown as SspiError;
  assert.is(missing.code, 'SEC_E_UNSUPPORTED_FUNCTION');
  assert.match(missing.message, /cloudflare:sockets/);
});

test.run();
