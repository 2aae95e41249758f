// Compiles TypeScript as it is imported. Node strips types by itself only from 22.6 on, and never decorators.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const tsconfigRaw = { compilerOptions: { experimentalDecorators: true, target: 'es2022', useDefineForClassFields: true } };

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code } = await transform(await readFile(path, 'utf8'), {
    loader: 'ts', format: 'esm', target: 'node20', sourcemap: 'inline', sourcefile: path, tsconfigRaw,
  });
  return { format: 'module', source: code, shortCircuit: true };
}
