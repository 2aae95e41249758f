// assembly/ → dist/core.wasm, and dist/core-wasm*.js, which carry it to each kind of runtime.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { digestOf } from './digest.ts';
import { root } from './root.ts';

/** What stands in dist/ afterwards. */
export const CORE_FILES = ['core.wasm', 'core.wat', 'core-wasm.js', 'core-wasm.workerd.js', 'core-wasm.d.ts', '.core-built'];

/** Compiles unless core.wasm is made of what assembly/ is now. */
export async function buildWasm(): Promise<Uint8Array> {
  const digest = await digestOf(['assembly', 'build/wasm.ts', 'package-lock.json']);
  const built = await readFile(STAMP, 'utf8').catch(() => '');
  if (built === digest && existsSync(`${root}dist/core.wasm`)) return readFile(`${root}dist/core.wasm`);
  await rm(STAMP, { force: true });
  const wasm = await compile();
  await writeFile(STAMP, digest);
  return wasm;
}

async function compile(): Promise<Uint8Array> {
  await mkdir(`${root}dist`, { recursive: true });
  // The command, not the API: its declarations bring AssemblyScript's globals (bool, i8 …) into our program.
  const { status, stderr } = spawnSync(process.execPath, [
    'node_modules/assemblyscript/bin/asc.js', 'assembly/index.ts', '--outFile', 'dist/core.wasm', '--textFile', 'dist/core.wat',
    '-O3', '--noAssert', '--converge', '--runtime', 'stub', '--use', 'abort=', '--enable', 'simd,bulk-memory', '--memoryBase', '64',
  ], { cwd: root, stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8' });
  process.stderr.write(stderr.replace(/^Last converge was suboptimal\.\n/m, '')); // it says that --converge took one more round
  if (status !== 0) throw new Error(`asc ended with ${status}`);
  const wasm = await readFile(`${root}dist/core.wasm`);
  requireNoImports(wasm);

  await writeFile(`${root}dist/core-wasm.js`, `const base64 = '${wasm.toString('base64')}';
export function coreWasm() {
  if (typeof Buffer === 'function') return Buffer.from(base64, 'base64');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
`);
  await writeFile(`${root}dist/core-wasm.workerd.js`, `import module from './core.wasm';
export function coreWasm() { return module; }
`);
  await writeFile(`${root}dist/core-wasm.d.ts`, `/** The bytes of core.wasm, or its compiled module where a runtime compiles none from bytes. */
export declare function coreWasm(): Uint8Array | WebAssembly.Module;
`);
  return wasm;
}

/** Throws when the module asks anything of its host: then it would not be the same file in every runtime. */
export function requireNoImports(wasm: Uint8Array): void {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm as BufferSource));
  if (imports.length > 0) throw new Error(`core.wasm must import nothing, but imports ${imports.map((i) => `${i.module}.${i.name}`).join(', ')}`);
}

const STAMP = `${root}dist/.core-built`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wasm = await buildWasm();
  console.log(`core.wasm: ${wasm.length} bytes`);
}
