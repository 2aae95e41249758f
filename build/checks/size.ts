// What a program that speaks Negotiate with NTLM ships, gzipped: its JavaScript, bundled and minified, and core.wasm.
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { root } from '../root.ts';

export interface Sizes {
  /** Bytes, gzipped. */
  javascript: number;
  wasm: number;
  total: number;
}

const CLIENT_AND_SERVER = `export { createInitiator, createAcceptor } from './src/index.ts';`;

export async function measureSizes(program = CLIENT_AND_SERVER): Promise<Sizes> {
  const { outputFiles, metafile } = await build({
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
    conditions: ['workerd'], // core.wasm as a file beside the code, not in base64 inside it
    external: ['*.wasm', 'node:*', 'koffi'],
  });
  const shipped = fetchedFor(metafile);
  const javascript = outputFiles
    .filter((file) => shipped.has(file.path.slice(root.length)))
    .reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0);
  const wasm = gzipSync(await readFile(`${root}dist/core.wasm`), { level: 9 }).length;
  return { javascript, wasm, total: javascript + wasm };
}

/** The outputs that a runtime fetches for NTLM: all that the entry reaches, but not what it would import on the day of its first ticket. */
function fetchedFor({ outputs }: Metafile): Set<string> {
  const waiting = Object.keys(outputs).filter((path) => outputs[path]!.entryPoint === '<stdin>');
  const reached = new Set<string>();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const output = outputs[path];
    if (output === undefined || reached.has(path)) continue;
    reached.add(path);
    for (const { path: imported, kind } of output.imports) {
      const entry = outputs[imported]?.entryPoint ?? '';
      if (kind === 'dynamic-import' && LATER.some((folder) => entry.startsWith(folder))) continue;
      waiting.push(imported);
    }
  }
  if (reached.size === 0) throw new Error('the bundle has no entry');
  return reached;
}

const LATER = ['backends/wasm/kerberos/', 'backends/secur32/'];
