import { gssChannelBindings } from '../../contract/bindings.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ISC_REQ_CONFIDENTIALITY, ISC_REQ_DELEGATE, ISC_REQ_EXTENDED_ERROR, ISC_REQ_IDENTIFY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT, ISC_REQ_USE_DCE_STYLE, ISC_RET_CONFIDENTIALITY, ISC_RET_DELEGATE, ISC_RET_EXTENDED_ERROR, ISC_RET_IDENTIFY, ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH, ISC_RET_REPLAY_DETECT, ISC_RET_SEQUENCE_DETECT, ISC_RET_USED_DCE_STYLE,
} from '../../contract/flags.ts';
import type { Host } from '../../contract/host.ts';
import { hash } from '../core/hash.ts';
import type { Handshake, HandshakeStep, InitiatorRequest } from '../mechanism.ts';
import { apReqMessage, type ApReqParts } from './ap-exchange/ap-req.ts';
import { apRepMessage, readApRep } from './ap-exchange/ap-rep.ts';
import { AP_OPT, TKT_FLAG } from './codes/flags.ts';
import { kerberosEstablished, type KerberosExtras } from './established.ts';
import { etypeName, type KerberosKey, randomKey } from './etypes/index.ts';
import { authenticatorTime, type KerberosClock } from './exchange/clock.ts';
import { isKrbError, readKrbError, toSspiError } from './exchange/kdc-error.ts';
import { writeKrbCred } from './exchange/krb-cred.ts';
import { GSS_FLAG, writeAuthenticatorChecksum } from './gss/authenticator-checksum.ts';
import { frame, TOK_AP_REP, TOK_AP_REQ, TOK_ERROR, unframe } from './gss/framing.ts';
import type { KeyRing } from './key-ring.ts';
import type { CachedCredential } from './store/ccache.ts';
import { formatPrincipal, type Principal } from './store/principal.ts';
import type { TicketStore } from './ticket-store.ts';

/*
 * The initiator (RFC 4121 §4.1; MS-KILE 3.2.5):
 *
 *   ReadyToAsk ── AP-REQ ──▶ ExpectApRep ── (DCE style: AP-REP) ──▶ Established
 *              └─ AP-REQ, without MUTUAL_AUTH ────────────────────▶ Established
 */

export interface KerberosInitiatorOptions {
  tickets: () => Promise<TicketStore>;
  server: () => Promise<Principal>;
  request: InitiatorRequest;
  clock: KerberosClock;
  host: Host;
  extras: KerberosExtras;
  keyOf: KeyRing['keyOf'];
}

export function kerberosInitiator(options: KerberosInitiatorOptions): Handshake {
  return {
    async step(token, signal) {
      if (token !== null && token.length > 0) {
        throw new SspiError('SEC_E_INVALID_TOKEN', 'Kerberos: the initiator speaks first, and a token came', { offset: 0 });
      }
      return begin(options, signal);
    },
    dispose() {},
  };
}

async function begin({ tickets, server: target, request, clock, host, extras, keyOf }: KerberosInitiatorOptions, signal?: AbortSignal): Promise<HandshakeStep> {
  const store = await tickets();
  const server = await target();
  const ticket = await store.ticketFor(server, signal);
  let flags = gssFlags(request.flags, ticket);
  const sessionKey = keyOf(ticket);
  const subkey = randomKey(ticket.etype, extras.random);
  const { seconds, microseconds } = authenticatorTime(clock);
  const number = initialNumber(host);
  let delegation: Uint8Array | undefined;
  if ((flags & GSS_FLAG.DELEG) !== 0) {
    delegation = await delegate(store, ticket, sessionKey, signal);
    if (delegation === undefined) flags &= ~GSS_FLAG.DELEG;
  }
  const checksum = writeAuthenticatorChecksum({ bindings: bindingsHash(request.channelBindings), flags, ...(delegation !== undefined && { delegation }) });
  const parts: ApReqParts = {
    ticket: ticket.ticket, client: ticket.client, checksum, ctime: seconds, cusec: microseconds,
    subkey: { etype: ticket.etype, bytes: subkey }, sequenceNumber: number, apOptions: (flags & GSS_FLAG.MUTUAL) !== 0 ? AP_OPT.MUTUAL_REQUIRED : 0,
  };
  const message = apReqMessage(parts, sessionKey);
  const dceStyle = (flags & GSS_FLAG.DCE_STYLE) !== 0;
  const token = dceStyle ? message : frame(TOK_AP_REQ, message);
  const proven: Proven = { ticket, flags, subkey, number, seconds, microseconds, server, extras, etypes: store.etypes, sessionKey };
  if ((flags & GSS_FLAG.MUTUAL) !== 0) return { token, next: expectApRep(proven) };
  const established = establish(proven, { key: subkey, etype: ticket.etype, acceptorSubkey: false, receiveNumber: number });
  subkey.fill(0);
  return { token, established };
}

/** A forwarded ticket for the service; undefined where the KDC gives none, since delegation is a wish and not a demand. */
async function delegate(store: TicketStore, { server }: CachedCredential, sessionKey: KerberosKey, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  try {
    const message = writeKrbCred([await store.forwardedTgt(server, signal)], sessionKey);
    return message.length <= MAX_DELEGATION ? message : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SspiError) return undefined;
    throw error;
  }
}

/** Dlgth has two bytes. */
const MAX_DELEGATION = 0xffff;

interface Proven {
  ticket: CachedCredential;
  /** GSS_FLAG.* */
  flags: number;
  subkey: Uint8Array;
  number: number;
  seconds: number;
  microseconds: number;
  server: Principal;
  extras: KerberosExtras;
  /** What the client allows. */
  etypes: readonly number[];
  /** The ticket's; the credential's to wipe. */
  sessionKey: KerberosKey;
}

/** Awaits the AP-REP, which only the holder of the service's key can have made. */
function expectApRep(proven: Proven): Handshake {
  const { ticket, flags, sessionKey } = proven;
  const dceStyle = (flags & GSS_FLAG.DCE_STYLE) !== 0;
  return {
    async step(token) {
      if (token === null || token.length === 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'Kerberos: an AP-REP expected, and nothing came', { offset: 0 });
      const message = peel(token, dceStyle);
      if (isKrbError(message)) throw toSspiError(readKrbError(message), `${formatPrincipal(proven.server)} refuses the ticket`);
      try {
        const part = readApRep(message, sessionKey);
        if (part.ctime !== proven.seconds || part.cusec !== proven.microseconds) {
          throw new SspiError('SEC_E_MUTUAL_AUTH_FAILED', "the AP-REP answers another request: its time is not the authenticator's", { remedy: 'The answer was replayed, or the server is not the one that was asked for.' });
        }
        // RFC 4120 §3.2.5: without a number of its own the server goes on with ours.
        const receiveNumber = part.sequenceNumber ?? proven.number;
        const own = part.subkey;
        if (own !== undefined && own.etype !== ticket.etype && !proven.etypes.includes(own.etype)) {
          throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `the server wants messages protected with ${etypeName(own.etype)}, which is not allowed here`, { remedy: 'Give the service account AES keys, or allow the weaker type with allowWeakCrypto.' });
        }
        const key = own === undefined ? { key: proven.subkey.slice(), etype: ticket.etype, acceptorSubkey: false } : { key: own.bytes, etype: own.etype, acceptorSubkey: true };
        const answer = dceStyle ? apRepMessage({ ctime: part.ctime, cusec: part.cusec, sequenceNumber: receiveNumber }, sessionKey) : null; // MS-KILE 3.4.5.1: the third leg
        const established = establish(proven, { ...key, receiveNumber });
        key.key.fill(0);
        return { token: answer, established };
      } catch (error) {
        if (error instanceof SspiError && error.code === 'SEC_E_DECRYPT_FAILURE') {
          throw new SspiError('SEC_E_MUTUAL_AUTH_FAILED', "the AP-REP does not decrypt with the ticket's key: the server did not prove who it is", { cause: error });
        }
        throw error;
      }
    },
    dispose() {
      proven.subkey.fill(0);
    },
  };
}

function establish({ ticket, flags, server, extras, number }: Proven, made: { key: Uint8Array; etype: number; acceptorSubkey: boolean; receiveNumber: number }) {
  const spn = ticketTarget(server);
  return kerberosEstablished({
    acceptor: false,
    attributes: returned(flags),
    expiry: new Date(ticket.endtime * 1000),
    client: formatPrincipal(ticket.client),
    target: spn,
    etype: made.etype,
    key: made.key.slice(),
    acceptorSubkey: made.acceptorSubkey,
    sessionKey: made.key.slice(),
    sendNumber: BigInt(number),
    receiveNumber: BigInt(made.receiveNumber),
    replay: (flags & GSS_FLAG.REPLAY) !== 0,
    sequence: (flags & GSS_FLAG.SEQUENCE) !== 0,
    dceStyle: (flags & GSS_FLAG.DCE_STYLE) !== 0,
    channelBindingsVerified: false,
    clientSpecifiedTarget: spn,
  }, extras);
}

/** DELEGATE needs MUTUAL_AUTH, a ticket that the KDC says may be delegated to, and a forwardable client. */
function gssFlags(requested: number, ticket: CachedCredential): number {
  const wants = (flag: number) => (requested & flag) !== 0;
  const mutual = wants(ISC_REQ_MUTUAL_AUTH) || wants(ISC_REQ_USE_DCE_STYLE);
  const delegate = wants(ISC_REQ_DELEGATE) && wants(ISC_REQ_MUTUAL_AUTH) && (ticket.flags & TKT_FLAG.OK_AS_DELEGATE) !== 0 && (ticket.flags & TKT_FLAG.FORWARDABLE) !== 0;
  return (delegate ? GSS_FLAG.DELEG : 0) | (mutual ? GSS_FLAG.MUTUAL : 0)
    | FLAG_PAIRS.reduce((bits, [gss, request]) => bits | (wants(request) ? gss : 0), 0);
}

function returned(flags: number): number {
  const attributes = (flags & GSS_FLAG.DELEG ? ISC_RET_DELEGATE : 0) | (flags & GSS_FLAG.MUTUAL ? ISC_RET_MUTUAL_AUTH : 0)
    | FLAG_PAIRS.reduce((bits, [gss, , ret]) => bits | ((flags & gss) !== 0 ? ret : 0), 0);
  return attributes >>> 0;
}

function peel(token: Uint8Array, dceStyle: boolean): Uint8Array {
  if (dceStyle || token[0] === 0x6f || token[0] === 0x7e) return token; // a raw AP-REP or KRB-ERROR
  const { tokenId, inner, start } = unframe(token);
  if (tokenId !== TOK_AP_REP && tokenId !== TOK_ERROR) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos: an AP-REP (02 00) expected, the token id ${tokenId.toString(16).padStart(4, '0')} came`, { offset: start - 2 });
  }
  return inner;
}

/** RFC 4121 §4.1.1.2: MD5 of the gss_channel_bindings structure; zeros without any. */
export function bindingsHash(applicationData: Uint8Array | null): Uint8Array {
  return applicationData === null ? new Uint8Array(16) : hash('md5', gssChannelBindings(applicationData));
}

/** A random start below 2^30: some peers read it as signed. */
export function initialNumber(host: Pick<Host, 'random'>): number {
  const bytes = host.random(4);
  return ((bytes[0]! & 0x3f) << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
}

function ticketTarget({ components, realm }: Principal): string {
  return realm === '' ? components.join('/') : `${components.join('/')}@${realm}`;
}

const FLAG_PAIRS: readonly [gss: number, request: number, ret: number][] = [
  [GSS_FLAG.REPLAY, ISC_REQ_REPLAY_DETECT, ISC_RET_REPLAY_DETECT],
  [GSS_FLAG.SEQUENCE, ISC_REQ_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT],
  [GSS_FLAG.CONF, ISC_REQ_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY],
  [GSS_FLAG.INTEG, ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT, ISC_RET_INTEGRITY],
  [GSS_FLAG.DCE_STYLE, ISC_REQ_USE_DCE_STYLE, ISC_RET_USED_DCE_STYLE],
  [GSS_FLAG.IDENTIFY, ISC_REQ_IDENTIFY, ISC_RET_IDENTIFY],
  [GSS_FLAG.EXTENDED_ERROR, ISC_REQ_EXTENDED_ERROR, ISC_RET_EXTENDED_ERROR],
];
