// Every link of the documentation leads somewhere, and every program in it runs and prints what it says.
import { spawnSync } from 'node:child_process';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { codeBlocks, findBrokenLinks, type CodeBlock } from '../../build/checks/docs.ts';
import { trackedFiles } from '../../build/checks/tracked.ts';
import { root } from '../../build/root.ts';
import { withFiles } from './fixture.ts';

await buildIfStale();
const test = suite('documentation');

const documents = trackedFiles(root).filter((file) => file.endsWith('.md'));

test('links lead to files and headings', async () => {
  assert.ok(documents.includes('README.md'));
  assert.equal(await findBrokenLinks(root, documents), []);
});

test('links that lead nowhere are found', async () => {
  const files = {
    'a.md': '# One thing\n[b](b.md) [c](c.md) [here](#one-thing) [there](#another) [b2](b.md#two) [out](https://x.example/)\n```\n[d](d.md)\n```\n`[e](e.md)`\n[f]: f.md\n',
    'b.md': '## `One`, two\n',
  };
  const found = await withFiles(files, (directory) => findBrokenLinks(directory, Object.keys(files)));
  assert.equal(found, ['a.md: c.md leads to no file', 'a.md: #another leads to no heading', 'a.md: b.md#two leads to no heading', 'a.md: f.md leads to no file']);
});

/** Runs a block; `// → text` at the end of a line says what is printed there. */
function run({ code }: CodeBlock): Promise<{ status: number | null; stderr: string; printed: string[]; promised: string[] }> {
  const promised = [...code.matchAll(/\/\/ → (.*)$/gm)].map((match) => match[1]!.trim());
  return withFiles({ 'package.json': '{"type":"module"}', 'program.js': code, 'node_modules/.keep': '' }, async (directory) => {
    await symlink(root, join(directory, 'node_modules/portable-sspi'), 'junction');
    const { status, stdout, stderr } = spawnSync(process.execPath, ['program.js'], { cwd: directory, encoding: 'utf8', timeout: 20_000 });
    return { status, stderr, printed: stdout.split('\n').filter(Boolean), promised };
  });
}

for (const document of documents) {
  for (const block of codeBlocks(await readFile(root + document, 'utf8')).filter(({ language }) => language === 'js')) {
    test(`${document}:${block.line} runs`, async () => {
      const { status, stderr, printed, promised } = await run(block);
      assert.is(status, 0, stderr);
      assert.equal(printed.slice(0, promised.length), promised);
    });
  }
}

test('what README.md shows of the demo is what the demo prints', async () => {
  const excerpt = codeBlocks(await readFile(`${root}README.md`, 'utf8')).find(({ language }) => language === 'text');
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}dist/cli.js`, 'demo'], { encoding: 'utf8', timeout: 60_000 });
  assert.is(status, 0, stderr);
  const printed = stdout.split('\n').map((line) => line.trim());
  let from = 0;
  for (const line of excerpt!.code.split('\n').map((text) => text.trim()).filter((text) => text !== '' && text !== '…')) {
    const at = printed.indexOf(line, from);
    assert.ok(at >= 0, `'${line}' is not printed, or not in this place`);
    from = at + 1;
  }
});

test('docs/api.md names every function and class, and every family of constants', async () => {
  const text = await readFile(`${root}docs/api.md`, 'utf8');
  const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { exports: Record<string, string | { default: string }> };
  const names: string[] = [];
  for (const target of Object.values(exports)) {
    if (typeof target !== 'string' && target.default.endsWith('.js')) names.push(...Object.keys(await import(pathToFileURL(root + target.default).href) as object));
  }
  assert.ok(names.includes('createInitiator') && names.includes('SEC_E_OK'));
  const missing = names.filter((name) => !text.includes(name) && !CONSTANTS.some((family) => family.test(name) && text.includes(family.source.slice(1))));
  assert.equal(missing, []);
});

/** Named in the documentation by their prefix and an asterisk. */
const CONSTANTS = [/^SEC_E_/, /^SEC_I_/, /^ISC_REQ_/, /^ISC_RET_/, /^ASC_REQ_/, /^ASC_RET_/, /^SECBUFFER_/, /^SECPKG_/, /^SECQOP_/, /^SECURITY_/];

test('a program that fails, or prints something else, is found', async () => {
  assert.is((await run({ language: 'js', line: 1, code: 'throw new Error()' })).status, 1);
  const { printed, promised } = await run({ language: 'js', line: 1, code: 'console.log(1); // → 2' });
  assert.equal([printed, promised], [['1'], ['2']]);
});

test.run();
