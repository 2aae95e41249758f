import type { AcceptorData, ReplayCache } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ASC_RET_CONFIDENTIALITY, ASC_RET_DELEGATE, ASC_RET_EXTENDED_ERROR, ASC_RET_IDENTIFY, ASC_RET_INTEGRITY, ASC_RET_MUTUAL_AUTH, ASC_RET_REPLAY_DETECT,
  ASC_RET_SEQUENCE_DETECT, ASC_RET_USED_DCE_STYLE,
} from '../../contract/flags.ts';
import type { Host } from '../../contract/host.ts';
import { constantTimeEqual } from '../core/mac.ts';
import type { AcceptorRequest, Established, Handshake, HandshakeStep } from '../mechanism.ts';
import { accessTokenOf, findAuthorizationData, readDelegation } from './access-token.ts';
import { apRepMessage, readApRep } from './ap-exchange/ap-rep.ts';
import { openAuthenticator, principalOf, readApReq, type Authenticator, type TicketPart } from './ap-exchange/ap-req.ts';
import { NOBODY, open, refusal, withErrorToken } from './ap-exchange/refusal.ts';
import { AP_OPT, TKT_FLAG } from './codes/flags.ts';
import { KEY_USAGE } from './codes/key-usage.ts';
import { AD, CKSUM_GSS } from './codes/types.ts';
import { kerberosEstablished, type KerberosExtras } from './established.ts';
import { etypeInfo, etypeName, type KerberosKey, randomKey } from './etypes/index.ts';
import { GSS_FLAG, readAuthenticatorChecksum } from './gss/authenticator-checksum.ts';
import { frame, TOK_AP_REP, TOK_AP_REQ, unframe } from './gss/framing.ts';
import { bindingsHash, initialNumber } from './initiator.ts';
import { replayKey } from './replay-cache.ts';
import { openWithKeytab, requireEtype, type ServiceKeyOptions } from './service-key.ts';
import { formatPrincipal, sameName, type Principal } from './store/principal.ts';

/*
 * The acceptor (RFC 4120 §3.2.3; RFC 4121 §4.1; MS-KILE 3.4.5):
 *
 *   ExpectApReq ── AP-REP, where the client wants proof ──▶ Established
 *              └── DCE style: AP-REP ──▶ ExpectApRep ──────▶ Established
 */

export interface KerberosAcceptorOptions extends ServiceKeyOptions {
  acceptor: AcceptorData;
  request: AcceptorRequest;
  replayCache: ReplayCache;
  host: Host;
  extras: KerberosExtras;
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
  const secrets: Uint8Array[] = []; // in the clear for this step alone
  try {
    // 2. The authenticator, with the ticket's.
    requireEtype(part.key.type, options);
    if (etypeInfo(part.key.type)!.keyLength !== part.key.bytes.length) throw new SspiError('SEC_E_INVALID_TOKEN', 'the session key has another length than its etype');
    const session = (opened.session ??= extras.createKey(part.key.type, part.key.bytes));
    if (sealed.etype !== session.etype) throw new SspiError('SEC_E_INVALID_TOKEN', `the authenticator is of ${etypeName(sealed.etype)}, and the session key of ${etypeName(session.etype)}`);
    const authenticator = open(() => openAuthenticator(sealed.cipher, session), 31, 'the authenticator does not decrypt with the session key');
    if (authenticator.subkey !== undefined) secrets.push(authenticator.subkey.bytes);
    checkAuthenticator(authenticator, part, options);
    checkTicket(part, options); // RFC 4120 §3.2.3: after the skew, which would else look like a ticket that is not yet valid
    // 3. What the client asks for, and what it is bound to.
    const asked = readChecksum(authenticator, apOptions, session);
    const bound = compareBindings(asked.bindings, authenticator, request, acceptor);
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
    const own = offers ? { etype: subkey.etype, bytes: randomKey(subkey.etype, extras.random) } : undefined;
    const made = own ?? subkey;
    secrets.push(subkey.bytes, made.bytes);
    const target = formatPrincipal(service);
    const attributes = returned(asked.flags, accessToken.delegatedCredential !== null);
    const established = (key: Uint8Array): Established => kerberosEstablished({
      acceptor: true,
      attributes,
      expiry: new Date(part.endtime * 1000),
      client: formatPrincipal(client),
      target,
      etype: made.etype,
      key: key.slice(),
      acceptorSubkey: own !== undefined,
      sessionKey: key.slice(),
      sendNumber: BigInt(number),
      receiveNumber: BigInt(authenticator.seqNumber ?? 0),
      replay: (asked.flags & GSS_FLAG.REPLAY) !== 0,
      sequence: (asked.flags & GSS_FLAG.SEQUENCE) !== 0,
      dceStyle,
      channelBindingsVerified: bound,
      clientSpecifiedTarget: target,
      accessToken,
    }, extras);
    if (!mutual) return { token: null, established: established(made.bytes) };

    const reply = apRepMessage({ ctime: authenticator.ctime, cusec: authenticator.cusec, sequenceNumber: number, ...(own !== undefined && { subkey: own }) }, session);
    if (dceStyle) {
      const sessionBytes = session.bytes.slice();
      return { token: reply, next: expectApRep({ reply, number, sessionEtype: session.etype, sessionBytes, key: made.bytes.slice(), extras, host, service, finish: established }) };
    }
    return { token: framed ? frame(TOK_AP_REP, reply) : reply, established: established(made.bytes) };
  } finally {
    for (const secret of secrets) secret.fill(0);
    options.opened.leave(opened);
  }
}

interface Answered {
  /** Our AP-REP. */
  reply: Uint8Array;
  number: number;
  sessionEtype: number;
  sessionBytes: Uint8Array;
  /** What messages will be protected with. */
  key: Uint8Array;
  extras: KerberosExtras;
  host: Host;
  service: Principal;
  finish: (key: Uint8Array) => Established;
}

/** DCE style (MS-KILE 3.4.5.1): awaits the client's AP-REP, which proves that it saw ours. */
function expectApRep({ reply, number, sessionEtype, sessionBytes, key: protecting, extras, host, service, finish }: Answered): Handshake {
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
        return { token: null, established: finish(protecting) };
      } catch (error) {
        throw withErrorToken(error, false, host, service);
      } finally {
        key.dispose();
      }
    },
    dispose() {
      sessionBytes.fill(0);
      protecting.fill(0);
    },
  };
}

/** A token with RFC 2743's framing, or a bare AP-REQ (MS-KILE 3.4.5: DCE style, and clients that leave it off). */
function peel(token: Uint8Array): { message: Uint8Array; framed: boolean } {
  if (token[0] === 0x6e) return { message: token, framed: false };
  const { tokenId, inner, start } = unframe(token);
  if (tokenId !== TOK_AP_REQ) throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos: an AP-REQ (01 00) expected, the token id ${tokenId.toString(16).padStart(4, '0')} came`, { offset: start - 2 });
  return { message: inner, framed: true };
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

/** True: the client's bindings are ours. MS-KILE 3.4.5: zeros mean that it sent none, which one that knows of them does where it sees no TLS. */
function compareBindings(sent: Uint8Array | null, authenticator: Authenticator, request: AcceptorRequest, { channelBindingPolicy = 'whenSupported' }: AcceptorData): boolean {
  if (channelBindingPolicy === 'never') return false;
  const none = sent === null || sent.every((byte) => byte === 0);
  if (request.channelBindings === null) {
    if (channelBindingPolicy === 'always') throw new SspiError('SEC_E_BAD_BINDINGS', 'channel bindings are required, and the server was given none to compare', { remedy: "Pass the channel bindings of the TLS connection to the acceptor, or set channelBindingPolicy to 'whenSupported'." });
    return false;
  }
  if (none) {
    if (channelBindingPolicy === 'always') throw new SspiError('SEC_E_BAD_BINDINGS', 'the client sent no channel bindings, and they are required', { remedy: 'Have the client bind to the TLS connection, or relax channelBindingPolicy.' });
    if (!knowsBindings(authenticator)) return false;
    throw new SspiError('SEC_E_BAD_BINDINGS', 'the client knows of channel bindings, and sent none for this connection', { remedy: RELAYED });
  }
  if (!constantTimeEqual(sent, bindingsHash(request.channelBindings))) {
    throw new SspiError('SEC_E_BAD_BINDINGS', "the client's channel bindings are not this connection's", { remedy: RELAYED });
  }
  return true;
}

/** KERB_AP_OPTIONS_CBT (MS-KILE 3.2.5.8), little-endian. */
function knowsBindings({ authorizationData = [] }: Authenticator): boolean {
  return ((findAuthorizationData(authorizationData, AD.AUTH_DATA_AP_OPTIONS)?.[1] ?? 0) & 0x40) !== 0;
}

const RELAYED = 'Something between client and server ends TLS, or relays the connection.';

async function requireNew(authenticator: Authenticator, cipher: Uint8Array, { replayCache, host, skew }: KerberosAcceptorOptions): Promise<void> {
  // The encrypted authenticator is unique by its confounder; client, server and time alone would refuse two honest ones in a microsecond.
  // Nothing of the cleartext counts: a replay could spell the ticket's sname in another case, or name an alias of the same key.
  const key = replayKey(cipher);
  const until = new Date(Math.max(authenticator.ctime * 1000, host.now().getTime()) + skew * 1000 + 1000);
  if (!(await replayCache.add(key, until))) throw refusal(34, 'this AP-REQ has been seen before');
}

/** The step's own, to wipe. */
function subkeyOf({ subkey }: Authenticator, sessionKey: KerberosKey): { etype: number; bytes: Uint8Array } {
  if (subkey === undefined) return { etype: sessionKey.etype, bytes: sessionKey.bytes.slice() };
  if (etypeInfo(subkey.type)?.keyLength !== subkey.bytes.length) throw new SspiError('SEC_E_INVALID_TOKEN', `the authenticator's subkey of etype ${subkey.type} has ${subkey.bytes.length} bytes`);
  return { etype: subkey.type, bytes: subkey.bytes };
}

function returned(flags: number, delegated: boolean): number {
  const attributes = (delegated ? ASC_RET_DELEGATE : 0) | ATTRIBUTES.reduce((bits, [gss, ret]) => bits | ((flags & gss) !== 0 ? ret : 0), 0);
  return attributes >>> 0;
}

const RC4_HMAC = 23;
const ATTRIBUTES: readonly [gss: number, ret: number][] = [
  [GSS_FLAG.MUTUAL, ASC_RET_MUTUAL_AUTH], [GSS_FLAG.REPLAY, ASC_RET_REPLAY_DETECT], [GSS_FLAG.SEQUENCE, ASC_RET_SEQUENCE_DETECT],
  [GSS_FLAG.CONF, ASC_RET_CONFIDENTIALITY], [GSS_FLAG.INTEG, ASC_RET_INTEGRITY], [GSS_FLAG.DCE_STYLE, ASC_RET_USED_DCE_STYLE],
  [GSS_FLAG.IDENTIFY, ASC_RET_IDENTIFY], [GSS_FLAG.EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR],
];
