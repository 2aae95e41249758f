// What RFC 9110 and 9112 let a server send, in every leg of a handshake.
import { createServer as createHttp, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcp, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticationOf } from '../../src/http/authentication.ts';
import { createTargetRule } from '../../src/http/target.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { selfSigned } from './support/certificate.ts';
import { bodyOf, echo, guarded, listen, serve, stop, tlsOptions } from './support/servers.ts';

const test = suite('http: messages');
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);

/** Behind `middleware`, whose 401s are sent by `send` in place of its own. */
function challenging(send: (res: ServerResponse, fields: Record<string, string | string[]>, end: ServerResponse['end'], req: IncomingMessage) => void, listener: RequestListener): RequestListener {
  const { middleware } = fakeAuth();
  return (req, res) => {
    const { writeHead, end } = res;
    res.writeHead = ((status: number, ...rest: []) => {
      if (status !== 401) return writeHead.call(res, status, ...rest);
      res.end = (() => {
        res.writeHead = writeHead;
        res.end = end;
        req.resume();
        send(res, { 'www-authenticate': res.getHeader('www-authenticate') as string | string[] }, end, req);
        return res;
      }) as typeof end;
      return res;
    }) as typeof writeHead;
    guarded(middleware, listener)(req, res);
  };
}

const SQUEEZED = gzipSync('z'.repeat(100_000));
const challenges: [name: string, sockets: number, send: Parameters<typeof challenging>[0]][] = [
  ['without a body', 1, (res, fields) => void res.writeHead(401, { ...fields, 'content-length': 0 }).end()],
  ['with a long body', 1, (res, fields) => void res.writeHead(401, { ...fields, 'content-length': 1 << 20 }).end('x'.repeat(1 << 20))],
  ['in chunks, with trailers', 1, (res, fields) => {
    res.writeHead(401, { ...fields, 'transfer-encoding': 'chunked', trailer: 'x-t' });
    for (let i = 0; i < 50; i++) res.write('y'.repeat(5000));
    res.addTrailers({ 'x-t': '1' });
    res.end();
  }],
  ['in gzip', 1, (res, fields) => void res.writeHead(401, { ...fields, 'content-encoding': 'gzip', 'content-length': SQUEEZED.length }).end(SQUEEZED)],
  ['in what claims to be gzip', 1, (res, fields) => void res.writeHead(401, { ...fields, 'content-encoding': 'gzip', 'content-length': 7 }).end('no gzip')],
  ['after interim answers', 1, (res, fields) => {
    res.writeContinue();
    res.writeProcessing();
    res.writeEarlyHints({ link: '</style.css>; rel=preload', 'www-authenticate': 'Basic realm="not yet"' });
    res.writeHead(401, { ...fields, 'content-length': 2 }).end('no');
  }],
];

for (const [name, sockets, send] of challenges) {
  test(`a challenge ${name}`, async () => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      await using server = await serve(challenging(send, hello));
      const response = await fakeFetch().fetch(server.url, { method, ...(method === 'POST' && { body: 'b' }) });
      assert.is(response.status, 200, method);
      assert.is(await response.text(), method === 'HEAD' ? '' : 'hello alice');
      assert.is(server.sockets.length, sockets);
      assert.is(authenticationOf(response)?.complete, true);
    }
  });
}

test('a first challenge too long to be read costs a connection; so does one that only the end of its connection ends', async () => {
  const bodies: Parameters<typeof challenging>[0][] = [
    (res, fields, _end, req) => void res.writeHead(401, fields).end(req.headers.authorization === undefined ? 'x'.repeat(8 << 20) : ''),
    (res, fields, _end, req) => {
      if (req.headers.authorization !== undefined) return void res.writeHead(401, fields).end();
      res.useChunkedEncodingByDefault = false;
      res.shouldKeepAlive = false;
      res.removeHeader('transfer-encoding');
      res.writeHead(401, { ...fields, connection: 'close' }).end('to the end');
    },
  ];
  for (const send of bodies) {
    await using server = await serve(challenging(send, hello));
    assert.is(await (await fakeFetch().fetch(server.url)).text(), 'hello alice');
    assert.is(server.sockets.length, 2);
  }
});

test('the last token comes with any final status, with a body or without', async () => {
  for (const status of [200, 201, 204, 205, 206, 304, 400, 403, 404, 418, 500, 503]) {
    await using server = await serve(guarded(fakeAuth().middleware, (_req, res) => void res.writeHead(status).end()));
    const response = await fakeFetch().fetch(server.url);
    assert.is(response.status, status);
    assert.is(authenticationOf(response)?.complete, true);
    await response.arrayBuffer();
  }
});

test('an answer that switches protocols unasked is a failure of the network', async () => {
  const sockets: Socket[] = [];
  const server = createTcp((socket) => void sockets.push(socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI'))));
  const port = await listen(server);
  const error = await rejection(fakeFetch({ headersTimeout: 2000 }).fetch(`http://127.0.0.1:${port}`));
  assert.is(error.message, 'fetch failed');
  assert.is.not(error.cause?.code, 'UND_ERR_HEADERS_TIMEOUT');
  for (const socket of sockets) socket.destroy();
  await stop(server);
});

const offers: [lines: string[], answered: 'Negotiate' | 'NTLM' | null][] = [
  [['Negotiate'], 'Negotiate'],
  [['NTLM'], 'NTLM'],
  [['NTLM', 'Negotiate'], 'Negotiate'],
  [['NTLM, Negotiate'], 'Negotiate'],
  [['Basic realm="a, b", Negotiate'], 'Negotiate'],
  [['Digest realm="NTLM", nonce="n,Negotiate", qop="auth,auth-int", NTLM'], 'NTLM'],
  [['Bearer error="invalid", Foo abc==, nEGOTIATE'], 'Negotiate'],
  [['Basic realm="Negotiate"', 'Digest nonce="NTLM"'], null],
  [['Negotiatex', 'XNTLM', 'NTLM2'], null],
  [['Basic realm="open, Negotiate'], null],
  [[',, ,Negotiate ,,'], 'Negotiate'],
  [['Negotiate realm="x"'], 'Negotiate'],
  [[''], null],
];

test('answers to HEAD that tell no length, as of Apache, leave their connection open', async () => {
  const sockets: Socket[] = [];
  const answers = ['401 Unauthorized\r\nWWW-Authenticate: Negotiate', `401 Unauthorized\r\nWWW-Authenticate: Negotiate ${btoa('challenge n')}`, '403 Forbidden\r\nConnection: close'];
  const server = createTcp((socket) => void sockets.push(socket.on('error', () => {}).on('data', () => socket.write(`HTTP/1.1 ${answers.shift()}\r\n\r\n`))));
  const port = await listen(server);
  assert.is((await rejection(fakeFetch().fetch(`http://127.0.0.1:${port}`, { method: 'HEAD' }))).code, 'SEC_E_INCOMPLETE_MESSAGE');
  assert.equal([sockets.length, answers.length], [1, 0]);
  while (!sockets[0]!.destroyed) await sleep(5);
  await stop(server);
});

test('one challenge among others, in one line or in several, is found; a mention of it is none', async () => {
  for (const [lines, answered] of offers) {
    const answers: (string | undefined)[] = [];
    await using server = await serve((req, res) => {
      answers.push(req.headers.authorization?.split(' ')[0]);
      res.writeHead(401, lines.flatMap((line) => ['WWW-Authenticate', line])).end();
    });
    assert.is((await fakeFetch().fetch(server.url)).status, 401, lines.join(' | '));
    assert.equal(answers.slice(1), answered === null ? [] : [answered], lines.join(' | '));
  }
});

test('every leg carries the whole request: fields, cookies, body', async () => {
  const seen: unknown[] = [];
  const { middleware } = fakeAuth();
  await using server = await serve((req, res) => {
    const { authorization: _leg, ...headers } = req.headers;
    seen.push([req.method, req.url, headers]);
    guarded(middleware, echo)(req, res);
  });
  const response = await fakeFetch().fetch(`${server.url}/a%20b?c=%2F`, { method: 'PATCH', body: 'body', headers: { cookie: 'a=1; b=2', 'x-mine': 'yes', 'if-match': '"e"' } });
  assert.is((await response.json() as { body: string }).body, 'body');
  assert.is(seen.length, 3);
  assert.equal(seen[1], seen[0]);
  assert.equal(seen[2], seen[0]);
});

test('the caller cannot speak for the connection, nor smuggle a second request', async () => {
  await using server = await serve((req, res) => void res.end(JSON.stringify(req.headers)));
  const { fetch } = fakeFetch();
  const headers = { expect: '100-continue', te: 'trailers', upgrade: 'h2c', 'keep-alive': 'timeout=1', 'transfer-encoding': 'chunked', host: 'evil.test', 'x-mine': 'yes' };
  const request = Object.assign(new Request(server.url), {});
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) given.append(name, value);
  const received = await (await fetch(request, { headers: given })).json() as Record<string, string>;
  for (const name of ['expect', 'te', 'upgrade', 'keep-alive', 'transfer-encoding']) assert.is(received[name], undefined, name);
  assert.is(received['x-mine'], 'yes');
  assert.is(received.host, new URL(server.url).host);
  assert.instance(await rejection(fetch(server.url, { headers: { 'x-a': 'b\r\nGET /evil HTTP/1.1' } })), TypeError);
  assert.is(server.seen.length, 1);
});

test('a body streams to the reader while it comes', async () => {
  let finish = () => {};
  await using server = await serve(guarded(fakeAuth().middleware, (_req, res) => {
    res.write('first');
    finish = () => res.end(' and last');
  }));
  const response = await fakeFetch().fetch(server.url);
  const reader = response.body!.getReader();
  assert.is(Buffer.from((await reader.read()).value!).toString(), 'first');
  finish();
  assert.is(Buffer.from((await reader.read()).value!).toString(), ' and last');
  assert.is((await reader.read()).done, true);
});

test('an upload that is aborted closes its connection', async () => {
  const controller = new AbortController();
  await using server = await serve((req) => void req.on('error', () => {}).once('data', () => controller.abort(new Error('enough'))));
  const { fetch } = fakeFetch();
  const error = await rejection(fetch(server.url, { method: 'POST', body: 'x'.repeat(32 << 20), signal: controller.signal }));
  assert.is(error.message, 'enough');
  while (!server.sockets[0]!.destroyed) await sleep(5);
});

test('fifty requests at once to one origin', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const { fetch, initiator } = fakeFetch();
  const bodies = Array.from({ length: 50 }, (_, at) => `body ${at}`);
  const answers = await Promise.all(bodies.map(async (body) => await (await fetch(server.url, { method: 'POST', body })).json() as { body: string; user: string }));
  assert.equal(answers.map(({ body, user }) => [body, user]), bodies.map((body) => [body, 'alice']));
  assert.is(server.sockets.length, 10);
  assert.is(initiator.log.made.length, 10, 'one handshake for each connection');
  assert.is(server.seen.length, 50 + 2 * 10);
  await fetch.close();
});

test('a connection of TLS is never resumed, and bound to the certificate that it was opened with', async () => {
  const first = fakeAuth({ target: 'HTTP/localhost' });
  const reused: boolean[] = [];
  await using server = await serve(guarded(first.middleware, hello), { secure: true, host: 'localhost' });
  server.server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
  const other = selfSigned(['new.test', 'localhost']);
  const { fetch } = fakeFetch({ tls: { ca: [tlsOptions.cert, other.cert] } });
  for (const options of [tlsOptions, tlsOptions, other]) {
    (server.server as unknown as { setSecureContext(options: unknown): void }).setSecureContext(options);
    const response = await fetch(server.url);
    assert.is(await response.text(), 'hello alice');
    assert.is(authenticationOf(response)?.channelBindings, true);
    server.server.closeIdleConnections();
    await sleep(30);
  }
  assert.equal(reused, [false, false, false]);
  assert.is(first.source.bindings[0], first.source.bindings[1]);
  assert.is.not(first.source.bindings[1], first.source.bindings[2]);
});

test('the SPN is the host as the URL has it: without port, brackets, trailing dot and case', () => {
  const rule = createTargetRule({});
  const targetOf = (text: string) => rule({ url: new URL(text), headers: new Headers() }, undefined, new URL(text), new URL(text));
  for (const [url, expected] of [
    ['http://web.ad.test/', 'HTTP/web.ad.test'],
    ['https://WEB.ad.TEST:8443/x', 'HTTP/web.ad.test'],
    ['http://web.ad.test./', 'HTTP/web.ad.test'],
    ['http://[::1]:8080/', 'HTTP/::1'],
    ['http://[2001:DB8:0:0::1]/', 'HTTP/2001:db8::1'],
    ['http://127.1/', 'HTTP/127.0.0.1'],
    ['http://bücher.test/', 'HTTP/xn--bcher-kva.test'],
    ['http://web/', 'HTTP/web'],
  ] as const) assert.is(targetOf(url), expected, url);
});

test('hosts of every form are reached, with the Host field that they need', async () => {
  const server = createHttp((req, res) => void res.end(req.headers.host));
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  const { port } = server.address() as { port: number };
  const { fetch } = fakeFetch();
  for (const host of ['[::1]', '127.0.0.1', 'localhost']) assert.is(await (await fetch(`http://${host}:${port}/`)).text(), `${host}:${port}`);
  await fetch.close();
  await stop(server);
});

test('the body of a 401 that is the answer is whole, however long', async () => {
  await using server = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('x'.repeat(6 << 20)));
  const response = await fakeFetch().fetch(server.url);
  assert.is((await response.text()).length, 6 << 20);
});

test('Persistent-Auth in any spelling', async () => {
  for (const [said, legs] of [['true', 1], ['TRUE', 1], [' false ', 3], ['False', 3], ['perhaps', 1]] as const) {
    const { middleware } = fakeAuth({ persistent: said.trim().toLowerCase() === 'false' ? 'never' : 'always' });
    await using server = await serve(guarded(middleware, async (req, res) => {
      await bodyOf(req);
      res.setHeader('persistent-auth', said);
      res.end('ok');
    }));
    const { fetch } = fakeFetch();
    for (let i = 0; i < 2; i++) await (await fetch(server.url)).text();
    assert.is(server.seen.length, 3 + legs, said);
  }
});

test.run();
