import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticationOf } from '../../src/http/authentication.ts';
import { redirectTarget } from '../../src/http/request.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { echo, guarded, serve } from './support/servers.ts';

const test = suite('http: redirects');

/** /STATUS?to=URL redirects there, everything else echoes. */
const hop: RequestListener = (req, res) => {
  const { pathname, searchParams } = new URL(req.url ?? '', 'http://x');
  const status = Number(pathname.slice(1));
  if (status >= 300) return void res.writeHead(status, searchParams.has('to') ? { location: searchParams.get('to')! } : {}).end('moved');
  echo(req, res);
};

test('methods and bodies as fetch rewrites them, over one authenticated connection', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hop));
  const { fetch } = fakeFetch();
  const cases: [status: number, method: string, arrives: string, body: string][] = [
    [301, 'POST', 'GET', ''], [302, 'POST', 'GET', ''], [303, 'POST', 'GET', ''], [303, 'PUT', 'GET', ''], [301, 'PUT', 'PUT', 'b'], [302, 'PATCH', 'PATCH', 'b'],
    [307, 'POST', 'POST', 'b'], [308, 'POST', 'POST', 'b'], [303, 'GET', 'GET', ''],
  ];
  for (const [status, method, arrives, body] of cases) {
    const response = await fetch(`${server.url}/${status}?to=/end`, { method, ...(method !== 'GET' && { body: 'b' }) });
    const answer = await response.json() as { method: string; body: string; user: string; type: string | null };
    assert.equal([answer.method, answer.body, answer.user], [arrives, body, 'alice'], `${status} ${method}`);
    if (body === '') assert.is(answer.type, null);
    assert.is(response.redirected, true);
    assert.is(response.url, `${server.url}/end`);
  }
  assert.is(server.sockets.length, 1);
});

test('redirect: manual, error, and a status without a location', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hop));
  const { fetch } = fakeFetch();
  const manual = await fetch(`${server.url}/302?to=/end`, { redirect: 'manual' });
  assert.is(manual.status, 302);
  assert.is(manual.headers.get('location'), '/end');
  assert.is(authenticationOf(manual)?.complete, true);
  const error = await rejection(fetch(`${server.url}/302?to=/end`, { redirect: 'error' }));
  assert.is(error.message, 'fetch failed');
  assert.is((await fetch(`${server.url}/302`)).status, 302);
  assert.is((await fetch(`${server.url}/304`)).status, 304);
});

test('twenty redirects are followed, one more is an error', async () => {
  await using server = await serve((req, res) => {
    const left = Number(req.url!.slice(1));
    if (left === 0) res.end('there');
    else res.writeHead(302, { location: `/${left - 1}` }).end();
  });
  const { fetch } = fakeFetch();
  assert.is(await (await fetch(`${server.url}/20`)).text(), 'there');
  assert.match((await rejection(fetch(`${server.url}/21`))).cause?.message ?? '', 'redirects');
});

test('locations: fragments, other protocols, credentials', async () => {
  const from = new URL('http://a.test/x#frag');
  assert.is(redirectTarget(from, 302, '/y')?.href, 'http://a.test/y#frag');
  assert.is(redirectTarget(from, 302, '/y#own')?.href, 'http://a.test/y#own');
  assert.is(redirectTarget(from, 302, '//u:p@a.test/y#z')?.href, 'http://a.test/y#z');
  assert.is(redirectTarget(from, 200, '/y'), null);
  for (const wrong of ['ftp://a.test/', 'javascript:1', '//u:p@b.test/', 'http://[']) assert.throws(() => redirectTarget(from, 302, wrong), undefined, wrong);
  await using server = await serve((_req, res) => void res.writeHead(302, { location: 'ftp://x/' }).end());
  assert.is((await rejection(fakeFetch().fetch(server.url))).message, 'fetch failed');
});

test('another origin gets no token, no Authorization and no Cookie', async () => {
  await using other = await serve(guarded(fakeAuth().middleware, echo));
  await using server = await serve(guarded(fakeAuth().middleware, hop));
  const { fetch, initiator } = fakeFetch();
  const response = await fetch(`${server.url}/302?to=${other.url}/end`, { headers: { cookie: 'c=1', 'x-kept': '1' } });
  assert.is(response.status, 401);
  assert.is(response.url, `${other.url}/end`);
  assert.is(authenticationOf(response), null);
  assert.is(initiator.log.made.length, 1);
  assert.is(other.seen[0]!.headers.cookie, undefined);
  assert.is(other.seen[0]!.headers['x-kept'], '1');

  const bearer = await fetch(`${server.url}/302?to=${other.url}/end`, { headers: { authorization: 'Bearer secret' } });
  assert.is(bearer.status, 401); // by the first server; nothing reached the other
  assert.is(other.seen.length, 1);
});

test('nor does it get a connection that an earlier request authenticated', async () => {
  await using other = await serve(guarded(fakeAuth().middleware, echo));
  await using server = await serve(hop);
  const { fetch } = fakeFetch();
  assert.is((await fetch(other.url)).status, 200);
  assert.is((await fetch(`${server.url}/302?to=${other.url}/end`)).status, 401);
  assert.is((await fetch(other.url, { headers: { authorization: 'Bearer x' } })).status, 401);
  assert.is((await fetch(other.url)).status, 200);
  assert.is(other.seen.length, 3 + 1 + 1 + 1);
});

test('authenticateRedirect lets other origins in, and a fixed target does not follow', async () => {
  await using other = await serve(guarded(fakeAuth({ target: 'HTTP/localhost' }).middleware, echo), { host: 'localhost' });
  await using server = await serve(guarded(fakeAuth({ target: 'HTTP/fixed' }).middleware, hop));
  const asked: string[] = [];
  const { fetch, initiator } = fakeFetch({ target: 'HTTP/fixed', authenticateRedirect: (url, from) => asked.push(`${from.origin} ${url.origin}`) > 0 });
  const response = await fetch(`${server.url}/307?to=${other.url}/end`, { method: 'POST', body: 'b' });
  assert.is(response.status, 200);
  assert.equal(initiator.log.made.map(({ target }) => target), ['HTTP/fixed', 'HTTP/localhost']);
  assert.equal(asked, [`${server.url} ${other.url}`]);
});

test('the way back to the origin that was asked for is authenticated', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, hop));
  await using other = await serve((req, res) => void res.writeHead(302, { location: `${server.url}/end` }).end(req.url));
  const response = await fakeFetch().fetch(`${server.url}/302?to=${other.url}/`);
  assert.is(response.status, 200);
});

test.run();
