// The runner's own promises: what must not pass as green does not.
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../build/root.ts';
import { withFiles } from './fixture.ts';

const test = suite('test runner');

const HEAD = `import { suite } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
const GOOD = `${HEAD}const test = suite('good');\ntest('holds', () => assert.is(1, 1));\ntest.run();\n`;

function run(files: Readonly<Record<string, string>>, ...patterns: string[]): Promise<{ code: number | null; last: string; output: string }> {
  return withFiles({ 'package.json': '{"type":"module"}', ...files }, (directory) => {
    const child = spawnSync(process.execPath, ['--import', './build/register.js', 'test/run.ts', '--directory', directory, ...patterns], { cwd: root, encoding: 'utf8' });
    return { code: child.status, last: child.stdout.trimEnd().split('\n').at(-1) ?? '', output: child.stdout + child.stderr };
  });
}

test('passing tests are counted and give 0', async () => {
  const { code, last } = await run({ 'a.test.ts': GOOD, 'b.test.ts': `${GOOD.replace('test.run', `test.skip('later', () => {});\ntest.run`)}` });
  assert.is(last, '2 passed, 0 failed, 1 skipped');
  assert.is(code, 0);
});

test('a failing test gives 1', async () => {
  const { code, last } = await run({ 'a.test.ts': GOOD.replace('assert.is(1, 1)', 'assert.is(1, 2)') });
  assert.is(last, '0 passed, 1 failed');
  assert.is(code, 1);
});

test('a suite that forgets .run() fails', async () => {
  const { code, last, output } = await run({ 'a.test.ts': GOOD, 'b.test.ts': GOOD.replace('test.run();', '') });
  assert.match(output, /b\.test\.ts.*\.run\(\)/);
  assert.match(last, /^1 passed, [12] failed$/);
  assert.is(code, 1);
});

test('one of two suites of a file that forgets .run() fails', async () => {
  const { code, output } = await run({ 'a.test.ts': `${GOOD}const other = suite('other');\nother('never runs', () => assert.unreachable());\n` });
  assert.match(output, /a\.test\.ts has a suite without \.run\(\)/);
  assert.is(code, 1);
});

test('a pattern that matches no file fails, also beside one that does', async () => {
  for (const patterns of [['nothing-is-called-this'], ['a.test', 'nothing-is-called-this']]) {
    const { code, output } = await run({ 'a.test.ts': GOOD }, ...patterns);
    assert.match(output, /'nothing-is-called-this' matches no test file/);
    assert.is(code, 1);
  }
});

test('a file that does not load fails', async () => {
  const { code, output } = await run({ 'a.test.ts': GOOD, 'b.test.ts': `import './absent.ts';` });
  assert.match(output, /b\.test\.ts does not load/);
  assert.is(code, 1);
});

test('a before hook that throws fails', async () => {
  const { code } = await run({ 'a.test.ts': GOOD.replace('test.run', `test.before(() => { throw new Error('no'); });\ntest.run`) });
  assert.is(code, 1);
});

test('an empty suite, and an empty directory, fail', async () => {
  assert.is((await run({ 'a.test.ts': `${HEAD}const test = suite('empty');\ntest.run();\n` })).code, 1);
  assert.is((await run({ 'a.ts': '' })).code, 1);
});

test.run();
