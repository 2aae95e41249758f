// Programs for Windows from npm, which would not install them here: packed, compared with what is locked, and kept in test/wine/.cache.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../../build/root.ts';
import { run } from '../../interop/lab/processes.ts';

export interface LockedPackage {
  name: string;
  version: string;
  /** Of the archive, as npm writes it. */
  integrity: string;
}

/** Node as packages.json locks it, and koffi as this project's own lock file does. */
export async function lockedPackages(): Promise<LockedPackage[]> {
  const nodes = JSON.parse(await readFile(new URL('../packages.json', import.meta.url), 'utf8')) as LockedPackage[];
  const { packages } = JSON.parse(await readFile(`${root}package-lock.json`, 'utf8')) as { packages: Record<string, Omit<LockedPackage, 'name'>> };
  return [...nodes, { name: KOFFI, ...packages[`node_modules/${KOFFI}`]! }];
}

/** Fetches the package unless it was fetched before. Returns its folder. Throws when the archive is not the one that is locked. */
export async function fetchPackage({ name, version, integrity }: LockedPackage): Promise<string> {
  const folder = join(CACHE, `${name.replace('/', '-')}-${version}-${createHash('sha256').update(integrity).digest('hex').slice(0, 8)}`);
  if (existsSync(folder)) return folder;
  const fresh = join(CACHE, `unpacked-${randomUUID()}`);
  await mkdir(fresh, { recursive: true });
  try {
    const { code, stdout, stderr } = await run('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', fresh], { env: process.env, cwd: fresh });
    if (code !== 0) throw new Error(`npm pack ${name}@${version} failed:\n${stdout}${stderr}`);
    const archive = join(fresh, stdout.trim().split('\n').at(-1)!);
    const found = `sha512-${createHash('sha512').update(await readFile(archive)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} has integrity ${found}; locked is ${integrity}`);
    const unpacked = await run('tar', ['-xzf', archive, '-C', fresh, '--strip-components=1']);
    if (unpacked.code !== 0) throw new Error(`tar -xzf ${archive} failed:\n${unpacked.stderr}`);
    await rm(archive);
    await rename(fresh, folder); // at once, so that a run that was interrupted leaves no half of it
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

const KOFFI = '@koromix/koffi-win32-x64';
const CACHE = fileURLToPath(new URL('../.cache', import.meta.url));
