import type { KdcTransport, KerberosConfig } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import type { Host } from '../../backends/contract/host.ts';
import { keytabKeys, passwordKeys } from '../../backends/wasm/kerberos/client-keys.ts';
import { KDC_OPT, TKT_FLAG } from '../../backends/wasm/kerberos/codes/flags.ts';
import { allowedEtypes, networkTransport } from '../../backends/wasm/kerberos/credential.ts';
import { readConfiguration } from '../../backends/wasm/kerberos/store/configuration.ts';
import { createKerberosKey } from '../../backends/wasm/kerberos/etypes/index.ts';
import { asExchange } from '../../backends/wasm/kerberos/exchange/as.ts';
import type { KerberosClock } from '../../backends/wasm/kerberos/exchange/clock.ts';
import { runExchange } from '../../backends/wasm/kerberos/exchange/question.ts';
import { ask } from '../../backends/wasm/kerberos/exchange/tgs.ts';
import { resolveKerberosHost } from '../../backends/wasm/kerberos/host.ts';
import { clientIdentity } from '../../backends/wasm/kerberos/identity.ts';
import type { CachedCredential } from '../../backends/wasm/kerberos/store/ccache.ts';
import { loadKeytab } from '../../backends/wasm/kerberos/store/files.ts';
import type { Krb5Conf } from '../../backends/wasm/kerberos/store/krb5-conf.ts';
import { parsePrincipal } from '../../backends/wasm/kerberos/store/principal.ts';
import { inside, type CredentialCache } from './credential-cache.ts';

export interface KinitOptions {
  /** 'alice@AD.TEST'; 'alice' with a default realm; 'ADTEST\\alice'; a service's name, with a keytab. */
  principal: string;
  password?: string;
  /** Its bytes, or its path, in place of a password. */
  keytab?: Uint8Array | string;
  kerberos?: KerberosConfig;
  /** Where the tickets are saved as well: a path, or a name as KRB5CCNAME has it. */
  ccache?: string;
  /** Seconds. Default: krb5.conf's ticket_lifetime, else as long as the KDC gives. */
  lifetime?: number;
  /** Seconds within which the ticket can be renewed. Default: krb5.conf's renew_lifetime, else it cannot. */
  renewLifetime?: number;
  /** Delegation needs it. Default: krb5.conf's forwardable, else true. */
  forwardable?: boolean;
  /** Another service than the ticket-granting one, such as 'kadmin/changepw'. */
  service?: string;
  host?: Partial<Host>;
  signal?: AbortSignal;
}

export interface RenewOptions {
  kerberos?: KerberosConfig;
  ccache?: string;
  host?: Partial<Host>;
  signal?: AbortSignal;
}

/**
 * Gets a ticket-granting ticket (RFC 4120 §3.1) with a password or a keytab.
 *
 *     const cache = await kinit({ principal: 'alice@AD.TEST', password });
 *     const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: { ccache: cache.toBytes() } });
 *
 * Throws SEC_E_LOGON_DENIED (`kerberos.name` and the remedy tell a wrong password from an expired one and a disabled account),
 * SEC_E_NO_AUTHENTICATING_AUTHORITY where no KDC answers, SEC_E_TIME_SKEW, SEC_E_KDC_UNKNOWN_ETYPE, SEC_E_NO_CREDENTIALS.
 */
export async function kinit(options: KinitOptions): Promise<CredentialCache> {
  const { principal, password, kerberos = {}, service, signal } = options;
  if (typeof principal !== 'string' || principal === '') throw new TypeError('principal must be a string, such as alice@AD.TEST');
  if ((password === undefined) === (options.keytab === undefined)) throw new TypeError('kinit takes a password or a keytab, one of them');
  const lifetime = seconds('lifetime', options.lifetime);
  const renewLifetime = seconds('renewLifetime', options.renewLifetime);

  const { host, conf, transport, clock, random } = await open(kerberos, options.host);
  const { principal: client, canonicalize } = clientIdentity(principal, undefined, kerberos, conf, host);
  const fromPassword = password === undefined ? undefined : passwordKeys(client, password, random);
  try {
    const keys = fromPassword ?? keytabKeys(client, (await loadKeytab(options.keytab, host))!, random);
    const exchange = asExchange({
      client, keys, etypes: allowedEtypes(kerberos, conf), clock, random, canonicalize,
      forwardable: options.forwardable ?? conf?.forwardable ?? true,
      ...(service !== undefined && { server: parsePrincipal(service, { defaultRealm: client.realm }) }),
      ...present('lifetime', lifetime ?? conf?.ticketLifetime), ...present('renewLifetime', renewLifetime ?? conf?.renewLifetime), ...present('skew', conf?.clockskew),
    });
    return await keep(await runExchange(exchange, transport, signal), clock, host, options.ccache);
  } finally {
    fromPassword?.dispose?.();
  }
}

/**
 * Renews the ticket-granting ticket of a cache (RFC 4120 §2.3); the new cache holds it alone.
 * Throws SEC_E_NO_CREDENTIALS where none can be renewed, else what the KDC says.
 */
export async function renewTickets(cache: CredentialCache, { kerberos = {}, ccache, signal, host: given }: RenewOptions = {}): Promise<CredentialCache> {
  const { host, conf, transport, clock, random } = await open(kerberos, given);
  const { credentials, kdcOffset } = inside.data(cache);
  clock.offset = kdcOffset / 1000;
  const now = (host.now().getTime() + clock.offset) / 1000;
  const old = credentials.find(({ server: { components, realm }, flags, renewTill, endtime }) =>
    components[0] === 'krbtgt' && components[1] === realm && (flags & TKT_FLAG.RENEWABLE) !== 0 && renewTill > now && endtime > now);
  if (old === undefined) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `the cache of ${cache.principal} holds no ticket-granting ticket that can be renewed`, { remedy: 'Get one with kinit and renewLifetime, and renew it before it ends.' });
  }
  const exchange = ask(old, old.server, {
    tgt: old, server: old.server, etypes: allowedEtypes(kerberos, conf), clock, random, createKey: (etype, bytes) => createKerberosKey(etype, bytes, random),
    kdcOptions: (KDC_OPT.RENEW | (old.flags & (KDC_OPT.FORWARDABLE | KDC_OPT.RENEWABLE))) >>> 0, ...present('skew', conf?.clockskew),
  });
  return keep(await runExchange(exchange, transport, signal), clock, host, ccache);
}

interface Opened {
  host: Host;
  conf: Krb5Conf | null;
  transport: KdcTransport;
  clock: KerberosClock;
  random: (length: number) => Uint8Array;
}

async function open(kerberos: KerberosConfig, given: Partial<Host> | undefined): Promise<Opened> {
  const host = resolveKerberosHost(given);
  const conf = await readConfiguration(kerberos, host);
  return {
    host, conf,
    transport: kerberos.transport ?? networkTransport(kerberos, async () => conf, host),
    clock: { now: () => host.now(), offset: 0 },
    random: (length) => host.random(length),
  };
}

async function keep(ticket: CachedCredential, clock: KerberosClock, host: Host, name: string | undefined): Promise<CredentialCache> {
  const cache = inside.make({ version: 4, principal: ticket.client, kdcOffset: Math.round(clock.offset * 1000), credentials: [ticket], config: [] });
  if (name !== undefined) await cache.save(name, { host });
  return cache;
}

function seconds(name: string, value: number | undefined): number | undefined {
  if (value !== undefined && !(Number.isInteger(value) && value > 0)) throw new RangeError(`${name}: whole seconds above 0 expected, not ${value}`);
  return value;
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
