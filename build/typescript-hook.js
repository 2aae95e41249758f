// Compiles TypeScript as it is imported. Node strips types by itself only from 22.6 on, and never decorators.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const tsconfigRaw = { compilerOptions: { experimentalDecorators: true, target: 'es2022', useDefineForClassFields: true } };

const read = async (name) => JSON.parse(await readFile(new URL(name, import.meta.url), 'utf8'));
let tables;

// `#host` in a source is the source of its variant for Node, not what was built of it.
export async function resolve(specifier, context, nextResolve) {
  if (!specifier.startsWith('#') || !context.parentURL?.endsWith('.ts')) return nextResolve(specifier, context);
  const [{ imports }, variants] = await (tables ??= Promise.all([read('../package.json'), read('variants.json')]));
  const chosen = Object.entries(imports[specifier] ?? {}).find(([condition]) => context.conditions.includes(condition) || condition === 'default');
  const source = variants[/^\.\/dist\/(.+)\.js$/.exec(chosen?.[1] ?? '')?.[1]];
  return source === undefined ? nextResolve(specifier, context) : nextResolve(new URL(`../${source}`, import.meta.url).href, context);
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code } = await transform(await readFile(path, 'utf8'), {
    loader: 'ts', format: 'esm', target: 'node20', sourcemap: 'inline', sourcefile: path, tsconfigRaw,
  });
  return { format: 'module', source: code, shortCircuit: true };
}
