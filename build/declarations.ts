// src/ → dist/types/**/*.d.ts, the tree as it is, with the import paths that a consumer's compiler resolves.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { entries } from './entries.ts';
import { root } from './root.ts';

/** What no source imports, and who imports the package gets with these declarations all the same. */
const AUGMENTATION = { source: 'src/http/incoming-message.ts', of: 'src/http/index.d.ts' };
/** Where a declaration names another file: `from './x.ts'`, `import './x.ts'`, `import('./x.ts')`. */
const SPECIFIER = /(\bfrom |\bimport |\bimport\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g;
/** Node's types are used where a program has them, and are `any` where it has none. */
const NODE = /^(?=import type .* from 'node:|declare module 'http')/gm;
/** So are the runtime's own, which come with the DOM's "lib", with Node's types or with those of a worker: a name, and where it is found. */
const GLOBALS: readonly [name: RegExp, alias: string, found: string][] = [
  [/\bAbortSignal\b/g, 'AbortSignal', 'extends { AbortSignal: { prototype: infer T } } ? T : object'],
  [/\bRequest\b/g, 'Request', 'extends { Request: { prototype: infer T } } ? T : object'],
  [/\bResponse\b/g, 'Response', 'extends { Response: { prototype: infer T } } ? T : object'],
  [/\bURL\b/g, 'URL', 'extends { URL: { prototype: infer T } } ? T : { ' +
    "readonly [part in 'href' | 'origin' | 'protocol' | 'host' | 'hostname' | 'port' | 'pathname' | 'search' | 'hash']: string }"],
  [/\bWebAssembly\.Module\b/g, 'WebAssemblyModule', 'extends { WebAssembly: { Module: { prototype: infer T } } } ? T : object'],
  [/\btypeof fetch\b/g, 'Fetch', 'extends { fetch: infer T } ? T : (input: string, init?: object) => Promise<object>'],
];
/** A consumer's "lib" may be older than `Disposable`. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

export async function emitDeclarations(): Promise<void> {
  await writeFile(`${root}dist/core.wasm.d.ts`, withoutGlobals(`/** core.wasm, compiled, where a runtime imports WebAssembly as a module. */
declare const module: WebAssembly.Module;
export default module;
`));
  const sources = Object.values(await entries());
  await writeFile(`${root}dist/tsconfig.json`, JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: '..', outDir: 'types' },
    include: [],
    files: [...sources, AUGMENTATION.source].map((source) => `../${source}`),
  }));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'dist/tsconfig.json'], { cwd: root, stdio: 'inherit' });
  await rm(`${root}dist/tsconfig.json`);

  const augmented = `${root}dist/types/${AUGMENTATION.of}`;
  await writeFile(augmented, `import './${basename(AUGMENTATION.source)}';\n${await readFile(augmented, 'utf8')}`);

  const reachable = new Set<string>();
  for (const source of sources) await adapt(`${root}dist/types/${source.replace(/\.ts$/, '.d.ts')}`, reachable);
  for (const file of await readdir(`${root}dist/types`, { recursive: true })) {
    // what no public declaration mentions is not shipped
    if (file.endsWith('.d.ts') && !reachable.has(`${root}dist/types/${file}`)) await rm(`${root}dist/types/${file}`);
  }
}

/** Rewrites a declaration file, and those that it names, for a consumer's compiler; adds them to `done`. */
async function adapt(path: string, done: Set<string>): Promise<void> {
  if (done.has(path)) return;
  done.add(path);
  const text = await readFile(path, 'utf8');
  const adapted = withoutGlobals(text.replace(SPECIFIER, '$1$2$3.js$2')).replace(NODE, '// @ts-ignore\n');
  await writeFile(path, /\b(?:Async)?Disposable\b|Symbol\.(?:asyncD|d)ispose\b/.test(text) ? DISPOSABLE + adapted : adapted);
  for (const [, , , specifier] of text.matchAll(SPECIFIER)) await adapt(`${join(dirname(path), specifier!)}.d.ts`, done);
}

/** Names each global type by an alias that holds in programs which do not declare it, too. */
function withoutGlobals(text: string): string {
  const lines = text.split('\n');
  const aliases: string[] = [];
  for (const [name, alias, found] of GLOBALS) {
    let used = false;
    for (const [index, line] of lines.entries()) {
      if (/^\s*(?:\*|\/[*/])/.test(line) || line.search(name) < 0) continue; // a comment, or without it
      lines[index] = line.replace(name, alias);
      used = true;
    }
    if (used) aliases.push(`type ${alias} = typeof globalThis ${found};`);
  }
  // a declaration file exports what it declares, unless it says that it does not
  return aliases.length === 0 ? text : [...lines, ...aliases, 'export {};', ''].join('\n');
}
