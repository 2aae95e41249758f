import { SspiError } from '../../../contract/errors.ts';
import { readCcache, writeCcache } from './ccache.ts';
import type { CcacheStore } from './ccache-store.ts';

/** MEMORY caches: of this process, by name. They hold copies, so that who loads one may wipe what it got. */
export function memoryStore(name: string): CcacheStore {
  return {
    async load() {
      const bytes = CACHES.get(name);
      if (bytes === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `this process has no credential cache 'MEMORY:${name}'`, { remedy: 'Save one by that name first; it lives as long as the process.' });
      return readCcache(bytes);
    },
    async save(cache) {
      CACHES.get(name)?.fill(0);
      CACHES.set(name, writeCcache(cache));
    },
    async remove() {
      CACHES.get(name)?.fill(0);
      return CACHES.delete(name);
    },
  };
}

const CACHES = new Map<string, Uint8Array>();
