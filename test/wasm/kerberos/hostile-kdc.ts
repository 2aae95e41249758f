import type { KdcTransport } from '../../../backends/contract/credentials.ts';
import { KEY_USAGE } from '../../../backends/wasm/kerberos/codes/key-usage.ts';
import { createKerberosKey, stringToKey, type KerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { etypeInfo } from '../../../backends/wasm/kerberos/etypes/table.ts';
import { ApReq } from '../../../backends/wasm/kerberos/messages/ap-req.ts';
import { decode, encode } from '../../../backends/wasm/kerberos/messages/asn1.ts';
import { Authenticator } from '../../../backends/wasm/kerberos/messages/authenticator.ts';
import { EncAsRepPart, EncTgsRepPart } from '../../../backends/wasm/kerberos/messages/enc-kdc-rep-part.ts';
import { AsRep, TgsRep } from '../../../backends/wasm/kerberos/messages/kdc-rep.ts';
import { TgsReq } from '../../../backends/wasm/kerberos/messages/kdc-req.ts';
import { KrbError } from '../../../backends/wasm/kerberos/messages/krb-error.ts';
import { LastReqEntry } from '../../../backends/wasm/kerberos/messages/last-req.ts';
import { PrincipalName } from '../../../backends/wasm/kerberos/messages/principal-name.ts';
import { Ticket } from '../../../backends/wasm/kerberos/messages/ticket.ts';

/** What a KDC that lies may change before it seals its reply. */
export interface Lies {
  as?: (part: EncAsRepPart, answer: AsRep) => void;
  tgs?: (part: EncTgsRepPart, answer: TgsRep) => void;
  /** Instead of the answer, or undefined for it: the n-th message, counted from 0. */
  instead?: (n: number, realm: string, message: Uint8Array) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Over the bytes that would go out. */
  bytes?: (reply: Uint8Array, n: number) => Uint8Array;
}

export interface HostileKdc extends KdcTransport {
  /** The realms that were asked, one for each message. */
  readonly asked: string[];
  /** A TGS-REP of the KDC's own making: a ticket for `sname`, sealed for who asked. */
  forge(realm: string, message: Uint8Array, sname: string[]): Uint8Array;
}

/** A KDC between client and realm that knows the user's password, so that what it changes is sealed as if it were true. */
export function hostileKdc(honest: KdcTransport, user: { name: string; realm: string; password: string }, lies: Lies): HostileKdc {
  const sessions = new Map<string, { keytype: number; keyvalue: Uint8Array }>();
  const longTerm = new Map<number, Uint8Array>();
  const asked: string[] = [];

  function userKey(etype: number): KerberosKey {
    let bytes = longTerm.get(etype);
    if (bytes === undefined) longTerm.set(etype, bytes = stringToKey(etype, user.password, user.realm + user.name));
    return createKerberosKey(etype, bytes);
  }
  function openRequest(message: Uint8Array) {
    const request = decode(TgsReq, message);
    const apReq = decode(ApReq, request.padata![0]!.padataValue);
    const { keytype, keyvalue } = sessions.get(hex(apReq.ticket))!;
    const authenticator = decode(Authenticator, createKerberosKey(keytype, keyvalue).decrypt(KEY_USAGE.TGS_REQ_AUTH, apReq.authenticator.cipher));
    const subkey = createKerberosKey(authenticator.subkey!.keytype, authenticator.subkey!.keyvalue);
    return { request, authenticator, subkey };
  }

  return {
    asked,
    async send(realm, message, options) {
      const n = asked.push(realm) - 1;
      const instead = await lies.instead?.(n, realm, message);
      let reply = instead ?? (await honest.send(realm, message, options));
      if (instead === undefined && reply[0] === 0x6b) {
        const answer = decode(AsRep, reply);
        const key = userKey(answer.encPart.etype);
        const part = decode(EncAsRepPart, key.decrypt(KEY_USAGE.AS_REP_ENC_PART, answer.encPart.cipher));
        lies.as?.(part, answer);
        sessions.set(hex(answer.ticket), part.key);
        answer.encPart.cipher = key.encrypt(KEY_USAGE.AS_REP_ENC_PART, encode(part));
        reply = encode(answer);
      } else if (instead === undefined && reply[0] === 0x6d) {
        const answer = decode(TgsRep, reply);
        const { subkey } = openRequest(message);
        const part = decode(EncTgsRepPart, subkey.decrypt(KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, answer.encPart.cipher));
        lies.tgs?.(part, answer);
        sessions.set(hex(answer.ticket), part.key);
        answer.encPart.cipher = subkey.encrypt(KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, encode(part));
        reply = encode(answer);
      }
      return lies.bytes?.(reply, n) ?? reply;
    },
    forge(realm, message, sname) {
      const { request, authenticator, subkey } = openRequest(message);
      const part = new EncTgsRepPart();
      part.key.keytype = 18;
      part.key.keyvalue = crypto.getRandomValues(new Uint8Array(etypeInfo(18)!.keyLength));
      part.lastReq = [new LastReqEntry()];
      part.nonce = request.reqBody.nonce;
      part.authtime = Math.floor(Date.now() / 1000);
      part.endtime = part.authtime + 3600;
      part.srealm = realm;
      part.sname = named(sname);
      const answer = new TgsRep();
      answer.crealm = authenticator.crealm;
      answer.cname = authenticator.cname;
      answer.ticket = encode(ticketFor(realm, sname));
      answer.encPart.etype = subkey.etype;
      answer.encPart.cipher = subkey.encrypt(KEY_USAGE.TGS_REP_ENC_PART_SUBKEY, encode(part));
      sessions.set(hex(answer.ticket), part.key);
      return encode(answer);
    },
  };
}

/** A KRB-ERROR as any stranger on the path can make it. */
export function krbError(errorCode: number, more: Partial<KrbError> = {}): Uint8Array {
  const error = new KrbError();
  error.stime = Math.floor(Date.now() / 1000);
  error.errorCode = errorCode;
  error.realm = 'TEST.REALM';
  error.sname = named(['krbtgt', 'TEST.REALM']);
  return encode(Object.assign(error, more));
}

export function named(components: string[], nameType = 2): PrincipalName {
  const name = new PrincipalName();
  name.nameType = nameType;
  name.nameString = components;
  return name;
}

/** A ticket with this cleartext and nothing sensible inside; no two are alike. */
export function ticketFor(realm: string, sname: string[]): Ticket {
  const ticket = new Ticket();
  ticket.realm = realm;
  ticket.sname = named(sname);
  ticket.encPart.etype = 18;
  ticket.encPart.cipher = crypto.getRandomValues(new Uint8Array(64));
  return ticket;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
