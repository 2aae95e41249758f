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

/** A process of its own, as on Windows, with a fake DLL; who is logged on there is alice. */
function rehearse(program: readonly string[]): { status: number | null; lines: Line[]; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  try {
    const users = join(folder, 'users');
    writeFileSync(users, `${ALICE.domain}:${ALICE.user}:${ALICE.password}\n`);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', url('build/register.js'), '--import', url('test/secur32/as-windows/register.js'), ...program], {
      cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 300_000,
      env: { ...process.env, FAKE_POINTER_SIZE: '8', NTLM_USER_FILE: users, SSPI_TEST_USER: ALICE.user, SSPI_TEST_PASSWORD: ALICE.password, COMPUTERNAME: ALICE.domain, USERNAME: ALICE.user },
    });
    return { status, lines: told(stdout).lines, output: stdout.slice(-4000) + stderr.slice(-4000) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('four worlds, two packages: nothing fails', () => {
  const { status, lines, output } = rehearse([`${root}test/windows/contract.ts`]);
  assert.is(status, 0, output);
  assert.is(lines.at(-1)?.type, 'end', output);
  const suites = lines.flatMap((line) => (line.type === 'suite' ? [line] : []));
  assert.is(suites.length, 14);
  for (const { name, failed, errors } of suites) assert.is(failed, 0, `${name}: ${errors}`);
  assert.is(suites.filter(({ name }) => name.includes('who is logged on')).length, 2);
  assert.ok(suites.reduce((sum, { passed }) => sum + passed, 0) > 400);
  assert.ok(lines.some((line) => line.type === 'note' && line.text.startsWith(`Node ${process.version}`)));
});

test('the names as Windows writes them; of an account that cannot log on, the first lines say so', () => {
  const spell = (account: object): { answer: unknown; notes: string } => {
    const { lines, output } = rehearse(['--input-type=module', '-e', `import { asWindowsSpells } from ${JSON.stringify(url('test/windows/spelling.ts'))};
      import { tell } from ${JSON.stringify(url('test/wine/in-wine/environment.ts'))};
      tell({ type: 'facts', facts: await asWindowsSpells(${JSON.stringify(account)}) });`]);
    const facts = lines.flatMap((line) => (line.type === 'facts' ? [line.facts] : []));
    assert.is(facts.length, 1, output);
    const { user, computer } = facts[0]!;
    return { answer: { user, computer }, notes: lines.flatMap((line) => (line.type === 'note' ? [line.text] : [])).join('\n') };
  };
  assert.equal(spell({ user: 'alice', password: ALICE.password, computer: 'ADTEST' }), { answer: { user: 'alice', computer: 'ADTEST' }, notes: '' });
  const { answer, notes } = spell({ user: 'alice', password: 'Tr0ub4dor', computer: 'ADTEST' });
  assert.equal(answer, { user: 'alice', computer: 'ADTEST' });
  assert.match(notes, /^A plain handshake of NTLM with ADTEST\\alice fails: SEC_E_LOGON_DENIED: .+$/);
  assert.not.match(notes, /Tr0ub4dor/);
});

test('a difference that may be: what passes passes, what fails is told and counted as skipped; a claim that does not hold fails', () => {
  const { lines, output } = rehearse(['--input-type=module', '-e', `Object.assign(globalThis, { UVU_DEFER: 1, UVU_QUEUE: [[null], [null]], UVU_INDEX: 1 });
    const { worldSuite } = await import(${JSON.stringify(url('test/contract/world-suite.ts'))});
    const { reports, runSuites } = await import(${JSON.stringify(url('test/wine/in-wine/run-suites.ts'))});
    const fails = { perhaps: 'perhaps', claim: /SEC_E_TIME_SKEW/ };
    const world = { name: 'a world', difference: (_package, title) => ({ reason: 'nobody knows', fails: fails[title.split(' ')[0]] }), ...reports };
    const test = worldSuite(world, 'NTLM');
    const skewed = () => { throw new Error('SEC_E_TIME_SKEW: five hours\\nat length'); };
    test('perhaps it passes', () => {});
    test('perhaps it fails', skewed);
    test('claim that holds', skewed);
    test('claim that shows no more', () => {});
    test('claim of something else', () => { throw new Error('SEC_E_LOGON_DENIED'); });
    test.run();
    await runSuites();`]);
  const told = lines.flatMap((line) => (line.type === 'skip' ? [`${line.title}: ${line.reason}`] : []));
  assert.equal(told, ['perhaps it fails: nobody knows: Error: SEC_E_TIME_SKEW: five hours', 'claim that holds: nobody knows'], output);
  const [counted] = lines.flatMap((line) => (line.type === 'suite' ? [line] : []));
  assert.equal([counted!.name, counted!.passed, counted!.failed, counted!.skipped], ['a world: NTLM', 1, 2, 2]);
});

test('npm test means the Wasm engine: koffi is left out, unless a suite brings its own', () => {
  const print = `import { createInitiator } from ${JSON.stringify(url('src/index.ts'))};
    const { backend } = await createInitiator({ credential: { user: 'alice', password: 'x' } });
    console.log(backend, await import('koffi').then(() => 'koffi', () => 'no koffi'));`;
  const run = (...imports: string[]): string => spawnSync(process.execPath, [...['build/register.js', ...imports].flatMap((path) => ['--import', url(path)]), '--input-type=module', '-e', print], {
    cwd: root, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: `--import ${url('test/without-secur32/register.js')}` },
  }).stdout.trim();
  assert.is(run(), 'wasm no koffi');
  assert.is(run('test/secur32/as-windows/register.js'), 'secur32 no koffi');
});

test('a difference is found by who meets whom', () => {
  const meeting = { package: 'NTLM', client: 'secur32', server: 'secur32', loggedOn: false } as const;
  assert.is(differenceOnWindows(meeting, 'channel bindings: those of another connection are SEC_E_BAD_BINDINGS'), undefined);
  assert.match(differenceOnWindows({ ...meeting, loggedOn: true }, 'channel bindings: those of another connection are SEC_E_BAD_BINDINGS')!.reason, /^a local call/);
  assert.match(differenceOnWindows({ ...meeting, package: 'Negotiate' }, 'SEC_E_OK with a token: it goes to the peer; without: nothing to send')!.reason, /workgroup/);
  assert.is(differenceOnWindows({ ...meeting, client: 'wasm', server: 'wasm' }, 'calling again after success'), undefined);
});

test.run();
