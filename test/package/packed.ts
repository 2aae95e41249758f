import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../build/root.ts';
import { NPM } from './npm.ts';

export interface Installed {
  /** A project's folder, whose node_modules holds what `npm pack` made, and Node's types: there is no other dependency. */
  project: string;
  /** node_modules/portable-sspi in it. */
  package: string;
}

/** The package as a user gets it. The suite that asks removes `project`. */
export async function installPacked(): Promise<Installed> {
  const project = await realpath(await mkdtemp(join(tmpdir(), 'portable-sspi-packed-')));
  const installed = join(project, 'node_modules/portable-sspi');
  await mkdir(installed, { recursive: true });
  const [npm, ...first] = NPM;
  execFileSync(npm, [...first, 'pack', '--ignore-scripts', '--silent', '--pack-destination', project], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'))!;
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', installed, '--strip-components=1']);
  for (const name of TYPES) await symlink(`${root}node_modules/${name}`, join(project, 'node_modules', name), 'junction');
  return { project, package: installed };
}

export function uninstall({ project }: Installed): Promise<void> {
  return rm(project, { recursive: true, force: true });
}

const TYPES = ['@types', 'undici-types'];
