import { execFile as execFileCallback } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcp, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticationOf } from '../../src/http/authentication.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { certificate, echo, guarded, listen, serve, stop } from './support/servers.ts';

const execFile = promisify(execFileCallback);
const test = suite('http: connections');
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);

test('network errors are TypeErrors with a cause', async () => {
  const refused = createTcp();
  const port = await listen(refused);
  await stop(refused);
  const error = await rejection(fakeFetch().fetch(`http://127.0.0.1:${port}`));
  assert.instance(error, TypeError);
  assert.is(error.message, 'fetch failed');
  assert.is(error.cause?.code, 'ECONNREFUSED');
});

test('parallel requests have connections of their own, within the bound', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, (req, res) => void setTimeout(() => hello(req, res), 20)));
  const { fetch, initiator } = fakeFetch({ maxConnections: 3 });
  const texts = await Promise.all(Array.from({ length: 12 }, async () => (await fetch(server.url)).text()));
  assert.equal(new Set(texts), new Set(['hello alice']));
  assert.is(server.sockets.length, 3);
  assert.is(initiator.log.made.length, 3);
});

test('an unread short body frees its connection; a cancelled long one closes it', async () => {
  await using server = await serve((req, res) => void res.end('x'.repeat(req.url === '/long' ? 1 << 22 : 10)));
  const { fetch } = fakeFetch({ maxConnections: 1 });
  await fetch(server.url);
  await fetch(server.url);
  const long = await fetch(`${server.url}/long`);
  await long.body!.cancel();
  assert.is((await fetch(server.url)).status, 200);
  assert.is(server.sockets.length, 2);
});

test('two identities never share a connection', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const alice = fakeFetch().fetch;
  const bob = fakeFetch({ user: 'bob', password: 'builder' }).fetch;
  assert.is(await (await alice(server.url)).text(), 'hello alice');
  assert.is(await (await bob(server.url)).text(), 'hello bob');
  assert.is(await (await alice(server.url)).text(), 'hello alice');
  assert.is(server.sockets.length, 2);
});

test('an idle connection that the server closed is replaced, also for POST', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const { fetch } = fakeFetch();
  await (await fetch(server.url)).text();
  server.server.closeIdleConnections();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const response = await fetch(server.url, { method: 'POST', body: 'again' });
  assert.is((await response.json() as { body: string }).body, 'again');
  assert.is(server.sockets.length, 2);
});

test('a reused connection that dies under a request: GET is sent again, POST is not', async () => {
  let kill = false;
  await using server = await serve((req, res) => {
    if (kill) {
      kill = false;
      return void req.socket.destroy();
    }
    res.end('ok');
  });
  const { fetch } = fakeFetch();
  await (await fetch(server.url)).text();
  kill = true;
  assert.is(await (await fetch(server.url)).text(), 'ok');
  kill = true;
  const error = await rejection(fetch(server.url, { method: 'POST', body: 'x' }));
  assert.is(error.message, 'fetch failed');
});

test('what a server says unasked, as some do before they close a connection, answers no later request (RFC 9112 6.3)', async () => {
  const sockets: Socket[] = [];
  const server = createTcp((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      setTimeout(() => {
        socket.write('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
        if (sockets.length === 1) socket.end();
      }, 20);
    });
  });
  const port = await listen(server);
  const { fetch } = fakeFetch();
  for (const method of ['GET', 'POST', 'POST']) {
    const response = await fetch(`http://127.0.0.1:${port}`, { method });
    assert.equal([response.status, await response.text()], [200, 'ok']);
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  assert.ok(sockets.length >= 2, 'the first was closed');
  await fetch.close();
  await stop(server);
});

test('the first 401 may close the connection: the handshake begins on the next', async () => {
  const { middleware } = fakeAuth();
  await using server = await serve((req, res) => {
    if (req.headers.authorization === undefined) res.setHeader('connection', 'close');
    guarded(middleware, hello)(req, res);
  });
  const { fetch } = fakeFetch();
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  assert.equal(server.seen.map(({ socket }) => socket), [0, 1, 1]);
});

test('a connection that closes in the middle of the handshake is tried again, and not forever', async () => {
  let cuts = 1;
  const { middleware } = fakeAuth();
  const listener: RequestListener = (req, res) => {
    if (req.headers.authorization !== undefined && cuts-- > 0) {
      return void res.writeHead(401, { 'www-authenticate': `Negotiate ${btoa('challenge n')}`, connection: 'close' }).end();
    }
    guarded(middleware, hello)(req, res);
  };
  await using server = await serve(listener);
  assert.is(await (await fakeFetch().fetch(server.url)).text(), 'hello alice');
  cuts = 1000;
  const error = await rejection(fakeFetch().fetch(server.url));
  assert.is(error.message, 'fetch failed');
  assert.match(error.cause?.message ?? '', 'closes the connection in the middle of the handshake');
  assert.ok(server.seen.length < 20);
});

test('a connection that dies between legs: GET begins anew, POST is not sent twice', async () => {
  const { middleware } = fakeAuth();
  let cuts = 1;
  await using server = await serve((req, res) => {
    if (req.headers.authorization !== undefined && cuts-- > 0) return void req.socket.destroy();
    guarded(middleware, hello)(req, res);
  });
  assert.is(await (await fakeFetch().fetch(server.url)).text(), 'hello alice');
  assert.is(server.sockets.length, 2);
  cuts = 1;
  const posted = server.seen.length;
  assert.is((await rejection(fakeFetch().fetch(server.url, { method: 'POST', body: 'x' }))).message, 'fetch failed');
  assert.is(server.seen.length, posted + 2);
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
    const { fetch } = fakeFetch();
    assert.is((await (await fetch(server.url, { method, ...(method === 'POST' && { body: 'x' }) })).json() as { user: string }).user, 'alice');
  }
  assert.is(server.sockets.length, 4);
});

test('an abort ends each leg with its own reason', async () => {
  for (const stuck of [0, 1, 2]) {
    let legs = 0;
    const { middleware } = fakeAuth();
    const sockets: Socket[] = [];
    const controller = new AbortController();
    await using server = await serve((req, res) => {
      sockets.push(req.socket);
      if (legs++ === stuck) return void controller.abort(new Error(`stuck in leg ${stuck}`));
      guarded(middleware, hello)(req, res);
    });
    const { fetch, initiator } = fakeFetch();
    const error = await rejection(fetch(server.url, { signal: controller.signal }));
    assert.is(error.message, `stuck in leg ${stuck}`);
    assert.is(initiator.log.disposed, initiator.log.made.length);
  }
});

test('an abort ends the body also after a collection of garbage', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await using server = await serve((_req, res) => void res.write('some'));
  const { fetch } = fakeFetch();
  const controller = new AbortController();
  const reader = (await fetch(server.url, { signal: controller.signal })).body!.getReader();
  await reader.read();
  for (let round = 0; round < 5; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  setTimeout(() => controller.abort(), 5);
  assert.is((await rejection(reader.read())).name, 'AbortError');
});

test('what is no HTTP is a network error', async () => {
  for (const answer of ['SSH-2.0-x\r\n', 'HTTP/1.1 abc\r\n\r\n', 'HTTP/1.1 200 OK\r\nX y\r\n\r\n', '', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx', 'HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n']) {
    const server = createTcp((socket) => void socket.on('error', () => {}).once('data', () => socket.end(answer)));
    const port = await listen(server);
    assert.is((await rejection(fakeFetch().fetch(`http://127.0.0.1:${port}`))).message, 'fetch failed', JSON.stringify(answer));
    await stop(server);
  }
});

test('an abort before, while connecting, while waiting for a connection, and in the body', async () => {
  await using server = await serve((req, res) => {
    if (req.url === '/slow') return;
    res.write('some');
  });
  const { fetch } = fakeFetch({ maxConnections: 1 });
  assert.is((await rejection(fetch(server.url, { signal: AbortSignal.abort() }))).name, 'AbortError');
  const body = new AbortController();
  const response = await fetch(server.url, { signal: body.signal });
  const waiting = new AbortController();
  const queued = rejection(fetch(server.url, { signal: waiting.signal }));
  setTimeout(() => waiting.abort(), 10);
  assert.is((await queued).name, 'AbortError');
  setTimeout(() => body.abort(), 10);
  assert.is((await rejection(response.text())).name, 'AbortError');
  assert.is((await rejection(fetch(`${server.url}/slow`, { signal: AbortSignal.timeout(30) }))).name, 'TimeoutError');
});

for (const secure of [false, true]) {
  test(`close lets connections and credentials go${secure ? ', TLS too' : ''}`, async () => {
    await using server = await serve(guarded(fakeAuth({ target: 'HTTP/localhost' }).middleware, hello), { secure, host: 'localhost' });
    const { fetch, initiator } = fakeFetch();
    await (await fetch(server.url)).text();
    const closed = new Promise((resolve) => server.sockets[0]!.once('close', resolve));
    await fetch[Symbol.asyncDispose]();
    await closed;
    assert.is(initiator.log.closed, 1);
    assert.instance(await rejection(fetch(server.url)), TypeError);
  });
}

for (const secure of [false, true]) {
  test(`a script ends though connections are idle${secure ? ', TLS too' : ''}`, async () => {
    await using server = await serve(guarded(fakeAuth({ target: 'HTTP/localhost' }).middleware, hello), { secure, host: 'localhost' });
    const clients = new URL('./support/clients.ts', import.meta.url).href;
    const script = `import { fakeFetch } from '${clients}';
      const { fetch } = fakeFetch({ idleTimeout: 60000, tls: { ca: process.env.CA } });
      console.log(await (await fetch('${server.url}')).text());`;
    const register = new URL('../../build/register.js', import.meta.url).href;
    const started = performance.now();
    const { stdout } = await execFile(process.execPath, ['--import', register, '--input-type=module', '-e', script], { env: { ...process.env, CA: certificate }, timeout: 20000 });
    assert.is(stdout, 'hello alice\n');
    assert.ok(performance.now() - started < 20000);
    assert.is(server.seen.length, 3);
  });
}

test('an idle connection is closed after idleTimeout, and before the server says it will', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch } = fakeFetch({ idleTimeout: 30 });
  await (await fetch(server.url)).text();
  await new Promise((resolve) => server.sockets[0]!.once('close', resolve));
  server.server.keepAliveTimeout = 1000; // Keep-Alive: timeout=1
  const other = fakeFetch().fetch;
  await (await other(server.url)).text();
  await (await other(server.url)).text();
  assert.is(server.sockets.length, 2);
  await new Promise((resolve) => setTimeout(resolve, 650));
  assert.is(server.sockets[1]!.destroyed, true);
});

test('a server that answers early to a long body keeps the connection', async () => {
  const server = createServer((req, res) => {
    res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    req.resume();
  });
  const port = await listen(server);
  const response = await fakeFetch().fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'x'.repeat(1 << 22) });
  assert.is(response.status, 401);
  await stop(server);
});

test('preemptive: a token goes with the first request of a connection, and with none after it', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const { fetch } = fakeFetch({ oneLeg: true, preemptive: 'always' });
  for (let i = 0; i < 2; i++) assert.is((await (await fetch(server.url)).json() as { user: string }).user, 'alice');
  assert.equal(server.seen.map(({ headers }) => headers.authorization !== undefined), [true, false]);
  await fetch.close();
});

test('preemptive: a server that offers NTLM alone is answered with NTLM', async () => {
  const { middleware } = fakeAuth();
  await using server = await serve(guarded((req, res, next) => {
    const setHeader = res.setHeader.bind(res);
    res.setHeader = (name, value) => setHeader(name, Array.isArray(value) ? ['NTLM'] : value);
    if (/^Negotiate/.test(req.headers.authorization ?? '')) delete req.headers.authorization;
    middleware(req, res, next);
  }, hello));
  const { fetch } = fakeFetch({ preemptive: 'always' });
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  await using basic = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end());
  assert.is((await fetch(basic.url)).status, 401);
  assert.is(basic.seen.length, 1);
});

test('preemptive: a server that asks for nothing has proven nothing, and needs not', async () => {
  await using server = await serve(hello);
  const { fetch, initiator } = fakeFetch({ oneLeg: true, preemptive: 'always' });
  const response = await fetch(server.url);
  assert.is(response.status, 200);
  assert.is(authenticationOf(response), null);
  await fetch.close();
  assert.is(initiator.log.disposed, initiator.log.made.length);
});

test('preemptive: NTLM begins at once as well', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const { fetch } = fakeFetch({ preemptive: 'always' });
  assert.is((await fetch(server.url)).status, 200);
  assert.equal(server.seen.map(({ headers, socket }) => [headers.authorization !== undefined, socket]), [[true, 0], [true, 0]]);
  await fetch.close();
});

test.run();
