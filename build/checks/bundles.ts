// Programs as bundlers make them, for each kind of runtime, from the package as it is installed.
import { isBuiltin } from 'node:module';
import { build, type BuildOptions, type Plugin } from 'esbuild';

export type Target = keyof typeof TARGETS;

export interface Bundle {
  /** The entry first; with `splitting`, the chunks after it. */
  files: { path: string; contents: Uint8Array; text: string }[];
  /** What the bundle asks its runtime for: `node:net`, `cloudflare:sockets`, `core.wasm`. */
  imports: { path: string; dynamic: boolean }[];
  /** Which modules of the package are in it, from its dist/ on. */
  modules: string[];
}

/** Bundles `program`, whose imports are resolved from `directory`. */
export async function bundle(directory: string, target: Target, program: string, options: BuildOptions = {}): Promise<Bundle> {
  const { plugins = [], ...settings } = TARGETS[target] as BuildOptions;
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: directory, sourcefile: 'program.js' },
    absWorkingDir: directory,
    outdir: 'out',
    bundle: true,
    minify: true,
    logLevel: 'silent',
    ...settings,
    ...options,
    write: false,
    metafile: true,
    plugins: [...plugins, ...options.plugins ?? []],
  });
  const outputs = Object.values(metafile.outputs);
  return {
    files: outputFiles.map(({ path, contents, text }) => ({ path: path.slice(directory.length + '/out/'.length), contents, text })),
    imports: outputs.flatMap(({ imports }) => imports).filter(({ external }) => external).map(({ path, kind }) => ({ path, dynamic: kind === 'dynamic-import' })),
    modules: [...new Set(outputs.flatMap(({ inputs }) => Object.keys(inputs)))].map((path) => path.split('portable-sspi/dist/')[1] ?? path),
  };
}

/** What no such runtime gives to a module that asks for it. */
export function unavailable(target: Target, imports: Bundle['imports']): string[] {
  const given = GIVEN[target];
  return [...new Set(imports.filter(({ path }) => !given.some((pattern) => pattern.test(path))).map(({ path, dynamic }) => (dynamic ? `import('${path}')` : `import '${path}'`)))];
}

/** `core.wasm` stays an import, beside the bundle, as wrangler and Next.js leave it. */
const wasmModules: Plugin = {
  name: 'wasm modules',
  setup({ onResolve }) {
    onResolve({ filter: /\.wasm(?:\?module)?$/ }, ({ path }) => ({ path: path.split('/').at(-1)!, external: true }));
  },
};

/** Node's own modules stay imports, with the prefix or without. */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve }) {
    onResolve({ filter: /^[\w:/]+$/ }, ({ path }) => (isBuiltin(path) || path.startsWith('cloudflare:') ? { path, external: true, sideEffects: false } : undefined));
  },
};

const TARGETS = {
  /** esbuild and Vite for pages and workers. */
  browser: { platform: 'browser', format: 'esm', target: 'es2022', plugins: [builtins] },
  /** As wrangler calls esbuild. */
  workerd: {
    platform: 'browser', format: 'esm', target: 'es2024', conditions: ['workerd', 'worker', 'browser'], mainFields: ['browser', 'module', 'main'],
    plugins: [wasmModules, builtins],
  },
  /** Next.js, for its edge runtime. */
  'edge-light': { platform: 'browser', format: 'esm', target: 'es2022', conditions: ['edge-light', 'worker', 'browser'], plugins: [wasmModules, builtins] },
  node: { platform: 'node', format: 'esm', target: 'node20' },
  bun: { platform: 'node', format: 'esm', target: 'es2022', conditions: ['bun', 'node'] },
  deno: { platform: 'node', format: 'esm', target: 'es2022', conditions: ['deno', 'node'] },
  /** Who names no condition. */
  neutral: { platform: 'neutral', format: 'esm', target: 'es2022', mainFields: ['module', 'main'], plugins: [builtins] },
} satisfies Record<string, BuildOptions>;

const WITH_NODE = [/^node:/, /^koffi$/];
const GIVEN: Readonly<Record<Target, readonly RegExp[]>> = {
  browser: [],
  workerd: [/^core\.wasm$/, /^cloudflare:sockets$/],
  'edge-light': [/^core\.wasm\?module$/],
  node: WITH_NODE,
  bun: WITH_NODE,
  deno: WITH_NODE,
  neutral: [],
};
