// The arrow of imports: src → backends → assembly, and never back. `import type` counts as an import.
import { spawnSync } from 'node:child_process';
import { root } from '../root.ts';

export interface Import {
  from: string;
  specifier: string;
  /** The file it resolves to, relative to the directory that was read. */
  to: string;
}

/** Every import that the compiler resolves in the program of this tsconfig; both paths relative to `directory`. */
export function readImports(directory: string, tsconfig: string): Import[] {
  const tsc = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', tsconfig, '--noEmit', '--explainFiles'], {
    cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28,
  });
  if (tsc.error !== undefined) throw tsc.error;
  const imports: Import[] = [];
  let to = '';
  for (const line of tsc.stdout.split('\n')) {
    // a file stands at the line's start, the reasons why it is in the program below it, indented
    if (/^\S/.test(line)) to = line.trim();
    const reason = /^\s+Imported via (['"])(.*)\1 from file '([^']*)'/.exec(line);
    if (reason !== null) imports.push({ from: reason[3]!, specifier: reason[2]!, to });
  }
  if (imports.length === 0) throw new Error(`${tsconfig} gave no import to look at:\n${tsc.stdout.slice(0, 2000)}`);
  return imports;
}

/** One sentence for each import that goes against the arrow. */
export function findTurnedImports(imports: readonly Import[]): string[] {
  const sentences: string[] = [];
  for (const { from, specifier, to } of imports) {
    const room = roomOf(from);
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined || allowed.includes(roomOf(to)) || to.startsWith('node_modules/@types/')) continue;
    sentences.push(`${from} imports '${specifier}' (${to}): ${room} may import ${allowed.join(', ')} only`);
  }
  return sentences;
}

function roomOf(file: string): string {
  const name = ROOMS.find((prefix) => file.startsWith(`${prefix}/`));
  if (name !== undefined) return name;
  const dependency = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file);
  return dependency === null ? 'elsewhere' : dependency[1]!;
}

const ROOMS = ['assembly', 'backends/contract', 'backends/wasm', 'backends/secur32', 'src', 'dist', 'build', 'test'];

/** `dist` holds the built module of assembly/. The two engines never meet; a dependency is named by whom it serves. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'assembly': ['assembly'],
  'backends/contract': ['backends/contract'],
  'backends/wasm': ['backends/wasm', 'backends/contract', 'dist'],
  'backends/secur32': ['backends/secur32', 'backends/contract', 'koffi'],
  'src': ['src', 'backends/contract', 'backends/wasm', 'backends/secur32'],
};
