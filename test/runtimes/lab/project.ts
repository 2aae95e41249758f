import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../../build/root.ts';

export interface Project extends AsyncDisposable {
  /** Its node_modules holds portable-sspi as `npm install` puts it there. */
  folder: string;
  version: string;
}

/** Packs the repository and installs the tarball into a project of its own, as a user would. */
export async function installTarball(): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'portable-sspi-runtimes-')));
  const npm = (...args: string[]) => execFileSync('npm', [...args, '--no-fund', '--no-audit', '--no-update-notifier', '--loglevel=error'], {
    cwd: args[0] === 'pack' ? root : folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'a-project', private: true, type: 'module' }));
  await mkdir(join(folder, 'files'));
  await writeFile(join(folder, 'files/krb5.conf'), '');
  npm('pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!;
  npm('install', '--prefer-offline', `./${tarball}`);
  return {
    folder,
    version: /portable-sspi-(.*)\.tgz$/.exec(tarball)![1]!,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
