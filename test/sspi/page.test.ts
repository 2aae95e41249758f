import { access, readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('docs/initialize-security-context.md');
const here = new URL('../', import.meta.url);
const page = JSON.parse(await readFile(new URL('vectors/initialize-security-context-page.json', here), 'utf8')) as Record<string, string[]>;
const rows = (await readFile(new URL('../docs/initialize-security-context.md', here), 'utf8')).split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:---|of the page)/.test(line))
  .map((line) => line.slice(2, -2).split(' | ').map((cell) => cell.trim()));
const references = rows.flatMap(([name, , shown]) => shown!.split(' <br> ').map((reference) => ({ name: name!, reference })));

test('has a row for everything on the page, and no other', () => {
  const named = rows.map(([name]) => name!.replaceAll('`', ''));
  const wanted = ['parameters', 'flags', 'successes', 'errors', 'remarks'].flatMap((kind) => page[kind]!);
  assert.equal(named, wanted);
  for (const row of rows) assert.is(row.length, 3, row[0]);
});

test('each row names a test that is there', async () => {
  assert.ok(references.length >= rows.length);
  for (const { name, reference } of references) {
    const [, file, title] = /^`(\S+) › (.+)`$/.exec(reference) ?? assert.unreachable(`${name}: ${reference} is no reference`) as never;
    const source = (await readFile(new URL(file!, here), 'utf8')).replaceAll("\\'", "'");
    assert.ok(source.includes(`'${title}'`), `${name}: ${file} has no test '${title}'`);
    if (!file!.endsWith('.test.ts')) await access(new URL('contract/wasm.test.ts', here)); // the suite that this one runs
  }
});

test.run();
