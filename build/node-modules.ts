// dist/*.js → dist/node/*.js: the same modules for Node, Deno and Bun, with what package.json's "imports" would choose there already in
// them, and all that an import of the package loads in one file. A module costs Node half a millisecond; there were fifteen.
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { root } from './root.ts';

/** Not the command: it loads what it needs for each of its words. */
export const NODE_ENTRIES = ['index', 'http', 'inspect', 'kerberos', 'testing'];

export async function bundleForNode(): Promise<void> {
  const [loaded, alone] = await Promise.all([closureOf('dist/index.js'), closureOf('dist/inspect.js')]);
  await build({
    ...FOR_NODE,
    entryPoints: NODE_ENTRIES.map((name) => `dist/${name}.js`),
    outdir: 'dist/node',
    chunkNames: 'chunks/[name]-[hash]',
    ignoreAnnotations: true, // an import without names counts, below
    plugins: [oneFile(new Set([...loaded, ...alone]))],
  });
}

/**
 * esbuild puts what the same entries reach into one file. So every module outside of what `index` loads imports it: it is there by then
 * anyway, and all of it is reached alike. Only `inspect` loads without the rest.
 */
function oneFile(untouched: ReadonlySet<string>): Plugin {
  const first = `import ${JSON.stringify(`${root}dist/index.js`)};\n`;
  return {
    name: 'one file',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
        if (untouched.has(relative(root, path).replaceAll('\\', '/'))) return undefined;
        return { contents: first + await readFile(path, 'utf8'), loader: 'js' };
      });
    },
  };
}

/** The files that an import of this one loads in Node, itself included, from the root with slashes. */
export async function closureOf(file: string): Promise<Set<string>> {
  const { metafile } = await build({ ...FOR_NODE, entryPoints: [file], outdir: 'out', write: false, metafile: true, logLevel: 'silent' });
  const reached = new Set<string>();
  for (const waiting = [file]; waiting.length > 0;) {
    const path = waiting.pop()!;
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { path: imported, kind, external } of metafile.inputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) waiting.push(imported);
    }
  }
  return reached;
}

const FOR_NODE = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  conditions: ['node'],
  target: 'es2022',
  tsconfigRaw: '{}', // its paths lead to the sources
  external: ['node:*', '*.node', 'cloudflare:*', '@koromix/*', 'koffi'],
  legalComments: 'none',
} satisfies BuildOptions;
