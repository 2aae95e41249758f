// What runs on Windows, rehearsed: contract.ts, its worlds and its report over a fake DLL, so that a first run there meets Windows and not a slip of ours.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../build/root.ts';
import { ALICE } from '../contract/in-memory.ts';
import { type Line, told } from '../wine/in-wine/environment.ts';
import { differenceOnWindows } from './differences.ts';

const test = suite('what runs on Windows, rehearsed');
const url = (path: string): string => pathToFileURL(`${root}${path}`).href;

function rehearse(environment: Record<string, string>): { status: number | null; lines: Line[]; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  try {
    const users = join(folder, 'users');
    writeFileSync(users, `${ALICE.domain}:${ALICE.user}:${ALICE.password}\n`); // who is logged on, to the engine behind the DLL
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      '--import', url('build/register.js'), '--import', url('test/secur32/as-windows/register.js'), `${root}test/windows/contract.ts`,
    ], {
      cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 300_000,
      env: {
        ...process.env, FAKE_POINTER_SIZE: '8', NTLM_USER_FILE: users, SSPI_TEST_USER: ALICE.user, SSPI_TEST_PASSWORD: ALICE.password, COMPUTERNAME: ALICE.domain, USERNAME: ALICE.user, ...environment,
      },
    });
    return { status, lines: told(stdout).lines, output: stdout.slice(-4000) + stderr.slice(-4000) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('four worlds, two packages: nothing fails', () => {
  const { status, lines, output } = rehearse({});
  assert.is(status, 0, output);
  assert.is(lines.at(-1)?.type, 'end', output);
  const suites = lines.flatMap((line) => (line.type === 'suite' ? [line] : []));
  assert.is(suites.length, 14);
  for (const { name, failed, errors } of suites) assert.is(failed, 0, `${name}: ${errors}`);
  assert.is(suites.filter(({ name }) => name.includes('who is logged on')).length, 2);
  assert.ok(suites.reduce((sum, { passed }) => sum + passed, 0) > 400);
  assert.ok(lines.some((line) => line.type === 'note' && line.text.startsWith(`Node ${process.version}`)));
});

test('an account that cannot log on: the first lines say so', () => {
  const { lines } = rehearse({ SSPI_TEST_PASSWORD: 'Tr0ub4dor' });
  const notes = lines.flatMap((line) => (line.type === 'note' ? [line.text] : []));
  assert.ok(notes.some((text) => /A plain handshake of NTLM with ADTEST\\alice fails: SEC_E_LOGON_DENIED/.test(text)), notes.join('\n'));
  assert.not.match(notes.join('\n'), /Tr0ub4dor/);
});

test('a difference is found by who meets whom', () => {
  const meeting = { package: 'NTLM', client: 'secur32', server: 'secur32', loggedOn: false } as const;
  assert.is(differenceOnWindows(meeting, 'channel bindings: those of another connection are SEC_E_BAD_BINDINGS'), undefined);
  assert.match(differenceOnWindows({ ...meeting, loggedOn: true }, 'channel bindings: those of another connection are SEC_E_BAD_BINDINGS')!.reason, /^a local call/);
  assert.match(differenceOnWindows({ ...meeting, package: 'Negotiate' }, 'SEC_E_OK with a token: it goes to the peer; without: nothing to send')!.reason, /workgroup/);
  assert.is(differenceOnWindows({ ...meeting, client: 'wasm', server: 'wasm' }, 'calling again after success'), undefined);
});

test.run();
