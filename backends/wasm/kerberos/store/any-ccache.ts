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

/** [APPLICATION 22]. */
const KRB_CRED_TAG = 0x76;
