import { connect, createSecureServer, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../backends/contract/errors.ts';
import { createInitiator } from '../../src/context/create-context.ts';
import { createRequestAuthenticator, negotiateHono, type HonoContext, type RequestAuthenticatorOptions, type SspiIdentity } from '../../src/http/index.ts';
import { createRequestAuthenticatorOver } from '../../src/http/request-authenticator.ts';
import { createTestRealm } from '../../src/testing/index.ts';
import { ACCOUNTS } from './support/clients.ts';
import { fakeAcceptor, fakeInitiator } from './support/fake-mechanism.ts';
import { certificate, listen, stop, tlsOptions } from './support/servers.ts';

const test = suite('http: Request and Response');
const SPN = 'HTTP/web.test.realm';

function fake(options: Omit<RequestAuthenticatorOptions<object>, 'accounts'> & { fault?: () => void; expiry?: Date } = {}) {
  const source = fakeAcceptor({ accounts: ACCOUNTS, ...(options.fault && { fault: options.fault }), ...(options.expiry && { expiry: options.expiry }) });
  return { source, authenticate: createRequestAuthenticatorOver<object>(() => source, options) };
}

const request = (token?: Uint8Array | string, headers: Record<string, string> = {}) => new Request('http://web.test/', {
  headers: { ...headers, ...(token !== undefined && { authorization: typeof token === 'string' ? token : `Negotiate ${Buffer.from(token).toString('base64')}` }) },
});
const tokenOf = (response: Response) => new Uint8Array(Buffer.from(response.headers.get('www-authenticate')!.split(' ')[1]!, 'base64'));
const client = (oneLeg: boolean) => fakeInitiator('alice', 'wonderland', { oneLeg }).initiator({ package: 'Negotiate', target: 'HTTP/127.0.0.1', flags: 0, channelBindings: null });

test('Kerberos in one request, with the proof of the server on the answer, and a challenge where nothing was sent', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  const authenticate = createRequestAuthenticator({ keytab: realm.keytab(SPN), accounts: realm.accounts });
  const challenge = await authenticate(request());
  assert.is(challenge.sspi, null);
  assert.is(challenge.response!.status, 401);
  assert.is(challenge.response!.headers.get('www-authenticate'), 'Negotiate', 'no NTLM: nothing tells connections apart');

  using alice = await createInitiator({ target: SPN, credential: realm.authData('alice'), kerberos: realm.kerberos });
  const verdict = await authenticate(request((await alice.step())!));
  if (verdict.sspi === null) throw new Error(await verdict.response.text());
  assert.is(verdict.sspi.user, 'alice');
  assert.is(verdict.sspi.package, 'Kerberos');
  assert.ok(verdict.sspi.groups!.length > 0);
  const response = verdict.finish(new Response('hello'));
  assert.is(response.headers.get('persistent-auth'), 'false');
  await alice.step(tokenOf(response));
  assert.is(alice.complete, true);
  assert.is(alice.peer, `${SPN}@TEST.REALM`);

  const replay = await authenticate(request());
  assert.is(replay.sspi, null, 'nothing is kept between requests');
});

test('a token that was used once is refused, and the reason told to the server alone', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  const refusals: SspiError[] = [];
  const authenticate = createRequestAuthenticator({ keytab: realm.keytab(SPN), onRefusal: (error) => refusals.push(error) });
  using alice = await createInitiator({ target: SPN, credential: realm.authData('alice'), kerberos: realm.kerberos });
  const token = (await alice.step())!;
  assert.is.not((await authenticate(request(token))).sspi, null);
  const again = await authenticate(request(token));
  assert.is(again.response!.status, 401);
  assert.is(await again.response!.text(), 'Authentication is required.\n');
  assert.is(refusals.length, 1);
});

test('NTLM without a connection: refused, inside Negotiate too, and a server of NTLM alone cannot be made', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  const refusals: SspiError[] = [];
  const authenticate = createRequestAuthenticator({ keytab: realm.keytab(SPN), accounts: realm.accounts, onRefusal: (error) => refusals.push(error) });
  using ntlm = await createInitiator({ target: SPN, credential: { user: 'alice', password: 'secret' }, packageList: 'NTLM' });
  const { response } = await authenticate(request((await ntlm.step())!));
  assert.ok(response!.status === 401 || response!.status === 400);
  assert.is((await authenticate(request('NTLM TlRMTVNTUAABAAAA'))).response!.status, 401);
  for (const options of [{ accounts: realm.accounts }, { keytab: realm.keytab(SPN), packageList: 'NTLM' }, { keytab: realm.keytab(SPN), packageList: '!Kerberos' }]) {
    assert.throws(() => createRequestAuthenticator(options as never), (error: SspiError) => error instanceof SspiError && error.code === 'SEC_E_UNSUPPORTED_FUNCTION' && /connection/.test(error.remedy!));
  }
});

test('several legs without a connection end with the reason, and leave no context', async () => {
  const { authenticate, source } = fake();
  const { response } = await authenticate(request((await (await client(false)).step(null))!));
  assert.is(response!.status, 400);
  assert.match(await response!.text(), 'cannot tell which requests share one');
  assert.is(source.log.disposed, 1);
});

test('several legs with a connection, whose later requests pass; another connection is nobody', async () => {
  const { authenticate } = fake({ connection: (_request, info) => info });
  const socket = {};
  const other = {};
  const alice = await client(false);
  const challenge = await authenticate(request((await alice.step(null))!), socket);
  assert.is(challenge.response!.status, 401);
  const proof = (await alice.step(tokenOf(challenge.response!)))!;
  assert.is((await authenticate(request(proof), other)).sspi, null);
  const verdict = await authenticate(request(proof), socket);
  assert.is(verdict.sspi?.user, 'alice');
  assert.is((await authenticate(request(), socket)).sspi?.user, 'alice');
  assert.is((await authenticate(request(), other)).sspi, null);
  assert.is((await authenticate(request(undefined, { via: '1.1 proxy' }), socket)).sspi, null, 'a proxy may carry several people');
  assert.is((await authenticate(request())).sspi, null, 'no key: nobody');
});

test('no base64, too much of it, and a fault of the server', async () => {
  const { authenticate } = fake({ maxTokenSize: 32 });
  assert.is((await authenticate(request('Basic YTpi'))).response!.status, 401);
  assert.is((await authenticate(request('Negotiate YQ=a'))).response!.status, 400);
  assert.is((await authenticate(request('Negotiate abcde'))).response!.status, 400);
  assert.is((await authenticate(request(new Uint8Array(64)))).response!.status, 431);
  const broken = fake({ fault: () => { throw new Error('the directory is down'); } });
  let thrown: unknown;
  await broken.authenticate(request(new TextEncoder().encode('ticket'))).catch((error: unknown) => { thrown = error; });
  assert.match((thrown as Error).message, 'the directory is down');
});

test('finish: also where the headers of a response do not change', async () => {
  const { authenticate } = fake();
  const verdict = await authenticate(request((await (await client(true)).step(null))!));
  if (verdict.sspi === null) throw new Error('refused');
  const fixed = Response.redirect('http://web.test/next', 302);
  const finished = verdict.finish(fixed);
  assert.is(finished.status, 302);
  assert.is(finished.headers.get('location'), 'http://web.test/next');
  assert.match(finished.headers.get('www-authenticate')!, /^Negotiate /);
});

test('Hono: the identity for the handlers, the proof on what they answer', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  const middleware = negotiateHono({ keytab: realm.keytab(SPN) });
  const run = async (raw: Request) => {
    const values = new Map<string, SspiIdentity>();
    let res = new Response(null, { status: 404 });
    const context: HonoContext = { req: { raw }, header: (name, value) => res.headers.append(name, value), set: (key, value) => void values.set(key, value) };
    const early = await middleware(context, async () => { res = new Response(`hello ${values.get('sspi')!.user}`); });
    return early ?? res;
  };
  assert.is((await run(request())).status, 401);
  using alice = await createInitiator({ target: SPN, credential: realm.authData('alice'), kerberos: realm.kerberos });
  const response = await run(request((await alice.step())!));
  assert.is(await response.text(), 'hello alice');
  await alice.step(tokenOf(response));
  assert.is(alice.complete, true);
});

test('a connection of HTTP/2 stands for nobody, in whatever shape it is given', async () => {
  const given: [string, (req: Http2ServerRequest) => object][] = [
    ['the socket of the compatibility API', (req) => req.socket], ['the stream', (req) => req.stream], ['the session', (req) => req.stream.session!],
    ['the socket of the session', (req) => req.stream.session!.socket],
  ];
  for (const secure of [false, true]) {
    for (const [name, connection] of given) {
      const { authenticate, source } = fake({ connection: (_request, info) => connection(info as Http2ServerRequest) });
      const answer = async (req: Http2ServerRequest, res: Http2ServerResponse) => {
        const { authorization } = req.headers;
        const { sspi, response } = await authenticate(request(authorization), req);
        res.writeHead(response?.status ?? 200).end(sspi?.user ?? await response!.text());
      };
      const server = secure ? createSecureServer(tlsOptions, (req, res) => void answer(req, res)) : createServer((req, res) => void answer(req, res));
      const port = await listen(server);
      const session = connect(`http${secure ? 's' : ''}://localhost:${port}`, { ca: certificate });
      const get = async (token?: Uint8Array) => {
        const stream = session.request({ ':path': '/', ...(token && { authorization: `Negotiate ${Buffer.from(token).toString('base64')}` }) });
        const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
        return `${status} ${Buffer.concat(await stream.toArray() as Buffer[]).toString()}`;
      };
      assert.is(await get((await (await client(true)).step(null))!), '200 alice', name);
      assert.match(await get(), /^401 /, name);
      assert.match(await get((await (await client(false)).step(null))!), /^400 .*HTTP\/2 has one for many/, name);
      assert.is(source.log.disposed, source.bindings.length);
      session.close();
      await stop(server);
    }
  }
});

test.run();
