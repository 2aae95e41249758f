import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { variants } from './entries.ts';
import { root } from './root.ts';

/** For esbuild, over sources: a `#name` of package.json's "imports" is the source of its variant, where it has one, and not what was built of it. */
export function sourceImports(): Plugin {
  return {
    name: 'source imports',
    async setup(build) {
      const { imports } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { imports: Record<string, Record<string, string>> };
      const { conditions = [], platform } = build.initialOptions;
      const given = new Set([...conditions, 'import', 'default', ...(platform === 'node' ? ['node'] : platform === 'browser' ? ['browser'] : [])]);
      build.onResolve({ filter: /^#/ }, ({ path }) => {
        const chosen = Object.entries(imports[path] ?? {}).find(([condition]) => given.has(condition))?.[1];
        const source = variants[/^\.\/dist\/(.+)\.js$/.exec(chosen ?? '')?.[1] ?? ''];
        return source === undefined ? undefined : { path: root + source };
      });
    },
  };
}
