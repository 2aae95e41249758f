// Both ends with the real engine: SPNEGO with NTLM, and NTLM alone, over real sockets.
import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { acquireCredentialsHandle, freeCredentialsHandle, SECPKG_CRED_INBOUND, SspiError } from '../../src/index.ts';
import { authenticationOf, createFetch, negotiateAuth, proxyAuthenticationOf, type FetchOptions, type NegotiateAuthOptions } from '../../src/http/index.ts';
import { createTestRealm } from '../../src/testing/index.ts';
import { selfSigned } from './support/certificate.ts';
import { rejection } from './support/clients.ts';
import { certificate, echo, guarded, serve, serveProxy } from './support/servers.ts';

const test = suite('http: end to end');

const alice = { user: 'alice', domain: 'ADTEST', password: 'wonderland' };
const accounts: NegotiateAuthOptions['accounts'] = ({ user }) => (user.toLowerCase() === 'alice' ? { password: 'wonderland' } : null);
const auth = (options: NegotiateAuthOptions = {}) => negotiateAuth({ accounts, ...options });
const client = (options: FetchOptions = {}) => createFetch({ credential: alice, tls: { ca: certificate }, ...options });
const whoami: RequestListener = (req, res) => void res.end(JSON.stringify(req.sspi ?? null));

/** A listener whose WWW-Authenticate fields pass through `change`. */
function meddling(change: (fields: string[], status: 'challenge' | 'final') => string[], listener: RequestListener): RequestListener {
  return (req, res) => {
    const setHeader = res.setHeader.bind(res);
    res.setHeader = (name, value) => {
      if (name !== 'WWW-Authenticate') return setHeader(name, value);
      const fields = change([value].flat().map(String), Array.isArray(value) ? 'challenge' : 'final');
      return fields.length === 0 ? res : setHeader(name, fields);
    };
    listener(req, res);
  };
}

for (const secure of [false, true]) {
  test(`Negotiate over ${secure ? 'https, bound to it' : 'http'}: a verified 200, then the same connection again`, async () => {
    await using server = await serve(guarded(auth({ channelBindingPolicy: secure ? 'always' : 'whenSupported' }), echo), { secure, host: 'localhost' });
    await using fetch = client();
    const response = await fetch(server.url, { method: 'POST', body: 'body' });
    assert.is(response.status, 200);
    const answer = await response.json() as { user: string; body: string };
    assert.equal([answer.user, answer.body], ['alice', 'body']);
    const { fallbackFrom, ...outcome } = authenticationOf(response)!;
    assert.match(fallbackFrom!.message, /'ADTEST' is a NetBIOS domain, whose realm is not known/);
    assert.equal(outcome, {
      scheme: 'Negotiate', package: 'NTLM', target: 'HTTP/localhost', peer: null, complete: true, mutual: false, channelBindings: secure, reused: false,
    });
    assert.is(server.seen.length, 3);
    assert.is(authenticationOf(await fetch(server.url))?.reused, true);
    assert.is(server.seen.length, 4);
    assert.is(server.sockets.length, 1);
  });
}

test('req.sspi says who it is', async () => {
  await using server = await serve(guarded(auth(), whoami));
  await using fetch = client();
  assert.equal(await (await fetch(server.url)).json(), { user: 'alice', domain: 'ADTEST', package: 'NTLM' });
});

test('NTLM alone', async () => {
  const only = meddling((fields, status) => (status === 'challenge' ? ['NTLM'] : fields), guarded(auth(), whoami));
  await using server = await serve(only);
  await using fetch = client();
  const response = await fetch(server.url);
  assert.equal(await response.json(), { user: 'alice', domain: 'ADTEST', package: 'NTLM' });
  assert.is(authenticationOf(response)?.scheme, 'NTLM');
  assert.is(server.seen.length, 3);
});

test('a wrong password and an unknown user are 401, from either scheme', async () => {
  for (const schemes of [['Negotiate'], ['NTLM']]) {
    await using server = await serve(meddling((fields, status) => (status === 'challenge' ? schemes : fields), guarded(auth(), whoami)));
    for (const credential of [{ ...alice, password: 'wrong' }, { ...alice, user: 'mallory' }]) {
      await using fetch = client({ credential });
      const response = await fetch(server.url);
      assert.is(response.status, 401);
      assert.is(authenticationOf(response)?.complete, false);
    }
  }
});

test('channel bindings: always refuses a client without them', async () => {
  await using server = await serve(guarded(auth({ channelBindingPolicy: 'always' }), whoami), { secure: true, host: 'localhost' });
  await using unbound = client({ channelBinding: 'never' });
  assert.is((await unbound(server.url)).status, 401);
  await using bound = client();
  assert.is((await bound(server.url)).status, 200);
});

test('channel bindings: those of another certificate are refused, as a relay has them', async () => {
  await using server = await serve(guarded(auth({ channelBindings: new TextEncoder().encode('tls-server-end-point:another') }), whoami), { secure: true, host: 'localhost' });
  await using fetch = client();
  assert.is((await fetch(server.url)).status, 401);
});

test('channel bindings: a certificate of Ed25519 has none, which hinders nobody who does not demand them', async () => {
  const tls = selfSigned(['localhost'], 'Ed25519');
  await using server = await serve(guarded(auth(), whoami), { secure: true, host: 'localhost', tls });
  await using fetch = client({ tls: { ca: tls.cert } });
  const response = await fetch(server.url);
  assert.equal(await response.json(), { user: 'alice', domain: 'ADTEST', package: 'NTLM' });
  assert.is(authenticationOf(response)?.channelBindings, false);
  await using strict = await serve(guarded(auth({ channelBindingPolicy: 'always' }), whoami), { secure: true, host: 'localhost', tls });
  assert.match((await rejection(fetch(strict.url))).message, /answered 500/); // the server's own fault, told to next()
});

test('the last token must verify', async () => {
  const changes: [name: string, code: string, change: (field: string) => string[]][] = [
    ['removed', 'SEC_E_INCOMPLETE_MESSAGE', () => []],
    ['one bit of the checksum changed', 'SEC_E_MESSAGE_ALTERED', (field) => {
      const token = Buffer.from(field.split(' ')[1]!, 'base64');
      token[token.length - 8]! ^= 1;
      return [`Negotiate ${token.toString('base64')}`];
    }],
    ['cut', 'SEC_E_INVALID_TOKEN', (field) => [`Negotiate ${Buffer.from(field.split(' ')[1]!, 'base64').subarray(0, -5).toString('base64')}`]],
    ['an accept-complete without mechListMIC', 'SEC_E_INVALID_TOKEN', () => ['Negotiate oQcwBaADCgEA']],
  ];
  for (const [name, code, change] of changes) {
    let changed = 0;
    const guard = guarded(auth(), whoami);
    await using server = await serve((req, res) => {
      const last = server.seen.length === 3;
      meddling((fields) => (last && ++changed ? change(fields[0]!) : fields), guard)(req, res);
    });
    await using fetch = client();
    const error = await rejection(fetch(server.url));
    assert.instance(error, SspiError, name);
    assert.is(error.code, code, name);
    assert.is(changed, 1, name);
  }
});

test('tokens of every kind of nonsense are 400 or 401', async () => {
  await using server = await serve(guarded(auth(), whoami));
  const heads = ['', '4e544c4d5353500001000000', '4e544c4d5353500003000000', '60', '605a06062b0601050502', 'a1', '6e', '4e544c4d5353500002000000'];
  for (let round = 0; round < 200; round++) {
    const token = Buffer.concat([Buffer.from(heads[round % heads.length]!, 'hex'), randomBytes(round)]).toString('base64');
    const response = await globalThis.fetch(server.url, { headers: { authorization: `${round % 3 === 0 ? 'NTLM' : 'Negotiate'} ${token}` } });
    assert.ok(response.status === 401 || response.status === 400, `${response.status} for ${token}`);
    await response.arrayBuffer();
  }
});

test('an accounts callback that throws is an error of the server', async () => {
  await using server = await serve(guarded(auth({ accounts: () => { throw new Error('the directory is down'); } }), whoami));
  await using fetch = client();
  const error = await rejection(fetch(server.url));
  assert.is(error.code, 'SEC_E_INCOMPLETE_MESSAGE');
  assert.match(error.message, '500');
});

test('the same credentials toward a proxy and toward the origin, in absolute form and through a tunnel', async () => {
  for (const secure of [false, true]) {
    await using server = await serve(guarded(auth({ persistent: 'always' }), whoami), { secure, host: 'localhost' });
    await using proxy = await serveProxy({ middleware: auth({ persistent: 'always' }) });
    await using fetch = client({ proxy: proxy.url });
    const response = await fetch(server.url);
    assert.equal(await response.json(), { user: 'alice', domain: 'ADTEST', package: 'NTLM' });
    assert.is(proxyAuthenticationOf(response)?.complete, true);
    assert.is(authenticationOf(response)?.channelBindings, secure);
    assert.is(proxy.sockets.length, 1);
  }
});

test('parallel handshakes do not mix', async () => {
  const people = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`user${at}`, `password${at}`]));
  await using server = await serve(guarded(auth({ accounts: async ({ user }) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    return people[user] === undefined ? null : { password: people[user] };
  } }), whoami));
  const rounds = Object.entries(people).map(async ([user, password]) => {
    await using fetch = client({ credential: { user, domain: 'D', password } });
    const names = await Promise.all(Array.from({ length: 6 }, async () => (await (await fetch(server.url)).json() as { user: string }).user));
    assert.equal(new Set(names), new Set([user]));
  });
  await Promise.all(rounds);
});

test('handles of acquireCredentialsHandle on both ends', async () => {
  const inbound = (await acquireCredentialsHandle({ credentialUse: SECPKG_CRED_INBOUND, authData: { accounts: accounts! } })).credential;
  const outbound = (await acquireCredentialsHandle({ authData: alice })).credential;
  const ntlm = (await acquireCredentialsHandle({ authData: alice, package: 'NTLM' })).credential;
  await using server = await serve(guarded(negotiateAuth({ credential: inbound }), whoami));
  for (const [credential, scheme] of [[outbound, 'Negotiate'], [ntlm, 'NTLM']] as const) {
    await using fetch = createFetch({ credential });
    const response = await fetch(server.url);
    assert.is(response.status, 200);
    assert.is(authenticationOf(response)?.scheme, scheme);
  }
  for (const handle of [inbound, outbound, ntlm]) freeCredentialsHandle(handle); // still the caller's
});

test('a server that takes Kerberos alone refuses a user without a realm, and the 401 says why', async () => {
  const realm = await createTestRealm();
  await using server = await serve(guarded(negotiateAuth({ keytab: realm.keytab('HTTP/localhost') }), whoami));
  await using fetch = createFetch({ credential: { user: 'alice', password: 'Password1' }, kerberos: { krb5Conf: '' } });
  const response = await fetch(server.url.replace('127.0.0.1', 'localhost'));
  assert.is(response.status, 401);
  const { complete, fallbackFrom } = authenticationOf(response)!;
  assert.is(complete, false);
  assert.match(fallbackFrom!.message, /'alice' names no domain/);
});

test('a keytab that is not there is the server\'s fault, and the client is told where to look', async () => {
  const faults: unknown[] = [];
  const refusals: unknown[] = [];
  const guard = negotiateAuth({ keytab: '/nowhere/web.keytab', onRefusal: (error) => refusals.push(error) });
  await using server = await serve((req, res) => guard(req, res, (fault) => {
    faults.push(fault);
    res.writeHead(500).end();
  }));
  const realm = await createTestRealm();
  await using fetch = createFetch({ credential: realm.authData('alice'), kerberos: realm.kerberos });
  const error = await rejection(fetch(server.url.replace('127.0.0.1', 'localhost')));
  assert.is(error.code, 'SEC_E_INCOMPLETE_MESSAGE');
  assert.match((error as SspiError).remedy!, /its own log/);
  assert.equal(faults.map((fault) => (fault as SspiError).code), ['SEC_E_NO_CREDENTIALS']);
  assert.equal(refusals, []);
});

test('no credential is an SspiError', async () => {
  await using server = await serve(guarded(auth(), whoami));
  await using fetch = createFetch({ credential: undefined, packageList: 'NTLM' });
  const error = await rejection(fetch(server.url));
  assert.is(error.code, 'SEC_E_NO_CREDENTIALS');
});

test.run();
