import type { KerberosConfig } from '../../../contract/credentials.ts';
import { SspiError } from '../../../contract/errors.ts';
import type { Host, SrvRecord } from '../../../contract/host.ts';
import { withheldConfiguration } from '../store/configuration.ts';
import type { Krb5Conf } from '../store/krb5-conf.ts';
import { isRefusalOfRuntime } from '../../host/permission.ts';
import { parseKdcAddress, parseKdcUri, type KdcAddress } from './address.ts';
import { lookupSrvOverHttps, lookupUriOverHttps } from './dns-over-https.ts';

export type KdcService = 'kdc' | 'kpasswd';

export interface LocateOptions {
  service: KdcService;
  config: KerberosConfig;
  krb5Conf: Krb5Conf | null;
  host: Host;
  signal?: AbortSignal;
}

/**
 * The KDCs of a realm, the one to ask first in front: what the caller listed, else what krb5.conf lists, else DNS SRV
 * (RFC 4120 §7.2.3.2). Throws SEC_E_NO_AUTHENTICATING_AUTHORITY with every place that was looked in.
 */
export async function locateKdcs(realm: string, options: LocateOptions): Promise<KdcAddress[]> {
  const { service, config, krb5Conf, host } = options;
  const port = DEFAULT_PORT[service];
  // 1. What the caller says.
  const listed = config.realms?.[realm]?.[service] ?? fallbackToKdc(service, config.realms?.[realm]?.kdc);
  if (listed !== undefined && listed.length > 0) return [listed].flat().map((text) => parseKdcAddress(text, port));
  // 2. What krb5.conf says.
  const configured = krb5Conf?.realms.get(realm);
  const fromFile = configured === undefined ? [] : service === 'kdc' ? configured.kdc : configured.kpasswd.length > 0 ? configured.kpasswd : withoutPorts(configured.adminServer);
  if (fromFile.length > 0) return fromFile.map((text) => parseKdcAddress(text, port));
  // 3. What DNS says.
  let failure: unknown;
  if (config.dnsOverHttps !== undefined || (host.lookupSrv !== undefined && (krb5Conf?.dnsLookupKdc ?? true))) {
    const found = await lookup(realm, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      failure = error;
      return [];
    });
    if (found.length > 0) return found;
  }
  const withheld = withheldConfiguration(host);
  const explicit = `pass kerberos: { realms: { '${realm}': { ${service}: ['…'] } } }.`;
  throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `no ${service === 'kdc' ? 'KDC' : 'password server'} is known for the realm ${realm}: ${whatWasTried(realm, options, failure)}`, {
    ...(failure !== undefined && { cause: failure }),
    remedy: isRefusalOfRuntime(failure) ? `${failure.remedy} Or ${explicit}`
      : withheld !== '' ? withheld + explicit
      : host.lookupSrv === undefined && config.dnsOverHttps === undefined ? `P${explicit.slice(1, -1)}, or the DNS to ask, kerberos: { dnsOverHttps: 'https://…/dns-query' }.`
      : `Check the realm's name, or ${explicit}`,
  });
}

/** RFC 2782: lowest priority first; among equals a draw by weight, 0 only rarely before others. */
export function orderSrv<T extends Pick<SrvRecord, 'priority' | 'weight'>>(records: readonly T[], random: () => number): T[] {
  const ordered: T[] = [];
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    const left = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight);
    while (left.length > 0) {
      let draw = random() * left.reduce((sum, { weight }) => sum + weight, 0);
      const index = left.findIndex(({ weight }) => (draw -= weight) <= 0);
      ordered.push(...left.splice(Math.max(index, 0), 1));
    }
  }
  return ordered;
}

async function lookup(realm: string, { service, config, host, signal }: LocateOptions): Promise<KdcAddress[]> {
  const random = () => new DataView(new Uint8Array(host.random(4)).buffer).getUint32(0) / 2 ** 32;
  const { dnsOverHttps } = config;
  if (dnsOverHttps !== undefined) {
    // Only URI records name a KDC proxy, the one way there from where there are no sockets.
    const uris = orderSrv(await lookupUriOverHttps(dnsOverHttps, `_${SRV_NAME[service]}.${realm}`, host, signal), random);
    const named = uris.map(({ target }) => parseKdcUri(target, DEFAULT_PORT[service])).filter((address) => address !== null);
    if (named.length > 0) return named;
  }
  const protocols = ['udp', 'tcp'] as const;
  const failures: unknown[] = [];
  const answers = await Promise.all(protocols.map(async (protocol) => {
    const name = `_${SRV_NAME[service]}._${protocol}.${realm}.`;
    try {
      return dnsOverHttps === undefined ? await host.lookupSrv!(name, signal) : await lookupSrvOverHttps(dnsOverHttps, name, host, signal);
    } catch (error) {
      failures.push(error);
      return [];
    }
  }));
  if (failures.length > 0 && answers.every((records) => records.length === 0)) throw failures[0];
  const addresses: KdcAddress[] = [];
  const seen = new Set<string>();
  for (const [index, protocol] of protocols.entries()) {
    for (const { name, port } of orderSrv(answers[index]!, random)) {
      const target = name.replace(/\.$/, '');
      if (target === '' || port === 0) continue; // RFC 2782: a target of '.' means that the service is not there
      const both = answers.every((records) => records.some((record) => record.name === name && record.port === port));
      const key = `${target}:${port}`;
      if (both && seen.has(key)) continue;
      seen.add(key);
      // RFC 4120 §7.2.2: a KDC takes TCP as well.
      addresses.push({ protocol: both || (protocol === 'udp' && host.exchangeUdp === undefined) ? 'any' : protocol, host: target, port });
    }
  }
  return addresses;
}

/** A realm whose KDC is listed has its password server on the same hosts (RFC 3244's port). */
function fallbackToKdc(service: KdcService, kdc: string[] | undefined): string[] | undefined {
  return service === 'kpasswd' && kdc !== undefined ? withoutPorts(kdc.filter((text) => !/^https:/i.test(text))) : undefined;
}

function withoutPorts(hosts: readonly string[]): string[] {
  return hosts.map((text) => text.replace(/(\]|[^:\]]):\d+\/?$/, '$1'));
}

function whatWasTried(realm: string, { krb5Conf, host, service, config }: LocateOptions, failure: unknown): string {
  const reason = failure instanceof Error ? failure.message : String(failure);
  const dns = failure !== undefined ? `DNS could not be asked: ${reason}`
    : config.dnsOverHttps !== undefined || (host.lookupSrv !== undefined && (krb5Conf?.dnsLookupKdc ?? true)) ? `DNS has no SRV record _${SRV_NAME[service]}._udp.${realm} or _tcp`
    : host.lookupSrv === undefined ? 'this runtime has no DNS' : 'krb5.conf forbids DNS (dns_lookup_kdc)';
  return `none was listed, ${krb5Conf === null ? 'there is no krb5.conf' : 'krb5.conf names none'}, and ${dns}`;
}

const DEFAULT_PORT = { kdc: 88, kpasswd: 464 };
const SRV_NAME = { kdc: 'kerberos', kpasswd: 'kpasswd' };
