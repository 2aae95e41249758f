// Negotiate over HTTP with Kerberos: createFetch against Apache's mod_auth_gssapi, curl against negotiateAuth.
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer as createHttp2Server, type Http2SecureServer } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { authenticationOf, createFetch, negotiateAuth, proxyAuthenticationOf, type NegotiatingFetch } from '../../../src/http/index.ts';
import { apache, selfSigned, startApache, type Apache } from '../lab/apache.ts';
import { curl } from '../lab/curl.ts';
import { kdc, startRealms, type MitRealms } from '../lab/kdc.ts';
import { peerSuite } from '../lab/peer.ts';
import { run } from '../lab/processes.ts';
import { kinit, PASSWORD } from './fixture.ts';

interface Lab {
  realms: MitRealms;
  keytab: string;
  ccache: string;
}

async function openLab(): Promise<Lab> {
  const realms = await startRealms({
    'LAB.TEST': [`addprinc +requires_preauth -pw ${PASSWORD} alice`, 'addprinc -randkey HTTP/localhost', 'addprinc -randkey HTTP/web.lab.test', 'addprinc -randkey HTTP/keyless.lab.test'],
  });
  const keytab = await realms.keytab('http.keytab', 'LAB.TEST', 'HTTP/localhost', 'HTTP/web.lab.test');
  const ccache = join(realms.folder, 'alice.ccache');
  await kinit(realms, 'alice', PASSWORD, ccache, '-f');
  return { realms, keytab, ccache };
}

const client = peerSuite('createFetch with Apache and a keytab', apache, kdc);
let lab: Lab;
let server: Apache;
client.before(async () => {
  lab = await openLab();
  server = await startApache([`LAB.TEST:alice:${PASSWORD}`], { keytab: lab.keytab, configuration: lab.realms.configuration });
});
client.after(() => {
  server?.stop();
  lab?.realms.stop();
});

async function using(options: Parameters<typeof createFetch>[0], work: (fetch: NegotiatingFetch) => Promise<void>): Promise<void> {
  const fetch = createFetch({ credential: { user: 'alice@LAB.TEST', password: PASSWORD }, kerberos: { krb5Conf: lab.realms.krb5Conf }, ...options });
  try {
    await work(fetch);
  } finally {
    await fetch.close();
  }
}

const local = (url: string): string => url.replace('127.0.0.1', 'localhost');
const lastLine = (): string => server.accessLog().at(-1)!;

client('200 with Kerberos, the server proven by the token on the 200', () => using({}, async (fetch) => {
  const response = await fetch(`${local(server.url)}/`);
  assert.is(response.status, 200, server.errorLog());
  assert.is(await response.text(), 'hello');
  const authentication = authenticationOf(response)!;
  assert.equal([authentication.scheme, authentication.package, authentication.complete, authentication.mutual], ['Negotiate', 'Kerberos', true, true]);
  assert.is(authentication.target, 'HTTP/localhost');
  assert.match(authentication.peer!, /^HTTP\/localhost/);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.match(lastLine(), /^200 alice@LAB\.TEST /);
  const again = await fetch(`${local(server.url)}/`);
  assert.is(await again.text(), 'hello');
  assert.is(authenticationOf(again), null, 'Apache does not say Persistent-Auth, so nothing is known of a request that it asks nothing for');
}));

client('with a cache of kinit\'s, another target than the host, and a POST', () => using({ credential: { ccache: lab.ccache }, target: 'HTTP/web.lab.test' }, async (fetch) => {
  const body = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index & 0xff));
  const response = await fetch(`${server.url}/echo/`, { method: 'POST', body });
  assert.is(response.status, 200, server.errorLog());
  assert.is(response.headers.get('x-user'), 'alice@LAB.TEST');
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(body));
  assert.is(authenticationOf(response)!.package, 'Kerberos');
  assert.is(authenticationOf(response)!.mutual, true);
}));

client('over TLS, and through a proxy that demands 407', async () => {
  await using({ tls: { ca: server.certificate } }, async (fetch) => {
    const response = await fetch(`${local(server.secureUrl)}/`);
    assert.is(response.status, 200, server.errorLog());
    assert.is(await response.text(), 'hello');
    assert.equal([authenticationOf(response)!.package, authenticationOf(response)!.channelBindings], ['Kerberos', true]);
  });
  await using({ proxy: local(server.proxyUrl) }, async (fetch) => {
    const response = await fetch(`${server.url}/open/`);
    assert.is(response.status, 200, server.errorLog());
    assert.is(await response.text(), 'open');
    assert.equal([proxyAuthenticationOf(response)!.package, proxyAuthenticationOf(response)!.mutual], ['Kerberos', true]);
  });
});

client('many at once get one ticket', () => using({}, async (fetch) => {
  await lab.realms.log('LAB.TEST');
  const answers = await Promise.all(Array.from({ length: 6 }, async (_, index) => (await fetch(`${local(server.url)}/echo/`, { method: 'POST', body: `body ${index}` })).text()));
  assert.equal(answers, Array.from({ length: 6 }, (_, index) => `body ${index}`));
  assert.is((await lab.realms.log('LAB.TEST')).filter((line) => line.includes('ISSUE')).length, 2);
}));

client('a wrong password is an error that says so, and nothing falls back to NTLM', () => using({ credential: { user: 'alice@LAB.TEST', password: 'other' } }, async (fetch) => {
  const failure = await fetch(`${local(server.url)}/`).then(() => null, (error: Error) => error);
  assert.match(String(failure?.cause ?? failure), /SEC_E_LOGON_DENIED.*KDC_ERR_PREAUTH_FAILED/);
}));

client('an unknown service falls back to NTLM, visibly', () => using({ credential: { user: 'alice', domain: 'LAB.TEST', password: PASSWORD }, target: 'HTTP/elsewhere.lab.test' }, async (fetch) => {
  const response = await fetch(`${server.url}/`);
  assert.is(await response.text(), 'hello', server.errorLog());
  assert.match((await lab.realms.log('LAB.TEST')).join('\n'), /SERVER_NOT_FOUND|UNKNOWN_SERVER|LOOKING_UP_SERVER/);
  assert.is(authenticationOf(response)!.package, 'NTLM');
}));
client.run();

const check = peerSuite('curl --negotiate with a keytab of ours', curl, kdc);
let plain: Server;
let secure: Server;
let http2: Http2SecureServer;
let certificate: string;
let seen: { user: string; domain: string; package: string; port: number | undefined }[] = [];
check.before(async () => {
  lab = await openLab();
  certificate = join(lab.realms.folder, 'certificate.pem');
  await selfSigned(join(lab.realms.folder, 'key.pem'), certificate);
  const authenticate = negotiateAuth({ keytab: lab.keytab });
  const listener: RequestListener = (request, response) => authenticate(request, response, (error) => {
    if (error !== undefined) return void response.writeHead(500).end(String(error));
    seen.push({ ...request.sspi!, port: request.socket.remotePort });
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => response.end(`${request.method} ${request.sspi!.user} ${Buffer.concat(body).toString()}`));
  });
  plain = createServer(listener);
  const tls = { key: readFileSync(join(lab.realms.folder, 'key.pem')), cert: readFileSync(certificate) };
  secure = createSecureServer(tls, listener);
  http2 = createHttp2Server(tls, listener as unknown as Parameters<typeof createHttp2Server>[1]); // and no HTTP/1.1
  for (const one of [plain, secure, http2]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
});
check.after(() => {
  for (const one of [plain, secure]) {
    one?.closeAllConnections();
    one?.close();
  }
  http2?.close();
  lab?.realms.stop();
});

const port = (one: Server | Http2SecureServer): number => (one.address() as AddressInfo).port;

async function request(host: string, one: Server | Http2SecureServer, ...args: string[]): Promise<string> {
  seen = [];
  const url = `${one === plain ? 'http' : 'https'}://${host}:${port(one)}/`;
  const options = ['-4', '-sS', '--max-time', '20', '--negotiate', '-u', ':', '-w', ' %{http_code}\n', '--cacert', certificate, '--resolve', `${host}:${port(one)}:127.0.0.1`];
  const { code, stdout, stderr } = await run('curl', [...options, ...args.map((arg) => (arg === 'URL' ? url : arg)), url], { env: lab.realms.environment({ KRB5CCNAME: lab.ccache }) });
  assert.is(code, 0, stderr);
  return stdout;
}

for (const host of ['localhost', 'web.lab.test']) {
  check(`${host}: 200 with the right user, also on the next request and for a POST`, async () => {
    assert.is(await request(host, plain), 'GET alice  200\n');
    assert.equal(seen.map(({ port: _, ...identity }) => identity), [{ user: 'alice', domain: 'LAB.TEST', package: 'Kerberos' }]);
    const body = 'x'.repeat(100_000);
    assert.is(await request(host, plain, '-d', body), `POST alice ${body} 200\n`);
    assert.is(await request(host, plain, 'URL'), 'GET alice  200\nGET alice  200\n');
    assert.is(seen[0]!.port, seen[1]!.port);
  });
}

check('localhost over TLS', async () => {
  assert.is(await request('localhost', secure), 'GET alice  200\n');
});

check('over HTTP/2, each request with a ticket of its own', async () => {
  assert.is(await request('localhost', http2, 'URL', '-w', ' by HTTP/%{http_version}\n'), 'GET alice  by HTTP/2\nGET alice  by HTTP/2\n');
  assert.is(seen.length, 2);
  assert.match(await request('localhost', http2, '-i'), /^HTTP\/2 200[\s\S]*persistent-auth: false/m);
});

check('the final token is on the 200, and curl takes it', async () => {
  assert.match(await request('web.lab.test', plain, '-i'), /HTTP\/1\.1 200 OK\r\n[\s\S]*www-authenticate: Negotiate [A-Za-z0-9+/=]{40,}/i);
});

check('a service that the keytab does not hold is 401', async () => {
  assert.match(await request('keyless.lab.test', plain), / 401\n$/);
  assert.equal(seen, []);
});
check.run();
