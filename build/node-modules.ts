// dist/*.js → dist/node/*.js: the same modules for Node, Deno and Bun, with what package.json's "imports" would choose there already in
// them, and all that an import of the package loads in one file. A module costs Node half a millisecond; there were fifteen.
import { readFile } from 'node:fs/promises';
import { build, type Plugin } from 'esbuild';
import { root } from './root.ts';

/** Not the command: it loads what it needs for each of its words. */
export const NODE_ENTRIES = ['index', 'http', 'inspect', 'kerberos', 'testing'];

export async function bundleForNode(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: NODE_ENTRIES.map((name) => `dist/${name}.js`),
    outdir: 'dist/node',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    conditions: ['node'],
    tsconfigRaw: '{}', // its paths lead to the sources
    target: 'es2022',
    external: ['node:*', '*.node', 'cloudflare:*', '@koromix/*', 'koffi'],
    ignoreAnnotations: true, // an import without names counts, below
    legalComments: 'none',
    plugins: [oneFile(await closureOf('index'))],
  });
}

/**
 * esbuild puts what the same entries reach into one file. So every module outside of what `index` loads imports it: it is there by then
 * anyway, and all of it is reached alike. Only `inspect` loads without the rest.
 */
function oneFile(closure: ReadonlySet<string>): Plugin {
  const first = `import ${JSON.stringify(`${root}dist/index.js`)};\n`;
  return {
    name: 'one file',
    async setup({ onLoad }) {
      const alone = await closureOf('inspect');
      onLoad({ filter: /\/dist\/.*\.js$/ }, async ({ path }) => {
        if (closure.has(path) || alone.has(path)) return undefined;
        return { contents: first + await readFile(path, 'utf8'), loader: 'js' };
      });
    },
  };
}

/** The files that an import of this entry loads in Node. */
async function closureOf(entry: string): Promise<Set<string>> {
  const { metafile } = await build({
    absWorkingDir: root, entryPoints: [`dist/${entry}.js`], outdir: 'out', write: false, metafile: true, bundle: true, splitting: true, format: 'esm',
    platform: 'node', conditions: ['node'], tsconfigRaw: '{}', external: ['node:*', '*.node', 'cloudflare:*', '@koromix/*', 'koffi'], logLevel: 'silent',
  });
  const reached = new Set<string>();
  for (const waiting = [`dist/${entry}.js`]; waiting.length > 0;) {
    const path = waiting.pop()!;
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { path: imported, kind, external } of metafile.inputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) waiting.push(imported);
    }
  }
  return new Set([...reached].map((path) => root + path));
}
