import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { root } from './root.ts';

/** SHA-256 over the names and contents of the files at and below these paths, which are relative to the repository. */
export async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const file of await filesBelow(paths)) hash.update(`\0${file}\0`).update(await readFile(root + file));
  return hash.digest('hex');
}

async function filesBelow(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(root + path).catch(() => null);
    if (found?.isFile()) files.push(path);
    if (!found?.isDirectory()) continue;
    for (const name of await readdir(root + path, { recursive: true })) {
      if ((await stat(`${root}${path}/${name}`)).isFile()) files.push(`${path}/${name}`);
    }
  }
  return files.sort();
}
