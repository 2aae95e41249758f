import type { Host } from '../../contract/host.ts';

interface ProcessLike {
  versions?: { node?: string };
  env?: Record<string, string | undefined>;
  getBuiltinModule?(id: string): unknown;
}
type FileSystem = typeof import('node:fs/promises');

/** Files and the environment where this runtime has them (Node, Bun, Deno); nothing is loaded before the first call. */
export function hostFiles(): Pick<Host, 'readFile' | 'listDirectory' | 'environment'> {
  const { process } = globalThis as { process?: ProcessLike };
  if (process?.versions?.node === undefined) return {};
  return {
    async readFile(path) {
      try {
        return new Uint8Array(await (await fileSystem(process)).readFile(path));
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ENOENT') return null;
        throw error;
      }
    },
    async listDirectory(path) {
      try {
        return await (await fileSystem(process)).readdir(path);
      } catch {
        return null;
      }
    },
    environment: (name) => process.env?.[name],
  };
}

async function fileSystem(process: ProcessLike): Promise<FileSystem> {
  const module = process.getBuiltinModule?.('node:fs/promises') as FileSystem | undefined;
  if (module !== undefined) return module;
  const specifier = 'node:fs/promises'; // not a literal in import(): bundlers for browsers would try to resolve it
  return (await import(specifier)) as FileSystem;
}
