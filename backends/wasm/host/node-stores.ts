import type { Host } from '../../contract/host.ts';
import { builtin } from './builtin.ts';
import { exchangeStream } from './node-stream.ts';

/** Files that are written, and Unix sockets, over Node's modules, which Deno and Bun have as well. */
export const nodeStores: Required<Pick<Host, 'writeFile' | 'removeFile' | 'exchangeUnix'>> = { writeFile, removeFile, exchangeUnix };

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  const { open, rename, rm } = await builtin('node:fs/promises');
  const suffix = [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const temporary = `${path}.${suffix}`; // beside it: a rename does not cross file systems
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

async function removeFile(path: string): Promise<boolean> {
  const { lstat, open, unlink } = await builtin('node:fs/promises');
  try {
    if ((await lstat(path)).isFile()) {
      const file = await open(path, 'r+');
      try {
        await file.writeFile(new Uint8Array((await file.stat()).size));
        await file.sync();
      } finally {
        await file.close();
      }
    }
    await unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function exchangeUnix(path: string, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal): Promise<Uint8Array> {
  return exchangeStream({ path }, message, isWhole, signal);
}
