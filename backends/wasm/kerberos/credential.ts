import type { AcceptorData, AuthData, KdcTransport, KerberosConfig } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import type { Host } from '../../contract/host.ts';
import { kerberosHost } from './host.ts';
import type { Handshake, MechanismCredential } from '../mechanism.ts';
import { part } from '../parts.ts';
import { keytabKeys, ntHashKeys, passwordKeys } from './client-keys.ts';
import { KRB_ERR_RESPONSE_TOO_BIG } from './codes/errors.ts';
import { KERBEROS_MAX_TOKEN, type KerberosExtras } from './established.ts';
import { createKerberosKey, etypeByName, ETYPES } from './etypes/index.ts';
import type { ClientKeys } from './exchange/as.ts';
import type { KerberosClock } from './exchange/clock.ts';
import { isKrbError, readKrbError } from './exchange/kdc-error.ts';
import { KRB5_OID, MS_KRB5_OID, OLD_KRB5_OID, unframe } from './gss/framing.ts';
import { clientIdentity, namedUser, serverPrincipal } from './identity.ts';
import { kerberosInitiator } from './initiator.ts';
import { createKeyRing } from './key-ring.ts';
import { createNetworkTransport } from './kdc/transport.ts';
import type { CachedCredential, CredentialCacheData } from './store/ccache.ts';
import type { Service } from './service.ts';
import { loadCcache, loadKeytab } from './store/files.ts';
import { readConfiguration } from './store/configuration.ts';
import type { Krb5Conf } from './store/krb5-conf.ts';
import { formatPrincipal, samePrincipal, type Principal } from './store/principal.ts';
import { TicketStore } from './ticket-store.ts';

export interface KerberosCredentialOptions {
  /** For initiators. */
  authData?: AuthData | undefined;
  /** For acceptors: a keytab must be there. */
  acceptor?: AcceptorData | undefined;
  kerberos?: KerberosConfig | undefined;
  host: Host;
}

/**
 * Kerberos credentials for initiators, acceptors or both. Nothing is read and nobody is asked before the first handshake;
 * from then on tickets live with the credential.
 */
export function createKerberosCredential({ authData, acceptor, kerberos = {}, host: given }: KerberosCredentialOptions): MechanismCredential {
  const host = kerberosHost(given); // only Kerberos goes out by itself
  const clock: KerberosClock = { now: () => host.now(), offset: 0 };
  const random = (length: number) => host.random(length);
  const extras: KerberosExtras = { createKey: (etype, bytes) => createKerberosKey(etype, bytes, random), random };
  const ring = createKeyRing(extras.createKey);
  const krb5Conf = once(() => readConfiguration(kerberos, host));
  const tickets = once(() => openTickets({ authData: authData!, kerberos, host, clock, krb5Conf, random }));
  let store: TicketStore | undefined;
  let service: Service | undefined;
  let freed = false;

  return {
    name: 'Kerberos',
    // Windows's order: the variant first.
    oids: [MS_KRB5_OID, KRB5_OID, OLD_KRB5_OID],
    maxToken: KERBEROS_MAX_TOKEN,
    get expiry() { return store?.expiry ?? null; },
    recognizes: isKerberosToken,
    initiator(request) {
      requireAlive();
      if (authData === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos: no credential for an outbound logon', { remedy: 'Pass authData: a password, a keytab or a credential cache.' });
      if (request.targetName === null) throw new SspiError('SEC_E_TARGET_UNKNOWN', 'Kerberos needs a target name', { remedy: 'Pass the service principal name, such as HTTP/web.ad.test.' });
      const targetName = request.targetName;
      return kerberosInitiator({
        tickets: async () => {
          store = await tickets();
          if (freed) store.dispose();
          return store;
        },
        server: async () => serverPrincipal(targetName, kerberos, await krb5Conf()),
        request, clock, host, extras, keyOf: ring.keyOf,
      });
    },
    acceptor(request) {
      requireAlive();
      if (acceptor?.keytab === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos: an acceptor needs a keytab', { remedy: 'Pass authData.keytab: its bytes, or its path.' });
      const step: Handshake['step'] = async (token, signal) => {
        const { createService } = await part('acceptors').kerberos();
        service ??= createService({ acceptor, host, clockOfCaller: given.now, extras, keyOf: ring.keyOf, allowWeakCrypto: kerberos.allowWeakCrypto ?? false });
        return service.accept(request).step(token, signal);
      };
      return { step, dispose() {} };
    },
    free() {
      freed = true;
      service?.dispose();
      ring.dispose([...(service?.keys ?? []), ...(store?.tickets ?? [])]);
      store?.dispose();
    },
  };

  function requireAlive(): void {
    if (freed) throw new SspiError('SEC_E_INVALID_HANDLE', 'Kerberos: this credential was freed');
  }
}

interface OpenOptions {
  authData: AuthData;
  kerberos: KerberosConfig;
  host: Host;
  clock: KerberosClock;
  krb5Conf: () => Promise<Krb5Conf | null>;
  random: (length: number) => Uint8Array;
}

/** The client's tickets, and its way to more of them. */
export async function openTickets({ authData, kerberos, host, clock, krb5Conf, random }: OpenOptions): Promise<TicketStore> {
  const conf = await krb5Conf();
  const etypes = allowedEtypes(kerberos, conf);
  const shared = {
    etypes, host, clock,
    transport: kerberos.transport ?? networkTransport(kerberos, krb5Conf, host),
    forwardable: conf?.forwardable ?? true, // as Windows; MIT asks for it only where it is told to
    canonicalize: conf?.canonicalize ?? false,
    lifetime: conf?.ticketLifetime, renewLifetime: conf?.renewLifetime, skew: conf?.clockskew,
    path: (from: string, to: string) => conf?.capaths.get(from)?.get(to),
  };
  if ('ccache' in authData) {
    const { ccache } = authData;
    const cache = await loadCcache(ccache, host, kerberos);
    const client = cache.principal;
    requireOwner(client, namedUser(authData)?.user);
    const reread = async () => {
      const again = await loadCcache(ccache, host, kerberos);
      return samePrincipal(again.principal, client) ? takeTickets(again, clock) : null;
    };
    return new TicketStore({ ...shared, client, keys: null, tickets: takeTickets(cache, clock), ...(typeof ccache === 'string' && { reread }) });
  }
  if ('anonymous' in authData) throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos has no anonymous logon here');

  let named = namedUser(authData);
  let keys: (client: TicketStore['client']) => ClientKeys;
  let first: TicketStore['client'] | undefined;
  if ('keytab' in authData) {
    const entries = (await loadKeytab(authData.keytab, host))!;
    // A name without a realm is looked for in the keytab, which has the realm.
    const plain = named !== undefined && !named.domain && !/[@\\]/.test(named.user) ? named.user : undefined;
    first = entries.find(({ principal }) => plain === undefined || principal.components.join('/') === plain)?.principal;
    if (plain !== undefined && first !== undefined) named = undefined;
    keys = (client) => keytabKeys(client, entries, random);
  } else if ('ntHash' in authData) {
    keys = () => ntHashKeys(authData.ntHash, random);
  } else {
    keys = (client) => passwordKeys(client, authData.password, random);
  }
  if (named === undefined) {
    if (first === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos: the keytab is empty, and no user was named');
    return new TicketStore({ ...shared, client: first, keys: keys(first), tickets: [] });
  }
  const { principal, canonicalize } = clientIdentity(named.user, named.domain, kerberos, conf, host);
  return new TicketStore({ ...shared, client: principal, canonicalize, keys: keys(principal), tickets: [] });
}

/** The client's own tickets: a cache may hold some that were got on behalf of others (S4U). */
function takeTickets({ principal, kdcOffset, credentials }: CredentialCacheData, clock: KerberosClock): CachedCredential[] {
  clock.offset = kdcOffset / 1000;
  return credentials.filter((ticket) => samePrincipal(ticket.client, principal));
}

/** A user who was named beside a cache must be the one whose tickets lie in it. */
function requireOwner(owner: Principal, user: string | undefined): void {
  if (user === undefined) return;
  const text = user.slice(user.indexOf('\\') + 1).toLowerCase();
  const name = owner.components.join('/').toLowerCase();
  if (text === name || text === `${name}@${owner.realm.toLowerCase()}`) return;
  throw new SspiError('SEC_E_NO_CREDENTIALS', `the credential cache is of ${formatPrincipal(owner)}, not of '${user}'`, { remedy: `Run kinit for ${user}, or name no user.` });
}

/** KerberosConfig.etypes, else krb5.conf's, else all; weak ones only where the caller opted in. */
export function allowedEtypes({ etypes, allowWeakCrypto }: KerberosConfig, conf: Krb5Conf | null): number[] {
  const weak = allowWeakCrypto ?? conf?.allowWeakCrypto ?? false;
  const names = etypes ?? conf?.permittedEnctypes;
  const infos = new Set(names === undefined ? ETYPES : []);
  for (const name of names ?? []) { // '-rc4' takes away what stands before it (krb5.conf(5))
    for (const info of etypesOfName(name.replace(/^[+-]/, ''), etypes !== undefined)) name.startsWith('-') ? infos.delete(info) : infos.add(info);
  }
  const allowed = [...infos].filter((info) => weak || !info.weak).map(({ etype }) => etype);
  if (allowed.length === 0) {
    throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `Kerberos: none of the encryption types ${names?.join(', ')} is allowed`, { remedy: 'Name an AES type, or pass allowWeakCrypto for RC4.' });
  }
  return allowed;
}

/** krb5.conf has families ('aes', 'rc4') and names that no one supports any more; a caller's own list has to be right. */
function etypesOfName(name: string, strict: boolean): typeof ETYPES {
  const known = etypeByName(name);
  if (known !== undefined) return [known];
  const family = name.toLowerCase();
  if (family === 'aes' || family === 'aes-sha1' || family === 'aes-sha2' || family === 'default') return ETYPES.filter(({ weak }) => !weak);
  if (family === 'rc4') return ETYPES.filter(({ etype }) => etype === 23);
  if (strict) throw new RangeError(`kerberos.etypes: '${name}' is no encryption type; known are ${ETYPES.map((info) => info.name).join(', ')}`);
  return [];
}

export function networkTransport(kerberos: KerberosConfig, krb5Conf: () => Promise<Krb5Conf | null>, host: Host, service: 'kdc' | 'kpasswd' = 'kdc'): KdcTransport {
  return createNetworkTransport({ config: kerberos, krb5Conf, host, service, isTooBig });
}

function isTooBig(reply: Uint8Array): boolean {
  if (!isKrbError(reply)) return false;
  try {
    return readKrbError(reply).errorCode === KRB_ERR_RESPONSE_TOO_BIG;
  } catch {
    return false; // the exchange will say what is wrong with it
  }
}

function isKerberosToken(token: Uint8Array): boolean {
  if (token[0] === 0x6e) return true;
  if (token[0] !== 0x60) return false;
  try {
    unframe(token);
    return true;
  } catch {
    return false;
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made === undefined) {
      made = make();
      made.catch(() => { made = undefined; }); // a file that was not there may come
    }
    return made;
  };
}

