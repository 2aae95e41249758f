import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../../build/root.ts';

/** A directory with these files, gone after `use`. Our own dependencies resolve in it. */
export async function withFiles<T>(files: Readonly<Record<string, string>>, use: (directory: string) => Promise<T> | T): Promise<T> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'portable-sspi-')));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    if (!Object.keys(files).some((name) => name.startsWith('node_modules/'))) await symlink(`${root}node_modules`, join(directory, 'node_modules'), 'junction');
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
