import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { readKrbCred } from '../exchange/krb-cred.ts';
import { readCcache, type CredentialCacheData } from './ccache.ts';
import { readKeytab, type KeytabEntry } from './keytab.ts';

/** A keytab: its bytes, a path, or MIT's `FILE:path`. Undefined stays undefined. */
export async function loadKeytab(keytab: Uint8Array | string | undefined, host: Host): Promise<KeytabEntry[] | undefined> {
  if (keytab === undefined) return undefined;
  if (typeof keytab !== 'string') return readKeytab(keytab);
  return readKeytab(await readBytes(keytab.replace(/^(?:WR)?FILE:/, ''), 'keytab', host));
}

/** A credential cache: its bytes (a KRB-CRED too), a path, or a name as KRB5CCNAME has it. */
export async function loadCcache(ccache: Uint8Array | string, host: Host): Promise<CredentialCacheData> {
  if (typeof ccache !== 'string') return readAnyCcache(ccache);
  const { type, residual } = parseCcacheName(ccache);
  switch (type) {
    case 'FILE':
      return readAnyCcache(await readBytes(residual, 'credential cache', host));
    case 'DIR': {
      // MIT: `DIR::path` is one cache; `DIR:directory` is the one that `primary` names, `tkt` without it.
      if (residual.startsWith(':')) return readAnyCcache(await readBytes(residual.slice(1), 'credential cache', host));
      const primary = await host.readFile?.(`${residual}/primary`).catch(() => null);
      const name = primary == null ? 'tkt' : new TextDecoder().decode(primary).trim();
      if (!/^tkt[^/]*$/.test(name)) throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `'${residual}/primary' names no cache of the collection`);
      return readAnyCcache(await readBytes(`${residual}/${name}`, 'credential cache', host));
    }
    default:
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `credential caches of the type ${type} cannot be read here`, {
        remedy: 'Use a FILE or DIR cache: export KRB5CCNAME=FILE:/tmp/krb5cc and run kinit again.',
      });
  }
}

/** `FILE:/tmp/x`, `DIR:/run/x`, `KCM:`, or a bare path. */
export function parseCcacheName(name: string): { type: string; residual: string } {
  const parts = /^([A-Z]{2,}):(.*)$/s.exec(name);
  return parts === null ? { type: 'FILE', residual: name } : { type: parts[1]!, residual: parts[2]! };
}

function readAnyCcache(bytes: Uint8Array): CredentialCacheData {
  if (bytes[0] !== 0x76) return readCcache(bytes);
  const credentials = readKrbCred(bytes, null); // a .kirbi file
  const [first] = credentials;
  if (first === undefined) throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'the KRB-CRED holds no ticket');
  return { version: 4, principal: first.client, kdcOffset: 0, config: [], credentials };
}

async function readBytes(path: string, what: string, host: Host): Promise<Uint8Array> {
  if (host.readFile === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `this runtime has no files, so the ${what} '${path}' cannot be read`, { remedy: `Pass the ${what}'s bytes.` });
  let bytes: Uint8Array | null;
  try {
    bytes = await host.readFile(path);
  } catch (cause) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `the ${what} '${path}' cannot be read`, { cause, remedy: 'Check its owner and mode.' });
  }
  if (bytes === null) throw new SspiError('SEC_E_NO_CREDENTIALS', `the ${what} '${path}' is not there`, { remedy: what === 'keytab' ? 'Check the path; ktpass, ktutil or samba-tool export one.' : 'Run kinit first, or check KRB5CCNAME.' });
  return bytes;
}
