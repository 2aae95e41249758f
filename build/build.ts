// Makes dist/: core.wasm, the modules, their declarations. `--if-stale` returns at once when no input changed.
//
//   assembly/ ── asc ────▶ dist/core.wasm, dist/core-wasm*.js        (wasm.ts)
//   src/      ── esbuild ▶ dist/<entry>.js, dist/chunks/*.js         (modules.ts)
//             ── esbuild ▶ dist/node/*.js: the same, for Node         (node-modules.ts)
//             ── tsc ────▶ dist/types/**/*.d.ts                      (declarations.ts)
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { emitDeclarations } from './declarations.ts';
import { digestOf } from './digest.ts';
import { bundleModules } from './modules.ts';
import { bundleForNode } from './node-modules.ts';
import { root } from './root.ts';
import { buildWasm, CORE_FILES } from './wasm.ts';

/** Builds unless dist/ is made of what the sources are now; says whether it had to. */
export async function buildIfStale(): Promise<boolean> {
  const digest = await digestOf(INPUTS);
  if (await readFile(STAMP, 'utf8').catch(() => '') === digest) return false;
  await build();
  return true;
}

export async function build(): Promise<void> {
  const digest = await digestOf(INPUTS);
  await mkdir(`${root}dist`, { recursive: true });
  for (const name of await readdir(`${root}dist`)) {
    if (!CORE_FILES.includes(name)) await rm(`${root}dist/${name}`, { recursive: true }); // nor an entry that is no more
  }
  await buildWasm();
  await bundleModules();
  await bundleForNode();
  await emitDeclarations();
  await writeFile(STAMP, digest);
}

const STAMP = `${root}dist/.built`;
const INPUTS = ['assembly', 'backends', 'src', 'build', 'package.json', 'tsconfig.json', 'package-lock.json'];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { 'if-stale': { type: 'boolean', default: false } } });
  const started = performance.now();
  const built = values['if-stale'] ? await buildIfStale() : (await build(), true);
  if (built) console.log(`dist/ built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
