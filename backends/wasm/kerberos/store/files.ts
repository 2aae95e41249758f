import type { KerberosConfig } from '../../../contract/credentials.ts';
import type { Host } from '../../../contract/host.ts';
import type { CredentialCacheData } from './ccache.ts';
import { readAnyCcache } from './any-ccache.ts';
import { openCcacheStore } from './ccache-store.ts';
import { readKeytab, type KeytabEntry } from './keytab.ts';
import { readBytes } from './read-bytes.ts';

/** A keytab: its bytes, a path, or MIT's `FILE:path`. Undefined stays undefined. */
export async function loadKeytab(keytab: Uint8Array | string | undefined, host: Host): Promise<KeytabEntry[] | undefined> {
  if (keytab === undefined) return undefined;
  if (typeof keytab !== 'string') return readKeytab(keytab);
  const bytes = await readBytes(keytab.replace(/^(?:WR)?FILE:/, ''), 'keytab', host);
  try {
    return readKeytab(bytes);
  } finally {
    bytes.fill(0); // the entries have copies
  }
}

/** A credential cache: its bytes (a KRB-CRED too), a path, or a name as KRB5CCNAME has it. */
export async function loadCcache(ccache: Uint8Array | string, host: Host, kerberos?: KerberosConfig): Promise<CredentialCacheData> {
  return typeof ccache !== 'string' ? readAnyCcache(ccache) : openCcacheStore(ccache, host, kerberos).load();
}
