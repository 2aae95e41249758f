import { apRepMessage } from '../../backends/wasm/kerberos/ap-exchange/ap-rep.ts';
import { TKT_FLAG } from '../../backends/wasm/kerberos/codes/flags.ts';
import { KEY_USAGE } from '../../backends/wasm/kerberos/codes/key-usage.ts';
import { createKerberosKey } from '../../backends/wasm/kerberos/etypes/index.ts';
import { CHANGE_VERSION, frameKpasswd, privMessage, SET_VERSION, unframeKpasswd } from '../../backends/wasm/kerberos/exchange/kpasswd.ts';
import { ApReq } from '../../backends/wasm/kerberos/messages/ap-req.ts';
import { decode } from '../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../backends/wasm/kerberos/messages/authenticator.ts';
import { ChangePasswdData } from '../../backends/wasm/kerberos/messages/change-passwd-data.ts';
import { EncKrbPrivPart } from '../../backends/wasm/kerberos/messages/enc-krb-priv-part.ts';
import { EncTicketPart } from '../../backends/wasm/kerberos/messages/enc-ticket-part.ts';
import { KrbPriv } from '../../backends/wasm/kerberos/messages/krb-priv.ts';
import { Ticket } from '../../backends/wasm/kerberos/messages/ticket.ts';
import { sameName } from '../../backends/wasm/kerberos/store/principal.ts';
import type { KdcOptions } from './kdc.ts';

/** A request to the password server, and not to the KDC: the same port serves both. */
export function isKpasswd(message: Uint8Array): boolean {
  return message.length > 6 && ((message[0]! << 8) | message[1]!) === message.length;
}

/** Answers a change of a user's own password (RFC 3244), version 1 or 0xff80. Throws for what is no request of kpasswd. */
export function answerKpasswd(message: Uint8Array, { database, now, random, skew, minimumPasswordLength }: KdcOptions): Uint8Array {
  const { version, apMessage, rest } = unframeKpasswd(message);
  const { ticket: ticketBytes, authenticator } = decode(ApReq, apMessage);
  const ticket = decode(Ticket, ticketBytes);
  // 1. Who asks.
  const service = database.find(['kadmin', 'changepw'])!;
  const serviceKey = database.key(service, ticket.encPart.etype);
  if (serviceKey === undefined || !sameName(ticket.sname.nameString, service.principal.components)) throw new RangeError('the ticket is not for kadmin/changepw');
  const opened = decode(EncTicketPart, serviceKey.decrypt(KEY_USAGE.KDC_REP_TICKET, ticket.encPart.cipher));
  const sessionKey = createKerberosKey(opened.key.keytype, opened.key.keyvalue, random);
  const { ctime, cusec, subkey, seqNumber = 0 } = decode(Authenticator, sessionKey.decrypt(KEY_USAGE.AP_REQ_AUTH, authenticator.cipher));
  const key = subkey === undefined ? sessionKey : createKerberosKey(subkey.keytype, subkey.keyvalue, random);
  const time = now().getTime() / 1000;
  // 2. What is asked.
  const answer = (code: number, text: string): Uint8Array => {
    const data = new Uint8Array([code >> 8, code, ...new TextEncoder().encode(text)]);
    return frameKpasswd(CHANGE_VERSION, apRepMessage({ ctime, cusec, sequenceNumber: seqNumber }, sessionKey), privMessage(data, key, seqNumber, LOOPBACK));
  };
  if (Math.abs(ctime - time) > skew || opened.endtime < time - skew) return answer(3, 'the clocks differ, or the ticket has expired');
  if ((opened.flags & TKT_FLAG.INITIAL) === 0) return answer(7, 'an initial ticket is needed');
  if (version !== CHANGE_VERSION && version !== SET_VERSION) return answer(6, `version ${version}`);
  const { userData } = decode(EncKrbPrivPart, key.decrypt(KEY_USAGE.KRB_PRIV_ENC_PART, decode(KrbPriv, rest).encPart.cipher));
  const data = version === SET_VERSION ? decode(ChangePasswdData, userData) : undefined;
  if (data?.targname !== undefined && !sameName(data.targname.nameString, opened.cname.nameString)) return answer(5, 'this server changes one\'s own password only');
  const password = new TextDecoder().decode(data?.newpasswd ?? userData);
  const user = database.find(opened.cname.nameString);
  // 3. Whether the realm lets it.
  if (user?.password === undefined) return answer(2, 'no such user');
  if (password.length < minimumPasswordLength) return answer(4, `The password must have ${minimumPasswordLength} characters or more.`);
  if (password === user.password) return answer(4, 'The password must differ from the last one.');
  database.setPassword(user, password);
  return answer(0, 'Password changed');
}

const LOOPBACK = new Uint8Array([127, 0, 0, 1]);
