import { SspiError, type SspiErrorCode } from '../../../contract/errors.ts';
import { readApRep } from '../ap-exchange/ap-rep.ts';
import { AP_OPT } from '../codes/flags.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { ADDR } from '../codes/types.ts';
import { createKerberosKey, type KerberosKey } from '../etypes/index.ts';
import { ApReq } from '../messages/ap-req.ts';
import { decode, encode } from '../messages/asn1.ts';
import { Authenticator } from '../messages/authenticator.ts';
import { ChangePasswdData } from '../messages/change-passwd-data.ts';
import { EncKrbPrivPart } from '../messages/enc-krb-priv-part.ts';
import { EncryptionKey } from '../messages/encryption-key.ts';
import { KrbPriv } from '../messages/krb-priv.ts';
import type { CachedCredential } from '../store/ccache.ts';
import { formatPrincipal, type Principal } from '../store/principal.ts';
import { kerberosTime, type KerberosClock } from './clock.ts';
import { isKrbError, readKrbError, toSspiError } from './kdc-error.ts';
import { principalName } from './kdc-rep-check.ts';
import type { Exchange } from './question.ts';

/*
 * A request and its reply (RFC 3244 §2), big-endian; on TCP four bytes of length stand in front, as with a KDC:
 *
 *   uint16 length of all    uint16 version    uint16 length of the AP message    AP-REQ or AP-REP    KRB-PRIV
 *
 * The KRB-PRIV of a request holds the new password in UTF-8 (version 1: of the client itself) or a ChangePasswdData (version 0xff80:
 * of whoever it names). That of a reply, or where the AP length is 0 the e-data of a KRB-ERROR, holds a uint16 result and a text.
 */
export const CHANGE_VERSION = 0x0001;
export const SET_VERSION = 0xff80;
const HEADER = 6;

export interface KpasswdOptions {
  /** A ticket for kadmin/changepw; for the client's own password it must be an initial one. */
  ticket: CachedCredential;
  newPassword: string;
  /** Another account than the ticket's client; its password is set, which takes a right to do so. */
  target?: Principal;
  clock: KerberosClock;
  random: (length: number) => Uint8Array;
}

/**
 * Changes or sets a password (RFC 3244).
 *
 * Throws SEC_E_INVALID_PARAMETER where the domain's policy refuses the new password, SEC_E_LOGON_DENIED where the account may not change it,
 * SEC_E_MUTUAL_AUTH_FAILED and SEC_E_INVALID_TOKEN for a forged reply.
 */
export function* kpasswdExchange(options: KpasswdOptions): Exchange<void> {
  const { ticket, target, newPassword, clock, random } = options;
  const sessionKey = createKerberosKey(ticket.etype, ticket.key, random);
  const subkey = createKerberosKey(ticket.etype, new Uint8Array(random(ticket.key.length)), random);
  const sequence = new DataView(new Uint8Array(random(4)).buffer).getUint32(0) & 0x3fffffff;
  const { seconds, microseconds } = kerberosTime(clock);
  const plain = userData(newPassword, target);
  try {
    const apReq = apReqMessage(ticket, sessionKey, subkey, sequence, seconds, microseconds);
    const message = frameKpasswd(target === undefined ? CHANGE_VERSION : SET_VERSION, apReq, privMessage(plain, subkey, sequence));
    const reply = yield { realm: ticket.server.realm, message };
    const what = `the password of ${formatPrincipal(target ?? ticket.client)}`;
    const { code, text } = readReply(reply, { sessionKey, subkey, seconds, microseconds }, what);
    if (code !== 0) throw refusal(code, text, what, ticket.server.realm);
  } finally {
    plain.fill(0);
    sessionKey.dispose();
    subkey.dispose();
  }
}

export function frameKpasswd(version: number, apMessage: Uint8Array, rest: Uint8Array): Uint8Array {
  const framed = new Uint8Array(HEADER + apMessage.length + rest.length);
  if (framed.length > 0xffff) throw new RangeError('a message of kpasswd holds 65535 bytes: the password is too long');
  const view = new DataView(framed.buffer);
  view.setUint16(0, framed.length);
  view.setUint16(2, version);
  view.setUint16(4, apMessage.length);
  framed.set(apMessage, HEADER);
  framed.set(rest, HEADER + apMessage.length);
  return framed;
}

/** Throws SEC_E_INVALID_TOKEN. */
export function unframeKpasswd(message: Uint8Array): { version: number; apMessage: Uint8Array; rest: Uint8Array } {
  const fail = (why: string, offset: number): never => {
    throw new SspiError('SEC_E_INVALID_TOKEN', `kpasswd: ${why}`, { offset });
  };
  if (message.length < HEADER) fail(`a header of ${HEADER} bytes expected, ${message.length} came`, 0);
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  if (view.getUint16(0) !== message.length) fail(`a length of ${message.length} expected, ${view.getUint16(0)} came`, 0);
  const end = HEADER + view.getUint16(4);
  if (end > message.length) fail(`the AP message of ${end - HEADER} bytes leaves the ${message.length} that came`, 4);
  return { version: view.getUint16(2), apMessage: message.subarray(HEADER, end), rest: message.subarray(end) };
}

export function privMessage(plain: Uint8Array, key: KerberosKey, sequence: number, address = new Uint8Array(4)): Uint8Array {
  const part = new EncKrbPrivPart();
  part.userData = plain;
  part.seqNumber = sequence;
  part.sAddress.addrType = ADDR.INET; // required by RFC 4120, and of no use behind an address translation: 0.0.0.0
  part.sAddress.address = address;
  const message = new KrbPriv();
  message.encPart.etype = key.etype;
  const encoded = encode(part);
  message.encPart.cipher = key.encrypt(KEY_USAGE.KRB_PRIV_ENC_PART, encoded);
  encoded.fill(0);
  return encode(message);
}

function userData(newPassword: string, target: Principal | undefined): Uint8Array {
  const password = new TextEncoder().encode(newPassword);
  if (target === undefined) return password;
  const data = new ChangePasswdData();
  data.newpasswd = password;
  data.targname = principalName(target);
  data.targrealm = target.realm;
  return encode(data);
}

function apReqMessage(ticket: CachedCredential, sessionKey: KerberosKey, subkey: KerberosKey, sequence: number, seconds: number, microseconds: number): Uint8Array {
  const authenticator = new Authenticator();
  authenticator.crealm = ticket.client.realm;
  authenticator.cname = principalName(ticket.client);
  authenticator.ctime = seconds;
  authenticator.cusec = microseconds;
  authenticator.seqNumber = sequence;
  const key = new EncryptionKey();
  key.keytype = subkey.etype;
  key.keyvalue = subkey.bytes;
  authenticator.subkey = key;
  const message = new ApReq();
  message.apOptions = AP_OPT.MUTUAL_REQUIRED;
  message.ticket = ticket.ticket;
  message.authenticator.etype = sessionKey.etype;
  message.authenticator.cipher = sessionKey.encrypt(KEY_USAGE.AP_REQ_AUTH, encode(authenticator));
  return encode(message);
}

interface Sent {
  sessionKey: KerberosKey;
  subkey: KerberosKey;
  seconds: number;
  microseconds: number;
}

function readReply(reply: Uint8Array, sent: Sent, what: string): { code: number; text: Uint8Array } {
  if (isKrbError(reply)) throw toSspiError(readKrbError(reply), what);
  const { apMessage, rest } = unframeKpasswd(reply);
  if (apMessage.length === 0) { // nothing is proven: the server could not read the request
    const error = readKrbError(rest);
    if (error.eData === undefined || error.eData.length < 2) throw toSspiError(error, what);
    const unproven = result(error.eData);
    if (unproven.code === 0) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: a KRB-ERROR says that it was changed, and cannot prove it`);
    return unproven;
  }
  const answer = readApRep(apMessage, sent.sessionKey);
  if (answer.ctime !== sent.seconds || answer.cusec !== sent.microseconds) {
    throw new SspiError('SEC_E_MUTUAL_AUTH_FAILED', `${what}: the AP-REP answers another request`);
  }
  const { encPart } = decode(KrbPriv, rest);
  // MIT and Windows go on with the client's subkey, whatever the AP-REP holds; RFC 4120 would have the server's.
  const own = answer.subkey === undefined ? [] : [createKerberosKey(answer.subkey.etype, answer.subkey.bytes)];
  let failure: unknown;
  try {
    for (const key of [sent.subkey, ...own, sent.sessionKey]) {
      if (key.etype !== encPart.etype) continue;
      try {
        return result(decode(EncKrbPrivPart, key.decrypt(KEY_USAGE.KRB_PRIV_ENC_PART, encPart.cipher)).userData);
      } catch (error) {
        failure = error;
      }
    }
  } finally {
    for (const key of own) key.dispose();
  }
  throw failure ?? new SspiError('SEC_E_INVALID_TOKEN', `${what}: the reply is encrypted with a type that was not agreed on`);
}

function result(data: Uint8Array): { code: number; text: Uint8Array } {
  if (data.length < 2) throw new SspiError('SEC_E_INVALID_TOKEN', `kpasswd: a result of 2 bytes expected, ${data.length} came`);
  return { code: (data[0]! << 8) | data[1]!, text: data.subarray(2) };
}

function refusal(code: number, data: Uint8Array, what: string, realm: string): SspiError {
  const { name, status, meaning, remedy } = RESULTS[code] ?? { name: `KRB5_KPASSWD_${code}`, status: 'SEC_E_INTERNAL_ERROR' as const, meaning: 'the server met an error', remedy: undefined };
  const policy = readPolicy(data);
  const text = policy ?? new TextDecoder().decode(data).replace(/\0.*$/s, '').replace(/\s+/g, ' ').replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?').trim().slice(0, 300);
  return new SspiError(status, `${what} was not changed: ${meaning}${text === '' ? '' : `: ${text}`}`, {
    kerberos: { errorCode: code, name, realm, ...(text !== '' && { text }) },
    ...(remedy !== undefined && { remedy }),
  });
}

/**
 * A domain's policy, which Windows sends in place of a text; 30 bytes, big-endian:
 *
 *   uint16 0    uint32 least length    uint32 history    uint32 properties    uint64 greatest age    uint64 least age (in 100 ns)
 */
export function readPolicy(data: Uint8Array): string | undefined {
  if (data.length !== 30 || data[0] !== 0 || data[1] !== 0) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const [length, history, properties] = [2, 6, 10].map((offset) => view.getUint32(offset)) as [number, number, number];
  const leastAge = Number(view.getBigUint64(22)) / TICKS_PER_DAY;
  const rules: string[] = [];
  if (length > 0) rules.push(`at least ${length} characters`);
  if ((properties & COMPLEX) !== 0) rules.push('three of capitals, small letters, digits and signs, and no part of the name');
  if (history > 0) rules.push(`none of the last ${history} passwords`);
  if (leastAge > 0) rules.push(`not before the last one is ${leastAge >= 1 ? `${Math.round(leastAge)} day${leastAge >= 1.5 ? 's' : ''}` : `${Math.ceil(leastAge * 24)} hours`} old`);
  return `the domain asks for ${rules.join('; ') || 'what it does not say'}`;
}

const TICKS_PER_DAY = 864e9;
const COMPLEX = 1;

/** RFC 3244 §2. */
const RESULTS: readonly { name: string; status: SspiErrorCode; meaning: string; remedy?: string }[] = [
  { name: 'KRB5_KPASSWD_SUCCESS', status: 'SEC_E_INTERNAL_ERROR', meaning: 'no error' },
  { name: 'KRB5_KPASSWD_MALFORMED', status: 'SEC_E_INTERNAL_ERROR', meaning: 'the server does not understand the request' },
  { name: 'KRB5_KPASSWD_HARDERROR', status: 'SEC_E_INTERNAL_ERROR', meaning: 'the server met an error', remedy: 'Look into the log of the domain controller or of kadmind.' },
  { name: 'KRB5_KPASSWD_AUTHERROR', status: 'SEC_E_LOGON_DENIED', meaning: 'the server does not take the ticket', remedy: 'Check the old password, and the clocks.' },
  { name: 'KRB5_KPASSWD_SOFTERROR', status: 'SEC_E_INVALID_PARAMETER', meaning: 'the new password is refused', remedy: "Choose a password that the domain's policy allows." },
  { name: 'KRB5_KPASSWD_ACCESSDENIED', status: 'SEC_E_LOGON_DENIED', meaning: 'this account may not change it', remedy: 'Have the right to change the password granted.' },
  { name: 'KRB5_KPASSWD_BAD_VERSION', status: 'SEC_E_UNSUPPORTED_FUNCTION', meaning: 'the server knows another version of the protocol' },
  { name: 'KRB5_KPASSWD_INITIAL_FLAG_NEEDED', status: 'SEC_E_LOGON_DENIED', meaning: 'the server wants a ticket that was got with the password itself' },
];
