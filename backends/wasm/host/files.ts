import type { Host } from '../../contract/host.ts';
import { builtin } from './builtin.ts';
import { explainDenial, isGrantedOption, withheld } from './permission.ts';

/** What is used of Deno. Its `process` and its `node:fs` would take 10 ms each to come. */
interface DenoLike {
  readFile?(path: string): Promise<Uint8Array>;
  env?: { get(name: string): string | undefined };
}

interface ProcessLike {
  versions?: { node?: string };
  env?: Record<string, string | undefined>;
}

/** Files and the environment where this runtime has them (Node, Bun, Deno); nothing is loaded before the first call. */
export function hostFiles(): Pick<Host, 'readFile' | 'listDirectory' | 'environment' | 'withheld'> {
  const { Deno } = globalThis as { Deno?: DenoLike };
  const own = Deno?.readFile !== undefined && Deno.env !== undefined;
  const process = own ? undefined : (globalThis as { process?: ProcessLike }).process;
  if (!own && process?.versions?.node === undefined) return {};
  return {
    withheld,
    async readFile(path, optional = false) {
      if (optional && !isGrantedOption({ name: 'read', path })) return null;
      try {
        return own ? await Deno.readFile!(path) : new Uint8Array(await (await builtin('node:fs/promises')).readFile(path));
      } catch (error) {
        const { code, name } = error as { code?: unknown; name?: unknown };
        if (code === 'ENOENT' || name === 'NotFound') return null;
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
        return own ? Deno.env!.get(name) : process!.env?.[name];
      } catch (error) {
        throw explainDenial(error);
      }
    },
  };
}
