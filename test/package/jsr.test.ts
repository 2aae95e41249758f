// jsr.json, and dist/jsr/, which it publishes. Deno's own checks of it are a row of `npm run test:runtimes`.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { entries, variants } from '../../build/entries.ts';
import { buildJsr, withoutDecorators } from '../../build/jsr.ts';
import { root } from '../../build/root.ts';

await buildJsr();
const test = suite('jsr');

interface Manifest { name: string; version: string; license: string; exports: Record<string, string>; imports: Record<string, string>; publish: { include: string[]; exclude: string[] } }
const read = async (file: string) => JSON.parse(await readFile(root + file, 'utf8')) as Manifest;
const jsr = await read('jsr.json');
const npm = await read('package.json');

test('is the version and the license of package.json', () => {
  assert.is(jsr.version, npm.version);
  assert.is(jsr.license, npm.license);
  assert.match(jsr.name, /^@[a-z0-9-]+\/portable-sspi$/);
});

test('exports the sources of what package.json exports', async () => {
  const sources = await entries();
  const expected = Object.keys(npm.exports).filter((subpath) => !/\.\w+$/.test(subpath)).map((subpath) => [subpath, `./dist/jsr/${sources[subpath.slice(2) || 'index']}`]);
  assert.equal(Object.entries(jsr.exports), expected);
});

test('maps every #name to a file that is published: JSR knows no conditions', () => {
  assert.equal(Object.keys(jsr.imports).sort(), Object.keys(npm.imports).sort());
  for (const [name, path] of Object.entries(jsr.imports)) {
    assert.ok(existsSync(root + path), name);
    assert.ok(name === '#core-wasm' || Object.values(variants).includes(path.slice('./dist/jsr/'.length)), `${name} is ${path}`);
  }
});

/** The files that are reached from the exports, with what each holds. */
async function published(): Promise<Map<string, string>> {
  const reached = new Map<string, string>();
  const waiting = Object.values(jsr.exports).map((path) => path.slice(2));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    const text = await readFile(root + file, 'utf8');
    reached.set(file, text);
    for (const [, specifier] of text.matchAll(/(?:\bfrom |\bimport |\bimport\()'([.#][^']+)'/g)) {
      waiting.push(specifier!.startsWith('#') ? jsr.imports[specifier!]!.slice(2) : normalize(join(dirname(file), specifier!)));
    }
  }
  return reached;
}

test('publishes all that is imported, without decorators, and nothing that adds to the types of others', async () => {
  const files = await published();
  assert.ok(files.size > 100);
  for (const [file, text] of files) {
    assert.ok(file.startsWith('dist/jsr/'), file);
    assert.not.match(text, /^declare (?:module|global)\b/m, file);
    assert.not.match(text, /^ *@\w+\(/m, file); // they need an option of the compiler's
  }
  assert.match(files.get('dist/jsr/backends/wasm/kerberos/messages/ticket.ts')!, /^text\(1\)\(Ticket\.prototype, 'realm'\);$/m);
});

test('a decorator that is written in another way is not passed over', () => {
  assert.throws(() => withoutDecorators('class A {\n  @int32(0)\n  a = 1;\n}'), /not known here/);
  assert.is(withoutDecorators(`@one(1)\nclass A extends B {\n  @two(B, { c: (d) }) a?: B;\n}`), `class A extends B {\n  a?: B;\n}\ntwo(B, { c: (d) })(A.prototype, 'a');\none(1)(A);`);
});

test('includes what exists', () => {
  for (const path of [...jsr.publish.include, ...jsr.publish.exclude]) assert.ok(existsSync(root + path.replace(/^!/, '')), path);
});

test.run();
