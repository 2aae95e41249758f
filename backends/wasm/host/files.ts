import type { Host } from '../../contract/host.ts';
import { builtin } from './builtin.ts';
import { explainDenial, isGrantedOption, withheld } from './permission.ts';

interface ProcessLike {
  versions?: { node?: string };
  env?: Record<string, string | undefined>;
}

/** Files and the environment where this runtime has them (Node, Bun, Deno); nothing is loaded before the first call. */
export function hostFiles(): Pick<Host, 'readFile' | 'listDirectory' | 'environment' | 'withheld'> {
  const { process } = globalThis as { process?: ProcessLike };
  if (process?.versions?.node === undefined) return {};
  return {
    withheld,
    async readFile(path, optional = false) {
      if (optional && !isGrantedOption({ name: 'read', path })) return null;
      try {
        return new Uint8Array(await (await builtin('node:fs/promises')).readFile(path));
      } catch (error) {
        if ((error as { code?: unknown }).code === 'ENOENT') return null;
        throw explainDenial(error);
      }
    },
    async listDirectory(path) {
      try {
        return await (await builtin('node:fs/promises')).readdir(path);
      } catch {
        return null;
      }
    },
    environment(name, optional = false) {
      if (optional && !isGrantedOption({ name: 'env', variable: name })) return undefined;
      try {
        return process.env?.[name];
      } catch (error) {
        throw explainDenial(error);
      }
    },
  };
}
