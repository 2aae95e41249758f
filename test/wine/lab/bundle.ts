import { build, type Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { root } from '../../../build/root.ts';

/** One module for node.exe, sources and suites together; only koffi stays outside. uvu collects the suites and lets `runSuites` run them. */
export async function bundleForWindows(entry: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: root, plugins: [sourcesOfVariants], entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', sourcemap: 'inline',
    external: ['koffi', '@koromix/*'], logLevel: 'warning',
    banner: { js: 'globalThis.UVU_DEFER = 1; globalThis.UVU_QUEUE = [[null], [null]]; globalThis.UVU_INDEX = 1;' },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, target: 'es2022', useDefineForClassFields: true } },
  });
}

/** `#host` and `#secur32` are the sources of their variants for Node, not what was built of them. */
const sourcesOfVariants: Plugin = {
  name: 'sources of variants',
  setup(bundle) {
    bundle.onResolve({ filter: /^#/ }, async ({ path }) => {
      const variants = JSON.parse(await readFile(`${root}build/variants.json`, 'utf8')) as Record<string, string>;
      const source = variants[`${path.slice(1)}.node`];
      return source === undefined ? undefined : { path: root + source };
    });
  },
};
