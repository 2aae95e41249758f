import type { AuthData, KerberosConfig } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import type { Host } from '../../contract/host.ts';
import type { MechanismCredential } from '../mechanism.ts';
import { clientIdentity, namedUser } from './identity.ts';
import { readConfiguration } from './store/configuration.ts';

interface KnowsRealmOptions {
  authData?: AuthData | undefined;
  kerberos?: KerberosConfig | undefined;
  host: Host;
}

/**
 * Stands for Kerberos when nothing tells the realm of an account with a password, and says so: Negotiate then offers NTLM alone, and no KDC is
 * looked for. Undefined where the realm is known; a keytab or a cache names it.
 * Apart from the rest of Kerberos, ten times its size, which is not wanted then.
 */
export async function withoutRealm({ authData, kerberos = {}, host }: KnowsRealmOptions): Promise<MechanismCredential | undefined> {
  if (authData === undefined || 'keytab' in authData || 'ccache' in authData) return undefined;
  try {
    const named = namedUser(authData);
    if (named === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos has no anonymous users');
    clientIdentity(named.user, named.domain, kerberos, await readConfiguration(kerberos, host), host);
    return undefined;
  } catch (error) {
    if (error instanceof SspiError) return unavailable(error); // no realm, or a krb5.conf that cannot be read: NTLM needs neither
    throw error;
  }
}

function unavailable(error: SspiError): MechanismCredential {
  const fail = () => { throw error; };
  return { name: 'Kerberos', unavailable: error, oids: [], maxToken: 0, expiry: null, recognizes: () => false, initiator: fail, acceptor: fail, free() {} };
}
