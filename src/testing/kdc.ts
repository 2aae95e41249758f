import { SspiError } from '../../backends/contract/errors.ts';
import { KDC_OPT, TKT_FLAG } from '../../backends/wasm/kerberos/codes/flags.ts';
import { KEY_USAGE } from '../../backends/wasm/kerberos/codes/key-usage.ts';
import { AD, PA } from '../../backends/wasm/kerberos/codes/types.ts';
import { createKerberosKey, type KerberosKey } from '../../backends/wasm/kerberos/etypes/index.ts';
import { etypeInfo } from '../../backends/wasm/kerberos/etypes/table.ts';
import { principalName, toPrincipal } from '../../backends/wasm/kerberos/exchange/kdc-rep-check.ts';
import { ApReq } from '../../backends/wasm/kerberos/messages/ap-req.ts';
import { decode, encode } from '../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../backends/wasm/kerberos/messages/authenticator.ts';
import { AuthorizationDataElement } from '../../backends/wasm/kerberos/messages/authorization-data.ts';
import { Checksum } from '../../backends/wasm/kerberos/messages/checksum.ts';
import { EncAsRepPart, EncTgsRepPart } from '../../backends/wasm/kerberos/messages/enc-kdc-rep-part.ts';
import { EncTicketPart } from '../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { EncryptedData } from '../../backends/wasm/kerberos/messages/encrypted-data.ts';
import { EtypeInfo2Entry } from '../../backends/wasm/kerberos/messages/etype-info2-entry.ts';
import { AsRep, TgsRep } from '../../backends/wasm/kerberos/messages/kdc-rep.ts';
import type { KdcReqBody } from '../../backends/wasm/kerberos/messages/kdc-req-body.ts';
import { AsReq, TgsReq } from '../../backends/wasm/kerberos/messages/kdc-req.ts';
import { KrbError } from '../../backends/wasm/kerberos/messages/krb-error.ts';
import { LastReqEntry } from '../../backends/wasm/kerberos/messages/last-req.ts';
import { PaData } from '../../backends/wasm/kerberos/messages/pa-data.ts';
import { PaEncTsEnc } from '../../backends/wasm/kerberos/messages/pa-enc-ts-enc.ts';
import { AuthorizationData, EtypeInfo2, MethodData } from '../../backends/wasm/kerberos/messages/sequences.ts';
import { Ticket } from '../../backends/wasm/kerberos/messages/ticket.ts';
import { NT_ENTERPRISE, sameName, type Principal } from '../../backends/wasm/kerberos/store/principal.ts';
import { elementAt } from '../../backends/wasm/wire/der.ts';
import { saltOf, type PrincipalRecord, type RealmDatabase } from './database.ts';
import { writePac } from './pac-writer.ts';

export interface KdcOptions {
  database: RealmDatabase;
  now: () => Date;
  random: (length: number) => Uint8Array;
  /** Seconds. */
  ticketLifetime: number;
  renewLifetime: number;
  skew: number;
  minimumPasswordLength: number;
}

/** A KDC's refusal: a code of RFC 4120 §7.5.9, and e-data. */
class Refusal extends Error {
  readonly code: number;
  readonly data: Uint8Array | undefined;

  constructor(code: number, text: string, data?: Uint8Array) {
    super(text);
    this.code = code;
    this.data = data;
  }
}

/** Answers one AS-REQ or TGS-REQ (RFC 4120 §3.1, §3.3), with PACs; whatever is wrong becomes a KRB-ERROR. */
export function answerKdc(message: Uint8Array, options: KdcOptions): Uint8Array {
  try {
    if (message[0] === 0x6a) return answerAs(message, options);
    if (message[0] === 0x6c) return answerTgs(message, options);
    throw new Refusal(40, 'an AS-REQ or a TGS-REQ expected');
  } catch (error) {
    if (error instanceof Refusal) return krbError(error.code, error.message, options, error.data);
    if (error instanceof SspiError) return krbError(error.code === 'SEC_E_DECRYPT_FAILURE' ? 31 : 60, error.message, options);
    throw error;
  }
}

/** KRB_ERR_RESPONSE_TOO_BIG (RFC 4120 §7.2.1): ask again by TCP. */
export function responseTooBig(options: KdcOptions): Uint8Array {
  return krbError(52, 'RESPONSE_TOO_BIG', options);
}

function answerAs(message: Uint8Array, options: KdcOptions): Uint8Array {
  const { database } = options;
  const { padata = [], reqBody } = decode(AsReq, message);
  if (reqBody.realm.toUpperCase() !== database.realm.toUpperCase()) throw new Refusal(68, `this is the realm ${database.realm}`);
  // 1. Who asks, and for what.
  const user = findClient(reqBody, database);
  const server = database.find(reqBody.sname?.nameString ?? []) ?? refuse(7, 'SERVER_NOT_FOUND');
  if (user.disabled) throw new Refusal(18, 'CLIENT REVOKED');
  if (user.passwordExpired && !sameName(server.principal.components, ['kadmin', 'changepw'])) throw new Refusal(23, 'CLIENT KEY EXPIRED');
  // 2. That it holds the key.
  const etype = reqBody.etype.find((one) => database.key(user, one) !== undefined) ?? refuse(14, 'BAD_ENCRYPTION_TYPE');
  const key = preauthenticate(user, padata, etype, options);
  // 3. The ticket.
  const issued = issue({ client: toPrincipal(principalName(user.principal), database.realm), server, body: reqBody, flags: TKT_FLAG.INITIAL | (user.requiresPreauth ? TKT_FLAG.PRE_AUTHENT : 0), user, options });
  const part = fill(new EncAsRepPart(), issued, reqBody, database);
  if (padata.some(({ padataType }) => padataType === PA.REQ_ENC_PA_REP)) {
    part.flags = (part.flags | TKT_FLAG.ENC_PA_REP) >>> 0;
    const cksum = new Checksum();
    cksum.cksumtype = key.checksumType;
    cksum.checksum = key.checksum(KEY_USAGE.AS_REQ_CKSUM, message);
    part.encryptedPaData = [paData(PA.REQ_ENC_PA_REP, encode(cksum))];
  }
  const reply = new AsRep();
  reply.padata = [paData(PA.ETYPE_INFO2, encode(etypeInfo2(user, [key.etype])))];
  reply.crealm = database.realm;
  reply.cname = principalName(user.principal);
  reply.ticket = issued.ticket;
  reply.encPart = seal(key, KEY_USAGE.AS_REP_ENC_PART, encode(part), user.kvno);
  return encode(reply);
}

/** RFC 4120 §5.2.7.2: the client's time under its key; without it, what the KDC would take. */
function preauthenticate(user: PrincipalRecord, padata: readonly PaData[], etype: number, options: KdcOptions): KerberosKey {
  const { database, now, skew } = options;
  const stamp = padata.find(({ padataType }) => padataType === PA.ENC_TIMESTAMP);
  if (stamp === undefined) {
    if (!user.requiresPreauth) return database.key(user, etype)!;
    const methods = new MethodData();
    methods.push(paData(PA.ETYPE_INFO2, encode(etypeInfo2(user, database.etypes))), paData(PA.ENC_TIMESTAMP, new Uint8Array(0)));
    throw new Refusal(25, 'NEEDED_PREAUTH', encode(methods));
  }
  const sealed = decode(EncryptedData, stamp.padataValue);
  const key = database.key(user, sealed.etype) ?? refuse(14, 'BAD_ENCRYPTION_TYPE');
  let time: PaEncTsEnc;
  try {
    time = decode(PaEncTsEnc, key.decrypt(KEY_USAGE.AS_REQ_PA_ENC_TS, sealed.cipher));
  } catch {
    throw new Refusal(24, 'PREAUTH_FAILED');
  }
  if (Math.abs(time.patimestamp - now().getTime() / 1000) > skew) throw new Refusal(37, 'CLOCK_SKEW');
  return key;
}

function answerTgs(message: Uint8Array, options: KdcOptions): Uint8Array {
  const { database, now, skew, random } = options;
  const { padata = [], reqBody } = decode(TgsReq, message);
  // 1. The ticket-granting ticket and its authenticator.
  const element = padata.find(({ padataType }) => padataType === PA.TGS_REQ) ?? refuse(16, 'no PA-TGS-REQ');
  const request = decode(ApReq, element.padataValue);
  const ticket = decode(Ticket, request.ticket);
  // A ticket of this KDC, or of one that is trusted (krbtgt/HERE@OTHER).
  const kdcKey = database.grantingKey(ticket.sname.nameString, ticket.realm, ticket.encPart.etype) ?? refuse(35, 'not a ticket-granting ticket for this realm');
  const tgt = decode(EncTicketPart, kdcKey.decrypt(KEY_USAGE.KDC_REP_TICKET, ticket.encPart.cipher));
  const time = Math.floor(now().getTime() / 1000);
  if (tgt.endtime < time - skew && (reqBody.kdcOptions & KDC_OPT.RENEW) === 0) throw new Refusal(32, 'TICKET EXPIRED');
  const session = createKerberosKey(tgt.key.keytype, tgt.key.keyvalue, random);
  const authenticator = decode(Authenticator, session.decrypt(KEY_USAGE.TGS_REQ_AUTH, request.authenticator.cipher));
  if (authenticator.crealm !== tgt.crealm || !sameName(authenticator.cname.nameString, tgt.cname.nameString)) throw new Refusal(36, 'BADMATCH');
  if (Math.abs(authenticator.ctime - time) > skew) throw new Refusal(37, 'CLOCK_SKEW');
  // 2. The body is what the client signed: its bytes as they came.
  const { cksum } = authenticator;
  if (cksum === undefined || cksum.cksumtype !== session.checksumType || !session.verifyChecksum(KEY_USAGE.TGS_REQ_AUTH_CKSUM, bodyOf(message), cksum.checksum)) {
    throw new Refusal(41, 'the body is not what the authenticator covers');
  }
  // 3. The service, or a realm that may know it.
  const server = findServer(reqBody, database);
  const home = tgt.crealm === database.realm;
  const user = home ? database.find(tgt.cname.nameString) : undefined;
  if (home && user === undefined) throw new Refusal(6, 'CLIENT_NOT_FOUND');
  const issued = issue({
    client: toPrincipal(tgt.cname, tgt.crealm), server, body: reqBody, flags: tgt.flags & (TKT_FLAG.PRE_AUTHENT | TKT_FLAG.ENC_PA_REP), tgt, user, options,
  });
  const part = fill(new EncTgsRepPart(), issued, reqBody, database);
  const reply = new TgsRep();
  reply.crealm = tgt.crealm;
  reply.cname = tgt.cname;
  reply.ticket = issued.ticket;
  const { subkey } = authenticator;
  reply.encPart = subkey === undefined
    ? seal(session, KEY_USAGE.TGS_REP_ENC_PART_SESSKEY, encode(part))
    : seal(createKerberosKey(subkey.keytype, subkey.keyvalue, random), KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, encode(part));
  return encode(reply);
}

function findClient(body: KdcReqBody, database: RealmDatabase): PrincipalRecord {
  const names = body.cname?.nameString ?? [];
  if (body.cname?.nameType === NT_ENTERPRISE) {
    const [name = '', suffix = ''] = (names[0] ?? '').split('@');
    if (suffix.toUpperCase() === database.realm.toUpperCase()) return database.find([name]) ?? refuse(6, 'CLIENT_NOT_FOUND');
  }
  const record = database.find(names);
  return record === undefined || record.isService ? refuse(6, 'CLIENT_NOT_FOUND') : record;
}

/** The service itself; where it is unknown and the host lies in a trusted realm's domain, that realm (RFC 6806 §8). */
function findServer(body: KdcReqBody, database: RealmDatabase): PrincipalRecord {
  const names = body.sname?.nameString ?? [];
  const found = database.find(names);
  if (found !== undefined) return found;
  const host = names[1]?.toLowerCase();
  const realm = (body.kdcOptions & KDC_OPT.CANONICALIZE) === 0 || host === undefined ? undefined
    : database.trusts.find((one) => host === one.toLowerCase() || host.endsWith(`.${one.toLowerCase()}`));
  return (realm === undefined ? undefined : database.find(['krbtgt', realm])) ?? refuse(7, 'SERVER_NOT_FOUND');
}

interface Issue {
  client: Principal;
  server: PrincipalRecord;
  body: KdcReqBody;
  flags: number;
  tgt?: EncTicketPart;
  /** The client's record, where it is of this realm. */
  user: PrincipalRecord | undefined;
  options: KdcOptions;
}

interface Issued {
  ticket: Uint8Array;
  part: EncTicketPart;
  server: PrincipalRecord;
}

function issue({ client, server, body, flags, tgt, user, options }: Issue): Issued {
  const { database, now, random, ticketLifetime, renewLifetime } = options;
  const time = Math.floor(now().getTime() / 1000);
  const wants = (option: number) => (body.kdcOptions & option) !== 0;
  const serverEtype = strongest(database, server);
  const sessionEtype = body.etype.find((etype) => server.keys.has(etype)) ?? refuse(14, 'BAD_ENCRYPTION_TYPE');

  const part = new EncTicketPart();
  part.flags = flags;
  part.key.keytype = sessionEtype;
  part.key.keyvalue = random(etypeInfo(sessionEtype)!.keyLength).slice();
  part.crealm = client.realm;
  part.cname = principalName(client);
  part.authtime = tgt?.authtime ?? time;
  part.starttime = time;
  part.endtime = Math.min(body.till, time + ticketLifetime, tgt?.endtime ?? Infinity);
  if (wants(KDC_OPT.FORWARDABLE) && (tgt === undefined || (tgt.flags & TKT_FLAG.FORWARDABLE) !== 0)) part.flags |= TKT_FLAG.FORWARDABLE;
  if (wants(KDC_OPT.FORWARDED)) {
    if (tgt === undefined || (tgt.flags & TKT_FLAG.FORWARDABLE) === 0) refuse(13, 'the ticket is not forwardable');
    part.flags |= TKT_FLAG.FORWARDED;
  }
  if (wants(KDC_OPT.RENEWABLE) && (tgt === undefined || tgt.renewTill !== undefined)) {
    part.flags |= TKT_FLAG.RENEWABLE;
    part.renewTill = Math.min(body.rtime ?? Infinity, time + renewLifetime, tgt?.renewTill ?? Infinity);
  }
  if (wants(KDC_OPT.RENEW)) {
    if (tgt?.renewTill === undefined || tgt.renewTill < time) refuse(32, 'the ticket cannot be renewed any more');
    part.flags |= TKT_FLAG.RENEWABLE | (tgt!.flags & TKT_FLAG.FORWARDABLE);
    part.renewTill = tgt!.renewTill!;
    part.endtime = Math.min(time + (tgt!.endtime - (tgt!.starttime ?? tgt!.authtime)), tgt!.renewTill!);
  }
  if (server.okAsDelegate && tgt !== undefined && server.principal.components[0] !== 'krbtgt') part.flags |= TKT_FLAG.OK_AS_DELEGATE;
  part.flags = (part.flags | TKT_FLAG.TRANSITED_POLICY_CHECKED) >>> 0;
  if (part.endtime <= time) refuse(11, 'the ticket would never be valid');

  const serverKey = database.key(server, serverEtype)!;
  const kdcRecord = database.find(['krbtgt', database.realm])!;
  const kdcKey = database.key(kdcRecord, strongest(database, kdcRecord))!;
  if (user !== undefined) {
    const isGranting = server.principal.components[0] === 'krbtgt';
    part.authorizationData = [ifRelevant(new Uint8Array(1))]; // MS-PAC 2.8.3: the ticket as it is signed has a PAC of one zero byte
    const bareTicket = isGranting ? undefined : encode(part);
    const pac = writePac({ user, authtime: part.authtime, database }, { server: serverKey, kdc: kdcKey, ...(bareTicket !== undefined && { bareTicket }) });
    part.authorizationData = [ifRelevant(pac)];
  } else if (tgt?.authorizationData !== undefined) {
    delete part.authorizationData; // a PAC of another realm would have to be filtered and signed anew; this KDC vouches for names alone
  }
  const ticket = new Ticket();
  ticket.realm = database.realm;
  ticket.sname = body.sname !== undefined && sameName(body.sname.nameString, server.principal.components) ? body.sname : principalName(server.principal);
  ticket.encPart = seal(serverKey, KEY_USAGE.KDC_REP_TICKET, encode(part), server.kvno);
  return { ticket: encode(ticket), part, server };
}

function fill<T extends EncAsRepPart>(reply: T, { part, server }: Issued, body: KdcReqBody, database: RealmDatabase): T {
  reply.key = part.key;
  reply.lastReq = [new LastReqEntry()];
  reply.nonce = body.nonce;
  reply.flags = part.flags;
  reply.authtime = part.authtime;
  if (part.starttime !== undefined) reply.starttime = part.starttime;
  reply.endtime = part.endtime;
  if (part.renewTill !== undefined) reply.renewTill = part.renewTill;
  reply.srealm = database.realm;
  reply.sname = body.sname !== undefined && sameName(body.sname.nameString, server.principal.components) ? body.sname : principalName(server.principal);
  return reply;
}

/** The KDC-REQ-BODY's bytes: the last element of the outer SEQUENCE, without its [4]. */
function bodyOf(message: Uint8Array): Uint8Array {
  let element = contentsOf(contentsOf(message)); // [APPLICATION 12], SEQUENCE
  for (;;) {
    const { start, end } = boundsOf(element);
    if (element[0] === 0xa4) return element.subarray(start, end);
    if (end >= element.length) throw new Refusal(60, 'no body');
    element = element.subarray(end);
  }
}

function contentsOf(element: Uint8Array): Uint8Array {
  const { start, end } = boundsOf(element);
  return element.subarray(start, end);
}

function boundsOf(element: Uint8Array): { start: number; end: number } {
  return elementAt(element) ?? refuse(60, 'a malformed element');
}

function strongest(database: RealmDatabase, record: PrincipalRecord): number {
  return database.etypes.find((etype) => record.keys.has(etype)) ?? refuse(14, 'BAD_ENCRYPTION_TYPE');
}

function ifRelevant(pac: Uint8Array): AuthorizationDataElement {
  const inner = new AuthorizationDataElement();
  inner.adType = AD.WIN2K_PAC;
  inner.adData = pac;
  const list = new AuthorizationData();
  list.push(inner);
  const outer = new AuthorizationDataElement();
  outer.adType = AD.IF_RELEVANT;
  outer.adData = encode(list);
  return outer;
}

function etypeInfo2(user: PrincipalRecord, etypes: readonly number[]): EtypeInfo2 {
  const list = new EtypeInfo2();
  for (const etype of etypes) {
    const entry = new EtypeInfo2Entry();
    entry.etype = etype;
    entry.salt = saltOf(user);
    list.push(entry);
  }
  return list;
}

function seal(key: KerberosKey, usage: number, plain: Uint8Array, kvno?: number): EncryptedData {
  const sealed = new EncryptedData();
  sealed.etype = key.etype;
  if (kvno !== undefined) sealed.kvno = kvno;
  sealed.cipher = key.encrypt(usage, plain);
  return sealed;
}

function paData(padataType: number, padataValue: Uint8Array): PaData {
  const element = new PaData();
  element.padataType = padataType;
  element.padataValue = padataValue;
  return element;
}

function krbError(code: number, text: string, { database, now }: KdcOptions, data?: Uint8Array): Uint8Array {
  const error = new KrbError();
  const time = now().getTime();
  error.stime = Math.floor(time / 1000);
  error.susec = (time % 1000) * 1000;
  error.errorCode = code;
  error.realm = database.realm;
  error.sname = principalName({ nameType: 2, realm: database.realm, components: ['krbtgt', database.realm] });
  error.eText = text;
  if (data !== undefined) error.eData = data;
  return encode(error);
}

function refuse(code: number, text: string): never {
  throw new Refusal(code, text);
}
