// Exports and declarations must say the same: a program that names every export is compiled against the declarations.
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { root } from '../root.ts';

interface Manifest {
  name: string;
  exports: Record<string, string | { types?: string; default: string }>;
}

/**
 * The compiler's complaints, one each, about the package that is installed in `project`'s node_modules: an export that
 * no declaration names, a declaration without an export, a declaration that does not compile.
 */
export async function findUndeclared(project: string, packageName: string): Promise<string[]> {
  const folder = `${project}/node_modules/${packageName}`;
  const { exports } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8')) as Manifest;
  const lines: string[] = [];
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string' || !target.default.endsWith('.js')) continue;
    const module = await import(pathToFileURL(`${folder}/${target.default}`).href) as object;
    lines.push(...consumerOf(packageName + subpath.slice(1), Object.keys(module), lines.length));
  }
  return compile(project, lines.join('\n'), ['--types', 'node']);
}

/** Compiles a program as a user's strict project would, declarations of dependencies included; returns the complaints. */
export async function compile(project: string, program: string, options: readonly string[] = []): Promise<string[]> {
  const directory = `${project}/consumer`;
  await mkdir(directory, { recursive: true });
  await writeFile(`${project}/package.json`, '{"type":"module"}');
  await writeFile(`${directory}/consumer.ts`, program);
  const tsc = spawnSync(process.execPath, [
    `${root}node_modules/typescript/bin/tsc`, 'consumer.ts', '--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--module', 'nodenext', ...options,
  ], { cwd: directory, encoding: 'utf8' });
  await rm(directory, { recursive: true });
  if (tsc.error !== undefined) throw tsc.error;
  const complaints = tsc.stdout.split('\n').filter((line) => /\berror TS\d+/.test(line));
  if (tsc.status !== 0 && complaints.length === 0) throw new Error(`tsc ended with ${tsc.status}: ${tsc.stdout}${tsc.stderr}`);
  return complaints;
}

function consumerOf(specifier: string, names: readonly string[], id: number): string[] {
  const known = names.map((name) => `'${name}'`).join(' | ') || 'never';
  return [
    `import * as module${id} from '${specifier}';`,
    ...names.map((name) => `void module${id}.${name};`),
    // assignable only when nothing is left over
    `export const declaredOnly${id}: (name: Exclude<keyof typeof module${id}, ${known}>) => void = (_name: never) => {};`,
  ];
}
