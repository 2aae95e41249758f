import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectToken } from '../../src/inspect/index.ts';
import { legs } from '../inspect/tree.ts';
import { runCli, runHere } from './run-cli.ts';

const test = suite('portable-sspi inspect');

const [negotiate, challenge, authenticate] = legs('sspi_ntlm') as [Uint8Array, Uint8Array, Uint8Array];
const base64 = (token: Uint8Array) => Buffer.from(token).toString('base64');
const PROOF = '604147f7c888141283a9a1dd0036ef7f';

test('base64 as an argument', async () => {
  const { code, stdout, stderr } = await runCli(['inspect', base64(negotiate)]);
  assert.is(code, 0);
  assert.is(stderr, '');
  assert.match(stdout, /^ {4}0 {2}NEGOTIATE_MESSAGE {2}NTLM 1 of 3: what the client can do\n/);
  assert.match(stdout, 'NTLMSSP_NEGOTIATE_KEY_EXCH');
  assert.match(stdout, '10.0.17763 (Windows 10 1809 or Server 2019)');
  assert.not.match(stdout, '\x1b');
});

test('a header line, quoted or not, and hex in pairs', async () => {
  const quoted = await runHere(['inspect', `WWW-Authenticate: NTLM ${base64(challenge)}`]);
  assert.is(quoted.code, 0);
  assert.match(quoted.stdout, 'DC01.domain.local');
  assert.equal(await runHere(['inspect', 'WWW-Authenticate:', 'NTLM', base64(challenge)]), quoted);
  assert.match((await runHere(['inspect', ...Buffer.from(negotiate).toString('hex').match(/../g)!])).stdout, 'NEGOTIATE_MESSAGE');
});

test('standard input: raw bytes, text, and the headers in a log', async () => {
  assert.match((await runCli(['inspect'], { input: challenge })).stdout, 'CHALLENGE_MESSAGE');
  assert.match((await runHere(['inspect', '-'], `${base64(challenge)}\n`)).stdout, 'CHALLENGE_MESSAGE');
  const log = `* Connected to web\n> GET / HTTP/1.1\n> Authorization: NTLM ${base64(negotiate)}\r\n> Accept: */*\n< HTTP/1.1 401 Unauthorized\r\n< WWW-Authenticate: NTLM ${base64(challenge)}\r\n<\n`;
  const { code, stdout } = await runHere(['inspect', '--compact'], log);
  assert.is(code, 0);
  const named = [...stdout.matchAll(/^[\w-]+ {2}NTLM$|\w+_MESSAGE/gm)].map(([text]) => text);
  assert.equal(named, ['Authorization  NTLM', 'NEGOTIATE_MESSAGE', 'WWW-Authenticate  NTLM', 'CHALLENGE_MESSAGE']);
});

test('what a password can be guessed against is hidden, unless --full', async () => {
  const hidden = await runHere(['inspect', base64(authenticate)]);
  assert.is(hidden.code, 0);
  assert.match(hidden.stdout, /NTProofStr +\(hidden\)/);
  assert.match(hidden.stdout, 'vagrant-domain@DOMAIN.LOCAL');
  for (const flag of ['--json', '--compact']) assert.not.match((await runHere(['inspect', flag, base64(authenticate)])).stdout, PROOF.slice(0, 8));
  assert.not.match(hidden.stdout, PROOF.slice(0, 8));
  assert.match((await runHere(['inspect', '--full', base64(authenticate)])).stdout, PROOF);
});

test('--json is the tree', async () => {
  const { code, stdout } = await runHere(['inspect', '--json', '--full', base64(authenticate)]);
  assert.is(code, 0);
  assert.equal(JSON.parse(stdout), inspectToken(base64(authenticate), { full: true }));
});

test('--color, --no-color and NO_COLOR', async () => {
  assert.match((await runHere(['inspect', '--color', base64(negotiate)])).stdout, '\x1b[36m');
  assert.match((await runCli(['inspect', '--color', base64(negotiate)], { env: { NO_COLOR: '1' } })).stdout, '\x1b[36m');
  assert.not.match((await runHere(['inspect', '--no-color', base64(negotiate)])).stdout, '\x1b');
});

test('exit status 1 for a malformed token, which is explained all the same', async () => {
  const { code, stdout, stderr } = await runCli(['inspect', base64(challenge.slice(0, 100))]);
  assert.is(code, 1);
  assert.is(stderr, '');
  assert.match(stdout, 'DC01');
  assert.match(stdout, '✗ expected TargetInfo to end within the 100 bytes of the message');
});

test('exit status 2 for no token', async () => {
  const { code, stdout, stderr } = await runCli(['inspect']);
  assert.equal([code, stdout], [2, '']);
  assert.match(stderr, 'no token: standard input is empty');
});

test.run();
