import type { AuthData, KerberosConfig } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import type { Host } from '../../contract/host.ts';
import { withheldConfiguration } from './store/configuration.ts';
import { realmOfHost, type Krb5Conf } from './store/krb5-conf.ts';
import { NT_ENTERPRISE, NT_PRINCIPAL, NT_SRV_INST, parsePrincipal, type Principal } from './store/principal.ts';

/** Who a user is to Kerberos, and why it may not be told. */
export interface ClientIdentity {
  principal: Principal;
  /** Ask the KDC for the right name and realm (enterprise names, NetBIOS domains). */
  canonicalize: boolean;
}

/**
 * The principal of `alice`, `alice@AD.TEST` and `ADTEST\alice`.
 *
 * A UPN whose suffix is written in capitals is a principal of that realm, as MIT reads it. Any other UPN is an enterprise
 * name (RFC 6806 §5), sent to the default realm, or to the realm of its suffix, which refers onward. A NetBIOS domain is
 * no realm: it stands for the default realm that the caller gave, or for krb5.conf's where that begins with it.
 *
 * Throws SEC_E_NO_AUTHENTICATING_AUTHORITY where no realm can be told: Negotiate then goes on with NTLM.
 */
export function clientIdentity(user: string, domain: string | undefined, config: KerberosConfig, krb5Conf: Krb5Conf | null, host: Pick<Host, 'withheld'> = {}): ClientIdentity {
  const defaultRealm = config.defaultRealm ?? krb5Conf?.defaultRealm;
  const canonicalize = krb5Conf?.canonicalize ?? false;
  const backslash = user.indexOf('\\');
  const name = backslash === -1 ? user : user.slice(backslash + 1);
  const netbios = domain || (backslash === -1 ? '' : user.slice(0, backslash));

  if (netbios !== '') {
    if (name.includes('@')) return enterprise(name, realmOfDomain(netbios, config, krb5Conf) ?? netbios.toUpperCase());
    const realm = realmOfDomain(netbios, config, krb5Conf);
    if (realm === undefined) throw noRealm(`'${netbios}' is a NetBIOS domain, whose realm is not known`, host);
    return { principal: { nameType: NT_PRINCIPAL, realm, components: [name] }, canonicalize };
  }
  const at = name.lastIndexOf('@');
  if (at > 0) {
    const suffix = name.slice(at + 1);
    if (suffix === suffix.toUpperCase() || isKnown(suffix, config, krb5Conf)) {
      return { principal: parsePrincipal(name), canonicalize };
    }
    return enterprise(name, defaultRealm ?? suffix.toUpperCase());
  }
  if (defaultRealm === undefined) throw noRealm(`'${name}' names no domain, and there is no default realm`, host);
  return { principal: parsePrincipal(name, { defaultRealm }), canonicalize };
}

/**
 * The principal of a target: `HTTP/web.ad.test`, `HTTP/web.ad.test@AD.TEST`, or GSS's `HTTP@web.ad.test`. The realm is the
 * one that is written, else that of [domain_realm], else '' : the KDC finds it.
 */
export function serverPrincipal(targetName: string, config: KerberosConfig, krb5Conf: Krb5Conf | null): Principal {
  const text = targetName.trim();
  const gss = /^([^/@\s]+)@([^/@\s]+\.[^/@\s]+)$/.exec(text);
  const isService = gss !== null && gss[1]!.length > 0 && gss[2] !== gss[2]!.toUpperCase();
  const [name, written = ''] = isService ? [`${gss[1]}/${gss[2]}`] : splitRealm(text);
  const components = name!.split('/');
  if (components.some((component) => component === '')) {
    throw new SspiError('SEC_E_TARGET_UNKNOWN', `'${targetName}' is no service principal name`, { remedy: 'Write it as service/host, such as HTTP/web.ad.test.' });
  }
  const host = components.length > 1 ? components[1]!.replace(/:\d+$/, '') : '';
  const mapped = written === '' && host !== '' ? realmOfHost(realmsOfDomains(config, krb5Conf), host) : undefined;
  return { nameType: components.length > 1 ? NT_SRV_INST : NT_PRINCIPAL, realm: written || mapped || '', components };
}

function realmsOfDomains({ domainRealm }: KerberosConfig, krb5Conf: Krb5Conf | null): ReadonlyMap<string, string> {
  if (domainRealm === undefined) return krb5Conf?.domainRealm ?? NO_REALMS;
  return new Map([...Object.entries(domainRealm).map(([key, realm]) => [key.toLowerCase(), realm] as const), ...(krb5Conf?.domainRealm ?? [])]);
}

/** The account that authData names, or undefined when it leaves that to its tickets or its keytab. */
export function namedUser(authData: AuthData): { user: string; domain: string | undefined } | undefined {
  if ('anonymous' in authData || !('user' in authData) || authData.user === undefined || authData.user === '') return undefined;
  return { user: authData.user, domain: 'domain' in authData ? authData.domain : undefined };
}

function enterprise(name: string, realm: string): ClientIdentity {
  return { principal: { nameType: NT_ENTERPRISE, realm, components: [name] }, canonicalize: true };
}

function realmOfDomain(domain: string, config: KerberosConfig, krb5Conf: Krb5Conf | null): string | undefined {
  const upper = domain.toUpperCase();
  if (isKnown(upper, config, krb5Conf) || domain.includes('.')) return upper;
  if (config.defaultRealm !== undefined) return config.defaultRealm;
  return krb5Conf?.defaultRealm?.toUpperCase().startsWith(`${upper}.`) ? krb5Conf.defaultRealm : undefined;
}

function isKnown(realm: string, config: KerberosConfig, krb5Conf: Krb5Conf | null): boolean {
  return config.realms?.[realm] !== undefined || krb5Conf?.realms.has(realm) === true || config.defaultRealm === realm;
}

function splitRealm(text: string): [string, string?] {
  const at = text.lastIndexOf('@');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function noRealm(why: string, host: Pick<Host, 'withheld'>): SspiError {
  const withheld = withheldConfiguration(host);
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `Kerberos: ${why}`, {
    remedy: `${withheld === '' ? 'W' : `${withheld}w`}rite the user as alice@AD.EXAMPLE.COM, or pass kerberos: { defaultRealm: 'AD.EXAMPLE.COM' }.`,
  });
}

const NO_REALMS: ReadonlyMap<string, string> = new Map();
