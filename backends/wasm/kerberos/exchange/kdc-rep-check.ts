import { SspiError } from '../../../contract/errors.ts';
import { TKT_FLAG } from '../codes/flags.ts';
import { etypeInfo, etypeName } from '../etypes/table.ts';
import { decode } from '../messages/asn1.ts';
import type { EncAsRepPart } from '../messages/enc-kdc-rep-part.ts';
import type { AsRep, TgsRep } from '../messages/kdc-rep.ts';
import type { AsReq, TgsReq } from '../messages/kdc-req.ts';
import { PrincipalName } from '../messages/principal-name.ts';
import { Ticket } from '../messages/ticket.ts';
import { sameName, type Principal } from '../store/principal.ts';
import type { CachedCredential } from '../store/ccache.ts';
import { kerberosTime, type KerberosClock } from './clock.ts';

export interface RequestedLifetime {
  /** Seconds; default: as long as the KDC gives. */
  lifetime?: number;
  renewLifetime?: number;
  /** Seconds by which the KDC's clock may differ. Default 300. */
  skew?: number;
}

/** till and rtime of a request that is made at `now`. RFC 4120 §5.4.1: the longest life is asked for with a far date. */
export function lifetimes({ lifetime, renewLifetime }: RequestedLifetime, now: number): { till: number; rtime?: number } {
  return {
    till: lifetime === undefined ? FAR : now + lifetime,
    ...(renewLifetime !== undefined && { rtime: now + renewLifetime }),
  };
}

export function principalName({ nameType, components }: Principal): PrincipalName {
  const name = new PrincipalName();
  name.nameType = nameType;
  name.nameString = [...components];
  return name;
}

export interface ReplyCheck {
  answer: AsRep | TgsRep;
  part: EncAsRepPart;
  request: AsReq | TgsReq;
  /** The realm that was asked. */
  realm: string;
  clock: KerberosClock;
  /** The client's name may differ from the one asked for (canonicalization). */
  anyClient?: boolean;
  /** Of a TGS-REP: the client of the ticket that was presented. */
  client?: Principal;
  /** The server's name may differ (canonicalization, a referral). */
  anyServer?: boolean;
  /** An AS-REP: its authtime is the KDC's clock, which is learned where it is off by more than `skew`. */
  learnClock?: boolean;
  skew?: number | undefined;
}

/**
 * RFC 4120 §3.1.5, §3.3.4: a reply is believed only where every field that the client named comes back as it was
 * named. The ticket itself is opaque, but its cleartext realm and sname must be those of the encrypted part.
 */
export function checkReply({ answer, part, request, realm, clock, anyClient = false, client, anyServer = false, learnClock = false, skew = 300 }: ReplyCheck): void {
  const { reqBody } = request;
  const refuse = (what: string): never => {
    throw new SspiError('SEC_E_INVALID_TOKEN', `the KDC's reply is not for this request: ${what}`);
  };
  if (part.nonce !== reqBody.nonce) refuse('another nonce');
  // The client.
  const clientName = client?.components ?? reqBody.cname?.nameString ?? [];
  if (!anyClient && !sameName(answer.cname.nameString, clientName)) refuse(`a ticket of ${answer.cname.nameString.join('/')}, not of ${clientName.join('/')}`);
  if (!anyClient && answer.crealm !== (client?.realm ?? realm)) refuse(`a client of the realm ${answer.crealm}, not ${client?.realm ?? realm}`);
  // The server, in what is encrypted and in the ticket's cleartext.
  if (!anyServer && !sameName(part.sname.nameString, reqBody.sname?.nameString ?? [])) refuse(`a ticket for ${part.sname.nameString.join('/')}, not for ${reqBody.sname?.nameString.join('/')}`);
  if (part.srealm !== realm) refuse(`a ticket of the realm ${part.srealm}, not ${realm}`);
  const ticket = decode(Ticket, answer.ticket);
  if (ticket.realm !== part.srealm || !sameName(ticket.sname.nameString, part.sname.nameString)) refuse('the ticket and the encrypted part name different servers');
  // The session key: of a type that was asked for, so that no one slips a weaker one in.
  if (!reqBody.etype.includes(part.key.keytype)) refuse(`a session key of ${etypeName(part.key.keytype)}, which was not asked for`);
  if (etypeInfo(part.key.keytype)?.keyLength !== part.key.keyvalue.length) refuse(`a session key of ${part.key.keyvalue.length} bytes for ${etypeName(part.key.keytype)}`);
  // The times. An account without pre-authentication never hears KRB_AP_ERR_SKEW; the nonce says that the reply is fresh.
  if (learnClock && Math.abs(part.authtime - kerberosTime(clock).seconds) > skew) clock.offset = part.authtime * 1000 - clock.now().getTime();
  const now = kerberosTime(clock).seconds;
  const start = part.starttime ?? part.authtime;
  if (start > now + skew) refuse(`the ticket begins at ${iso(start)}`);
  if (part.endtime <= now - skew || part.endtime <= start) refuse(`the ticket ended at ${iso(part.endtime)}`);
  if (part.endtime > reqBody.till && reqBody.till !== FAR) refuse('the ticket lives longer than was asked');
  if ((part.flags & TKT_FLAG.INVALID) !== 0) refuse('the ticket is marked invalid');
  // The addresses: none were asked for, so none may bind the ticket.
  if (reqBody.addresses === undefined && part.caddr !== undefined && part.caddr.length > 0) refuse('the ticket is bound to addresses');
}

export function credentialOf(answer: AsRep | TgsRep, part: EncAsRepPart): CachedCredential {
  return {
    client: toPrincipal(answer.cname, answer.crealm),
    server: toPrincipal(part.sname, part.srealm),
    etype: part.key.keytype,
    key: part.key.keyvalue,
    authtime: part.authtime,
    starttime: part.starttime ?? part.authtime,
    endtime: part.endtime,
    renewTill: part.renewTill ?? 0,
    isSkey: false,
    flags: part.flags,
    addresses: (part.caddr ?? []).map(({ addrType, address }) => ({ type: addrType, data: address })),
    authdata: [],
    ticket: answer.ticket,
    secondTicket: new Uint8Array(0),
  };
}

export function toPrincipal({ nameType, nameString }: PrincipalName, realm: string): Principal {
  return { nameType, realm, components: nameString };
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** The far date that Windows asks for; it fits into the 32 bits of older KDCs. */
const FAR = Date.UTC(2037, 8, 13, 2, 48, 5) / 1000;
