import type { AccessToken } from '../../contract/attributes.ts';
import type { AcceptorData, ReplayCache } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ASC_RET_CONFIDENTIALITY, ASC_RET_DELEGATE, ASC_RET_EXTENDED_ERROR, ASC_RET_IDENTIFY, ASC_RET_INTEGRITY, ASC_RET_MUTUAL_AUTH, ASC_RET_REPLAY_DETECT,
  ASC_RET_SEQUENCE_DETECT, ASC_RET_USED_DCE_STYLE,
} from '../../contract/flags.ts';
import type { Host } from '../../contract/host.ts';
import { hash } from '../core/hash.ts';
import { decodeAuthorizationData, type Named, type Typed } from '../core/krb5-messages.ts';
import { constantTimeEqual } from '../core/mac.ts';
import type { AcceptorRequest, Established, Handshake, HandshakeStep } from '../mechanism.ts';
import { apRepMessage, readApRep } from './ap-exchange/ap-rep.ts';
import { openAuthenticator, openTicket, readApReq, type Authenticator, type ServiceTicket, type TicketPart } from './ap-exchange/ap-req.ts';
import { kerberosError } from './codes/errors.ts';
import { AP_OPT, TKT_FLAG } from './codes/flags.ts';
import { KEY_USAGE } from './codes/key-usage.ts';
import { AD, CKSUM_GSS } from './codes/types.ts';
import { kerberosEstablished, type KerberosExtras } from './established.ts';
import { etypeInfo, etypeName, type KerberosKey } from './etypes/index.ts';
import { principalName } from './exchange/kdc-rep-check.ts';
import type { KeyRing } from './key-ring.ts';
import { readKrbCred } from './exchange/krb-cred.ts';
import { GSS_FLAG, readAuthenticatorChecksum } from './gss/authenticator-checksum.ts';
import { frame, TOK_AP_REP, TOK_AP_REQ, TOK_ERROR, unframe } from './gss/framing.ts';
import { bindingsHash, initialNumber } from './initiator.ts';
import { encode } from './messages/asn1.ts';
import { KrbError } from './messages/krb-error.ts';
import type { OpenedTicket, OpenedTickets } from './opened-tickets.ts';
import { verifyPac, type PacIdentity } from './pac/pac.ts';
import { writeCcache, type CachedCredential } from './store/ccache.ts';
import type { KeytabEntry } from './store/keytab.ts';
import { formatPrincipal, sameName, type Principal } from './store/principal.ts';

/*
 * The acceptor (RFC 4120 §3.2.3; RFC 4121 §4.1; MS-KILE 3.4.5):
 *
 *   ExpectApReq ── AP-REP, where the client wants proof ──▶ Established
 *              └── DCE style: AP-REP ──▶ ExpectApRep ──────▶ Established
 */

export interface KerberosAcceptorOptions {
  /** `anew`: read again, because a key is missing or another one. Null where nothing newer can come. */
  keytab: (anew: boolean) => Promise<readonly KeytabEntry[] | null>;
  acceptor: AcceptorData;
  request: AcceptorRequest;
  replayCache: ReplayCache;
  host: Host;
  extras: KerberosExtras;
  keyOf: KeyRing['keyOf'];
  opened: OpenedTickets;
  allowWeakCrypto: boolean;
  /** Seconds by which the client's clock may differ. */
  skew: number;
}

export function kerberosAcceptor(options: KerberosAcceptorOptions): Handshake {
  return {
    async step(token) {
      if (token === null || token.length === 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'Kerberos: an AP-REQ expected, and nothing came', { offset: 0 });
      const { message, framed } = peel(token);
      const told: Told = { service: NOBODY };
      try {
        return await accept(message, framed, options, told);
      } catch (error) {
        throw withErrorToken(error, framed, options.host, told.service);
      }
    },
    dispose() {},
  };
}

/** What is known by the time a refusal is written. */
interface Told {
  service: Principal;
}

async function accept(message: Uint8Array, framed: boolean, options: KerberosAcceptorOptions, told: Told): Promise<HandshakeStep> {
  const { request, host, extras, acceptor } = options;
  const { apOptions, ticket, authenticator: sealed } = readApReq(message);
  const service = (told.service = principalOf(ticket));
  if ((apOptions & AP_OPT.USE_SESSION_KEY) !== 0) throw refusal(69, 'user-to-user tickets are not supported here');
  requireServiceName(service, acceptor);

  // 1. The ticket, with the service's key.
  const { opened, serviceKey } = await openWithKeytab(ticket, service, options);
  const { part } = opened;
  try {
    // 2. The authenticator, with the ticket's.
    requireEtype(part.key.type, options);
    if (etypeInfo(part.key.type)!.keyLength !== part.key.bytes.length) throw new SspiError('SEC_E_INVALID_TOKEN', 'the session key has another length than its etype');
    const session = (opened.session ??= extras.createKey(part.key.type, part.key.bytes));
    if (sealed.etype !== session.etype) throw new SspiError('SEC_E_INVALID_TOKEN', `the authenticator is of ${etypeName(sealed.etype)}, and the session key of ${etypeName(session.etype)}`);
    const authenticator = open(() => openAuthenticator(sealed.cipher, session), 31, 'the authenticator does not decrypt with the session key');
    checkAuthenticator(authenticator, part, options);
    checkTicket(part, options); // RFC 4120 §3.2.3: after the skew, which would else look like a ticket that is not yet valid
    // 3. What the client asks for, and what it is bound to.
    const asked = readChecksum(authenticator, apOptions, session);
    const bound = compareBindings(asked.bindings, request, acceptor);
    // 4. Once only.
    await requireNew(authenticator, sealed.cipher, options);
    // 5. Who the client is, beyond its name.
    const client = principalOf(part);
    const accessToken = accessTokenOf(opened, serviceKey, client, asked.delegation === undefined ? [] : readDelegation(asked.delegation, authenticator, session, extras));

    // 6. The answer.
    const mutual = (asked.flags & GSS_FLAG.MUTUAL) !== 0;
    const dceStyle = (asked.flags & GSS_FLAG.DCE_STYLE) !== 0;
    const subkey = subkeyOf(authenticator, session);
    requireEtype(subkey.etype, options);
    const number = mutual ? initialNumber(host) : authenticator.seqNumber ?? 0;
    // RFC 1964's tokens know no acceptor's subkey: MIT goes on with its own, but for DCE style
    const offers = mutual && (dceStyle || subkey.etype !== RC4_HMAC);
    const own = offers ? { etype: subkey.etype, bytes: new Uint8Array(extras.random(subkey.bytes.length)) } : undefined;
    const made = own ?? subkey;
    const target = formatPrincipal(service);
    const established = (attributes: number): Established => kerberosEstablished({
      acceptor: true,
      attributes,
      expiry: new Date(part.endtime * 1000),
      client: formatPrincipal(client),
      target,
      etype: made.etype,
      key: made.bytes.slice(),
      acceptorSubkey: own !== undefined,
      sessionKey: made.bytes.slice(),
      sendNumber: BigInt(number),
      receiveNumber: BigInt(authenticator.seqNumber ?? 0),
      replay: (asked.flags & GSS_FLAG.REPLAY) !== 0,
      sequence: (asked.flags & GSS_FLAG.SEQUENCE) !== 0,
      dceStyle,
      channelBindingsVerified: bound,
      clientSpecifiedTarget: target,
      accessToken,
    }, extras);
    const attributes = returned(asked.flags, accessToken.delegatedCredential !== null);
    if (!mutual) return { token: null, established: established(attributes) };

    const reply = apRepMessage({ ctime: authenticator.ctime, cusec: authenticator.cusec, sequenceNumber: number, ...(own !== undefined && { subkey: own }) }, session);
    if (dceStyle) {
      const sessionBytes = session.bytes.slice();
      return { token: reply, next: expectApRep({ reply, number, sessionEtype: session.etype, sessionBytes, extras, host, service, finish: () => established(attributes) }) };
    }
    return { token: framed ? frame(TOK_AP_REP, reply) : reply, established: established(attributes) };
  } finally {
    options.opened.leave(opened);
  }
}

interface Answered {
  /** Our AP-REP. */
  reply: Uint8Array;
  number: number;
  sessionEtype: number;
  sessionBytes: Uint8Array;
  extras: KerberosExtras;
  host: Host;
  service: Principal;
  finish: () => Established;
}

/** DCE style (MS-KILE 3.4.5.1): awaits the client's AP-REP, which proves that it saw ours. */
function expectApRep({ reply, number, sessionEtype, sessionBytes, extras, host, service, finish }: Answered): Handshake {
  return {
    async step(token) {
      if (token === null || token.length === 0) throw new SspiError('SEC_E_INVALID_TOKEN', "Kerberos: the client's AP-REP expected, and nothing came", { offset: 0 });
      const key = extras.createKey(sessionEtype, sessionBytes);
      try {
        const part = open(() => readApRep(token, key), 31, "the client's AP-REP does not decrypt with the session key");
        // The number alone: Heimdal sends the authenticator's time back, MIT its own.
        if (part.sequenceNumber !== number || constantTimeEqual(token, reply)) {
          throw refusal(46, "the client's AP-REP does not answer ours");
        }
        return { token: null, established: finish() };
      } catch (error) {
        throw withErrorToken(error, false, host, service);
      } finally {
        key.dispose();
      }
    },
    dispose: () => void sessionBytes.fill(0),
  };
}

function principalOf({ realm, nameType, names }: Named): Principal {
  return { realm, nameType, components: names };
}

/** A token with RFC 2743's framing, or a bare AP-REQ (MS-KILE 3.4.5: DCE style, and clients that leave it off). */
function peel(token: Uint8Array): { message: Uint8Array; framed: boolean } {
  if (token[0] === 0x6e) return { message: token, framed: false };
  const { tokenId, inner, start } = unframe(token);
  if (tokenId !== TOK_AP_REQ) throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos: an AP-REQ (01 00) expected, the token id ${tokenId.toString(16).padStart(4, '0')} came`, { offset: start - 2 });
  return { message: inner, framed: true };
}

/** A keytab that is a file may have been renewed since it was read: it is read again before the ticket is refused. */
async function openWithKeytab(ticket: ServiceTicket, service: Principal, options: KerberosAcceptorOptions): Promise<{ opened: OpenedTicket; serviceKey: KerberosKey }> {
  const attempt = (keytab: readonly KeytabEntry[]) => {
    const serviceKey = findKey(ticket, keytab, options);
    const what = () => open(() => openTicket(ticket, serviceKey), 31, `the ticket for ${formatPrincipal(service)} does not decrypt with the keytab's key`);
    return { serviceKey, opened: options.opened.enter(serviceKey, ticket.encrypted.cipher, what) };
  };
  try {
    return attempt((await options.keytab(false)) ?? []);
  } catch (error) {
    if (!(error instanceof SspiError && KEY_ERRORS.has(error.kerberos?.errorCode ?? 0))) throw error;
    const anew = await options.keytab(true).catch(() => null);
    if (anew === null) throw error;
    return attempt(anew);
  }
}

/** KRB_AP_ERR_BAD_INTEGRITY, BADKEYVER, NOKEY: what a newer keytab may heal. */
const KEY_ERRORS: ReadonlySet<number> = new Set([31, 44, 45]);

/** By name, version and etype. Another version of the right key is its own error, not a try of every key. */
function findKey(ticket: ServiceTicket, keytab: readonly KeytabEntry[], options: KerberosAcceptorOptions): KerberosKey {
  const { etype, kvno } = ticket.encrypted;
  const service = principalOf(ticket);
  requireEtype(etype, options);
  const named = keytab.filter(({ principal }) => sameService(principal, service));
  if (named.length === 0) {
    const held = [...new Set(keytab.map(({ principal }) => formatPrincipal(principal)))];
    throw refusal(45, `the ticket is for ${formatPrincipal(service)}, and the keytab holds ${held.slice(0, 8).join(', ') || 'nothing'}`);
  }
  const typed = named.filter((entry) => entry.etype === etype);
  if (typed.length === 0) throw refusal(45, `the ticket for ${formatPrincipal(service)} is encrypted with ${etypeName(etype)}, and the keytab has ${[...new Set(named.map((entry) => etypeName(entry.etype)))].join(', ')}`);
  // kvno 0 in a keytab (and none in a ticket) means any; RODC tickets have the RODC's number in the high half.
  const entry = kvno === undefined ? newest(typed) : typed.find((one) => one.kvno === kvno || one.kvno === (kvno & 0xffff)) ?? typed.find((one) => one.kvno === 0) ?? typed.find((one) => one.kvno === (kvno & 0xff));
  if (entry === undefined) throw refusal(44, `the ticket for ${formatPrincipal(service)} is encrypted with version ${kvno} of its key, and the keytab has ${[...new Set(typed.map((one) => one.kvno))].join(', ')}`);
  return options.keyOf(entry);
}

/** Windows compares service and host without case; the realm of a keytab's entry may be left to the KDC's referral. */
function sameService(a: Principal, b: Principal): boolean {
  return a.components.length === b.components.length && a.components.every((one, i) => one.toLowerCase() === b.components[i]!.toLowerCase()) && a.realm.toLowerCase() === b.realm.toLowerCase();
}

function newest(entries: readonly KeytabEntry[]): KeytabEntry {
  return entries.reduce((best, entry) => (entry.kvno > best.kvno ? entry : best));
}

function requireEtype(etype: number, { allowWeakCrypto }: KerberosAcceptorOptions): void {
  const info = etypeInfo(etype);
  if (info === undefined) throw refusal(14, `etype ${etype} is not supported`);
  if (info.weak && !allowWeakCrypto) throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `the client uses ${info.name}, which is not allowed here`, { remedy: 'Give the service account AES keys, or pass kerberos: { allowWeakCrypto: true }.' });
}

/** AcceptorData.serviceNames: the SPNs that a client may have meant; with a realm or without. */
function requireServiceName(service: Principal, { serviceNames }: AcceptorData): void {
  if (serviceNames === undefined) return;
  const bare = service.components.join('/').toLowerCase();
  const full = `${bare}@${service.realm.toLowerCase()}`;
  if (serviceNames.some((name) => name.toLowerCase() === bare || name.toLowerCase() === full)) return;
  throw refusal(35, `the ticket is for ${formatPrincipal(service)}; this service is ${serviceNames.join(', ')}`);
}

function checkTicket(part: TicketPart, { host, skew }: KerberosAcceptorOptions): void {
  const now = host.now().getTime() / 1000;
  if ((part.starttime ?? part.authtime) > now + skew || (part.flags & TKT_FLAG.INVALID) !== 0) throw refusal(33, `the ticket is not valid before ${new Date((part.starttime ?? part.authtime) * 1000).toISOString()}`);
  if (part.endtime < now - skew) throw refusal(32, `the ticket ended at ${new Date(part.endtime * 1000).toISOString()}`);
}

function checkAuthenticator(authenticator: Authenticator, part: TicketPart, { host, skew }: KerberosAcceptorOptions): void {
  if (authenticator.realm !== part.realm || !sameName(authenticator.names, part.names)) {
    throw refusal(36, `the authenticator names ${authenticator.names.join('/')}@${authenticator.realm}, and the ticket ${part.names.join('/')}@${part.realm}`);
  }
  const difference = authenticator.ctime + authenticator.cusec / 1e6 - host.now().getTime() / 1000;
  if (Math.abs(difference) > skew) throw refusal(37, `the client's clock is ${Math.round(Math.abs(difference))} s ${difference > 0 ? 'ahead' : 'behind'}; ${skew} s are let through`);
}

interface Asked {
  flags: number;
  /** MD5 of the client's channel bindings; null when it made no GSS checksum. */
  bindings: Uint8Array | null;
  delegation?: Uint8Array;
}

/** RFC 4121 §4.1.1; MS-KILE 3.4.5.2: a missing checksum, and one of the session key over nothing (Samba's old clients), are let through. */
function readChecksum({ checksum: cksum }: Authenticator, apOptions: number, sessionKey: KerberosKey): Asked {
  const mutual = (apOptions & AP_OPT.MUTUAL_REQUIRED) !== 0 ? GSS_FLAG.MUTUAL : 0;
  if (cksum === undefined) return { flags: mutual, bindings: null };
  if (cksum.type === CKSUM_GSS) return readAuthenticatorChecksum(cksum.bytes);
  if (cksum.type === sessionKey.checksumType && sessionKey.verifyChecksum(KEY_USAGE.AP_REQ_AUTH_CKSUM, new Uint8Array(0), cksum.bytes)) {
    return { flags: mutual | GSS_FLAG.REPLAY | GSS_FLAG.SEQUENCE, bindings: null };
  }
  throw refusal(50, `the authenticator's checksum is of type ${cksum.type}`);
}

/** True: the client's bindings are ours. MS-KILE 3.4.5: zeros mean that it sent none. */
function compareBindings(sent: Uint8Array | null, request: AcceptorRequest, { channelBindingPolicy = 'whenSupported' }: AcceptorData): boolean {
  if (channelBindingPolicy === 'never') return false;
  const none = sent === null || sent.every((byte) => byte === 0);
  if (request.channelBindings === null) {
    if (channelBindingPolicy === 'always') throw new SspiError('SEC_E_BAD_BINDINGS', 'channel bindings are required, and the server was given none to compare', { remedy: "Pass the channel bindings of the TLS connection to the acceptor, or set channelBindingPolicy to 'whenSupported'." });
    return false;
  }
  if (none) {
    if (channelBindingPolicy === 'always') throw new SspiError('SEC_E_BAD_BINDINGS', 'the client sent no channel bindings, and they are required', { remedy: 'Have the client bind to the TLS connection, or relax channelBindingPolicy.' });
    return false;
  }
  if (!constantTimeEqual(sent, bindingsHash(request.channelBindings))) {
    throw new SspiError('SEC_E_BAD_BINDINGS', "the client's channel bindings are not this connection's", { remedy: 'Something between client and server ends TLS, or relays the connection.' });
  }
  return true;
}

async function requireNew(authenticator: Authenticator, cipher: Uint8Array, { replayCache, host, skew }: KerberosAcceptorOptions): Promise<void> {
  // The encrypted authenticator is unique by its confounder; client, server and time alone would refuse two honest ones in a microsecond.
  // Nothing of the cleartext counts: a replay could spell the ticket's sname in another case, or name an alias of the same key.
  const key = hex(hash('sha256', cipher).subarray(0, 16));
  const until = new Date(Math.max(authenticator.ctime * 1000, host.now().getTime()) + skew * 1000 + 1000);
  if (!(await replayCache.add(key, until))) throw refusal(34, 'this AP-REQ has been seen before');
}

/** RFC 4121 §4.1.1: under the session key; Heimdal takes the authenticator's subkey. */
function readDelegation(delegation: Uint8Array, { subkey }: Authenticator, sessionKey: KerberosKey, { createKey }: KerberosExtras): CachedCredential[] {
  try {
    return readKrbCred(delegation, sessionKey);
  } catch (error) {
    if (subkey === undefined || !(error instanceof SspiError && error.code === 'SEC_E_DECRYPT_FAILURE')) throw error;
    const key = createKey(subkey.type, subkey.bytes);
    try {
      return open(() => readKrbCred(delegation, key), 31, 'the delegated ticket does not decrypt');
    } finally {
      key.dispose();
    }
  }
}

function accessTokenOf(opened: OpenedTicket, serviceKey: KerberosKey, client: Principal, credentials: CachedCredential[]): AccessToken {
  const identity = (opened.identity ??= identityOf(opened.part, serviceKey, client));
  const [first] = credentials;
  return {
    userSid: identity?.logon?.userSid ?? identity?.requestorSid ?? null,
    groups: [...(identity?.logon?.groups ?? [])],
    upn: identity?.upn ?? null,
    delegatedCredential: first === undefined ? null : { ccache: writeCcache({ principal: first.client, kdcOffset: 0, config: [], credentials }) },
  };
}

function identityOf(part: TicketPart, serviceKey: KerberosKey, client: Principal): PacIdentity | null {
  const pac = findPac(part.authorizationData ?? []);
  return pac === undefined ? null : verifyPac(pac, serviceKey, { clientName: client.components.join('/'), authtime: part.authtime });
}

/** AD-WIN2K-PAC, which stands inside AD-IF-RELEVANT (MS-KILE 3.3.5.6.4). */
function findPac(elements: readonly Typed[]): Uint8Array | undefined {
  for (const { type, bytes } of elements) {
    if (type === AD.WIN2K_PAC) return bytes;
    if (type !== AD.IF_RELEVANT) continue;
    const inner = decodeAuthorizationData(bytes).find((one) => one.type === AD.WIN2K_PAC);
    if (inner !== undefined) return inner.bytes;
  }
  return undefined;
}

function subkeyOf({ subkey }: Authenticator, sessionKey: KerberosKey): { etype: number; bytes: Uint8Array } {
  if (subkey === undefined) return { etype: sessionKey.etype, bytes: sessionKey.bytes.slice() };
  if (etypeInfo(subkey.type)?.keyLength !== subkey.bytes.length) throw new SspiError('SEC_E_INVALID_TOKEN', `the authenticator's subkey of etype ${subkey.type} has ${subkey.bytes.length} bytes`);
  return { etype: subkey.type, bytes: subkey.bytes };
}

function returned(flags: number, delegated: boolean): number {
  const attributes = (delegated ? ASC_RET_DELEGATE : 0) | ATTRIBUTES.reduce((bits, [gss, ret]) => bits | ((flags & gss) !== 0 ? ret : 0), 0);
  return attributes >>> 0;
}

/** Runs what decrypts; another key, or altered bytes, is the protocol's error `code`. */
function open<T>(what: () => T, code: number, message: string): T {
  try {
    return what();
  } catch (cause) {
    if (cause instanceof SspiError && cause.code === 'SEC_E_DECRYPT_FAILURE') throw refusal(code, message, cause);
    throw cause;
  }
}

function refusal(errorCode: number, message: string, cause?: unknown): SspiError {
  const { name, status, remedy } = kerberosError(errorCode);
  return new SspiError(status, `Kerberos: ${message}: ${name}`, { kerberos: { errorCode, name }, ...(remedy !== undefined && { remedy }), ...(cause !== undefined && { cause }) });
}

/** The error with a KRB-ERROR for the client (RFC 4120 §5.9.1): the code and the time, nothing that the message tells the log. */
function withErrorToken(error: unknown, framed: boolean, host: Host, service: Principal): unknown {
  if (!(error instanceof SspiError) || error.token !== undefined) return error;
  const now = host.now().getTime();
  const message = new KrbError();
  message.stime = Math.floor(now / 1000);
  message.susec = (now % 1000) * 1000;
  message.errorCode = error.kerberos?.errorCode ?? GENERIC;
  message.realm = service.realm;
  message.sname = principalName(service);
  const token = encode(message);
  const at = error.offset === undefined ? '' : ` (at byte ${error.offset})`;
  return new SspiError(error.code, error.message.slice(error.code.length + 2, error.message.length - at.length), {
    token: framed ? frame(TOK_ERROR, token) : token,
    ...(error.cause !== undefined && { cause: error.cause }), ...(error.remedy !== undefined && { remedy: error.remedy }),
    ...(error.kerberos !== undefined && { kerberos: error.kerberos }), ...(error.offset !== undefined && { offset: error.offset }),
  });
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS[byte >> 4]! + DIGITS[byte & 15]!;
  return text;
}

const DIGITS = '0123456789abcdef';
const GENERIC = 60;
const RC4_HMAC = 23;
/** The sname of a KRB-ERROR about what was no AP-REQ: the field is not optional, and MIT wants a component. */
const NOBODY: Principal = { nameType: 0, realm: 'UNKNOWN', components: ['unknown'] };
const ATTRIBUTES: readonly [gss: number, ret: number][] = [
  [GSS_FLAG.MUTUAL, ASC_RET_MUTUAL_AUTH], [GSS_FLAG.REPLAY, ASC_RET_REPLAY_DETECT], [GSS_FLAG.SEQUENCE, ASC_RET_SEQUENCE_DETECT],
  [GSS_FLAG.CONF, ASC_RET_CONFIDENTIALITY], [GSS_FLAG.INTEG, ASC_RET_INTEGRITY], [GSS_FLAG.DCE_STYLE, ASC_RET_USED_DCE_STYLE],
  [GSS_FLAG.IDENTIFY, ASC_RET_IDENTIFY], [GSS_FLAG.EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR],
];
