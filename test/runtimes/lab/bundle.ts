import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { root } from '../../../build/root.ts';
import { here } from './paths.ts';

/** The program with its tests, in which every import of this repository's src/ is one of the package's name. */
export async function bundleProgram(entry: string, outfile: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(here, 'programs', entry)],
    outfile,
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    external: ['portable-sspi', 'portable-sspi/*', 'node:*'],
    plugins: [ofThePackage],
  });
  const own = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs)).filter((file) => /^(?:src|backends|assembly)\//.test(file));
  if (own.length > 0) throw new Error(`the tests must reach the package by its name, but the bundle holds ${own.join(', ')}`);
}

const ENTRIES: Readonly<Record<string, string>> = {
  'src/index.ts': 'portable-sspi',
  'src/http/index.ts': 'portable-sspi/http',
  'src/inspect/index.ts': 'portable-sspi/inspect',
  'src/kerberos/index.ts': 'portable-sspi/kerberos',
  'src/testing/index.ts': 'portable-sspi/testing',
};

const ofThePackage: Plugin = {
  name: 'of-the-package',
  setup({ onResolve }) {
    onResolve({ filter: /\/src\/.*\.ts$/ }, ({ path, resolveDir }) => {
      const name = ENTRIES[join(resolveDir, path).slice(root.length)];
      return name === undefined ? null : { path: name, external: true };
    });
    onResolve({ filter: /^uvu$/ }, () => ({ path: join(here, 'programs/uvu.ts') }));
  },
};
