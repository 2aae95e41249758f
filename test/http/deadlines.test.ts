import type { RequestListener } from 'node:http';
import { createServer as createTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { echo, guarded, listen, serve, serveProxy, stop } from './support/servers.ts';

const test = suite('http: deadlines');
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);

/** A server of bytes; `closed` once every client has gone. */
async function tcp(onSocket: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createTcp((socket) => {
    sockets.push(socket);
    onSocket(socket.on('error', () => {}));
  });
  const port = await listen(server);
  return {
    port, sockets,
    closed: async () => { while (!sockets.every((socket) => socket.destroyed)) await sleep(5); },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await stop(server);
    },
  };
}

async function expectDeadline(promise: Promise<unknown>, of: 'Connect' | 'Headers' | 'Body', message: RegExp, outer = 'fetch failed') {
  const started = performance.now();
  const error = await rejection(promise);
  assert.instance(error, TypeError);
  assert.is(error.message, outer);
  assert.is(error.cause?.name, `${of}TimeoutError`);
  assert.is(error.cause?.code, `UND_ERR_${of.toUpperCase()}_TIMEOUT`);
  assert.match(error.cause!.message, message);
  assert.ok(performance.now() - started < 20_000);
}

test('connect: TLS that never begins, with the origin and with a proxy', async () => {
  await using silent = await tcp((socket) => void socket.resume());
  const { fetch } = fakeFetch({ connectTimeout: 250 });
  await expectDeadline(fetch(`https://localhost:${silent.port}/`), 'Connect', new RegExp(`no connection to localhost:${silent.port} within 250 ms`));
  const proxied = fakeFetch({ connectTimeout: 250, proxy: `https://127.0.0.1:${silent.port}` });
  await expectDeadline(proxied.fetch('https://web.test/'), 'Connect', /the proxy 127/);
  await silent.closed();
});

test('connect: TLS that never begins behind a tunnel', async () => {
  await using silent = await tcp((socket) => void socket.resume());
  await using proxy = await serveProxy();
  const { fetch } = fakeFetch({ connectTimeout: 250, proxy: proxy.url });
  await expectDeadline(fetch(`https://localhost:${silent.port}/`), 'Connect', /localhost/);
  await silent.closed();
});

test('headers: no answer to any leg, and none to CONNECT', async () => {
  await Promise.all([0, 1, 2].map(async (stuck) => {
    let legs = 0;
    const { middleware } = fakeAuth();
    await using server = await serve((req, res) => void (legs++ === stuck || guarded(middleware, hello)(req, res)));
    const { fetch, initiator } = fakeFetch({ headersTimeout: 1500 });
    await expectDeadline(fetch(server.url), 'Headers', /no answer came within 1500 ms/);
    assert.is(legs, stuck + 1);
    assert.is(initiator.log.disposed, initiator.log.made.length);
    while (!server.sockets[0]!.destroyed) await sleep(5);
  }));
  await using silent = await tcp((socket) => void socket.resume());
  const { fetch } = fakeFetch({ headersTimeout: 60, proxy: `http://127.0.0.1:${silent.port}` });
  await expectDeadline(fetch('https://web.test/'), 'Headers', /did not answer CONNECT/);
  await silent.closed();
});

test('headers: a head that drips, and interim answers without end, win no time', async () => {
  await Promise.all(['H', 'X', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'].map(async (drip) => {
    await using server = await tcp((socket) => {
      socket.once('data', () => {
        if (drip === 'X') socket.write('HTTP/1.1 200 OK\r\nX: ');
        const timer = setInterval(() => socket.write(drip), 10);
        socket.once('close', () => clearInterval(timer));
      });
    });
    const { fetch } = fakeFetch({ headersTimeout: 400 });
    const error = await rejection(fetch(`http://127.0.0.1:${server.port}/`));
    assert.is(error.message, 'fetch failed');
    if (drip !== 'H') assert.is(error.cause?.code, 'UND_ERR_HEADERS_TIMEOUT'); // HH… is no HTTP, which shows at once
    await server.closed();
  }));
});

test('headers: a long body may take longer than its answer, one that stands still may not', async () => {
  const body = 'x'.repeat(24 << 20);
  const slowly = async (req: AsyncIterable<Buffer>) => {
    let read = 0;
    for await (const { length } of req) {
      const step = read >> 22; // 4 MiB, which is about what the system holds
      read += length;
      if (read >> 22 > step) await sleep(500);
    }
  };
  await Promise.all([false, true].map(async (secure) => {
    await using server = await serve((req, res) => void (req.url === '/never' || slowly(req).then(() => res.end('read'), () => {})), { secure, host: 'localhost' });
    const { fetch } = fakeFetch({ headersTimeout: 2500 });
    const started = performance.now();
    const never = expectDeadline(fetch(`${server.url}/never`, { method: 'POST', body }), 'Headers', /2500 ms/);
    assert.is(await (await fetch(server.url, { method: 'POST', body })).text(), 'read');
    assert.ok(performance.now() - started > 2500);
    await never;
  }));
});

test('headers: an answer that comes before its request was read ends the deadline', async () => {
  await using server = await serve((req, res) => {
    res.writeHead(200).write('early');
    setTimeout(() => req.resume().once('end', () => res.end(' late')), 1200);
  });
  const { fetch } = fakeFetch({ headersTimeout: 800 });
  assert.is(await (await fetch(server.url, { method: 'POST', body: 'x'.repeat(16 << 20) })).text(), 'early late');
});

test('body: one that stops, in an answer and in a challenge; a challenge that drips, too', async () => {
  await using server = await serve((req, res) => {
    if (req.url !== '/') res.writeHead(401, { 'www-authenticate': 'Negotiate' });
    if (req.url === '/drip') return void res.once('close', clearInterval.bind(null, setInterval(() => res.write('x'), 20)));
    res.write('some');
  });
  const { fetch } = fakeFetch({ bodyTimeout: 200 });
  for (const path of ['401', 'drip']) await expectDeadline(fetch(`${server.url}/${path}`), 'Body', /within 200 ms/);
  const response = await fetch(server.url);
  await expectDeadline(response.text(), 'Body', /within 200 ms/, 'terminated');
  while (!server.sockets.every((socket) => socket.destroyed)) await sleep(5);
});

test('body: one that is slow and steady, and one whose reader is slow', async () => {
  await using server = await serve(async (req, res) => {
    if (req.url === '/long') return void res.end('x'.repeat(1 << 22));
    for (let piece = 0; piece < 9; piece++) {
      res.write('piece ');
      await sleep(200);
    }
    res.end();
  });
  const { fetch } = fakeFetch({ bodyTimeout: 1200 });
  const long = await fetch(`${server.url}/long`);
  assert.is(await (await fetch(server.url)).text(), 'piece '.repeat(9)); // which takes longer than 1200 ms, too
  assert.is((await long.text()).length, 1 << 22);
});

test('0 and Infinity are no deadline, and a signal still is', async () => {
  await using server = await serve((req, res) => void (req.url === '/never' || setTimeout(() => res.end('late'), 60)));
  for (const none of [0, Infinity]) {
    const { fetch } = fakeFetch({ connectTimeout: none, headersTimeout: none, bodyTimeout: none, idleTimeout: none });
    assert.is(await (await fetch(server.url)).text(), 'late');
    assert.is((await rejection(fetch(`${server.url}/never`, { signal: AbortSignal.timeout(30) }))).name, 'TimeoutError');
    await fetch.close();
  }
  for (const option of ['connectTimeout', 'headersTimeout', 'bodyTimeout']) assert.throws(() => fakeFetch({ [option]: -1 }), (error: unknown) => error instanceof RangeError && error.message.startsWith(option));
});

test('a deadline that was kept leaves nothing behind', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const { fetch } = fakeFetch({ headersTimeout: 1200, bodyTimeout: 1200, connectTimeout: 1200 });
  for (let round = 0; round < 2; round++) {
    const response = await fetch(server.url, { method: 'POST', body: 'x'.repeat(200_000) });
    assert.is((await response.json() as { body: string }).body.length, 200_000);
    if (round === 0) await sleep(1500);
  }
  assert.is(server.sockets.length, 1);
});

test.run();
