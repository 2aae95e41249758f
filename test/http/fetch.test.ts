import { createServer, type RequestListener } from 'node:http';
import { execFile as execFileCallback } from 'node:child_process';
import { createServer as createTcp, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../backends/contract/errors.ts';
import { authenticationOf } from '../../src/http/authentication.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { fakeBindings } from './support/fake-mechanism.ts';
import { bodyOf, certificate, echo, guarded, listen, serve, stop } from './support/servers.ts';

const execFile = promisify(execFileCallback);
const test = suite('http: createFetch');
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);

test('several legs run on one connection, and the last token is verified', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch, initiator } = fakeFetch();
  const response = await fetch(`${server.url}/x?y=1#z`);
  assert.is(response.status, 200);
  assert.is(response.statusText, 'OK');
  assert.is(response.url, `${server.url}/x?y=1`);
  assert.is(response.redirected, false);
  assert.is(await response.text(), 'hello alice');
  assert.equal(server.seen.map(({ socket }) => socket), [0, 0, 0]);
  assert.equal(authenticationOf(response), {
    scheme: 'Negotiate', package: 'NTLM', target: 'HTTP/127.0.0.1', peer: null, complete: true, mutual: false, channelBindings: false, reused: false,
  });
  assert.is(initiator.log.disposed, 1);
});

test('an authenticated connection needs no further handshake', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch } = fakeFetch();
  await (await fetch(server.url)).text();
  for (let round = 0; round < 3; round++) {
    const response = await fetch(server.url);
    assert.is(authenticationOf(response)?.reused, true);
    assert.is(authenticationOf(response.clone())?.reused, true);
    assert.is(await response.text(), 'hello alice');
  }
  assert.is(server.sockets.length, 1);
  assert.is(server.seen.length, 6);
});

test('one leg, as Kerberos, with mutual authentication once proven', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch } = fakeFetch({ oneLeg: true });
  const response = await fetch(server.url);
  assert.is(authenticationOf(response)?.package, 'Kerberos');
  assert.is(authenticationOf(response)?.mutual, true);
  assert.is(authenticationOf(response)?.peer, 'HTTP/127.0.0.1');
  assert.is(server.seen.length, 2);
});

test('Persistent-Auth: false makes each request authenticate anew, on the same connection', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  for (const oneLeg of [true, false]) {
    server.seen.length = 0;
    const { fetch } = fakeFetch({ oneLeg });
    for (let round = 0; round < 2; round++) {
      const response = await fetch(server.url);
      assert.is(await response.text(), 'hello alice');
      assert.is(authenticationOf(response)?.reused, false);
    }
    assert.is(server.seen.length, oneLeg ? 4 : 6);
    assert.is(new Set(server.seen.map(({ socket }) => socket)).size, 1);
  }
});

test('NTLM alone is spoken by the package NTLM', async () => {
  const { middleware } = fakeAuth();
  await using server = await serve((req, res) => {
    const setHeader = res.setHeader.bind(res);
    res.setHeader = (name, value) => setHeader(name, Array.isArray(value) ? ['Basic realm="a, Negotiate"', 'nTlM'] : value);
    guarded(middleware, hello)(req, res);
  });
  const { fetch, initiator } = fakeFetch();
  const response = await fetch(server.url);
  assert.is(await response.text(), 'hello alice');
  assert.equal(initiator.log.made.map((options) => options.package), ['NTLM']);
  assert.is(authenticationOf(response)?.scheme, 'NTLM');

  const error = await rejection(fakeFetch({ packageList: 'Kerberos' }).fetch(server.url));
  assert.is(error.code, 'SEC_E_UNSUPPORTED_FUNCTION');
});

test('a wrong password gives the 401, once', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch } = fakeFetch({ password: 'wrong' });
  const response = await fetch(server.url);
  assert.is(response.status, 401);
  assert.is(authenticationOf(response)?.complete, false);
  assert.match(await response.text(), 'Authentication is required');
  assert.is(server.seen.length, 3);
});

test('a reject token on the 401 is the same refusal', async () => {
  let legs = 0;
  await using server = await serve((_req, res) => {
    const fields = ['Negotiate', `Negotiate ${btoa('challenge n')}`, `Negotiate ${btoa('reject')}`];
    res.writeHead(401, { 'www-authenticate': fields[legs++]! }).end('no');
  });
  const response = await fakeFetch().fetch(server.url);
  assert.is(response.status, 401);
  assert.is(legs, 3);
});

test('an authenticated user may still get a 401 of the application', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, (_req, res) => void res.writeHead(401).end('not you')));
  const response = await fakeFetch().fetch(server.url);
  assert.is(response.status, 401);
  assert.is(await response.text(), 'not you');
  assert.is(authenticationOf(response)?.complete, true);
  assert.is(server.seen.length, 3);
});

test('a server that asks for neither scheme gets no token', async () => {
  await using server = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end());
  const { fetch, initiator } = fakeFetch();
  const response = await fetch(server.url);
  assert.is(response.status, 401);
  assert.is(authenticationOf(response), null);
  assert.is(initiator.log.made.length, 0);
});

test("the caller's own Authorization is left alone", async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch, initiator } = fakeFetch();
  const response = await fetch(server.url, { headers: { authorization: 'Bearer x' } });
  assert.is(response.status, 401);
  assert.is(initiator.log.made.length, 0);
  assert.is(server.seen[0]!.headers.authorization, 'Bearer x');
});

test('a 200 without the last token is an error, and its body is not handed out', async () => {
  for (const last of [undefined, 'Negotiate', 'NTLM AAAA', `Negotiate ${btoa('done forged')}`, 'Negotiate !!!', `Negotiate ${btoa('challenge again')}`]) {
    let legs = 0;
    await using server = await serve((_req, res) => {
      const fields = ['Negotiate', `Negotiate ${btoa('challenge n')}`];
      const field = fields[legs++];
      if (field !== undefined) return void res.writeHead(401, { 'www-authenticate': field }).end();
      if (last !== undefined) res.setHeader('www-authenticate', last);
      res.end('secret');
    });
    const { fetch, initiator } = fakeFetch();
    const error = await rejection(fetch(server.url));
    assert.ok(error instanceof SspiError, `${last}: ${error}`);
    assert.is(initiator.log.disposed, 1);
  }
});

test('every final status must bring the last token', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, (req, res) => {
    if (req.url === '/strip') res.removeHeader('www-authenticate');
    res.writeHead(500).end('oops');
  }));
  const { fetch } = fakeFetch();
  const error = await rejection(fetch(`${server.url}/strip`));
  assert.is(error.code, 'SEC_E_INCOMPLETE_MESSAGE');
  assert.match(error.message, '500');
  const response = await fetch(server.url);
  assert.is(response.status, 500);
  assert.is(authenticationOf(response)?.complete, true);
});

test('a server that never ends the handshake is given up', async () => {
  const source = { schemes: ['Negotiate'] as const, close() {}, async initiator() {
    return { complete: false, package: null, attributes: 0, expiry: null, peer: null, step: async () => new Uint8Array([1]), [Symbol.dispose]() {} };
  } };
  const { createFetchOver } = await import('../../src/http/fetch.ts');
  await using server = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'Negotiate AAAA' }).end());
  const error = await rejection(createFetchOver(() => source, fakeBindings, {})(server.url));
  assert.is(error.code, 'SEC_E_ILLEGAL_MESSAGE');
  assert.ok(server.seen.length < 20);
});

test('an error of the client side is an SspiError', async () => {
  const { createFetchOver } = await import('../../src/http/fetch.ts');
  const source = { schemes: ['Negotiate'] as const, close() {}, async initiator(): Promise<never> {
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'none');
  } };
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const fetch = createFetchOver(() => source, fakeBindings, {});
  assert.is((await rejection(fetch(server.url))).code, 'SEC_E_NO_CREDENTIALS');
  await fetch.close();
});

test('hostile challenges end in an error or a 401, never in a hang', async () => {
  const lines = ['Negotiate ====', 'Negotiate \u00e9', `Negotiate ${'A'.repeat(60000)}`, 'Negotiate a b', ',,,,', 'NTLM AAAA', 'Negotiate "', 'Negotiate AAAA, Negotiate BBBB'];
  for (const line of lines) {
    let legs = 0;
    await using server = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': legs++ === 0 ? 'Negotiate, NTLM' : line }).end());
    const outcome = await fakeFetch().fetch(server.url).then((response) => response.status, (error: unknown) => error instanceof SspiError);
    assert.ok(outcome === 401 || outcome === true, `${line.slice(0, 20)}: ${outcome}`);
  }
});

const bodies: [name: string, make: () => RequestInit['body'], expected: RegExp, type: RegExp | null][] = [
  ['string', () => 'text: ä', /^text: Ã¤$/, /^text\/plain;charset=UTF-8$/i],
  ['URLSearchParams', () => new URLSearchParams({ a: '1', b: 'ü' }), /^a=1&b=%C3%BC$/, /^application\/x-www-form-urlencoded/],
  ['Blob', () => new Blob(['blob'], { type: 'x/y' }), /^blob$/, /^x\/y$/],
  ['FormData', () => { const form = new FormData(); form.set('f', 'v'); return form; }, /name="f"\r\n\r\nv\r\n/, /^multipart\/form-data; boundary=/],
  ['bytes', () => new Uint8Array([1, 2, 255]), /^\x01\x02\xff$/, null],
  ['ArrayBuffer', () => new Uint8Array([7, 8]).buffer, /^\x07\x08$/, null],
  ['ReadableStream', () => new Blob(['streamed']).stream(), /^streamed$/, null],
  ['a megabyte', () => 'm'.repeat(1 << 20), /^m{1048576}$/, /^text\/plain/],
];
for (const [name, make, expected, type] of bodies) {
  test(`the body is sent again with each leg: ${name}`, async () => {
    const received: number[] = [];
    const { middleware } = fakeAuth();
    await using server = await serve((req, res) => {
      received.push(Number(req.headers['content-length']));
      guarded(middleware, echo)(req, res);
    });
    const { fetch } = fakeFetch();
    const response = await fetch(server.url, { method: 'POST', body: make(), duplex: 'half' } as RequestInit);
    const answer = await response.json() as { body: string; user: string; type: string | null; method: string };
    assert.is(answer.method, 'POST');
    assert.is(answer.user, 'alice');
    assert.match(answer.body, expected);
    if (type === null) assert.is(answer.type, null);
    else assert.match(answer.type ?? '', type);
    assert.is(new Set(received).size, 1);
    assert.is(server.sockets.length, 1);
  });
}

test('a Request and its headers are taken as fetch takes them', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, async (req, res) => {
    await bodyOf(req);
    res.end(JSON.stringify([req.method, req.headers['x-a'], req.headers['content-length'], req.headers.connection]));
  }));
  const { fetch } = fakeFetch();
  const request = new Request(server.url, { method: 'PUT', headers: { 'x-a': '1', 'content-length': '77', connection: 'close' }, body: 'abc' });
  assert.equal(await (await fetch(request)).json(), ['PUT', '1', '3', 'keep-alive']);
  assert.is(request.bodyUsed, true);
  assert.equal(await (await fetch(server.url, { method: 'POST' })).json(), ['POST', null, '0', 'keep-alive']);
  const error = await rejection(fetch('http://user:pass@127.0.0.1/'));
  assert.instance(error, TypeError);
  assert.instance(await rejection(fetch(server.url, { integrity: 'sha256-x' })), TypeError);
});

test('data: URLs go to the platform', async () => {
  assert.is(await (await fakeFetch().fetch('data:,hi')).text(), 'hi');
});

test('content codings are decoded', async () => {
  const text = 'squeezed '.repeat(1000);
  const variants: [string, Buffer][] = [
    ['gzip', gzipSync(text)], ['deflate', deflateSync(text)], ['deflate', deflateRawSync(text)], ['br', brotliCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))], ['identity', Buffer.from(text)], ['X-GZip', gzipSync(text)],
  ];
  await using server = await serve((req, res) => {
    const [coding, body] = variants[Number(req.url!.slice(1))]!;
    res.writeHead(200, { 'content-encoding': coding }).end(body);
  });
  const { fetch } = fakeFetch();
  for (let at = 0; at < variants.length; at++) {
    const response = await fetch(`${server.url}/${at}`);
    assert.is(await response.text(), text, variants[at]![0]);
    assert.is(response.headers.get('content-encoding'), variants[at]![0]);
  }
  assert.is(server.sockets.length, 1);
  const head = await fetch(`${server.url}/0`, { method: 'HEAD' });
  assert.is(await head.text(), '');
});

test('several Set-Cookie stay several; 204 has no body', async () => {
  await using server = await serve((req, res) => {
    res.setHeader('set-cookie', ['a=1', 'b=2']);
    res.writeHead(req.url === '/204' ? 204 : 200).end();
  });
  const { fetch } = fakeFetch();
  const response = await fetch(server.url);
  assert.equal(response.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.is((await fetch(`${server.url}/204`)).body, null);
});

test('a clone keeps url and redirected', async () => {
  await using server = await serve((req, res) => (req.url === '/to' ? void res.end('x') : void res.writeHead(302, { location: '/to' }).end()));
  const response = await fakeFetch().fetch(server.url);
  const clone = response.clone();
  for (const one of [response, clone]) {
    assert.is(one.url, `${server.url}/to`);
    assert.is(one.redirected, true);
    assert.is(one.type, 'basic');
    assert.is(await one.text(), 'x');
  }
});

test('network errors are TypeErrors with a cause', async () => {
  const refused = createTcp();
  const port = await listen(refused);
  await stop(refused);
  const error = await rejection(fakeFetch().fetch(`http://127.0.0.1:${port}`));
  assert.instance(error, TypeError);
  assert.is(error.message, 'fetch failed');
  assert.is(error.cause?.code, 'ECONNREFUSED');
});

test('a body that breaks off is an error', async () => {
  await using server = await serve((_req, res) => {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half');
    setTimeout(() => res.destroy(), 20);
  });
  const response = await fakeFetch().fetch(server.url);
  assert.instance(await rejection(response.text()), TypeError);
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

test('https binds to the certificate, unless told not to', async () => {
  const { middleware, source } = fakeAuth({ target: 'HTTP/localhost' });
  await using server = await serve(guarded(middleware, hello), { secure: true, host: 'localhost' });
  const response = await fakeFetch().fetch(server.url);
  assert.is(await response.text(), 'hello alice');
  assert.is(authenticationOf(response)?.channelBindings, true);
  assert.ok(source.bindings[0]);
  const unbound = await fakeFetch({ channelBinding: 'never' }).fetch(server.url);
  assert.is(unbound.status, 401); // the fake acceptor insists
  assert.is(authenticationOf(unbound)?.channelBindings, false);
});

test('a certificate that is not trusted is a network error', async () => {
  await using server = await serve(hello, { secure: true, host: 'localhost' });
  const error = await rejection(fakeFetch({ tls: {} }).fetch(server.url));
  assert.is(error.message, 'fetch failed');
  assert.match(error.cause?.code ?? '', 'SELF_SIGNED');
});

test('target: by default the host, a string, a function', async () => {
  await using server = await serve(guarded(fakeAuth({ target: 'HTTP/web.ad.test' }).middleware, hello));
  assert.is((await fakeFetch().fetch(server.url)).status, 401);
  assert.is((await fakeFetch({ target: 'HTTP/web.ad.test' }).fetch(server.url)).status, 200);
  assert.is((await fakeFetch({ target: (url) => (url.port === String(server.port) ? 'HTTP/web.ad.test' : 'x') }).fetch(server.url)).status, 200);
});

test('delegate asks for ISC_REQ_DELEGATE and MUTUAL_AUTH', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const plain = fakeFetch();
  const delegating = fakeFetch({ delegate: true });
  await plain.fetch(server.url);
  await delegating.fetch(server.url);
  assert.is(plain.initiator.log.made[0]!.flags, 0x1001e);
  assert.is(delegating.initiator.log.made[0]!.flags, 0x1001f);
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

test('options are checked', () => {
  assert.throws(() => fakeFetch({ maxConnections: 0 }), (error: unknown) => error instanceof RangeError);
  assert.throws(() => fakeFetch({ idleTimeout: Number.NaN }), (error: unknown) => error instanceof RangeError);
  assert.throws(() => fakeFetch({ proxy: 'ftp://x' }), (error: unknown) => error instanceof TypeError);
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

test.run();
