import type { KerberosConfig } from '../../../contract/credentials.ts';
import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { type Krb5Conf, readKrb5Conf } from './krb5-conf.ts';

/**
 * KerberosConfig.krb5Conf, else the files of KRB5_CONFIG, else /etc/krb5.conf, where there are files. Nobody is asked for a permission: a
 * configuration may be missing, and what misses it says so (`host.withheld`).
 */
export async function readConfiguration({ krb5Conf }: KerberosConfig, host: Host): Promise<Krb5Conf | null> {
  const decode = (bytes: Uint8Array | null) => (bytes === null ? null : new TextDecoder().decode(bytes));
  const files = host.readFile === undefined ? undefined : {
    readText: async (path: string) => decode(await host.readFile!(path, true).catch(() => null)),
    ...(host.listDirectory !== undefined && { listDirectory: (path: string) => host.listDirectory!(path) }),
  };
  if (krb5Conf !== undefined) return readKrb5Conf(krb5Conf, files);
  if (files === undefined) return null;
  const named = host.environment?.('KRB5_CONFIG', true);
  const paths = named ? named.match(PATHS) ?? [] : ['/etc/krb5.conf'];
  const texts = (await Promise.all(paths.map((path) => files.readText(path)))).filter((text) => text !== null);
  if (texts.length === 0) {
    if (named) throw new SspiError('SEC_E_INVALID_PARAMETER', `KRB5_CONFIG names '${named}', which cannot be read`);
    return null;
  }
  return readKrb5Conf(texts.join('\n'), files);
}

/** What would have permitted it to be read, as the beginning of a remedy: 'Permit …. Or '; '' where nothing was withheld. */
export function withheldConfiguration(host: Pick<Host, 'withheld'>): string {
  const flags = (host.withheld?.() ?? []).filter((flag) => /=KRB5_CONFIG$|^--allow-read=/.test(flag));
  return flags.length === 0 ? '' : `Permit what was not looked at: ${flags.join(' ')}. Or `;
}

/** What stands between colons, or between semicolons where the paths begin with the letter of a drive, as Windows has them. */
const PATHS = /(?:[A-Za-z]:(?=[\\/]))?(?:[^:;]|;(?![A-Za-z]:[\\/]))+/g;
