import { build, type Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { root } from '../../../build/root.ts';

/** One module for node.exe, sources and suites together; only koffi stays outside. uvu collects the suites and lets `runSuites` run them. */
export async function bundleForWindows(entry: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: root, plugins: [sourcesOfVariants], entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', sourcemap: 'inline',
    external: ['koffi', '@koromix/*', 'portable-sspi'], logLevel: 'warning',
    banner: { js: 'globalThis.UVU_DEFER = 1; globalThis.UVU_QUEUE = [[null], [null]]; globalThis.UVU_INDEX = 1;' },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, target: 'es2022', useDefineForClassFields: true } },
  });
}

/** `#host`, `#secur32` and the like are the sources of their variants for Node, not what was built of them. */
const sourcesOfVariants: Plugin = {
  name: 'sources of variants',
  setup(bundle) {
    bundle.onResolve({ filter: /^#/ }, async ({ path }) => {
      const [{ imports }, variants] = await Promise.all(['package.json', 'build/variants.json'].map(async (name) => JSON.parse(await readFile(root + name, 'utf8')))) as
        [{ imports: Record<string, Record<string, string>> }, Record<string, string>];
      const chosen = imports[path]?.['node'] ?? imports[path]?.['default'];
      const source = variants[/^\.\/dist\/(.+)\.js$/.exec(chosen ?? '')?.[1] ?? ''];
      return source === undefined ? undefined : { path: root + source };
    });
  },
};
