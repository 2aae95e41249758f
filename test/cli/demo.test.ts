import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD } from '../../src/cli/demo-server.ts';
import { runCli } from './run-cli.ts';

const test = suite('portable-sspi demo');

test('every leg, what was negotiated, a sealed message, a wrong password', async () => {
  const { code, stdout, stderr } = await runCli(['demo']);
  assert.is(stderr, '');
  assert.is(code, 0);
  const order = [
    '< 401 Unauthorized', '< WWW-Authenticate: Negotiate', 'NegTokenInit', 'NEGOTIATE_MESSAGE', 'CHALLENGE_MESSAGE', 'MsvAvTimestamp', 'AUTHENTICATE_MESSAGE', 'NTProofStr',
    'MIC present', 'alice', 'mechListMIC', '< 200 OK', 'accept-completed', 'NTLM, chosen by Negotiate', 'ISC_RET_CONFIDENTIALITY', 'ISC_RET_INTEGRITY', '128 bits',
    'Hello alice of DEMO, known by NTLM.', 'Meet me at noon.', 'on the wire', 'Meet me at noon.  from DEMO\\alice', 'createFetch', '200, Hello alice', '401 Unauthorized',
    '0x8009030c', 'SEC_E_LOGON_DENIED', 'what to do', 'All as it should be',
  ];
  let at = 0;
  for (const text of order) {
    const found = stdout.indexOf(text, at);
    assert.ok(found >= 0, `${text} is missing after ${JSON.stringify(stdout.slice(Math.max(0, at - 60), at))}`);
    at = found + text.length;
  }
  assert.not.match(stdout, /✗|not explained/);
  assert.not.match(stdout, PASSWORD);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100 && line === line.trimEnd(), line);
});

test('--full writes every field', async () => {
  const { code, stdout } = await runCli(['demo', '--full', '--color']);
  assert.is(code, 0);
  assert.match(stdout, 'HMAC-MD5 over the three messages');
  assert.match(stdout, '\x1b[36m');
  assert.not.match(stdout, '(hidden)');
});

test('exit status 2: it takes no argument', async () => {
  const { code, stderr } = await runCli(['demo', 'more']);
  assert.is(code, 2);
  assert.match(stderr, "no argument, not 'more'");
});

test.run();
