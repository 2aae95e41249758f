import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import type { Krb5Conf } from './krb5-conf.ts';

/** `FILE:/tmp/x`, `DIR:/run/x`, `KCM:`, or a bare path. */
export function parseCcacheName(name: string): { type: string; residual: string } {
  const parts = /^([A-Z]{2,}):(.*)$/s.exec(name);
  return parts === null ? { type: 'FILE', residual: name } : { type: parts[1]!, residual: parts[2]! };
}

/**
 * The name of this user's cache, as MIT finds it: KRB5CCNAME, else krb5.conf's default_ccache_name, else FILE:/tmp/krb5cc_UID.
 * Null where a host has neither an environment nor users.
 */
export function defaultCcacheName(host: Host, krb5Conf: Krb5Conf | null): string | null {
  const named = host.environment?.('KRB5CCNAME');
  if (named) return named;
  if (krb5Conf?.defaultCcacheName !== undefined) return expandParameters(krb5Conf.defaultCcacheName, host);
  return host.userId === undefined ? null : `FILE:/tmp/krb5cc_${host.userId()}`;
}

/** KRB5_CLIENT_KTNAME, else krb5.conf's default_client_keytab_name; null where neither is set. */
export function clientKeytabName(host: Host, krb5Conf: Krb5Conf | null): string | null {
  return keytabName('KRB5_CLIENT_KTNAME', krb5Conf?.defaultClientKeytabName, host);
}

/** KRB5_KTNAME, else krb5.conf's default_keytab_name, else /etc/krb5.keytab; null where a host has no files. */
export function acceptorKeytabName(host: Host, krb5Conf: Krb5Conf | null): string | null {
  if (host.readFile === undefined) return null;
  return keytabName('KRB5_KTNAME', krb5Conf?.defaultKeytabName, host) ?? '/etc/krb5.keytab';
}

function keytabName(variable: string, configured: string | undefined, host: Host): string | null {
  return host.environment?.(variable) || (configured === undefined ? null : expandParameters(configured, host));
}

/** The parameters of krb5.conf(5), "Parameter expansion", that mean something outside of Windows. */
function expandParameters(text: string, host: Host): string {
  return text.replace(/%\{(\w+)\}/g, (parameter, name: string) => {
    switch (name) {
      case 'uid':
      case 'euid':
      case 'USERID':
        if (host.userId !== undefined) return String(host.userId());
        break;
      case 'TEMP':
        return host.environment?.('TMPDIR', true)?.replace(/\/$/, '') || '/tmp';
      case 'username': {
        const user = host.environment?.('USER', true) ?? host.environment?.('LOGNAME', true);
        if (user) return user;
        break;
      }
      case 'null':
        return '';
    }
    throw new SspiError('SEC_E_INVALID_PARAMETER', `krb5.conf: ${parameter} in '${text}' has no value here`, { remedy: 'Write the name out, or set KRB5CCNAME.' });
  });
}
