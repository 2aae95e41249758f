import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PASSWORD } from '../../src/cli/demo-server.ts';
import { runCli } from './run-cli.ts';

const test = suite('portable-sspi demo');

test('Kerberos, NTLM, and a wrong password of each: every leg, what was negotiated, sealed messages', async () => {
  const { code, stdout, stderr } = await runCli(['demo']);
  assert.is(stderr, '');
  assert.is(code, 0);
  const order = [
    '── Kerberos', '< 401 Unauthorized', '< WWW-Authenticate: Negotiate', '> AS-REQ', 'krbtgt/DEMO.TEST', '< KRB-ERROR', 'KDC_ERR_PREAUTH_REQUIRED', '> AS-REQ', 'aes256-cts-hmac-sha1-96',
    '< AS-REP', '> TGS-REQ', 'to get one for HTTP/localhost', '< TGS-REP', 'NegTokenInit', 'AP-REQ', 'mutual-required', '< 200 OK', 'accept-completed', 'AP-REP',
    'Kerberos, chosen by Negotiate', 'ISC_RET_MUTUAL_AUTH', '256 bits', 'is proven to be HTTP/localhost', 'Hello alice of DEMO.TEST, known by Kerberos.',
    'Meet me at noon.', 'on the wire', '0504', 'Meet me at noon.  from alice@DEMO.TEST', 'S-1-5-21-', '-513  Domain Users', 'createFetch', '200, Hello alice of DEMO.TEST, known by Kerberos.',
    '── NTLM', '> TGS-REQ', 'HTTP/intranet.demo.test', 'KDC_ERR_S_PRINCIPAL_UNKNOWN', 'NEGOTIATE_MESSAGE', 'CHALLENGE_MESSAGE', 'MsvAvTimestamp', 'AUTHENTICATE_MESSAGE', 'NTProofStr',
    'MIC present', 'HTTP/intranet.demo.test', 'mechListMIC', '< 200 OK', 'accept-completed', 'NTLM, chosen by Negotiate', 'ISC_RET_CONFIDENTIALITY', 'ISC_RET_INTEGRITY', '128 bits',
    'has not proven who it is', 'Hello alice of DEMO.TEST, known by NTLM.', 'why NTLM', 'SEC_E_TARGET_UNKNOWN', 'what to do', '!NTLM',
    '── A wrong password', '0x8009030c', 'SEC_E_LOGON_DENIED', 'KDC_ERR_PREAUTH_FAILED', 'what to do', '401 Unauthorized', '0x8009030c', 'SEC_E_LOGON_DENIED', 'what to do', 'All as it should be',
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
