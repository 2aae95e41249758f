import { SspiError } from '../../../contract/errors.ts';
import { parseProfile, profileNames, profileString, profileStrings, type ProfileFiles } from './profile.ts';

/** What the engine takes from a krb5.conf; durations in seconds. */
export interface Krb5Conf {
  defaultRealm?: string;
  dnsLookupKdc: boolean;
  /** Canonicalize names in requests (client referrals). */
  canonicalize: boolean;
  clockskew: number;
  ticketLifetime?: number;
  renewLifetime?: number;
  forwardable: boolean;
  /** Messages above this many bytes go by TCP at once. */
  udpPreferenceLimit: number;
  allowWeakCrypto: boolean;
  permittedEnctypes?: string[];
  defaultCcacheName?: string;
  defaultKeytabName?: string;
  defaultClientKeytabName?: string;
  /** Of the KCM daemon. */
  kcmSocket?: string;
  realms: Map<string, { kdc: string[]; kpasswd: string[]; adminServer: string[] }>;
  /** '.ad.test' and 'host.ad.test', lower-case, to realms. */
  domainRealm: Map<string, string>;
  /** capaths: client realm, server realm, the realms between ('.' means direct: an empty list). */
  capaths: Map<string, Map<string, string[]>>;
}

/** Reads a krb5.conf. Throws SEC_E_INVALID_PARAMETER that names the line or the setting. */
export async function readKrb5Conf(text: string, files?: ProfileFiles): Promise<Krb5Conf> {
  const profile = await parseProfile(text, files);
  const setting = (name: string) => profileString(profile, 'libdefaults', name);
  const flag = (name: string, unset: boolean) => toBoolean(name, setting(name), unset);
  const duration = (name: string) => toDuration(name, setting(name));

  const realms: Krb5Conf['realms'] = new Map();
  for (const realm of profileNames(profile, 'realms')) {
    const hosts = (tag: string) => profileStrings(profile, 'realms', realm, tag);
    realms.set(realm, { kdc: hosts('kdc'), kpasswd: hosts('kpasswd_server'), adminServer: hosts('admin_server') });
  }
  const domainRealm: Krb5Conf['domainRealm'] = new Map();
  for (const name of profileNames(profile, 'domain_realm')) {
    const realm = profileString(profile, 'domain_realm', name);
    if (realm !== undefined) domainRealm.set(name.toLowerCase(), realm);
  }
  const capaths: Krb5Conf['capaths'] = new Map();
  for (const from of profileNames(profile, 'capaths')) {
    const paths = new Map<string, string[]>();
    for (const to of profileNames(profile, 'capaths', from)) {
      paths.set(to, profileStrings(profile, 'capaths', from, to).filter((hop) => hop !== '.'));
    }
    capaths.set(from, paths);
  }
  const enctypes = setting('permitted_enctypes') ?? setting('default_tkt_enctypes');
  return {
    ...present('defaultRealm', setting('default_realm')),
    ...present('ticketLifetime', duration('ticket_lifetime')),
    ...present('renewLifetime', duration('renew_lifetime')),
    ...present('permittedEnctypes', enctypes?.split(/[\s,]+/).filter(Boolean)),
    ...present('defaultCcacheName', setting('default_ccache_name')),
    ...present('defaultKeytabName', setting('default_keytab_name')),
    ...present('defaultClientKeytabName', setting('default_client_keytab_name')),
    ...present('kcmSocket', setting('kcm_socket')),
    dnsLookupKdc: flag('dns_lookup_kdc', true),
    canonicalize: flag('canonicalize', false),
    clockskew: duration('clockskew') ?? 300,
    forwardable: flag('forwardable', true),
    udpPreferenceLimit: toInteger('udp_preference_limit', setting('udp_preference_limit')) ?? 1465,
    allowWeakCrypto: flag('allow_weak_crypto', false) || flag('allow_rc4', false),
    realms, domainRealm, capaths,
  };
}

/**
 * The realm of a host by [domain_realm]: the host itself, then each parent as `.parent` and as `parent`
 * (MIT krb5.conf(5)); undefined when none is named.
 */
export function realmOfHost(domainRealm: ReadonlyMap<string, string>, host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  const exact = domainRealm.get(name);
  if (exact !== undefined) return exact;
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const realm = domainRealm.get(name.slice(dot)) ?? domainRealm.get(name.slice(dot + 1));
    if (realm !== undefined) return realm;
  }
  return undefined;
}

/** MIT's durations: `10`, `10h`, `1d2h3m4s`, `1d 2h`, `8:30`, `8:30:15`. */
export function toDuration(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const clock = /^(\d+):(\d+)(?::(\d+))?$/.exec(text);
  if (clock !== null) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0);
  const units = /^(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m)?\s*(?:(\d+)\s*s?)?$/i.exec(text.trim());
  if (units === null || text.trim() === '') return refuse(name, text, 'a duration such as 10h or 1d 2h');
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = units;
  return Number(days) * 86400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function toBoolean(name: string, text: string | undefined, unset: boolean): boolean {
  if (text === undefined) return unset;
  if (/^(y|yes|true|t|1|on)$/i.test(text)) return true;
  if (/^(n|no|false|nil|0|off)$/i.test(text)) return false;
  return refuse(name, text, 'true or false');
}

function toInteger(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : refuse(name, text, 'a whole number');
}

function refuse(name: string, text: string, expected: string): never {
  throw new SspiError('SEC_E_INVALID_PARAMETER', `krb5.conf: ${name} = ${text} is not ${expected}`, { remedy: `Set ${name} in [libdefaults] to ${expected}.` });
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
