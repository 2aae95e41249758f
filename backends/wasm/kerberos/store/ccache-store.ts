import type { KerberosConfig } from '../../../contract/credentials.ts';
import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { writeCcache, type CredentialCacheData } from './ccache.ts';
import { parseCcacheName } from './ccache-name.ts';
import { directoryStore } from './ccache-directory.ts';
import { kcmStore } from './ccache-kcm.ts';
import { memoryStore } from './ccache-memory.ts';
import { isCcache, readAnyCcache } from './any-ccache.ts';
import { readBytes } from './read-bytes.ts';

/** Where one credential cache lives. */
export interface CcacheStore {
  /** Throws SEC_E_NO_CREDENTIALS where there is none, SEC_E_UNKNOWN_CREDENTIALS where it is malformed. */
  load(): Promise<CredentialCacheData>;
  /** Replaces what is there. A collection (DIR, KCM) keeps one cache for each client and makes this one its default. */
  save(cache: CredentialCacheData): Promise<void>;
  /** False where there was none. */
  remove(): Promise<boolean>;
}

/** By a name as KRB5CCNAME has it, or a path; `kerberos` where krb5.conf is not the host's. Throws SEC_E_UNSUPPORTED_FUNCTION for a type that is not known here. */
export function openCcacheStore(name: string, host: Host, kerberos?: KerberosConfig): CcacheStore {
  const { type, residual } = parseCcacheName(name);
  switch (type) {
    case 'FILE':
      return fileStore(residual, host);
    case 'DIR':
      return directoryStore(residual, host);
    case 'KCM':
      return kcmStore(residual, host, kerberos);
    case 'MEMORY':
      return memoryStore(residual);
    default:
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `credential caches of the type ${type} are not supported here`, {
        remedy: 'Use a FILE, DIR or KCM cache: export KRB5CCNAME=FILE:/tmp/krb5cc and run kinit again.',
      });
  }
}

export function fileStore(path: string, host: Host): CcacheStore {
  return {
    load: async () => readAnyCcache(await readBytes(path, 'credential cache', host)),
    async save(cache) {
      if (host.writeFile === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `this runtime writes no files, so '${path}' cannot be saved`, { remedy: "Keep the cache's bytes where the runtime can." });
      refuseAnother(await host.readFile?.(path).catch(() => null));
      await host.writeFile(path, writeCcache(cache));
    },
    async remove() {
      if (host.removeFile === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `this runtime removes no files, so '${path}' stays`);
      refuseAnother(await host.readFile?.(path));
      return host.removeFile(path);
    },
  };

  /** A mistyped path must not cost a file that never was a cache. An empty one may become one, and a wiped one may go. */
  function refuseAnother(there: Uint8Array | null | undefined): void {
    if (!there || isCcache(there) || there.every((byte) => byte === 0)) return;
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `'${path}' is no credential cache, so it stays as it is`, { remedy: 'Check the path.' });
  }
}
