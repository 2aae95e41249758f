import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { fileStore, type CcacheStore } from './ccache-store.ts';
import { samePrincipal, type Principal } from './principal.ts';

/**
 * MIT's DIR caches: `DIR::/path/tktXXXXXX` is one of them; `DIR:/path` is the one that the file `primary` names, `tkt` without it.
 * Each client has a cache of its own.
 */
export function directoryStore(residual: string, host: Host): CcacheStore {
  if (residual.startsWith(':')) return fileStore(residual.slice(1), host);
  const directory = residual.replace(/(?<=.)\/+$/, '');
  const at = (name: string) => fileStore(`${directory}/${name}`, host);

  async function primary(): Promise<string | null> {
    const bytes = (await host.readFile?.(`${directory}/primary`).catch(() => null)) ?? null;
    if (bytes === null) return null;
    const name = new TextDecoder().decode(bytes).trim();
    if (!/^tkt[^/]*$/.test(name)) throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `'${directory}/primary' names no cache of the collection`);
    return name;
  }

  /** The cache of this client, else the name of a new one. */
  async function nameFor(client: Principal): Promise<string> {
    const names = ((await host.listDirectory?.(directory)) ?? []).filter((name) => /^tkt[^/.]*$/.test(name)).sort();
    for (const name of names) {
      const cache = await at(name).load().catch(() => null);
      if (cache !== null && samePrincipal(cache.principal, client)) return name;
    }
    const first = (await primary()) ?? 'tkt';
    if (!names.includes(first)) return first;
    return `tkt${[...host.random(6)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`;
  }

  return {
    load: async () => at((await primary()) ?? 'tkt').load(),
    async save(cache) {
      const name = await nameFor(cache.principal);
      await at(name).save(cache);
      await host.writeFile!(`${directory}/primary`, new TextEncoder().encode(`${name}\n`));
    },
    remove: async () => at((await primary()) ?? 'tkt').remove(),
  };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
