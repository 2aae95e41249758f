import { SspiError } from '../../../contract/errors.ts';
import { readKrbCred } from '../exchange/krb-cred.ts';
import { readCcache, type CredentialCacheData } from './ccache.ts';

/** A FILE cache's bytes of any version, or a KRB-CRED with tickets that are not encrypted, as a .kirbi file is. */
export function readAnyCcache(bytes: Uint8Array): CredentialCacheData {
  if (bytes[0] !== KRB_CRED_TAG) return readCcache(bytes);
  const credentials = readKrbCred(bytes, null);
  const [first] = credentials;
  if (first === undefined) throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'the KRB-CRED holds no ticket');
  return { version: 4, principal: first.client, kdcOffset: 0, config: [], credentials };
}

/** By its first bytes: a damaged one is one too. Versions 1 and 2 begin as a keytab does, so these have to be whole. */
export function isCcache(bytes: Uint8Array): boolean {
  if (bytes[0] === KRB_CRED_TAG || (bytes[0] === 5 && (bytes[1] === 3 || bytes[1] === 4))) return true;
  try {
    readCcache(bytes);
    return true;
  } catch {
    return false;
  }
}

/** [APPLICATION 22]. */
const KRB_CRED_TAG = 0x76;
