import { hostCredentials } from '#kerberos';
import type { AcceptorData, AuthData, KerberosConfig, PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import type { Host } from '../contract/host.ts';
import { isRefusalOfRuntime } from './host/permission.ts';
import { allowedMechanisms } from './negotiate/policy.ts';

export interface DefaultCredentialOptions {
  package: PackageName;
  packageList: string | undefined;
  /** Which of the host's credentials. */
  principal: string | undefined;
  kerberos: KerberosConfig | undefined;
  host: Host;
}

/**
 * The host's own outbound credentials, Kerberos' before NTLM's, never none:
 *
 *   Kerberos   the credential cache (KRB5CCNAME, krb5.conf, /tmp/krb5cc_UID) where it holds tickets, else the client keytab (KRB5_CLIENT_KTNAME)
 *   NTLM       the account in the file named by NTLM_USER_FILE, one `DOMAIN:user:password` a line (the form that gss-ntlmssp reads);
 *              `principal` picks the line of `user`, `DOMAIN\\user` or `user@DOMAIN`, without it the first line counts
 *
 * Throws SEC_E_NO_CREDENTIALS where there is neither.
 */
export async function defaultCredentials(options: DefaultCredentialOptions): Promise<AuthData[]> {
  const { host, principal } = options;
  const found: AuthData[] = [];
  let reason: unknown;
  if (usesKerberos(options)) {
    const { authData, reasons } = await (await hostCredentials()).defaultKerberosCredential(options);
    if (authData !== undefined) found.push(authData);
    reason = reasons[0];
  }
  if (options.package !== 'Kerberos' && (options.package === 'NTLM' || allowedMechanisms(options.packageList).includes('NTLM'))) {
    try {
      found.push(await userFileAccount(host, principal));
    } catch (error) {
      if (host.environment?.('NTLM_USER_FILE', true) || reason === undefined) reason = error;
    }
  }
  if (found.length > 0) return found;
  const said = reason instanceof SspiError ? reason.message.replace(/^\w+: /, '') : 'this host has none';
  throw none(`no credential was given, and ${said}`, reason, host);
}

/** What an acceptor knows: without a keytab and without accounts, this host's keytab, where it has one (KRB5_KTNAME, krb5.conf, /etc/krb5.keytab). */
export async function withDefaultKeytab(acceptor: AcceptorData, options: DefaultCredentialOptions): Promise<AcceptorData> {
  if (acceptor.keytab !== undefined || acceptor.accounts !== undefined || acceptor.allowAnonymous || !usesKerberos(options)) return acceptor;
  const keytab = await (await hostCredentials()).defaultKeytab(options);
  return keytab === null ? acceptor : { ...acceptor, keytab };
}

function usesKerberos({ package: name, packageList }: DefaultCredentialOptions): boolean {
  return name === 'Kerberos' || (name === 'Negotiate' && allowedMechanisms(packageList).includes('Kerberos'));
}

async function userFileAccount(host: Host, principal?: string): Promise<AuthData> {
  const path = host.environment?.('NTLM_USER_FILE', true);
  if (path === undefined || path === '') throw none('this host has no default one');
  if (host.readFile === undefined) throw none('NTLM_USER_FILE is set, but this host reads no files');

  let bytes: Uint8Array | null;
  try {
    bytes = await host.readFile(path);
  } catch (cause) {
    throw none(`NTLM_USER_FILE names '${path}', which cannot be read`, cause);
  }
  if (bytes === null) throw none(`NTLM_USER_FILE names '${path}', which does not exist`);
  const text = new TextDecoder().decode(bytes);
  for (const line of text.split(/\r?\n/)) {
    const account = parseLine(line);
    if (account !== null && (principal === undefined || isNamed(account, principal))) return account;
  }
  throw none(`'${path}' (NTLM_USER_FILE) holds no ${principal === undefined ? 'DOMAIN:user:password line' : `line for '${principal}'`}`);
}

interface UserFileAccount { domain: string; user: string; password: string }

function parseLine(line: string): UserFileAccount | null {
  if (line.startsWith('#')) return null;
  const first = line.indexOf(':');
  const second = line.indexOf(':', first + 1);
  if (first < 0 || second < 0 || second === first + 1) return null;
  return { domain: line.slice(0, first), user: line.slice(first + 1, second), password: line.slice(second + 1) }; // a password may hold colons
}

function isNamed({ domain, user }: UserFileAccount, principal: string): boolean {
  const wanted = principal.toLowerCase();
  return [user, `${domain}\\${user}`, `${user}@${domain}`].some((name) => name.toLowerCase() === wanted);
}

function none(message: string, cause?: unknown, host?: Host): SspiError {
  const withheld = (host?.withheld?.() ?? []).filter((flag) => !/=(?:COMPUTER|HOST)NAME$/.test(flag));
  return new SspiError('SEC_E_NO_CREDENTIALS', message, {
    cause,
    remedy: isRefusalOfRuntime(cause) ? cause.remedy! : (withheld.length > 0 ? `Permit what was not looked at: ${withheld.join(' ')}. Or pass ` : 'Pass ')
      + `a credential, such as { user: 'alice@AD.TEST', password: '…' }${host !== undefined && host.environment === undefined ? '.' : ELSEWHERE}`,
  });
}

const ELSEWHERE = '; or for Kerberos run kinit (KRB5CCNAME) or name a client keytab (KRB5_CLIENT_KTNAME); or for NTLM set NTLM_USER_FILE to a file of DOMAIN:user:password lines.';
