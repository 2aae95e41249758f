import type { MechanismName } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import type { MechanismCredential } from '../mechanism.ts';

/**
 * The mechanisms that a packageList allows, in Windows's order whatever the list's: 'Kerberos,!NTLM', '!Kerberos', 'NTLM'.
 *
 * With a name that is not negated only named ones are allowed; a negated name never is. Undefined or blank allows all.
 * Names are compared without case. Throws a RangeError for a name that is none.
 */
export function allowedMechanisms(packageList: string | undefined): readonly MechanismName[] {
  if (packageList === undefined) return PREFERENCE;
  if (last?.packageList !== packageList) last = { packageList, allowed: parsePackageList(packageList) };
  return last.allowed;
}

/** A program has one list as a rule, and asks for it with each credential. */
let last: { packageList: string; allowed: readonly MechanismName[] } | undefined;

function parsePackageList(packageList: string): MechanismName[] {
  const named = new Set<MechanismName>();
  const excluded = new Set<MechanismName>();
  for (const item of packageList.split(',')) {
    const text = item.trim();
    if (text === '') continue;
    const negated = text.startsWith('!');
    const wanted = (negated ? text.slice(1).trim() : text).toLowerCase();
    const name = PREFERENCE.find((known) => known.toLowerCase() === wanted);
    if (name === undefined) throw new RangeError(`packageList: Kerberos or NTLM expected, each perhaps after a '!', '${text}' came`);
    (negated ? excluded : named).add(name);
  }
  return PREFERENCE.filter((name) => (named.size === 0 || named.has(name)) && !excluded.has(name));
}

/**
 * Keeps the mechanisms that a packageList allows, in Windows's order. Throws SEC_E_NO_CREDENTIALS when none is left,
 * and a RangeError for a list that is none.
 */
export function selectMechanisms<T extends { readonly name: MechanismName }>(mechanisms: readonly T[], packageList: string | undefined): T[] {
  const allowed = allowedMechanisms(packageList);
  const selected = mechanisms.filter(({ name }) => allowed.includes(name)).sort((a, b) => allowed.indexOf(a.name) - allowed.indexOf(b.name));
  if (selected.length > 0) return selected;
  const present = mechanisms.length === 0 ? 'no mechanism' : mechanisms.map(({ name }) => name).join(' and ');
  const wanted = allowed.length === 0 ? 'nothing' : allowed.join(' and ');
  throw new SspiError('SEC_E_NO_CREDENTIALS', `packageList '${packageList ?? ''}' allows ${wanted}, the credential serves ${present}`, {
    remedy: 'Widen packageList, or give a credential for what it allows.',
  });
}

/**
 * Keeps the mechanisms that can authenticate to a target. A service without a name, or one that is named by its address,
 * has no Kerberos principal: NTLM alone is left, and no KDC is looked for. `fallbackFrom` says why one was left out; it is thrown when none is left.
 */
export function mechanismsForTarget<T extends Pick<MechanismCredential, 'name' | 'unavailable'>>(mechanisms: readonly T[], targetName: string | null): { mechanisms: readonly T[]; fallbackFrom?: SspiError } {
  const kerberos = mechanisms.find(({ name }) => name === 'Kerberos');
  const fallbackFrom = kerberos && (kerberos.unavailable ?? noPrincipal(targetName));
  if (fallbackFrom === undefined) return { mechanisms };
  const left = mechanisms.filter((mechanism) => mechanism !== kerberos);
  if (left.length === 0) throw fallbackFrom;
  return { mechanisms: left, fallbackFrom };
}

function noPrincipal(targetName: string | null): SspiError | undefined {
  const reason = targetName === null || targetName.trim() === '' ? 'no target name was given'
    : namesAddress(targetName) ? `'${targetName}' names an IP address` : undefined;
  return reason === undefined ? reason : new SspiError('SEC_E_TARGET_UNKNOWN', `${reason}, and Kerberos needs a host's name`, {
    remedy: "Give the target as a service and a host's name, such as HTTP/web.ad.test.",
  });
}

/**
 * True when the host of a target is an IP address: '10.0.0.1', 'HTTP/10.0.0.1:8080', 'cifs/[fe80::1%eth0]', 'ldap/::1',
 * 'HTTP/10.0.0.1@AD.TEST', 'host@10.0.0.1', 'HTTP/10.0.0.1/instance'.
 */
export function namesAddress(targetName: string): boolean {
  return hostsOf(targetName.trim()).some((host) => isIPv4(host) || isIPv6(host));
}

// service/host[:port][/instance][@REALM], or GSS's service@host, or a host alone. A trailing dot makes a name absolute.
function hostsOf(targetName: string): string[] {
  const [before = '', after] = targetName.split('@');
  const parts = before.split('/');
  if (parts.length === 1 && after !== undefined) return [bare(after), bare(before)];
  return [bare(parts.length === 1 ? before : parts[1]!)];
}

function bare(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host);
  if (bracketed) return bracketed[1]!.replace(/%.*$/, '');
  const unscoped = host.replace(/%.*$/, '');
  const colons = unscoped.split(':').length - 1;
  return (colons === 1 ? unscoped.slice(0, unscoped.indexOf(':')) : unscoped).replace(/\.$/, '');
}

function isIPv4(host: string): boolean {
  const octets = host.split('.');
  return octets.length === 4 && octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256);
}

function isIPv6(host: string): boolean {
  return host.includes(':') && URL.canParse(`http://[${host}]`);
}

/** Windows's order of preference. */
const PREFERENCE: readonly MechanismName[] = ['Kerberos', 'NTLM'];
