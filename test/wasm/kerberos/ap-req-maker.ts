import type { AcceptorData } from '../../../backends/contract/credentials.ts';
import { resolveHost } from '../../../backends/wasm/host/index.ts';
import { AP_OPT } from '../../../backends/wasm/kerberos/codes/flags.ts';
import { KEY_USAGE } from '../../../backends/wasm/kerberos/codes/key-usage.ts';
import { AD, CKSUM_GSS } from '../../../backends/wasm/kerberos/codes/types.ts';
import { createKerberosKey, type KerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { etypeInfo } from '../../../backends/wasm/kerberos/etypes/table.ts';
import { principalName } from '../../../backends/wasm/kerberos/exchange/kdc-rep-check.ts';
import { GSS_FLAG, writeAuthenticatorChecksum } from '../../../backends/wasm/kerberos/gss/authenticator-checksum.ts';
import { frame, TOK_AP_REQ } from '../../../backends/wasm/kerberos/gss/framing.ts';
import { createKerberosCredential } from '../../../backends/wasm/kerberos/index.ts';
import { ApReq } from '../../../backends/wasm/kerberos/messages/ap-req.ts';
import { encode } from '../../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../../backends/wasm/kerberos/messages/authenticator.ts';
import { AuthorizationDataElement } from '../../../backends/wasm/kerberos/messages/authorization-data.ts';
import { Checksum } from '../../../backends/wasm/kerberos/messages/checksum.ts';
import { EncTicketPart } from '../../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { EncryptionKey } from '../../../backends/wasm/kerberos/messages/encryption-key.ts';
import { AuthorizationData } from '../../../backends/wasm/kerberos/messages/sequences.ts';
import { Ticket } from '../../../backends/wasm/kerberos/messages/ticket.ts';
import { writeKeytab } from '../../../backends/wasm/kerberos/store/keytab.ts';
import { parsePrincipal } from '../../../backends/wasm/kerberos/store/principal.ts';
import type { AcceptorRequest } from '../../../backends/wasm/mechanism.ts';
import { createDatabase, type PrincipalRecord } from '../../../src/testing/database.ts';
import { writePac } from '../../../src/testing/pac-writer.ts';
import '../bring-parts.ts';

/** AP-REQs made field by field, as no honest client would, for a realm whose keys are all known here. */
export const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
export const SPN = 'HTTP/web.test.realm';
export const database = createDatabase('TEST.REALM', [18, 17], random);
export const alice: PrincipalRecord = database.addUser('alice', 'Password1');
export const service: PrincipalRecord = database.addService(SPN);
export const serviceKey = () => database.key(service, 18)!;
export const keytab = () => writeKeytab(database.keytab(service));
const kdcKey = () => database.key(database.find(['krbtgt', 'TEST.REALM'])!, 18)!;
export const MUTUAL = GSS_FLAG.MUTUAL | GSS_FLAG.REPLAY | GSS_FLAG.SEQUENCE | GSS_FLAG.CONF | GSS_FLAG.INTEG;

export interface ApReqEdits {
  part?: (part: EncTicketPart) => void;
  authenticator?: (authenticator: Authenticator) => void;
  ticket?: (ticket: Ticket) => void;
  message?: (message: ApReq) => void;
  /** GSS_FLAG.*; default MUTUAL. */
  flags?: number;
  bindings?: Uint8Array;
  /** Instead of the contents of the checksum 0x8003. */
  checksum?: Uint8Array;
  pac?: (pac: Uint8Array) => Uint8Array | null;
  /** The key that seals the ticket; default the service's of etype 18. */
  key?: KerberosKey;
  sessionEtype?: number;
  raw?: boolean;
}

export function makeApReq(edits: ApReqEdits = {}) {
  const time = Math.floor(Date.now() / 1000);
  const flags = edits.flags ?? MUTUAL;
  const etype = edits.sessionEtype ?? 18;
  const part = new EncTicketPart();
  part.key.keytype = etype;
  part.key.keyvalue = random(etypeInfo(etype)!.keyLength);
  part.crealm = 'TEST.REALM';
  part.cname = principalName(parsePrincipal('alice@TEST.REALM'));
  part.authtime = time - 60;
  part.starttime = time - 30;
  part.endtime = time + 3600;
  const key = edits.key ?? serviceKey();
  const pac = writePac({ user: alice, authtime: part.authtime, database }, { server: key, kdc: kdcKey(), bareTicket: new Uint8Array(1) });
  const kept = edits.pac === undefined ? pac : edits.pac(pac);
  if (kept !== null) part.authorizationData = [ifRelevant(kept)];
  edits.part?.(part);
  const session = createKerberosKey(part.key.keytype, part.key.keyvalue);

  const ticket = new Ticket();
  ticket.realm = 'TEST.REALM';
  ticket.sname = principalName(service.principal);
  ticket.encPart.etype = key.etype;
  ticket.encPart.kvno = 1;
  ticket.encPart.cipher = key.encrypt(KEY_USAGE.KDC_REP_TICKET, encode(part));
  edits.ticket?.(ticket);

  const authenticator = new Authenticator();
  authenticator.crealm = part.crealm;
  authenticator.cname = part.cname;
  authenticator.ctime = time;
  authenticator.cusec = 123456;
  authenticator.seqNumber = 77;
  authenticator.subkey = new EncryptionKey();
  authenticator.subkey.keytype = etype;
  authenticator.subkey.keyvalue = random(etypeInfo(etype)!.keyLength);
  authenticator.cksum = new Checksum();
  authenticator.cksum.cksumtype = CKSUM_GSS;
  authenticator.cksum.checksum = edits.checksum ?? writeAuthenticatorChecksum({ bindings: edits.bindings ?? new Uint8Array(16), flags });
  edits.authenticator?.(authenticator);

  const message = new ApReq();
  message.apOptions = (flags & GSS_FLAG.MUTUAL) !== 0 ? AP_OPT.MUTUAL_REQUIRED : 0;
  message.ticket = encode(ticket);
  message.authenticator.etype = session.etype;
  message.authenticator.cipher = session.encrypt(KEY_USAGE.AP_REQ_AUTH, encode(authenticator));
  edits.message?.(message);
  const bytes = encode(message);
  return { token: edits.raw ? bytes : frame(TOK_AP_REQ, bytes), message, ticket, authenticator, session };
}

/** An acceptor with this realm's keytab, and no memory of earlier tests. */
export function makeAcceptor(acceptor: AcceptorData = {}, request: Partial<AcceptorRequest> = {}, allowWeakCrypto = false) {
  const credential = createKerberosCredential({
    acceptor: { keytab: keytab(), replayCache: { add: () => true }, ...acceptor }, kerberos: { allowWeakCrypto, krb5Conf: '' }, host: resolveHost(),
  });
  return credential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false, ...request });
}

function ifRelevant(pac: Uint8Array): AuthorizationDataElement {
  const list = new AuthorizationData();
  list.push(Object.assign(new AuthorizationDataElement(), { adType: AD.WIN2K_PAC, adData: pac }));
  return Object.assign(new AuthorizationDataElement(), { adType: AD.IF_RELEVANT, adData: encode(list) });
}
