import { SspiError } from '../../../contract/errors.ts';
import { KDC_ERR_S_PRINCIPAL_UNKNOWN, KRB_AP_ERR_SKEW } from '../codes/errors.ts';
import { KDC_OPT } from '../codes/flags.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { PA } from '../codes/types.ts';
import { type KerberosKey, randomKey } from '../etypes/index.ts';
import { ApReq } from '../messages/ap-req.ts';
import { decode, decodeSecret, encode } from '../messages/asn1.ts';
import { Authenticator } from '../messages/authenticator.ts';
import { Checksum } from '../messages/checksum.ts';
import { EncTgsRepPart } from '../messages/enc-kdc-rep-part.ts';
import { EncryptionKey } from '../messages/encryption-key.ts';
import type { KdcReqBody } from '../messages/kdc-req-body.ts';
import { TgsRep } from '../messages/kdc-rep.ts';
import { TgsReq } from '../messages/kdc-req.ts';
import { PaData } from '../messages/pa-data.ts';
import { formatPrincipal, krbtgt, sameName, type Principal } from '../store/principal.ts';
import type { CachedCredential } from '../store/ccache.ts';
import { kerberosTime, type KerberosClock } from './clock.ts';
import { isKrbError, readKrbError, toSspiError } from './kdc-error.ts';
import { checkReply, credentialOf, lifetimes, principalName, type RequestedLifetime } from './kdc-rep-check.ts';
import type { Exchange } from './question.ts';

export interface TgsOptions extends RequestedLifetime {
  /** A ticket-granting ticket; its server is krbtgt/REALM of the realm that is asked first. */
  tgt: CachedCredential;
  /** The realm may be '' : the KDC finds it (referral). */
  server: Principal;
  etypes: readonly number[];
  /** KDC_OPT.* beside CANONICALIZE: FORWARDABLE, FORWARDED, RENEW … */
  kdcOptions?: number;
  /** Realms between the client's and the server's, from [capaths]; without it the trust tree is walked. */
  path?: readonly string[];
  /** Any other ticket-granting ticket of the same client, by realm: saves the way there. */
  knownTgt?: (realm: string) => CachedCredential | undefined;
  /** Told of each ticket-granting ticket got on the way. */
  onTgt?: (tgt: CachedCredential) => void;
  createKey: (etype: number, bytes: Uint8Array) => KerberosKey;
  clock: KerberosClock;
  random: (length: number) => Uint8Array;
}

/** Realms are crossed this often at most, referrals and hops of the path together. */
const MAX_HOPS = 10;

/**
 * The TGS exchange (RFC 4120 §3.3): a ticket for a service, across realms.
 *
 *   1. with a realm that is not the TGT's: walk to it, by the direct trust, the path, or the tree of names
 *   2. ask the realm for the service, with canonicalize (RFC 6806)
 *   3. krbtgt/OTHER in the answer: a referral; go on at OTHER with that ticket
 *
 * Throws SEC_E_TARGET_UNKNOWN, SEC_E_MAX_REFERRALS_EXCEEDED, SEC_E_CONTEXT_EXPIRED, SEC_E_TIME_SKEW and what kerberosError maps.
 */
export function* tgsExchange(options: TgsOptions): Exchange<CachedCredential> {
  const { server } = options;
  let tgt = options.tgt;
  const visited = new Set([realmOf(tgt)]);
  let hops = 0;

  // 1. The realm that the caller named.
  if (server.realm !== '' && server.realm !== realmOf(tgt)) {
    tgt = yield* crossTo(server.realm, options);
    visited.add(realmOf(tgt));
  }
  // 2. The service; 3. wherever the KDC refers to.
  for (;;) {
    const realm = realmOf(tgt);
    const answer: CachedCredential = yield* ask(tgt, { ...server, realm }, options);
    const next = referredRealm(answer);
    if (next === null || (server.components[0] === 'krbtgt' && sameName(answer.server.components, server.components))) return answer;
    if (++hops > MAX_HOPS || visited.has(next)) {
      throw new SspiError('SEC_E_MAX_REFERRALS_EXCEEDED', `a ticket for ${server.components.join('/')}: the realms refer on without end (${[...visited, next].join(' → ')})`, {
        remedy: 'Name the realm of the service (HTTP/host@REALM) or map its domain in [domain_realm].',
      });
    }
    visited.add(next);
    options.onTgt?.(answer);
    tgt = answer;
  }
}

/** One TGS-REQ with its answer, skew learned once; no referral is followed. */
export function* ask(tgt: CachedCredential, server: Principal, options: TgsOptions): Exchange<CachedCredential> {
  const { clock, createKey } = options;
  const realm = server.realm;
  const before = clock.offset;
  const sessionKey = createKey(tgt.etype, tgt.key);
  const drawn = randomKey(tgt.etype, options.random);
  const subkey = createKey(tgt.etype, drawn);
  drawn.fill(0);
  try {
    for (let learned = false; ;) {
      const request = buildRequest(tgt, server, sessionKey, subkey, options);
      const reply = yield { realm, message: encode(request) };
      if (!isKrbError(reply)) return readReply(reply, request, realm, tgt, sessionKey, subkey, options);
      const error = readKrbError(reply);
      if (error.errorCode === KRB_AP_ERR_SKEW && !learned) {
        learned = true;
        clock.offset = error.stime * 1000 + error.susec / 1000 - clock.now().getTime();
        continue;
      }
      throw toSspiError(error, `a ticket for ${formatPrincipal(server)}`);
    }
  } catch (error) {
    clock.offset = before;
    throw error;
  } finally {
    sessionKey.dispose();
    subkey.dispose();
  }
}

/** A ticket-granting ticket of `realm`: the direct trust first, then the named path, then the tree of names. */
function* crossTo(realm: string, options: TgsOptions): Exchange<CachedCredential> {
  const known = options.knownTgt?.(realm);
  if (known !== undefined) return known;
  let tgt = options.tgt;
  const hops = options.path !== undefined ? [...options.path, realm] : [realm];
  const visited = new Set([realmOf(tgt)]);
  for (let count = 0; ; count++) {
    const want = hops[0]!;
    if (count >= MAX_HOPS) break;
    let got: CachedCredential;
    try {
      got = yield* ask(tgt, krbtgt(want, realmOf(tgt)), options);
    } catch (error) {
      // No direct trust: a parent, or the realm below the common one, may know the way (RFC 4120 §1.2).
      const step = isUnknownServer(error) && options.path === undefined ? nextInTree(realmOf(tgt), realm, visited) : null;
      if (step === null || hops.length > 1) throw error;
      hops.unshift(step);
      continue;
    }
    const reached = referredRealm(got);
    if (reached === null) break;
    options.onTgt?.(got);
    tgt = got;
    if (reached === realm) return tgt;
    if (visited.has(reached)) break;
    visited.add(reached);
    if (reached === want) hops.shift(); // otherwise the KDC knows a nearer one: go on from there
    if (hops.length === 0) hops.push(realm);
  }
  throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `no path of trust leads from ${realmOf(options.tgt)} to ${realm}`, {
    remedy: 'Check the trusts between the realms, and [capaths] in krb5.conf.',
  });
}

/** The next realm on the way through the tree of names: up to the common parent, then down. */
function nextInTree(from: string, to: string, visited: ReadonlySet<string>): string | null {
  if (to !== from && to.endsWith(`.${from}`)) {
    const below = to.slice(0, -from.length - 1);
    const step = `${below.slice(below.lastIndexOf('.') + 1)}.${from}`;
    return step === to || visited.has(step) ? null : step;
  }
  const dot = from.indexOf('.');
  const parent = dot === -1 ? '' : from.slice(dot + 1);
  return parent.includes('.') && !visited.has(parent) && parent !== to ? parent : null;
}

function buildRequest(tgt: CachedCredential, server: Principal, sessionKey: KerberosKey, subkey: KerberosKey, options: TgsOptions): TgsReq {
  const { clock, random, etypes } = options;
  const request = new TgsReq();
  const body = request.reqBody;
  body.kdcOptions = ((options.kdcOptions ?? 0) | KDC_OPT.CANONICALIZE) >>> 0;
  body.realm = server.realm;
  body.sname = principalName(server);
  Object.assign(body, lifetimes(options, kerberosTime(clock).seconds));
  body.nonce = new DataView(new Uint8Array(random(4)).buffer).getUint32(0) & 0x7fffffff;
  body.etype = [...etypes]; // never tied to the TGT's: the service may have other keys
  const element = new PaData();
  element.padataType = PA.TGS_REQ;
  element.padataValue = encode(apReq(tgt, body, sessionKey, subkey, clock));
  request.padata = [element];
  return request;
}

function apReq(tgt: CachedCredential, body: KdcReqBody, sessionKey: KerberosKey, subkey: KerberosKey, clock: KerberosClock): ApReq {
  const { seconds, microseconds } = kerberosTime(clock);
  const authenticator = new Authenticator();
  authenticator.crealm = tgt.client.realm;
  authenticator.cname = principalName(tgt.client);
  authenticator.ctime = seconds;
  authenticator.cusec = microseconds;
  const cksum = new Checksum();
  cksum.cksumtype = sessionKey.checksumType;
  cksum.checksum = sessionKey.checksum(KEY_USAGE.TGS_REQ_AUTH_CKSUM, encode(body));
  authenticator.cksum = cksum;
  const key = new EncryptionKey();
  key.keytype = subkey.etype;
  key.keyvalue = subkey.bytes;
  authenticator.subkey = key;

  const message = new ApReq();
  message.ticket = tgt.ticket;
  message.authenticator.etype = sessionKey.etype;
  message.authenticator.cipher = sessionKey.encrypt(KEY_USAGE.TGS_REQ_AUTH, encode(authenticator));
  return message;
}

function readReply(reply: Uint8Array, request: TgsReq, realm: string, tgt: CachedCredential, sessionKey: KerberosKey, subkey: KerberosKey, options: TgsOptions): CachedCredential {
  const answer = decode(TgsRep, reply);
  let plain: Uint8Array;
  try {
    plain = subkey.decrypt(KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, answer.encPart.cipher);
  } catch {
    try {
      plain = sessionKey.decrypt(KEY_USAGE.TGS_REP_ENC_PART_SESSKEY, answer.encPart.cipher); // a KDC that ignores the subkey
    } catch (cause) {
      throw new SspiError('SEC_E_MESSAGE_ALTERED', `the reply with a ticket for ${formatPrincipal({ ...options.server, realm })} does not decrypt with this request's keys: it was altered, or another made it`, { cause });
    }
  }
  const part = decodeSecret(EncTgsRepPart, plain);
  // Canonicalize is always asked for (RFC 6806 §8): the KDC may call the service by another name, or refer to another realm.
  checkReply({ answer, part, request, realm, clock: options.clock, client: tgt.client, anyServer: true, skew: options.skew });
  return credentialOf(answer, part);
}

/** The realm whose tickets a ticket-granting ticket gets. */
export function realmOf(tgt: CachedCredential): string {
  return tgt.server.components[1] ?? tgt.server.realm;
}

function referredRealm(credential: CachedCredential): string | null {
  const { components } = credential.server;
  return components.length === 2 && components[0] === 'krbtgt' ? components[1]! : null;
}

function isUnknownServer(error: unknown): boolean {
  return error instanceof SspiError && error.kerberos?.errorCode === KDC_ERR_S_PRINCIPAL_UNKNOWN;
}
