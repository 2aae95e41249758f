import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../backends/contract/errors.ts';
import { authenticationOf } from '../../src/http/authentication.ts';
import { createFetchOver } from '../../src/http/node/fetch.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { fakeBindings } from './support/fake-mechanism.ts';
import { guarded, serve } from './support/servers.ts';

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
    scheme: 'Negotiate', package: 'NTLM', fallbackFrom: null, target: 'HTTP/127.0.0.1', peer: null, complete: true, mutual: false, channelBindings: false, reused: false,
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

test("credentials: 'omit' is no one", async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hello));
  const { fetch, initiator } = fakeFetch();
  assert.is((await fetch(server.url)).status, 200);
  assert.is((await fetch(server.url, { credentials: 'omit' })).status, 401);
  assert.is(initiator.log.made.length, 1);
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
    return { complete: false, package: null, attributes: 0, expiry: null, peer: null, step: async () => new Uint8Array([1]), dispose() {} };
  } };
  await using server = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'Negotiate AAAA' }).end());
  const error = await rejection(createFetchOver(() => source, fakeBindings, {})(server.url));
  assert.is(error.code, 'SEC_E_ILLEGAL_MESSAGE');
  assert.ok(server.seen.length < 20);
});

test('an error of the client side is an SspiError', async () => {
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
  // As where DNS is asked for the name behind an alias.
  assert.is((await fakeFetch({ target: async ({ hostname }) => `HTTP/${hostname === '127.0.0.1' ? 'web.ad.test' : hostname}` }).fetch(server.url)).status, 200);
  assert.is((await rejection(fakeFetch({ target: async () => { throw new Error('no DNS'); } }).fetch(server.url))).message, 'no DNS');
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

test('options are checked', () => {
  assert.throws(() => fakeFetch({ maxConnections: 0 }), (error: unknown) => error instanceof RangeError);
  assert.throws(() => fakeFetch({ idleTimeout: Number.NaN }), (error: unknown) => error instanceof RangeError);
  assert.throws(() => fakeFetch({ proxy: 'ftp://x' }), (error: unknown) => error instanceof TypeError);
});

test.run();
