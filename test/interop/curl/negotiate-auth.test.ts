// negotiateAuth against curl: `--ntlm` is curl's own NTLM, `--negotiate` is MIT's SPNEGO with gss-ntlmssp.
import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer as createHttp2Server, type Http2SecureServer } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { negotiateAuth } from '../../../src/http/index.ts';
import { selfSigned } from '../lab/apache.ts';
import { curl } from '../lab/curl.ts';
import { gssapiEnvironment } from '../lab/context-peer.ts';
import { peerSuite } from '../lab/peer.ts';
import { run, temporaryFolder } from '../lab/processes.ts';

// curl's own NTLM widens each byte of a password to a letter, so it knows none outside ASCII
const ACCOUNTS = { ntlm: { user: 'alice', password: 'S3cret!' }, negotiate: { user: 'zoë', password: 'Pässwörd ✓' } };
const check = peerSuite('negotiateAuth with curl', curl);
let plain: Server;
let secure: Server;
/** HTTP/2 first, and HTTP/1.1. */
let both: Http2SecureServer;
let folder: string;
/** Who made each request that came through, and over which of the connections. */
let seen: { user: string; domain: string; package: string; port: number | undefined }[] = [];

check.before(async () => {
  folder = temporaryFolder('curl');
  await selfSigned(join(folder, 'key.pem'), join(folder, 'certificate.pem'));
  const authenticate = negotiateAuth({
    accounts: ({ user }) => Object.values(ACCOUNTS).find((account) => account.user === user) ?? null,
    ntlm: { netbiosDomainName: 'LAB', netbiosComputerName: 'WEB', dnsDomainName: 'lab.test', dnsComputerName: 'web.lab.test' },
  });
  const listener: RequestListener = (request, response) => authenticate(request, response, (error) => {
    if (error !== undefined) response.writeHead(500).end(String(error));
    else {
      seen.push({ ...request.sspi!, port: request.socket.remotePort });
      const body: Buffer[] = [];
      request.on('data', (chunk: Buffer) => body.push(chunk));
      request.on('end', () => response.end(`${request.method} ${request.sspi!.user} ${Buffer.concat(body).toString()}`));
    }
  });
  plain = createServer(listener);
  const tls = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'certificate.pem')) };
  secure = createSecureServer(tls, listener);
  both = createHttp2Server({ ...tls, allowHTTP1: true }, listener as unknown as Parameters<typeof createHttp2Server>[1]);
  for (const server of [plain, secure, both]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
check.after(() => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
  both.close();
});

function url(server: Server | Http2SecureServer): string {
  return `${server === plain ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Body and status as curl saw them at last. */
async function request(scheme: 'ntlm' | 'negotiate', password: string, ...args: string[]): Promise<string> {
  const { user } = ACCOUNTS[scheme];
  seen = [];
  // curl's own NTLM takes user and password; through GSSAPI they come from gss-ntlmssp's file
  const login = scheme === 'ntlm' ? `LAB\\${user}:${password}` : ':';
  const options = ['-sS', '--max-time', '20', `--${scheme}`, '-u', login, '-w', ' %{http_code}\n', '--cacert', join(folder, 'certificate.pem')];
  const { code, stdout, stderr } = await run('curl', [...options, ...args], { env: gssapiEnvironment('LAB', user, password) });
  assert.is(code, 0, stderr);
  return stdout;
}

for (const scheme of ['ntlm', 'negotiate'] as const) {
  const { user, password } = ACCOUNTS[scheme];
  const name = `curl --${scheme}`;

  check(`${name}: 200 with the right user`, async () => {
    assert.is(await request(scheme, password, url(plain)), `GET ${user}  200\n`);
    assert.equal(seen.map(({ port, ...identity }) => identity), [{ user, domain: 'LAB', package: 'NTLM' }]);
  });

  check(`${name}: a wrong password is 401`, async () => {
    assert.match(await request(scheme, 'wrong', url(plain)), / 401\n$/);
    assert.equal(seen, []);
  });

  check(`${name}: a POST keeps its body`, async () => {
    const body = 'x'.repeat(100_000);
    assert.is(await request(scheme, password, '-d', body, url(plain)), `POST ${user} ${body} 200\n`);
  });

  check(`${name}: a second request on the connection`, async () => {
    assert.is(await request(scheme, password, url(plain), url(plain)), `GET ${user}  200\nGET ${user}  200\n`);
    assert.is(seen.length, 2);
    assert.is(seen[0]!.port, seen[1]!.port);
  });

  check(`${name}: a long body that waits for 100 (Continue), one of unknown length, and HEAD`, async () => {
    const body = 'y'.repeat(3_000_000);
    const file = join(folder, `body-${scheme}`);
    writeFileSync(file, body);
    for (const args of [['-H', 'Expect: 100-continue', '-X', 'POST', '--data-binary', `@${file}`], ['-H', 'Transfer-Encoding: chunked', '-X', 'POST', '--data-binary', `@${file}`]]) {
      const answer = await request(scheme, password, ...args, url(plain));
      assert.ok(answer === `POST ${user} ${body} 200\n`, `${args[1]}: ${answer.length} characters, ${answer.slice(-40)}`);
    }
    assert.match(await request(scheme, password, '-I', url(plain)), /^HTTP\/1\.1 200 OK[\s\S]* 200\n$/m);
    assert.is(seen.length, 1);
  });

  check(`${name}: from HTTP/2 it comes back over HTTP/1.1`, async () => {
    assert.is(await request(scheme, password, '--http2', '-w', ' over HTTP/%{http_version}: %{http_code}\n', url(both)), `GET ${user}  over HTTP/1.1: 200\n`);
    assert.equal(seen.map(({ port, ...identity }) => identity), [{ user, domain: 'LAB', package: 'NTLM' }]);
  });

  check(`${name}: over TLS, without channel bindings`, async () => {
    assert.is(await request(scheme, password, url(secure)), `GET ${user}  200\n`);
  });
}

check.run();
