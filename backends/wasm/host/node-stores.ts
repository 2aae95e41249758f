import type { Host } from '../../contract/host.ts';
import { builtin } from './builtin.ts';

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

async function exchangeUnix(path: string, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal): Promise<Uint8Array> {
  const { connect } = await builtin('node:net');
  signal.throwIfAborted();
  const socket = connect({ path });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      let received: Uint8Array = new Uint8Array(0);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      socket.on('error', reject);
      socket.on('connect', () => socket.write(message));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (isWhole(received)) resolve(received);
      });
      socket.on('close', () => resolve(received)); // what came is judged by its length
    });
  } finally {
    socket.destroy();
  }
}
