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
 * A module that carries the bytes: Latin-1 characters compress as the bytes do, which base64 does not, and take less room than it. Where there is a Buffer,
 * it reads them at once, and the shift is taken from four bytes at a time: a loop over characters is most of the time that core.wasm takes to start.
 */
function inlined(wasm: Uint8Array): string {
  const shift = bestShift(wasm);
  const text = Array.from(wasm, (byte) => literal((byte + shift) & 255)).join('');
  const each = shift * 0x01010101;
  return `// @ts-self-types="./core-wasm.d.ts"
const text = '${text}';
export function coreWasm() {
  const { length } = text;
  const words = new Uint32Array((length + 3) >> 2);
  const bytes = new Uint8Array(words.buffer, 0, length);
  const { Buffer } = globalThis;
  if (Buffer === undefined) {
    for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i) - ${shift};
    return bytes;
  }
  bytes.set(Buffer.from(text, 'latin1'));
  // no byte borrows from its neighbour: its high bit is set, and put right behind
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    words[i] = ((word | 0x80808080) - ${(each & 0x7f7f7f7f) >>> 0}) ^ (~(word ^ ${each >>> 0}) & 0x80808080);
  }
  return bytes;
}
`;
}

/** What to add to each byte, so that the frequent ones take one byte in UTF-8 and need no escape. */
function bestShift(wasm: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of wasm) counts[byte]!++;
  const size = (shift: number) => counts.reduce((sum, count, byte) => sum + count * Buffer.byteLength(literal((byte + shift) & 255)), 0);
  return Array.from(counts.keys()).reduce((best, shift) => (size(shift) < size(best) ? shift : best), 0);
}

/** A character of a JavaScript string: what tools trip over is escaped. */
function literal(code: number): string {
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  const character = String.fromCharCode(code);
  return character === '\\' || character === "'" ? `\\${character}` : character;
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
