// src/ → dist/*.js: one module for each entry and each variant, what they share in dist/chunks.
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { entries, variants } from './entries.ts';
import { root } from './root.ts';

const HASHBANG = '#!/usr/bin/env node\n';

export async function bundleModules(): Promise<void> {
  const entryPoints = await entries();
  await build({
    absWorkingDir: root,
    entryPoints: { ...entryPoints, ...variants },
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    packages: 'external',
    // package.json's "imports" choose what a runtime needs, when a program runs or is bundled, and not here
    external: ['#*', 'node:*'],
    // require() of an ES module, and a worker's start, both refuse it
    supported: { 'top-level-await': false },
    legalComments: 'none',
  });
  if (entryPoints.cli !== undefined) await makeCommand(`${root}dist/cli.js`);
}

async function makeCommand(file: string): Promise<void> {
  const code = await readFile(file, 'utf8');
  if (!code.startsWith('#!')) await writeFile(file, HASHBANG + code);
  await chmod(file, 0o755);
}
