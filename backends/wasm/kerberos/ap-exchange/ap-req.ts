import { SspiError } from '../../../contract/errors.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { CKSUM_GSS } from '../codes/types.ts';
import type { KerberosKey } from '../etypes/index.ts';
import { principalName } from '../exchange/kdc-rep-check.ts';
import { ApReq } from '../messages/ap-req.ts';
import { decode, encode } from '../messages/asn1.ts';
import { Authenticator } from '../messages/authenticator.ts';
import { Checksum } from '../messages/checksum.ts';
import { EncTicketPart } from '../messages/enc-ticket-part.ts';
import { EncryptionKey } from '../messages/encryption-key.ts';
import { Ticket } from '../messages/ticket.ts';
import type { Principal } from '../store/principal.ts';

export interface ApReqParts {
  /** The Ticket's DER. */
  ticket: Uint8Array;
  client: Principal;
  /** The contents of the checksum of type 0x8003. */
  checksum: Uint8Array;
  /** Seconds since 1970, and microseconds. */
  ctime: number;
  cusec: number;
  subkey: { etype: number; bytes: Uint8Array };
  sequenceNumber: number;
  /** AP_OPT.* */
  apOptions: number;
}

/** AP-REQ (RFC 4120 §5.5.1) with its authenticator under the ticket's session key. */
export function apReqMessage(parts: ApReqParts, sessionKey: KerberosKey): Uint8Array {
  const authenticator = new Authenticator();
  authenticator.crealm = parts.client.realm;
  authenticator.cname = principalName(parts.client);
  const cksum = new Checksum();
  cksum.cksumtype = CKSUM_GSS;
  cksum.checksum = parts.checksum;
  authenticator.cksum = cksum;
  authenticator.cusec = parts.cusec;
  authenticator.ctime = parts.ctime;
  const key = new EncryptionKey();
  key.keytype = parts.subkey.etype;
  key.keyvalue = parts.subkey.bytes;
  authenticator.subkey = key;
  authenticator.seqNumber = parts.sequenceNumber;

  const message = new ApReq();
  message.apOptions = parts.apOptions;
  message.ticket = parts.ticket;
  message.authenticator.etype = sessionKey.etype;
  message.authenticator.cipher = sessionKey.encrypt(KEY_USAGE.AP_REQ_AUTH, encode(authenticator));
  return encode(message);
}

/** The parts of an AP-REQ that stand in the clear. Throws SEC_E_INVALID_TOKEN. */
export function readApReq(message: Uint8Array): { apOptions: number; ticket: Ticket; authenticator: { etype: number; cipher: Uint8Array } } {
  const { pvno, msgType, apOptions, ticket, authenticator } = decode(ApReq, message);
  if (pvno !== 5 || msgType !== 14) throw new SspiError('SEC_E_INVALID_TOKEN', `AP-REQ: version 5 and type 14 expected, ${pvno} and ${msgType} came`);
  return { apOptions, ticket: decode(Ticket, ticket), authenticator };
}

/** Throws SEC_E_DECRYPT_FAILURE for another key. */
export function openTicket(ticket: Ticket, key: KerberosKey): EncTicketPart {
  return decode(EncTicketPart, key.decrypt(KEY_USAGE.KDC_REP_TICKET, ticket.encPart.cipher));
}

export function openAuthenticator(cipher: Uint8Array, sessionKey: KerberosKey): Authenticator {
  return decode(Authenticator, sessionKey.decrypt(KEY_USAGE.AP_REQ_AUTH, cipher));
}
