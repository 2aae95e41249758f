import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { negotiateAuth } from '../../src/http/index.ts';
import { CredentialCache, Keytab } from '../../src/kerberos/index.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/index.ts';
import { guarded, serve } from '../http/support/servers.ts';
import { runCli, type CliResult } from './run-cli.ts';

interface Context {
  realm: TestRealm;
  directory: string;
  /** Runs the command with the realm's krb5.conf and a cache of its own. */
  cli: (args: readonly string[], input?: string, env?: Record<string, string>) => Promise<CliResult>;
}

const test = suite<Context>('portable-sspi kinit, klist, kdestroy');

const PASSWORD = 'Password1';
/** Windows has access lists, which a file takes from its folder, and no such bits. */
const OWNER_ALONE = process.platform === 'win32' ? 0o666 : 0o600;

test.before.each(async (context) => {
  context.realm = await createTestRealm({ services: ['HTTP/localhost'], users: { alice: PASSWORD } });
  context.directory = await mkdtemp(join(tmpdir(), 'portable-sspi-'));
  const { krb5Conf } = await context.realm.listen();
  await writeFile(join(context.directory, 'krb5.conf'), krb5Conf);
  const own = { KRB5_CONFIG: join(context.directory, 'krb5.conf'), KRB5CCNAME: `FILE:${join(context.directory, 'cc')}` };
  context.cli = (args, input = '', env = {}) => runCli(args, { input, env: { ...own, ...env } });
});
test.after.each(async ({ realm, directory }) => {
  await realm[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

test('a ticket by password from a KDC on a port, listed and destroyed', async ({ cli, directory }) => {
  const path = join(directory, 'cc');
  const got = await cli(['kinit', '--password-file', '-', '--lifetime', '1h', '--renewable', '1d', 'alice'], `${PASSWORD}\n`);
  assert.equal([got.code, got.stdout], [0, ''], got.stderr);
  assert.match(got.stderr, /^alice@TEST\.REALM: a ticket until \S+Z, in FILE:/);
  assert.is((await stat(path)).mode & 0o777, OWNER_ALONE);

  const listed = await cli(['klist']);
  assert.equal([listed.code, listed.stderr], [0, '']);
  assert.match(listed.stdout, /^Credential cache {2}FILE:\S+[\\/]cc\nPrincipal {9}alice@TEST\.REALM\n\nValid from/);
  assert.match(listed.stdout, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}krbtgt\/TEST\.REALM@TEST\.REALM\n {2}renewable until .*, flags FRIA?T?A?.*, aes256-cts-hmac-sha1-96\n/);
  const { principal, tickets } = JSON.parse((await cli(['klist', '--json', path])).stdout) as { principal: string; tickets: Record<string, unknown>[] };
  assert.equal([principal, tickets.length, tickets[0]!['server']], ['alice@TEST.REALM', 1, 'krbtgt/TEST.REALM@TEST.REALM']);
  const lives = Date.parse(tickets[0]!['endTime'] as string) - Date.parse(tickets[0]!['startTime'] as string);
  assert.ok(lives > 3_540_000 && lives <= 3_600_000, `${lives} ms`); // the KDC's clock goes on between the request and its ticket
  assert.equal(await cli(['klist', '--silent']), { code: 0, stdout: '', stderr: '' });

  const before = await readFile(path);
  const renewed = await cli(['kinit', '--renew']);
  assert.is(renewed.code, 0, renewed.stderr);
  assert.is.not((await readFile(path)).toString('hex'), before.toString('hex'));

  assert.equal(await cli(['kdestroy']), { code: 0, stdout: '', stderr: '' });
  const gone = await cli(['klist']);
  assert.is(gone.code, 1);
  assert.match(gone.stderr, /SEC_E_NO_CREDENTIALS: the credential cache '\S+' is not there\n {2}What to do: Run kinit first/);
  assert.is((await cli(['kdestroy'])).code, 1);
});

test('a ticket by keytab, whose first principal is taken; the keytab listed without its keys', async ({ cli, directory }) => {
  const keytab = await Keytab.fromPassword('alice@TEST.REALM', PASSWORD, { kvno: 3, timestamp: new Date(0) });
  const path = join(directory, 'keytab');
  await keytab.save(path);
  const cache = join(directory, 'other');
  const got = await cli(['kinit', '--keytab', path, '--ccache', cache, '--not-forwardable']);
  assert.is(got.code, 0, got.stderr);
  assert.not.ok((await CredentialCache.load(cache)).entries[0]!.flags.includes('forwardable'));

  const { code, stdout } = await cli(['klist', '--keytab', path]);
  assert.is(code, 0);
  assert.match(stdout, /^Keytab {2}\S+\n\nKVNO/);
  assert.match(stdout, /\n {3}3 {2} {19} {2}alice@TEST\.REALM \(aes256-cts-hmac-sha1-96\)\n/);
  const json = (await cli(['klist', '--json', '--keytab', path])).stdout;
  assert.is((JSON.parse(json) as { keys: { kvno: number }[] }).keys[3]!.kvno, 3);
  for (const { key } of keytab.entries) assert.not.match(stdout + json, Buffer.from(key).toString('hex').slice(0, 12));
});

test('a wrong password, and an expired one: what the KDC says, and what to do', async ({ cli, realm }) => {
  const wrong = await cli(['kinit', 'alice'], '', { PORTABLE_SSPI_PASSWORD: 'hunter2' });
  assert.is(wrong.code, 1);
  assert.match(wrong.stderr, /SEC_E_LOGON_DENIED: .*the password is wrong: KDC_ERR_PREAUTH_FAILED[^]*What to do: Check the password/);
  assert.not.match(wrong.stderr, 'hunter2');
  realm.setUser('alice', { passwordExpired: true });
  const expired = await cli(['kinit', 'alice'], '', { PORTABLE_SSPI_PASSWORD: PASSWORD });
  assert.match(expired.stderr, /the password has expired: KDC_ERR_KEY_EXPIRED[^]*What to do: Change the password/);
});

test('get without --user: the tickets of the cache', async ({ cli, realm }) => {
  await using server = await serve(guarded(negotiateAuth({ keytab: realm.keytab('HTTP/localhost') }), (req, res) => void res.end(`${req.sspi?.user} ${req.sspi?.package}\n`)));
  const url = server.url.replace('127.0.0.1', 'localhost');
  const without = await cli(['get', url]);
  assert.is(without.code, 1);
  assert.match(without.stderr, /SEC_E_NO_CREDENTIALS[^]*What to do: .*run kinit/);
  assert.is((await cli(['kinit', 'alice'], '', { PORTABLE_SSPI_PASSWORD: PASSWORD })).code, 0);
  const { code, stdout, stderr } = await cli(['get', '-v', url]);
  assert.equal([code, stdout], [0, 'alice Kerberos\n'], stderr);
  assert.match(stderr, 'authenticated by Negotiate with Kerberos, the server proved itself');
});

test('an unknown realm tells where it was looked for', async ({ cli }) => {
  const { code, stderr } = await cli(['kinit', 'alice@ELSEWHERE.TEST'], '', { PORTABLE_SSPI_PASSWORD: PASSWORD });
  assert.is(code, 1);
  assert.match(stderr, /SEC_E_NO_AUTHENTICATING_AUTHORITY: no KDC is known for the realm ELSEWHERE\.TEST/);
});

test.run();
