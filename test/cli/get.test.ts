import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NAMES, PASSWORD, startDemoServer, type DemoServer } from '../../src/cli/demo-server.ts';
import { negotiateAuth } from '../../src/http/index.ts';
import { certificate, guarded, serve, serveProxy } from '../http/support/servers.ts';
import { runCli } from './run-cli.ts';

const test = suite<{ server: { url: string; close(): Promise<void> }; realm: DemoServer['realm'] }>('portable-sspi get');

test.before(async (context) => {
  const { url, close, realm }: DemoServer = await startDemoServer();
  ACCOUNTS = realm.accounts;
  context.realm = realm;
  context.server = { url: url.replace('localhost', '127.0.0.1'), close }; // an address means NTLM
});
test.after(({ server }) => server.close());

const USER = 'DEMO\\alice';
let ACCOUNTS: DemoServer['realm']['accounts'];
const BODY = 'Hello alice of DEMO, known by NTLM.\n';

test('the body to standard output, with the password from the environment, a file or standard input', async ({ server }) => {
  const expected = { code: 0, stdout: BODY, stderr: '' };
  assert.equal(await runCli(['get', '--user', USER, server.url], { env: { PORTABLE_SSPI_PASSWORD: PASSWORD } }), expected);
  assert.equal(await runCli(['get', '--user', USER, '--password-file', '-', server.url], { input: `${PASSWORD}\n` }), expected);
  const directory = await mkdtemp(join(tmpdir(), 'portable-sspi-'));
  try {
    await writeFile(join(directory, 'password'), `${PASSWORD}\r\nnot this line\n`);
    assert.equal(await runCli(['get', '-u', USER, '--password-file', join(directory, 'password'), server.url]), expected);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('-v writes every leg to standard error, and no proof', async ({ server }) => {
  const { code, stdout, stderr } = await runCli(['get', '-v', '--user', USER, server.url], { env: { PORTABLE_SSPI_PASSWORD: PASSWORD } });
  assert.equal([code, stdout], [0, BODY]);
  const lines = stderr.split('\n').filter((line) => /^[<>] (?:GET|\d)/.test(line));
  assert.equal(lines, ['> GET /hello', '< 401 Unauthorized', '> GET /hello', '< 401 Unauthorized', '> GET /hello', '< 200 OK']);
  for (const text of ['NEGOTIATE_MESSAGE', 'CHALLENGE_MESSAGE', 'AUTHENTICATE_MESSAGE', 'accept-completed', 'authenticated by Negotiate with NTLM']) assert.match(stderr, text);
  assert.match(stderr, /NTProofStr +\(hidden\)/);
  assert.not.match(stderr, PASSWORD);
});

test('HTTPS with --cacert, through a proxy, bound to the TLS channel', async () => {
  const authenticate = negotiateAuth({ accounts: ACCOUNTS, ntlm: NAMES, channelBindingPolicy: 'always' });
  await using server = await serve(guarded(authenticate, (req, res) => void res.end(`${req.sspi?.user}\n`)), { secure: true });
  await using proxy = await serveProxy({ middleware: negotiateAuth({ accounts: ACCOUNTS, ntlm: NAMES }) });
  const directory = await mkdtemp(join(tmpdir(), 'portable-sspi-'));
  try {
    await writeFile(join(directory, 'ca.pem'), certificate);
    const { code, stdout, stderr } = await runCli(['get', '-v', '-u', USER, '-x', proxy.url, '--cacert', join(directory, 'ca.pem'), server.url], {
      env: { PORTABLE_SSPI_PASSWORD: PASSWORD },
    });
    assert.equal([code, stdout], [0, 'alice\n'], stderr);
    const lines = stderr.split('\n').filter((line) => /^[<>] (?:GET|CONNECT|\d)/.test(line)).map((line) => line.replace(/127\S+/, 'HOST'));
    assert.equal(lines.slice(0, 6), ['> CONNECT HOST', '< 407 Proxy Authentication Required', '> CONNECT HOST', '< 407 Proxy Authentication Required',
      '> CONNECT HOST', '< 200 Connection established']);
    assert.equal(lines.slice(6), ['> GET /', '< 401 Unauthorized', '> GET /', '< 401 Unauthorized', '> GET /', '< 200 OK']);
    assert.match(stderr, /MsvAvChannelBindings +[0-9a-f]{32}/);
    assert.match(stderr, 'bound to the TLS channel');
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('exit status 1 for a wrong password, with what to do', async ({ server }) => {
  const { code, stderr } = await runCli(['get', '--user', USER, server.url], { env: { PORTABLE_SSPI_PASSWORD: 'wrong' } });
  assert.is(code, 1);
  assert.match(stderr, 'portable-sspi: the server answered 401 Unauthorized');
  assert.match(stderr, 'What to do: check the user, the domain and the password');
});

test('exit status 1 without a credential, with what to do', async ({ server }) => {
  const { code, stdout, stderr } = await runCli(['get', server.url]);
  assert.equal([code, stdout], [1, '']);
  assert.match(stderr, 'SEC_E_NO_CREDENTIALS');
  assert.match(stderr, 'What to do: ');
});

test('exit status 1 for a file that is not there', async ({ server }) => {
  const { code, stderr } = await runCli(['get', '-u', USER, '--password-file', '/nonexistent/password', server.url]);
  assert.is(code, 1);
  assert.match(stderr, 'ENOENT');
});

test('a KDC of krb5.conf is asked; -v says who proved what, and why it was not Kerberos', async ({ server, realm }) => {
  const directory = await mkdtemp(join(tmpdir(), 'portable-sspi-'));
  try {
    await writeFile(join(directory, 'krb5.conf'), (await realm.listen()).krb5Conf);
    const env = { PORTABLE_SSPI_PASSWORD: PASSWORD, KRB5_CONFIG: join(directory, 'krb5.conf') };
    const proven = await runCli(['get', '-v', '-u', 'alice@DEMO.TEST', '-t', 'HTTP/localhost', server.url], { env });
    assert.equal([proven.code, proven.stdout], [0, 'Hello alice of DEMO.TEST, known by Kerberos.\n'], proven.stderr);
    assert.match(proven.stderr, 'authenticated by Negotiate with Kerberos, the server proved itself');
    assert.not.match(proven.stderr, 'not Kerberos');
    const alias = await runCli(['get', '-v', '-u', 'alice@DEMO.TEST', '-t', 'HTTP/alias.demo.test', server.url], { env });
    assert.equal([alias.code, alias.stdout], [0, 'Hello alice of DEMO.TEST, known by NTLM.\n'], alias.stderr);
    assert.match(alias.stderr, /authenticated by Negotiate with NTLM\n {2}not Kerberos: SEC_E_TARGET_UNKNOWN: .+\n {2}What to do: /);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test.run();
