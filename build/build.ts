// Makes dist/: core.wasm, the modules, their declarations. `--if-stale` returns at once when no input changed.
//
//   assembly/ ── asc ────▶ dist/core.wasm, dist/core-wasm*.js        (wasm.ts)
//   src/      ── esbuild ▶ dist/<entry>.js, dist/chunks/*.js         (modules.ts)
//             ── tsc ────▶ dist/types/**/*.d.ts                      (declarations.ts)
import { readFile, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { emitDeclarations } from './declarations.ts';
import { digestOf } from './digest.ts';
import { bundleModules } from './modules.ts';
import { root } from './root.ts';
import { buildWasm } from './wasm.ts';

const stamp = `${root}dist/.built`;
const inputs = ['assembly', 'backends', 'src', 'build', 'package.json', 'tsconfig.json', 'package-lock.json'];

const { values } = parseArgs({ options: { 'if-stale': { type: 'boolean', default: false } } });
const digest = await digestOf(inputs);
const built = await readFile(stamp, 'utf8').catch(() => '');
if (!values['if-stale'] || built !== digest) {
  const started = performance.now();
  await rm(`${root}dist`, { recursive: true, force: true }); // nor an entry that is no more
  await buildWasm();
  await bundleModules();
  await emitDeclarations();
  await writeFile(stamp, digest);
  console.log(`dist/ built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
