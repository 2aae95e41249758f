import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../build/root.ts';
import { runCli, runHere } from './run-cli.ts';

const test = suite('command line');

test('--help lists the commands that exist', async () => {
  const { code, stdout, stderr } = await runCli(['--help']);
  assert.is(code, 0);
  assert.is(stderr, '');
  const commands = [...stdout.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name]) => name!);
  assert.equal(commands, ['demo', 'inspect', 'get', 'kinit', 'klist', 'kdestroy']);
  for (const command of commands) {
    const help = await runHere([command, '--help']);
    assert.is(help.code, 0, command);
    assert.ok(help.stdout.startsWith(`Usage: portable-sspi ${command} `), command);
    assert.match(help.stdout, '--no-color');
    for (const line of help.stdout.split('\n')) assert.ok(line.length <= 110, line);
    assert.equal(await runHere(['help', command]), help);
  }
});

test("--version is the package's", async () => {
  const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
  assert.equal(await runCli(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
});

test('a wrong command line, as a process', async () => {
  const { code, stdout, stderr } = await runCli(['kpasswd']);
  assert.equal([code, stdout], [2, '']);
  assert.is(stderr, "portable-sspi: there is no command 'kpasswd'\nTry 'portable-sspi --help'.\n");
});

const WRONG: Readonly<Record<string, readonly [args: string[], reason: RegExp]>> = {
  'no command': [[], /Usage: portable-sspi <command>/],
  'an unknown option': [['--frob'], /there is no option --frob/],
  'an unknown option of a command': [['inspect', '--frob'], /unknown option '--frob'\nTry 'portable-sspi inspect --help'/],
  'color and no color': [['inspect', '--color', '--no-color', '00'], /exclude each other/],
  'help for an unknown command': [['help', 'ksu'], /there is no command 'ksu'/],
  'a name that every object has': [['constructor'], /there is no command 'constructor'/],
  'get without a URL': [['get'], /no URL\nTry 'portable-sspi get --help'/],
  'get with two URLs': [['get', 'http://a/', 'http://b/'], /one URL, not 2/],
  'get with no URL at all': [['get', 'nonsense'], /'nonsense' is no URL/],
  'get over another protocol': [['get', 'ftp://a/'], /http or https, not ftp/],
  'a password in the URL': [['get', 'http://alice:hunter2@a/'], /carries no user or password/],
  'a password as an argument': [['get', '--password', 'hunter2', 'http://a/'], /every user of this machine can read it/],
  'a password behind the user': [['get', '--user', 'alice:hunter2', 'http://a/'], /--user takes no password/],
  'a user without a password': [['get', '--user', 'alice', 'http://a/'], /no password for alice/],
  'kinit without a password': [['kinit', 'alice@AD.TEST'], /no password for alice@AD\.TEST/],
  'kinit with a password as an argument': [['kinit', '--password=hunter2', 'alice@AD.TEST'], /every user of this machine can read it/],
  'kinit with two principals': [['kinit', 'alice@AD.TEST', 'bob@AD.TEST'], /one principal, not 2/],
  'kinit with a password and a keytab': [['kinit', '--password-file', '-', '--keytab', 'x', 'alice@AD.TEST'], /exclude each other/],
  'a lifetime that is none': [['kinit', '--lifetime', 'long', 'alice@AD.TEST'], /--lifetime: a time such as '10h'/],
  'klist of two caches': [['klist', 'a', 'b'], /one credential cache, not 2/],
  'kdestroy of two caches': [['kdestroy', 'a', 'b'], /one credential cache, not 2/],
  'a password without a user': [['get', '--password-file', '-', 'http://a/'], /--password-file needs --user/],
};

for (const [name, [args, reason]] of Object.entries(WRONG)) {
  test(`exit status 2: ${name}`, async () => {
    const { code, stdout, stderr } = await runHere(args);
    assert.equal([code, stdout], [2, '']);
    assert.match(stderr, reason);
    assert.not.match(stderr, /hunter2|\n\s+at /);
  });
}

test('exit status 1: an error of the world is told with its cause, without a stack', async () => {
  const { code, stderr } = await runHere(['get', 'http://127.0.0.1:1/']);
  assert.is(code, 1);
  assert.match(stderr, /^portable-sspi: fetch failed: connect ECONNREFUSED 127\.0\.0\.1:1\n$/);
});

test.run();
