import { SspiError } from '../../../contract/errors.ts';
import type { Host, SrvRecord } from '../../../contract/host.ts';
import { decodeSrvAnswer, decodeUriAnswer, DNS_TYPE, encodeDnsQuery, type UriRecord } from './dns-message.ts';

/** SRV records by DNS over HTTPS (RFC 8484, with POST); none where the name has none. */
export async function lookupSrvOverHttps(url: string, name: string, host: Host, signal?: AbortSignal): Promise<SrvRecord[]> {
  const answer = await ask(url, name, DNS_TYPE.SRV, host, signal);
  return answer === null ? [] : decodeSrvAnswer(answer);
}

/** URI records likewise. */
export async function lookupUriOverHttps(url: string, name: string, host: Host, signal?: AbortSignal): Promise<UriRecord[]> {
  const answer = await ask(url, name, DNS_TYPE.URI, host, signal);
  return answer === null ? [] : decodeUriAnswer(answer);
}

async function ask(url: string, name: string, type: number, host: Host, signal?: AbortSignal): Promise<Uint8Array | null> {
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `dnsOverHttps: an https URL was expected, '${url}' came`, { remedy: "Write 'https://dns.example.com/dns-query'." });
  }
  if (host.post === undefined) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'this runtime has no fetch, which DNS over HTTPS needs', { remedy: 'List the KDCs in kerberos.realms.' });
  const query = encodeDnsQuery(name, type);
  if (query === null) return null;
  const patience = AbortSignal.timeout(PATIENCE);
  return await host.post(url, 'application/dns-message', query, signal === undefined ? patience : AbortSignal.any([signal, patience]));
}

/** Milliseconds. */
const PATIENCE = 5_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
