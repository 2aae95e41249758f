// What Negotiate with NTLM weighs, and the whole engine, gzipped: JavaScript, bundled and minified, and core.wasm or the part of it that is called.
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build, type Metafile, type OutputFile } from 'esbuild';
import { withoutKerberos } from '../ntlm-core.ts';
import { root } from '../root.ts';
import { sourceImports } from '../source-imports.ts';

export interface Sizes {
  /** Bytes, gzipped. */
  javascript: number;
  /** The part of core.wasm that NTLM and SPNEGO call. */
  wasm: number;
  /** Both. */
  total: number;
  /** The whole of core.wasm, Kerberos included: one file ships. */
  core: number;
}

const CLIENT_AND_SERVER = `export { createInitiator, createAcceptor } from './src/index.ts';`;

export async function measureSizes(program = CLIENT_AND_SERVER): Promise<Sizes> {
  const { outputFiles, metafile } = await bundle(program);
  const javascript = javascriptOf(outputFiles, fetchedFor(metafile, LATER));
  const core = await readFile(`${root}dist/core.wasm`);
  const wasm = compressed(withoutKerberos(core));
  return { javascript, wasm, total: javascript + wasm, core: compressed(core) };
}

/** All that the engine can load, gzipped: Kerberos, Node's sockets and all of core.wasm, for what `program` exports. */
export async function measureWhole(program = CLIENT_AND_SERVER): Promise<Pick<Sizes, 'javascript' | 'core' | 'total'>> {
  const { outputFiles, metafile } = await bundle(program, 'node');
  const javascript = javascriptOf(outputFiles, fetchedFor(metafile, ['backends/secur32/']));
  const core = compressed(await readFile(`${root}dist/core.wasm`));
  return { javascript, core, total: javascript + core };
}

async function bundle(program: string, runtime = 'workerd') {
  return build({
    stdin: { contents: program, resolveDir: root },
    absWorkingDir: root,
    outdir: 'out',
    write: false,
    metafile: true,
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: [runtime],
    external: ['#core-wasm', 'node:*', 'koffi'], // core.wasm is counted by itself
    plugins: [sourceImports()],
  });
}

function javascriptOf(files: readonly OutputFile[], shipped: ReadonlySet<string>): number {
  return files.filter((file) => shipped.has(file.path.slice(root.length))).reduce((sum, file) => sum + compressed(file.contents), 0);
}

function compressed(bytes: Uint8Array): number {
  return gzipSync(bytes, { level: 9 }).length;
}

/** The outputs that a runtime fetches for NTLM: all that the entry reaches, but not what it would import on the day of its first ticket. */
function fetchedFor({ outputs }: Metafile, later: readonly string[]): Set<string> {
  const waiting = Object.keys(outputs).filter((path) => outputs[path]!.entryPoint === '<stdin>');
  const reached = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const output = outputs[path];
    if (output === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { path: imported, kind } of output.imports) {
      const entry = outputs[imported]?.entryPoint ?? '';
      if (kind === 'dynamic-import' && later.some((folder) => entry.startsWith(folder))) continue;
      waiting.push(imported);
    }
  }
  if (reached.size === 0) throw new Error('the bundle has no entry');
  return reached;
}

const LATER = ['backends/wasm/kerberos/', 'backends/wasm/host/node-network.ts', 'backends/secur32/'];
