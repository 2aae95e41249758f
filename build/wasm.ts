// assembly/ → dist/core.wasm, and dist/core-wasm*.js, which carry it to each kind of runtime.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { digestOf } from './digest.ts';
import { withoutKerberos } from './ntlm-core.ts';
import { root } from './root.ts';

/** What stands in dist/ afterwards. */
export const CORE_FILES = ['core.wasm', 'core.wat', 'core-wasm.js', 'core-wasm.workerd.js', 'core-wasm.edge.js', 'core-wasm.ntlm.js', 'core-wasm.d.ts', '.core-built'];

/** Compiles unless core.wasm is made of what assembly/ is now. */
export async function buildWasm(): Promise<Uint8Array> {
  const digest = await digestOf(['assembly', 'build/wasm.ts', 'build/ntlm-core.ts', 'package-lock.json']);
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
  const compiled = await readFile(`${root}dist/core.wasm`);
  requireNoImports(compiled);
  const digest = createHash('sha256').update(compiled).digest('hex').slice(0, 16);
  const wasm = Buffer.concat([compiled, customSection('portable-sspi', digest)]);
  await writeFile(`${root}dist/core.wasm`, wasm);
  const written = {
    'core-wasm.js': inlined(wasm),
    'core-wasm.ntlm.js': inlined(withoutKerberos(compiled)),
    'core-wasm.workerd.js': imported('./core.wasm'),
    'core-wasm.edge.js': imported('./core.wasm?module'),
  };
  for (const [name, code] of Object.entries(written)) await writeFile(`${root}dist/${name}`, `${code}export const coreDigest = '${digest}';\n`);
  await writeFile(`${root}dist/core-wasm.d.ts`, `/** The bytes of core.wasm, or its compiled module where a runtime compiles none from bytes. */
export declare function coreWasm(): Uint8Array | WebAssembly.Module;
/** What core.wasm's section 'portable-sspi' holds. */
export declare const coreDigest: string;
`);
  return wasm;
}

/**
 * A module that carries the bytes, in hexadecimal: it compresses as the bytes do, which base64 does not, is read faster than other text, and survives whatever
 * encoding a page serves it with.
 */
function inlined(wasm: Uint8Array): string {
  return `// @ts-self-types="./core-wasm.d.ts"
const text = '${Buffer.from(wasm).toString('hex')}';
export function coreWasm() {
  if (typeof Uint8Array.fromHex === 'function') return Uint8Array.fromHex(text);
  const { Buffer } = globalThis;
  if (Buffer !== undefined) return Buffer.from(text, 'hex');
  const bytes = new Uint8Array(text.length / 2);
  const digit = (at) => (text.charCodeAt(at) & 15) + 9 * (text.charCodeAt(at) >> 6); // the letters are those from 0x61 on
  for (let i = 0; i < bytes.length; i++) bytes[i] = digit(2 * i) << 4 | digit(2 * i + 1);
  return bytes;
}
`;
}

function imported(specifier: string): string {
  return `import module from '${specifier}';
export function coreWasm() { return module; }
`;
}

/** Section 0 with a name (WebAssembly core specification §5.5.3); both texts are short. */
function customSection(name: string, text: string): Uint8Array {
  const content = [name.length, ...Buffer.from(name + text)];
  return Uint8Array.of(0, content.length, ...content);
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
