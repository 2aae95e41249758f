// src/ → dist/types/**/*.d.ts, the tree as it is, with the import paths that a consumer's compiler resolves.
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { entries } from './entries.ts';
import { root } from './root.ts';

/** Where a declaration names another file: `from './x.ts'`, `import './x.ts'`, `import('./x.ts')`. */
const SPECIFIER = /(\bfrom |\bimport |\bimport\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g;
/** A consumer's "lib" may be older than `Disposable`. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

export async function emitDeclarations(): Promise<void> {
  await writeFile(`${root}dist/core.wasm.d.ts`, `/** core.wasm, compiled, where a runtime imports WebAssembly as a module. */
declare const module: WebAssembly.Module;
export default module;
`);
  const sources = Object.values(await entries());
  if (sources.length === 0) return;
  await writeFile(`${root}dist/tsconfig.json`, JSON.stringify({
    extends: '../tsconfig.json',
    compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: '..', outDir: 'types' },
    include: [],
    files: sources.map((source) => `../${source}`),
  }));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'dist/tsconfig.json'], { cwd: root, stdio: 'inherit' });
  await rm(`${root}dist/tsconfig.json`);

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
  const adapted = text.replace(SPECIFIER, '$1$2$3.js$2');
  await writeFile(path, /\b(?:Async)?Disposable\b|Symbol\.(?:asyncD|d)ispose\b/.test(text) ? DISPOSABLE + adapted : adapted);
  for (const [, , , specifier] of text.matchAll(SPECIFIER)) await adapt(`${join(dirname(path), specifier!)}.d.ts`, done);
}
