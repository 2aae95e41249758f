import type { AuthData, KerberosConfig } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import type { Host } from '../../contract/host.ts';
import { isRefusalOfRuntime } from '../host/permission.ts';
import { TKT_FLAG } from './codes/flags.ts';
import { kerberosHost } from './host.ts';
import type { CredentialCacheData } from './store/ccache.ts';
import { acceptorKeytabName, clientKeytabName, defaultCcacheName } from './store/ccache-name.ts';
import { readConfiguration } from './store/configuration.ts';
import { loadCcache, loadKeytab } from './store/files.ts';
import { formatPrincipal, type Principal } from './store/principal.ts';

export interface DefaultCredential {
  /** Undefined: this user has neither tickets nor a client keytab. */
  authData?: AuthData;
  /** Why what was looked at does not serve. */
  reasons: unknown[];
}

/**
 * This user's own Kerberos credential, as MIT's programs find it: the credential cache where it holds tickets that last, else the client
 * keytab. `principal` ('alice', 'alice@AD.TEST') refuses that of another.
 */
export async function defaultKerberosCredential({ kerberos = {}, host: given, principal }: DefaultOptions): Promise<DefaultCredential> {
  const host = kerberosHost(given);
  const reasons: unknown[] = [];
  const attempt = async <T>(look: () => Promise<T>): Promise<T | undefined> => look().catch((error: unknown) => {
    if (!(error instanceof SspiError)) throw error;
    reasons.push(error);
    return undefined;
  });

  const conf = (await attempt(() => readConfiguration(kerberos, host))) ?? null;
  const fromCache = await attempt(async () => {
    const ccache = defaultCcacheName(host, conf);
    if (ccache === null) return undefined;
    const cache = await loadCcache(ccache, host, kerberos);
    const user = formatPrincipal(cache.principal);
    for (const { key } of cache.credentials) key.fill(0); // they are read anew when the first ticket is needed
    if (!isNamed(cache.principal, principal)) throw unsuitable(`the credential cache '${ccache}' is that of ${user}, not of ${principal}`);
    if (!hasTickets(cache, host)) throw unsuitable(`the tickets in the credential cache '${ccache}' have expired`);
    return { ccache, user };
  });
  if (fromCache !== undefined) return { authData: fromCache, reasons };

  const fromKeytab = await attempt(async () => {
    const keytab = clientKeytabName(host, conf);
    if (keytab === null) return undefined;
    const entries = (await loadKeytab(keytab, host))!;
    const entry = entries.find((one) => isNamed(one.principal, principal));
    for (const { key } of entries) key.fill(0);
    if (entry === undefined) throw unsuitable(`the client keytab '${keytab}' has no key${principal === undefined ? '' : ` of ${principal}`}`);
    return { keytab, user: formatPrincipal(entry.principal) };
  });
  return { ...(fromKeytab !== undefined && { authData: fromKeytab }), reasons };
}

export interface DefaultOptions {
  kerberos: KerberosConfig | undefined;
  host: Host;
  principal?: string | undefined;
}

/** The name of this host's keytab, where it is there: KRB5_KTNAME, krb5.conf's default_keytab_name, /etc/krb5.keytab. */
export async function defaultKeytab({ kerberos = {}, host: given }: DefaultOptions): Promise<string | null> {
  const host = kerberosHost(given);
  const name = acceptorKeytabName(host, await readConfiguration(kerberos, host));
  if (name === null) return null;
  const named = host.environment?.('KRB5_KTNAME');
  const path = name.replace(/^(?:WR)?FILE:/, '');
  const bytes = await host.readFile!(path).catch((cause: unknown) => {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `the keytab '${path}' cannot be read`, { cause, remedy: isRefusalOfRuntime(cause) ? cause.remedy! : 'Check its owner and mode, or pass authData: { keytab }.' });
  });
  if (bytes === null && named) throw new SspiError('SEC_E_NO_CREDENTIALS', `KRB5_KTNAME names '${path}', which is not there`, { remedy: 'Check the path, or pass authData: { keytab }.' });
  bytes?.fill(0);
  return bytes === null ? null : name;
}

/** One that lasts, or that can be renewed. */
function hasTickets({ credentials, kdcOffset }: CredentialCacheData, host: Host): boolean {
  const now = host.now().getTime() / 1000 + kdcOffset / 1e6;
  return credentials.some(({ endtime, flags }) => endtime > now && (flags & TKT_FLAG.INVALID) === 0);
}

function isNamed(own: Principal, wanted: string | undefined): boolean {
  return wanted === undefined || [formatPrincipal(own), own.components.join('/')].some((name) => name.toLowerCase() === wanted.toLowerCase());
}

function unsuitable(message: string): SspiError {
  return new SspiError('SEC_E_NO_CREDENTIALS', message);
}
