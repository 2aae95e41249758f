import { createServer, request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../backends/contract/errors.ts';
import { toIdentity } from '../../src/http/identity.ts';
import { fakeAuth, fakeFetch } from './support/clients.ts';
import { bodyOf, certificate, echo, guarded, listen, serve, stop, tlsOptions } from './support/servers.ts';

const test = suite('http: negotiateAuth');
const whoami: RequestListener = (req, res) => void res.end(JSON.stringify(req.sspi ?? null));

/** Speaks HTTP/1.1 by hand over one socket; each call sends one request and reads one answer. */
async function raw(port: number): Promise<{ socket: Socket; send(text: string): Promise<string>; close(): void }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  let held = '';
  let wake = () => {};
  socket.on('data', (chunk: Buffer) => {
    held += chunk.toString('latin1');
    wake();
  });
  let ended = false;
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const read = async () => {
    for (;;) {
      const head = held.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(held.slice(0, head))?.[1] ?? 0);
      if (head >= 0 && held.length >= head + 4 + length) {
        const answer = held.slice(0, head + 4 + length);
        held = held.slice(answer.length);
        return answer;
      }
      if (ended) return held;
      await new Promise<void>((resolve) => { wake = resolve; });
    }
  };
  return { socket, close: () => socket.destroy(), send: async (text) => {
    if (text !== '') socket.write(text);
    return await read();
  } };
}

const get = (authorization?: string, extra = '') => `GET / HTTP/1.1\r\nHost: x\r\n${authorization === undefined ? '' : `Authorization: ${authorization}\r\n`}${extra}\r\n`;
const statusOf = (answer: string) => Number(answer.split(' ')[1]);
const fieldsOf = (answer: string, name: string) => [...answer.matchAll(new RegExp(`^${name}: (.*)\r$`, 'gim'))].map((match) => match[1]);
const HELLO = `Negotiate ${btoa('hello')}`;

/** The proof that the fake mechanism wants for a challenge. */
async function proofFor(answer: string, user = 'alice', password = 'wonderland'): Promise<string> {
  const { fakeInitiator } = await import('./support/fake-mechanism.ts');
  const context = await fakeInitiator(user, password).initiator({ package: 'Negotiate', target: 'HTTP/127.0.0.1', flags: 0, channelBindings: null });
  await context.step(null);
  const token = Buffer.from(fieldsOf(answer, 'www-authenticate')[0]!.split(' ')[1]!, 'base64');
  return `Negotiate ${Buffer.from((await context.step(token))!).toString('base64')}`;
}

test('both schemes are offered, each on its own line', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const client = await raw(server.port);
  const answer = await client.send(get());
  assert.is(statusOf(answer), 401);
  assert.equal(fieldsOf(answer, 'www-authenticate'), ['Negotiate', 'NTLM']);
  assert.equal(fieldsOf(answer, 'connection'), ['keep-alive']);
  client.close();

  await using strict = await serve(guarded(fakeAuth({ packageList: 'Kerberos,!NTLM' }).middleware, whoami));
  const other = await raw(strict.port);
  assert.equal(fieldsOf(await other.send(get()), 'www-authenticate'), ['Negotiate']);
  assert.is(statusOf(await other.send(get(`NTLM ${btoa('hello')}`))), 401);
  other.close();
});

test('a handshake, its last token on the 200, and an authenticated connection after it', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const client = await raw(server.port);
  const challenge = await client.send(get(HELLO));
  assert.is(statusOf(challenge), 401);
  assert.is(fieldsOf(challenge, 'www-authenticate').length, 1);
  const done = await client.send(get(await proofFor(challenge)));
  assert.is(statusOf(done), 200);
  assert.match(fieldsOf(done, 'www-authenticate')[0]!, /^Negotiate [\w+/]+=*$/);
  assert.equal(fieldsOf(done, 'persistent-auth'), ['true']);
  assert.match(done, '{"user":"alice","domain":"ADTEST","package":"NTLM"}');
  const later = await client.send(get());
  assert.is(statusOf(later), 200);
  assert.match(later, '"alice"');
  assert.equal(fieldsOf(later, 'www-authenticate'), []);
  client.close();
});

test('another connection knows nothing of it, whatever headers it sends', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const first = await raw(server.port);
  const challenge = await first.send(get(HELLO));
  const proof = await proofFor(challenge);
  const thief = await raw(server.port);
  assert.is(statusOf(await thief.send(get(proof))), 401);
  assert.is(statusOf(await first.send(get(proof))), 200);
  assert.is(statusOf(await thief.send(get(proof))), 401);
  first.close();
  thief.close();
});

test('a new Authorization begins anew and drops the old identity at once', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const client = await raw(server.port);
  assert.is(statusOf(await client.send(get(await proofFor(await client.send(get(HELLO)))))), 200);
  const challenge = await client.send(get(HELLO));
  assert.is(statusOf(challenge), 401);
  const bob = await client.send(get(await proofFor(challenge, 'bob', 'builder')));
  assert.match(bob, '"bob"');
  await client.send(get(HELLO));
  assert.is(statusOf(await client.send(get())), 401, 'bob is gone as soon as someone else begins');
  assert.is(statusOf(await client.send(get('Basic YTpi'))), 401);
  client.close();
});

test('what came through a proxy does not share a connection', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  for (const field of ['Via: 1.1 proxy\r\n', 'X-Forwarded-For: 10.0.0.1\r\n', 'Forwarded: for=10.0.0.1\r\n', 'X-Real-IP: 10.0.0.1\r\n', 'X-Forwarded-Proto: https\r\n', 'X-Forwarded-Host: web.test\r\n']) {
    const client = await raw(server.port);
    const done = await client.send(get(await proofFor(await client.send(get(HELLO, field))), field));
    assert.is(statusOf(done), 200);
    assert.equal(fieldsOf(done, 'persistent-auth'), ['false']);
    assert.is(statusOf(await client.send(get(undefined, field))), 401);
    assert.is(statusOf(await client.send(get())), 401);
    client.close();
  }
  await using trusting = await serve(guarded(fakeAuth({ persistent: 'always' }).middleware, whoami));
  const client = await raw(trusting.port);
  await client.send(get(await proofFor(await client.send(get(HELLO, 'Via: 1.1 p\r\n'))), 'Via: 1.1 p\r\n'));
  assert.is(statusOf(await client.send(get(undefined, 'Via: 1.1 p\r\n'))), 200);
  client.close();
});

test('an identity ends with its ticket', async () => {
  const { middleware } = fakeAuth({ expiry: new Date(Date.now() - 1000) });
  await using server = await serve(guarded(middleware, whoami));
  const client = await raw(server.port);
  assert.is(statusOf(await client.send(get(await proofFor(await client.send(get(HELLO)))))), 200);
  assert.is(statusOf(await client.send(get())), 401);
  client.close();
});

test('no base64 is 400, a token that is refused is 401 anew, and neither crashes', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const client = await raw(server.port);
  for (const wrong of ['!!!', 'A', '====', `${'A'.repeat(7)}=A`]) assert.is(statusOf(await client.send(get(`Negotiate ${wrong}`))), 400, wrong);
  for (const refused of ['Negotiate', 'Negotiate a b', 'Basic YTpi', 'Bearer x', '', 'NTLM']) assert.is(statusOf(await client.send(get(refused))), 401, refused);
  const answer = await client.send(get(`Negotiate ${btoa('\x60\x00garbage')}`));
  assert.is(statusOf(answer), 401);
  assert.equal(fieldsOf(answer, 'www-authenticate'), ['Negotiate', 'NTLM']);
  client.close();
});

test('a token past maxTokenSize is 431 before it is decoded', async () => {
  const { middleware, source } = fakeAuth({ maxTokenSize: 100 });
  await using server = await serve(guarded(middleware, whoami));
  const client = await raw(server.port);
  const answer = await client.send(get(`Negotiate ${'A'.repeat(400)}`));
  assert.is(statusOf(answer), 431);
  assert.match(answer, 'Authorization field holds more than the 100 bytes');
  assert.is(source.bindings.length, 0);
  client.close();
});

test('no answer repeats anything that the client sent', async () => {
  await using server = await serve(guarded(fakeAuth({ maxTokenSize: 300 }).middleware, whoami));
  const marks = ['<script>mark</script>', 'bWFya21hcms=', 'mark'];
  const sent = [
    ...marks.flatMap((mark) => [`Negotiate ${mark}`, `NTLM ${mark}`, `Basic ${mark}`, mark, `${mark} ${mark}`]),
    `Negotiate ${'bWFya21hcms='.repeat(100)}`, `Negotiate ${btoa('proof mark mark')}`, `Negotiate ${btoa('ticket mark mark')}`, `Negotiate ${btoa('hello')} mark`,
  ];
  for (const authorization of sent) {
    for (const extra of ['', 'Connection: close\r\n', 'Cookie: mark\r\nX-Forwarded-For: mark\r\nReferer: mark\r\n']) {
      const client = await raw(server.port);
      const answer = await client.send(get(authorization, extra).replace('GET /', 'GET /mark'));
      assert.ok([400, 401, 431].includes(statusOf(answer)), authorization);
      assert.not.match(answer, /mark|bWFya/);
      client.close();
    }
  }
});

test('a wrong password is 401 anew; a client that keeps guessing loses its connection', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const client = await raw(server.port);
  let last = '';
  for (let attempt = 0; attempt < 5; attempt++) {
    last = await client.send(get(await proofFor(await client.send(get(HELLO)), 'alice', 'wrong')));
    assert.is(statusOf(last), 401);
    assert.equal(fieldsOf(last, 'www-authenticate'), ['Negotiate', 'NTLM']);
  }
  assert.equal(fieldsOf(last, 'connection'), ['close']);
  client.close();
});

test("an error of the accounts callback is the server's: next(error)", async () => {
  for (const fault of [() => { throw new Error('the directory is down'); }, () => { throw new SspiError('SEC_E_INTERNAL_ERROR', 'x'); }]) {
    await using server = await serve(guarded(fakeAuth({ fault }).middleware, whoami));
    const client = await raw(server.port);
    const answer = await client.send(get(HELLO));
    assert.is(statusOf(answer), 500);
    assert.match(answer, 'next(');
    client.close();
  }
});

test('onRefusal learns the reason', async () => {
  const reasons: string[] = [];
  await using server = await serve(guarded(fakeAuth({ onRefusal: (error, req) => reasons.push(`${error.code} ${req.url}`) }).middleware, whoami));
  await fakeFetch({ password: 'wrong' }).fetch(`${server.url}/x`);
  assert.equal(reasons, ['SEC_E_LOGON_DENIED /x']);
});

test('an account that is found too late is 401', async () => {
  const { source } = fakeAuth();
  const { negotiateAuthOver } = await import('../../src/http/middleware.ts');
  const { fakeBindings } = await import('./support/fake-mechanism.ts');
  const slow = { schemes: source.schemes, async acceptor(options: Parameters<typeof source.acceptor>[0]) {
    const context = await source.acceptor(options);
    return Object.assign(Object.create(context) as typeof context, { step: async (token: Uint8Array) => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      return await context.step(token);
    } });
  } };
  await using server = await serve(guarded(negotiateAuthOver(() => slow, fakeBindings, { handshakeTimeout: 10 }), whoami));
  const client = await raw(server.port);
  const answer = await client.send(get(HELLO));
  assert.is(statusOf(answer), 401);
  assert.equal(fieldsOf(answer, 'www-authenticate'), ['Negotiate', 'NTLM']);
  assert.is(source.log.disposed, 1);
  client.close();
});

test('a multi-leg handshake on a connection that ends is 400 and says why', async () => {
  const { middleware, source } = fakeAuth();
  await using server = await serve(guarded(middleware, whoami));
  for (const text of [get(HELLO, 'Connection: close\r\n'), get(HELLO).replace('HTTP/1.1', 'HTTP/1.0')]) {
    const client = await raw(server.port);
    const answer = await client.send(text);
    assert.is(statusOf(answer), 400);
    assert.match(answer, 'several requests on one connection');
    client.close();
  }
  assert.is(source.log.disposed, 2);
  // One leg is enough for Kerberos.
  const { fetch } = fakeFetch({ oneLeg: true });
  assert.is((await fetch(server.url)).status, 200);
});

test('bodies on legs that are not authenticated are dropped, and the connection lives', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, echo));
  const client = await raw(server.port);
  const post = (authorization: string | undefined, body: string) => get(authorization, `Content-Length: ${body.length}\r\n`).replace('GET', 'POST') + body;
  const chunked = (authorization: string | undefined, body: string) => (
    `${get(authorization, 'Transfer-Encoding: chunked\r\n').replace('GET', 'POST')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  );
  assert.is(statusOf(await client.send(post(undefined, 'x'.repeat(300000)))), 401);
  assert.is(statusOf(await client.send(chunked(undefined, 'y'.repeat(70000)))), 401);
  const challenge = await client.send(post(HELLO, 'one'));
  const done = await client.send(chunked(await proofFor(challenge), 'two'));
  assert.match(done, '"body":"two"');
  const head = await client.send(get().replace('GET', 'HEAD'));
  assert.is(statusOf(head), 200);
  client.close();
});

test('pipelined requests take turns', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, whoami));
  const client = await raw(server.port);
  const challenge = await client.send(get(HELLO));
  const proof = await proofFor(challenge);
  const first = await client.send(get(proof) + get() + get());
  assert.is(statusOf(first), 200);
  for (let at = 0; at < 2; at++) {
    const answer = await client.send('');
    assert.is(statusOf(answer), 200);
    assert.match(answer, '"alice"');
  }
  client.close();
});

test('a handshake ends with its time, with its connection, and with a request that starts over', async () => {
  const { middleware, source } = fakeAuth({ handshakeTimeout: 30 });
  await using server = await serve(guarded(middleware, whoami));
  const client = await raw(server.port);
  const challenge = await client.send(get(HELLO));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.is(source.log.disposed, 1);
  assert.is(statusOf(await client.send(get(await proofFor(challenge)))), 401);
  await client.send(get(HELLO));
  await client.send(get());
  assert.is(source.log.disposed, source.bindings.length);
  await client.send(get(HELLO));
  client.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(source.log.disposed, source.bindings.length);
});

test('there is a bound on handshakes under way', async () => {
  await using server = await serve(guarded(fakeAuth({ maxHandshakes: 2 }).middleware, whoami));
  const clients = await Promise.all([raw(server.port), raw(server.port), raw(server.port)]);
  const challenges = [await clients[0]!.send(get(HELLO)), await clients[1]!.send(get(HELLO))];
  const refused = await clients[2]!.send(get(HELLO));
  assert.is(statusOf(refused), 503);
  assert.equal(fieldsOf(refused, 'retry-after'), ['1']);
  assert.is(statusOf(await clients[0]!.send(get(await proofFor(challenges[0]!)))), 200);
  assert.is(statusOf(await clients[2]!.send(get(HELLO))), 401);
  for (const client of clients) client.close();
});

test('the bound holds for handshakes that begin at the same time, and one that cannot begin counts no more', async () => {
  const { source } = fakeAuth();
  const { negotiateAuthOver } = await import('../../src/http/middleware.ts');
  const { fakeBindings } = await import('./support/fake-mechanism.ts');
  let broken = false;
  const slow = { schemes: source.schemes, async acceptor(options: Parameters<typeof source.acceptor>[0]) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (broken) throw new Error('no credential');
    return await source.acceptor(options);
  } };
  await using server = await serve(guarded(negotiateAuthOver(() => slow, fakeBindings, { maxHandshakes: 2 }), whoami));
  const clients = await Promise.all(Array.from({ length: 6 }, () => raw(server.port)));
  const round = async () => (await Promise.all(clients.map(async (client) => statusOf(await client.send(get(HELLO)))))).sort();
  assert.equal(await round(), [401, 401, 503, 503, 503, 503]);
  for (const client of clients) await client.send(get()); // leaves the handshake
  broken = true;
  assert.equal(await round(), [500, 500, 503, 503, 503, 503]);
  broken = false;
  assert.equal(await round(), [401, 401, 503, 503, 503, 503]);
  for (const client of clients) client.close();
});

test('tls-server-end-point is of the certificate that the server itself presents', async () => {
  const { middleware, source } = fakeAuth({ target: 'HTTP/localhost' });
  await using server = await serve(guarded(middleware, whoami), { secure: true, host: 'localhost' });
  assert.is((await fakeFetch().fetch(server.url)).status, 200);
  const { X509Certificate } = await import('node:crypto');
  const { fakeBindings } = await import('./support/fake-mechanism.ts');
  const expected = Buffer.from(await fakeBindings(new Uint8Array(new X509Certificate(certificate).raw))).toString('hex');
  assert.equal(source.bindings, [expected]);

  const off = fakeAuth({ channelBindingPolicy: 'never', target: 'HTTP/localhost' });
  await using other = await serve(guarded(off.middleware, whoami), { secure: true, host: 'localhost' });
  assert.is((await fakeFetch({ channelBinding: 'never' }).fetch(other.url)).status, 200);
  assert.equal(off.source.bindings, [null]);

  const given = fakeAuth({ channelBindings: new Uint8Array([1, 2]) });
  await using plain = await serve(guarded(given.middleware, whoami));
  await fakeFetch().fetch(plain.url);
  assert.equal(given.source.bindings, ['0102']);
});

test('HTTP/2 is refused with HTTP_1_1_REQUIRED, and its client can come back over HTTP/1.1', async () => {
  const { middleware } = fakeAuth({ target: 'HTTP/localhost' });
  const server = createSecureServer({ ...tlsOptions, allowHTTP1: true }, (req, res) => {
    guarded(middleware, whoami)(req as unknown as IncomingMessage, res as unknown as ServerResponse & { req: IncomingMessage });
  });
  const port = await listen(server);
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate });
  const stream = session.request({ ':path': '/' });
  const code = await new Promise<number>((resolve) => stream.on('error', () => {}).on('close', () => resolve(stream.rstCode)));
  assert.is(code, 13);
  session.close();
  const { fetch } = fakeFetch();
  assert.is((await fetch(`https://localhost:${port}`)).status, 200);
  await fetch.close();
  await stop(server);
});

test('HTTP/2 with Kerberos alone: each request by itself, bound to the certificate, and nothing is left on the connection', async () => {
  const { middleware, source } = fakeAuth({ packageList: 'Kerberos', target: 'HTTP/localhost' });
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const server = createSecureServer(tlsOptions, (req, res) => {
    guarded(middleware, whoami)(req as unknown as IncomingMessage, res as unknown as ServerResponse & { req: IncomingMessage });
  });
  const port = await listen(server);
  const session = connectHttp2(`https://localhost:${port}`, { ca: certificate });
  const get2 = async (authorization?: string) => {
    const stream = session.request({ ':path': '/', ...(authorization !== undefined && { authorization }) });
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    return { headers, status: headers[':status'], body: Buffer.concat(await stream.toArray() as Buffer[]).toString() };
  };
  const { X509Certificate } = await import('node:crypto');
  const { fakeBindings, fakeInitiator } = await import('./support/fake-mechanism.ts');
  const channelBindings = await fakeBindings(new Uint8Array(new X509Certificate(certificate).raw));
  const ticket = async () => {
    const context = await fakeInitiator('alice', 'wonderland', { oneLeg: true }).initiator({ package: 'Negotiate', target: 'HTTP/localhost', flags: 0, channelBindings });
    return `Negotiate ${Buffer.from((await context.step(null))!).toString('base64')}`;
  };

  const challenge = await get2();
  assert.equal([challenge.status, challenge.headers['www-authenticate']], [401, 'Negotiate']);
  const answers = await Promise.all([get2(await ticket()), get2(), get2(await ticket())]);
  assert.equal(answers.map(({ status }) => status), [200, 401, 200]);
  assert.match(answers[0]!.body, '"alice"');
  assert.is(answers[0]!.headers['persistent-auth'], 'false');
  assert.match(String(answers[0]!.headers['www-authenticate']), /^Negotiate \w/);
  assert.is((await get2()).status, 401, 'nobody inherits it');
  const legs = await get2(HELLO);
  assert.is(legs.status, 400);
  assert.match(legs.body, 'HTTP/2 has one for many');
  for (let guess = 0; guess < 7; guess++) assert.is((await get2(`Negotiate ${btoa('ticket alice no')}`)).status, 401);
  assert.is(source.log.disposed, source.bindings.length);
  assert.equal(warnings, []);
  process.off('warning', onWarning);
  session.close();
  await stop(server);
});

test('it stands in a chain, as connect and Express have it', async () => {
  const { middleware } = fakeAuth();
  type Handler = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
  const chain: Handler[] = [(_req, res, next) => { res.setHeader('x-before', '1'); next(); }, middleware, async (req, res) => {
    res.writeHead(201, { 'content-type': 'text/plain' });
    res.end(`${req.sspi?.user} ${String(await bodyOf(req))}`);
  }];
  const run: RequestListener = (req, res) => {
    const step = (index: number) => (error?: unknown) => {
      if (error === undefined) chain[index]?.(req, res, step(index + 1));
      else res.writeHead(500).end();
    };
    step(0)();
  };
  await using server = await serve(run);
  const response = await fakeFetch().fetch(server.url, { method: 'POST', body: 'b' });
  assert.is(response.status, 201);
  assert.is(response.headers.get('x-before'), '1');
  assert.is(await response.text(), 'alice b');
});

test('a client that leaves in the middle of a step does no harm', async () => {
  let wait: () => void = () => {};
  const { source } = fakeAuth();
  const { negotiateAuthOver } = await import('../../src/http/middleware.ts');
  const { fakeBindings } = await import('./support/fake-mechanism.ts');
  const slow = { schemes: source.schemes, async acceptor(options: Parameters<typeof source.acceptor>[0]) {
    await new Promise<void>((resolve) => { wait = resolve; });
    return await source.acceptor(options);
  } };
  let called = 0;
  await using server = await serve((req, res) => negotiateAuthOver(() => slow, fakeBindings, { maxHandshakes: 1 })(req, res, () => { called++; }));
  const client = await raw(server.port);
  client.socket.write(get(HELLO));
  while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  client.close();
  await new Promise((resolve) => server.sockets[0]!.once('close', resolve));
  wait();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(called, 0);
  assert.is(source.log.disposed, source.bindings.length);
});

test('peers of every form become identities', () => {
  const cases: [string, string, string][] = [
    ['ADTEST\\alice', 'alice', 'ADTEST'], ['alice@AD.TEST', 'alice', 'AD.TEST'], ['alice', 'alice', ''], ['\\alice', 'alice', ''],
    ['DOM\\a@b', 'a@b', 'DOM'], ['a@b@R', 'a@b', 'R'], ['', '', ''], ['@R', '@R', ''],
  ];
  for (const [peer, user, domain] of cases) assert.equal(toIdentity(peer, 'NTLM'), { user, domain, package: 'NTLM' }, peer);
});

test('a request that node:http itself made is served', async () => {
  const server = createServer(guarded(fakeAuth().middleware, whoami));
  const port = await listen(server);
  const status = await new Promise((resolve) => request({ port, host: '127.0.0.1' }, (res) => resolve(res.resume().statusCode)).end());
  assert.is(status, 401);
  await stop(server);
});

test.run();
