import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { authenticationOf } from '../../../src/http/authentication.ts';
import type { FetchOptions } from '../../../src/http/fetch-options.ts';
import { initiatorSource } from '../../../src/http/sources.ts';
import { createWebFetchOver } from '../../../src/http/web/fetch.ts';
import { createRequestAuthenticator } from '../../../src/http/index.ts';
import { createTestRealm } from '../../../src/testing/index.ts';
import { fakeAuth, rejection } from '../support/clients.ts';
import { fakeInitiator } from '../support/fake-mechanism.ts';
import { bodyOf, guarded, serve } from '../support/servers.ts';

const test = suite('http: createFetch over a plain fetch');
const SPN = 'HTTP/web.test.realm';
const hello: RequestListener = (req, res) => void res.end(`hello ${req.sspi?.user}`);

function webFetch({ user = 'alice', password = 'wonderland', oneLeg = true, hidesRedirects = false, ...options }: FetchOptions & { user?: string; password?: string; oneLeg?: boolean; hidesRedirects?: boolean } = {}) {
  const initiator = fakeInitiator(user, password, { oneLeg, packageList: 'Kerberos' });
  return { initiator, fetch: createWebFetchOver(() => initiator, { name: 'a browser', hidesRedirects }, { target: 'HTTP/127.0.0.1', ...options }) };
}

test('a 401 is answered in one round, the proof verified; the next request carries its token at once', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  const { fetch, initiator } = webFetch();
  for (let i = 0; i < 2; i++) {
    const response = await fetch(server.url);
    assert.is(await response.text(), 'hello alice');
    assert.is(authenticationOf(response)?.mutual, true);
  }
  assert.equal(server.seen.map(({ headers }) => headers.authorization !== undefined), [false, true, true]);
  assert.is(initiator.log.disposed, 2);
  await fetch.close();
  assert.is(initiator.log.closed, 1);
});

test('what a server authenticates on a connection is lent to nobody: the connection of a token closes', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'always' }).middleware, hello));
  const { fetch } = webFetch();
  assert.is(await (await fetch(server.url)).text(), 'hello alice');
  assert.equal(server.seen.map(({ headers }) => headers.connection === 'close'), [false, true]);
  for (let i = 0; i < 5; i++) assert.is((await globalThis.fetch(server.url)).status, 401);
});

test('preemptive: never waits for each 401, always for none', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  for (const preemptive of ['never', 'always'] as const) {
    server.seen.length = 0;
    const { fetch } = webFetch({ preemptive });
    for (let i = 0; i < 2; i++) assert.is((await fetch(server.url)).status, 200);
    assert.equal(server.seen.map(({ headers }) => headers.authorization !== undefined), preemptive === 'never' ? [false, true, false, true] : [true, true]);
  }
});

test('bodies are sent again: bytes, forms and none', async () => {
  const count: RequestListener = async (req, res) => {
    const body = await bodyOf(req);
    res.end(JSON.stringify([req.method, body.length, req.headers['content-type']?.split(';')[0] ?? null]));
  };
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, count));
  const form = new FormData();
  form.set('a', 'b');
  const { fetch } = webFetch({ preemptive: 'never' });
  const ask = async (init: RequestInit) => await (await fetch(server.url, init)).json() as [string, number, string | null];
  assert.equal(await ask({ method: 'POST', body: new Uint8Array(100_000) }), ['POST', 100_000, null]);
  assert.is((await ask({ method: 'PUT', body: form }))[2], 'multipart/form-data');
  assert.equal(await ask({ method: 'POST' }), ['POST', 0, null]);
  assert.equal(await ask({ method: 'DELETE' }), ['DELETE', 0, null]);
});

test('a server without a proof on its 200 is refused; one that asks for nothing is not', async () => {
  await using silent = await serve((req, res) => {
    if (req.headers.authorization === undefined) res.writeHead(401, { 'www-authenticate': 'Negotiate' }).end();
    else res.end('who knows');
  });
  const error = await rejection(webFetch().fetch(silent.url));
  assert.is(error.code, 'SEC_E_INCOMPLETE_MESSAGE');
  await using open = await serve(hello);
  const response = await webFetch({ preemptive: 'always' }).fetch(open.url);
  assert.is(response.status, 200);
  assert.is(authenticationOf(response), null);
});

test('refused credentials give the 401; another scheme, an Authorization of the caller and credentials: omit are left alone', async () => {
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  const refused = await webFetch({ password: 'wrong' }).fetch(server.url);
  assert.is(refused.status, 401);
  assert.is(authenticationOf(refused)?.complete, false);
  for (const init of [{ headers: { authorization: 'Basic YTpi' } }, { credentials: 'omit' as const }]) {
    const { fetch, initiator } = webFetch();
    assert.is((await fetch(server.url, init)).status, 401);
    assert.is(initiator.log.made.length, 0);
  }
  await using basic = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end());
  assert.is((await webFetch().fetch(basic.url)).status, 401);
});

test('NTLM is refused with the reason and what to do: offered alone, as the credential, by packageList, as another leg', async () => {
  const refusal = async (promise: Promise<unknown>) => {
    const error = await rejection(promise) as unknown as SspiError;
    assert.instance(error, SspiError);
    assert.is(error.code, 'SEC_E_UNSUPPORTED_FUNCTION');
    assert.match(error.message, /a browser gives no way to hold one/);
    assert.match(error.remedy!, /KdcProxy/);
  };
  await using ntlm = await serve((_req, res) => void res.writeHead(401, { 'www-authenticate': 'NTLM' }).end());
  await refusal(webFetch().fetch(ntlm.url));
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  await refusal(webFetch({ packageList: 'NTLM' }).fetch(server.url));
  await refusal(webFetch({ oneLeg: false }).fetch(server.url));
});

test('what only sockets can do is refused when the fetch is made', () => {
  for (const options of [{ proxy: 'http://proxy' }, { tls: { ca: 'x' } }, { proxyTarget: 'HTTP/p' }]) {
    assert.throws(() => webFetch(options), (error: SspiError) => error.code === 'SEC_E_UNSUPPORTED_FUNCTION' && /Leave/.test(error.remedy!));
  }
});

test('redirects: followed here, with the ticket only where it may go', async () => {
  await using other = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  await using server = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, (req, res) => {
    if (req.url === '/away') res.writeHead(302, { location: `${other.url}/` }).end();
    else if (req.url === '/near') res.writeHead(303, { location: '/' }).end();
    else res.end(`${req.method} ${req.sspi?.user}`);
  }));
  const { fetch } = webFetch();
  const near = await fetch(`${server.url}/near`, { method: 'POST', body: 'x' });
  assert.is(await near.text(), 'GET alice');
  assert.is(near.redirected, true);
  assert.is(near.url, `${server.url}/`);
  assert.is((await fetch(`${server.url}/away`)).status, 401);
  assert.equal(other.seen.map(({ headers }) => headers.authorization), [undefined]);
  assert.is((await fetch(`${server.url}/away`, { redirect: 'manual' })).status, 302);
  assert.instance(await rejection(fetch(`${server.url}/near`, { redirect: 'error' })), TypeError);
  const trusting = webFetch({ authenticateRedirect: () => true, target: () => 'HTTP/127.0.0.1' });
  assert.is(await (await trusting.fetch(`${server.url}/away`)).text(), 'hello alice');
});

test('a platform that hides redirects: no ticket for where one led to', async () => {
  await using other = await serve(guarded(fakeAuth({ persistent: 'never' }).middleware, hello));
  await using server = await serve((_req, res) => void res.writeHead(302, { location: `${other.url}/` }).end());
  const { fetch, initiator } = webFetch({ hidesRedirects: true });
  assert.is((await fetch(server.url)).status, 401);
  assert.is(initiator.log.made.length, 0);
});

test('a page that may not read the challenge tries once; one that may not read the proof is told how', async () => {
  const cors = (response: Response) => Object.defineProperty(response, 'type', { value: 'cors' });
  const sent: (string | null)[] = [];
  const given = async (request: Request) => {
    sent.push(request.headers.get('authorization'));
    return cors(new Response('x', { status: sent.length === 1 ? 401 : 200 }));
  };
  const error = await rejection(webFetch({ fetch: given }).fetch('http://web.test/')) as unknown as SspiError;
  assert.is(sent.length, 2);
  assert.match(sent[1]!, /^Negotiate /);
  assert.is(error.code, 'SEC_E_INCOMPLETE_MESSAGE');
  assert.match(error.remedy!, /Access-Control-Expose-Headers: WWW-Authenticate/);
});

test('the engine itself: Kerberos through a given fetch, to a server of Request and Response', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  const authenticate = createRequestAuthenticator({ keytab: realm.keytab(SPN) });
  const handler = async (request: Request) => {
    const verdict = await authenticate(request);
    return verdict.sspi === null ? verdict.response : verdict.finish(new Response(`hello ${verdict.sspi.user}`));
  };
  const options: FetchOptions = { credential: realm.authData('alice'), kerberos: realm.kerberos, fetch: handler };
  const fetch = createWebFetchOver(initiatorSource, { name: 'a browser', hidesRedirects: false }, options);
  const response = await fetch('http://web.test.realm/');
  assert.is(await response.text(), 'hello alice');
  assert.is(authenticationOf(response)?.peer, `${SPN}@TEST.REALM`);
  await fetch.close();

  const nameless = createWebFetchOver(initiatorSource, { name: 'a browser', hidesRedirects: false }, { ...options, credential: { user: 'alice', password: 'secret' }, kerberos: { krb5Conf: '' } });
  const error = await rejection(nameless('http://web.test.realm/')) as unknown as SspiError;
  assert.instance(error, SspiError);
  assert.match(error.message, /'alice' names no domain/);
  assert.match(error.remedy!, /alice@AD/);
});

test.run();
