import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { bundleProgram } from '../lab/bundle.ts';
import { here, packageFolder } from '../lab/paths.ts';
import { runProgram } from '../lab/programs.ts';
import type { Runtime } from './kind.ts';

/** Vercel's edge-runtime, with the platform's rule that no WebAssembly is compiled from bytes. */
export function edgeRuntime(): Runtime {
  return {
    name: 'edge-runtime',
    can: { holdConnections: false, keepConnections: false, tcp: false, udp: false, files: false },
    async version() {
      return (JSON.parse(await readFile(join(packageFolder('edge-runtime'), 'package.json'), 'utf8')) as { version: string }).version;
    },
    async run(task, { folder }) {
      const source = join(folder, 'edge');
      await mkdir(source);
      await bundleProgram('edge.ts', join(source, 'edge.js'));
      await build({
        absWorkingDir: folder, entryPoints: ['edge/edge.js'], outfile: join(source, 'out/edge.js'), bundle: true, format: 'iife', platform: 'neutral',
        mainFields: ['browser', 'module', 'main'], conditions: ['edge-light', 'browser'], target: 'es2022', plugins: [modulesOf(join(source, 'out'))],
      });
      const taskFile = join(source, 'task.json');
      await writeFile(taskFile, JSON.stringify(task));
      return runProgram(process.execPath, [join(here, 'kinds/edge-main.js'), join(source, 'out'), taskFile], { cwd: here });
    },
  };
}

/** As Vercel's build: a file that is imported as a module is uploaded beside the code, and is a global there. */
function modulesOf(out: string): Plugin {
  return {
    name: 'wasm-modules',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.wasm(?:\?module)?$/ }, ({ path, resolveDir }) => (
        { path: join(resolveDir, path.replace('?module', '')), namespace: 'wasm-module' }
      ));
      onLoad({ filter: /.*/, namespace: 'wasm-module' }, async ({ path }) => {
        await mkdir(out, { recursive: true });
        await writeFile(join(out, basename(path)), await readFile(path));
        return { contents: `export default globalThis[${JSON.stringify(basename(path))}];`, resolveDir: dirname(path) };
      });
    },
  };
}
