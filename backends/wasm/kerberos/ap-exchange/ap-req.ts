import {
  decodeApReq, decodeAuthenticator, decodeTicketPart, encodeApReq, encodeAuthenticator,
  type DecodedApReq, type DecodedAuthenticator, type DecodedTicketPart, type EncryptedBytes, type Named,
} from '../../core/krb5-messages.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { CKSUM_GSS } from '../codes/types.ts';
import type { KerberosKey } from '../etypes/index.ts';
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
export function apReqMessage({ ticket, client, checksum, ctime, cusec, subkey, sequenceNumber, apOptions }: ApReqParts, sessionKey: KerberosKey): Uint8Array {
  const authenticator = encodeAuthenticator({
    realm: client.realm, nameType: client.nameType, names: client.components, checksum: { type: CKSUM_GSS, bytes: checksum }, ctime, cusec,
    subkey: { type: subkey.etype, bytes: subkey.bytes }, seqNumber: sequenceNumber,
  });
  const cipher = sessionKey.encrypt(KEY_USAGE.AP_REQ_AUTH, authenticator);
  authenticator.fill(0);
  return encodeApReq(apOptions, ticket, { etype: sessionKey.etype, cipher });
}

/** Ticket (RFC 4120 §5.3). */
export type ServiceTicket = DecodedApReq['ticket'];
/** EncTicketPart (RFC 4120 §5.3), as far as a service reads it. */
export type TicketPart = DecodedTicketPart;
export type Authenticator = DecodedAuthenticator;

/** The parts of an AP-REQ that stand in the clear. Throws SEC_E_INVALID_TOKEN. */
export function readApReq(message: Uint8Array): { apOptions: number; ticket: ServiceTicket; authenticator: EncryptedBytes } {
  const { apOptions, ticket, encrypted } = decodeApReq(message);
  return { apOptions, ticket, authenticator: encrypted };
}

/** Throws SEC_E_DECRYPT_FAILURE for another key. */
export function openTicket(ticket: ServiceTicket, key: KerberosKey): TicketPart {
  return decodeTicketPart(key.decrypt(KEY_USAGE.KDC_REP_TICKET, ticket.encrypted.cipher));
}

export function openAuthenticator(cipher: Uint8Array, sessionKey: KerberosKey): Authenticator {
  return decodeAuthenticator(sessionKey.decrypt(KEY_USAGE.AP_REQ_AUTH, cipher));
}

/** The service of a ticket, the client of what was encrypted. */
export function principalOf({ realm, nameType, names }: Named): Principal {
  return { realm, nameType, components: names };
}
