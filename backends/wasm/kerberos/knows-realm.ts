import type { AuthData, KerberosConfig } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import type { Host } from '../../contract/host.ts';
import { clientIdentity, namedUser } from './identity.ts';
import { readConfiguration } from './store/configuration.ts';

interface KnowsRealmOptions {
  authData?: AuthData | undefined;
  kerberos?: KerberosConfig | undefined;
  host: Host;
}

/**
 * False when nothing tells the realm of an account with a password: Negotiate then offers NTLM alone, and no KDC is
 * looked for. A keytab or a cache names its realm.
 * Apart from the rest of Kerberos, ten times its size, which is not wanted then.
 */
export async function knowsRealm({ authData, kerberos = {}, host }: KnowsRealmOptions): Promise<boolean> {
  if (authData === undefined || 'keytab' in authData || 'ccache' in authData) return true;
  const named = namedUser(authData);
  if (named === undefined) return false;
  try {
    clientIdentity(named.user, named.domain, kerberos, await readConfiguration(kerberos, host));
    return true;
  } catch (error) {
    if (error instanceof SspiError) return false; // no realm, or a krb5.conf that cannot be read: NTLM needs neither
    throw error;
  }
}
