import { KEY_USAGE } from '../../backends/wasm/kerberos/codes/key-usage.ts';
import type { KerberosKey } from '../../backends/wasm/kerberos/etypes/index.ts';
import { etypeInfo } from '../../backends/wasm/kerberos/etypes/table.ts';
import { PAC_TYPE } from '../../backends/wasm/kerberos/pac/pac.ts';
import type { PrincipalRecord, RealmDatabase } from './database.ts';

/*
 * PACs as a domain controller makes them (MS-PAC): LOGON_INFO, CLIENT_INFO, UPN_DNS_INFO, ATTRIBUTES, REQUESTOR, then the
 * signatures: ticket, full, server, KDC. Buffers begin at multiples of 8.
 */
export interface PacSubject {
  user: PrincipalRecord;
  authtime: number;
  database: RealmDatabase;
}

export interface PacKeys {
  server: KerberosKey;
  kdc: KerberosKey;
  /** EncTicketPart with a PAC of one zero byte, for the ticket signature (MS-PAC 2.8.3); absent in a TGT. */
  bareTicket?: Uint8Array;
}

export function writePac(subject: PacSubject, { server, kdc, bareTicket }: PacKeys): Uint8Array {
  const signatureOf = (key: KerberosKey) => {
    const bytes = new Uint8Array(4 + etypeInfo(key.etype)!.checksumLength);
    new DataView(bytes.buffer).setInt32(0, key.checksumType, true);
    return bytes;
  };
  const buffers: [type: number, data: Uint8Array][] = [
    [PAC_TYPE.LOGON_INFO, logonInfo(subject)],
    [PAC_TYPE.CLIENT_INFO, clientInfo(subject)],
    [PAC_TYPE.UPN_DNS_INFO, upnDnsInfo(subject)],
    [PAC_TYPE.ATTRIBUTES, new Uint8Array([2, 0, 0, 0, 1, 0, 0, 0])],
    [PAC_TYPE.REQUESTOR, sid(`${subject.database.domainSid}-${subject.user.rid}`)],
    [PAC_TYPE.SERVER_CHECKSUM, signatureOf(server)],
    [PAC_TYPE.PRIVSVR_CHECKSUM, signatureOf(kdc)],
  ];
  if (bareTicket !== undefined) buffers.push([PAC_TYPE.TICKET_CHECKSUM, signatureOf(kdc)], [PAC_TYPE.FULL_CHECKSUM, signatureOf(kdc)]);

  const { pac, offsets } = layOut(buffers);
  const sign = (type: number, key: KerberosKey, over: Uint8Array) => pac.set(key.checksum(KEY_USAGE.PAC_SIGNATURE, over), offsets.get(type)! + 4);
  if (bareTicket !== undefined) {
    sign(PAC_TYPE.TICKET_CHECKSUM, kdc, bareTicket);
    sign(PAC_TYPE.FULL_CHECKSUM, kdc, pac); // before the two below are written, as they are zero in what it covers
  }
  const server_ = server.checksum(KEY_USAGE.PAC_SIGNATURE, pac);
  pac.set(server_, offsets.get(PAC_TYPE.SERVER_CHECKSUM)! + 4);
  sign(PAC_TYPE.PRIVSVR_CHECKSUM, kdc, server_);
  return pac;
}

function layOut(buffers: readonly [number, Uint8Array][]): { pac: Uint8Array; offsets: Map<number, number> } {
  const round = (n: number) => (n + 7) & ~7;
  let at = round(8 + 16 * buffers.length);
  const offsets = new Map<number, number>();
  for (const [type, data] of buffers) {
    offsets.set(type, at);
    at += round(data.length);
  }
  const pac = new Uint8Array(at);
  const view = new DataView(pac.buffer);
  view.setUint32(0, buffers.length, true);
  for (const [i, [type, data]] of buffers.entries()) {
    view.setUint32(8 + 16 * i, type, true);
    view.setUint32(12 + 16 * i, data.length, true);
    view.setUint32(16 + 16 * i, offsets.get(type)!, true);
    pac.set(data, offsets.get(type)!);
  }
  return { pac, offsets };
}

/** KERB_VALIDATION_INFO in NDR; see logon-info.ts for its layout. */
function logonInfo({ user, authtime, database }: PacSubject): Uint8Array {
  const body = new NdrWriter();
  const NEVER = 0x7fffffffffffffffn;
  for (const time of [filetime(authtime), NEVER, NEVER, filetime(authtime), filetime(authtime), NEVER]) body.uint64(time);
  const name = user.principal.components.join('/');
  for (const text of [name, name, '', '', '', '']) body.string(text);
  body.uint16(1); // LogonCount
  body.uint16(0);
  body.uint32(user.rid);
  body.uint32(user.groups[0]!);
  body.uint32(user.groups.length);
  body.pointer(() => {
    body.uint32(user.groups.length);
    for (const rid of user.groups) {
      body.uint32(rid);
      body.uint32(7); // mandatory, by default, enabled
    }
  });
  body.uint32(0x20); // UserFlags: ExtraSids is there
  for (let i = 0; i < 4; i++) body.uint32(0);
  body.string('KDC');
  body.string(database.netbiosName);
  body.pointer(() => body.sid(database.domainSid));
  for (let i = 0; i < 2; i++) body.uint32(0);
  body.uint32(0x10); // UserAccountControl: normal account
  for (let i = 0; i < 7; i++) body.uint32(0);
  const extra = ['S-1-18-1']; // the authentication authority asserted the identity
  body.uint32(extra.length);
  body.pointer(() => {
    body.uint32(extra.length);
    for (let i = 0; i < extra.length; i++) {
      body.uint32(0x20010 + i);
      body.uint32(7);
    }
    for (const one of extra) body.sid(one);
  });
  body.uint32(0); // ResourceGroupDomainSid
  body.uint32(0);
  body.uint32(0);

  const inner = body.finish();
  const info = new Uint8Array(16 + 4 + inner.length);
  const view = new DataView(info.buffer);
  info.set([1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc]);
  view.setUint32(8, 4 + inner.length, true);
  view.setUint32(16, 0x20000, true);
  info.set(inner, 20);
  return info;
}

function clientInfo({ user, authtime }: PacSubject): Uint8Array {
  const name = utf16(user.principal.components.join('/'));
  const bytes = new Uint8Array(10 + name.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, filetime(authtime), true);
  view.setUint16(8, name.length, true);
  bytes.set(name, 10);
  return bytes;
}

function upnDnsInfo({ user, database }: PacSubject): Uint8Array {
  const upn = utf16(`${user.principal.components.join('/')}@${database.realm.toLowerCase()}`);
  const domain = utf16(database.realm);
  const start = 16;
  const second = (start + upn.length + 7) & ~7;
  const bytes = new Uint8Array(second + domain.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of [upn.length, start, domain.length, second].entries()) view.setUint16(i * 2, value, true);
  bytes.set(upn, start);
  bytes.set(domain, second);
  return bytes;
}

function sid(text: string): Uint8Array {
  const [, revision, authority, ...subs] = text.split('-').map(Number) as [number, number, number, ...number[]];
  const bytes = new Uint8Array(8 + 4 * subs.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = revision;
  bytes[1] = subs.length;
  view.setUint32(4, authority);
  for (const [i, sub] of subs.entries()) view.setUint32(8 + 4 * i, sub, true);
  return bytes;
}

/** 100 ns since 1601-01-01 (MS-DTYP 2.3.3). */
function filetime(seconds: number): bigint {
  return (BigInt(seconds) + 11_644_473_600n) * 10_000_000n;
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), true);
  return bytes;
}

/** Little-endian NDR: what pointers point to follows the structure, in their order. */
class NdrWriter {
  #bytes: number[] = [];
  #deferred: (() => void)[] = [];
  #referent = 0x20004;

  uint16(value: number): void { this.#bytes.push(value & 0xff, (value >>> 8) & 0xff); }
  uint32(value: number): void { this.uint16(value & 0xffff); this.uint16(value >>> 16); }
  uint64(value: bigint): void { this.uint32(Number(value & 0xffffffffn)); this.uint32(Number(value >> 32n)); }
  pointer(contents: () => void): void {
    this.uint32(this.#referent);
    this.#referent += 4;
    this.#deferred.push(contents);
  }
  /** RPC_UNICODE_STRING. */
  string(text: string): void {
    this.uint16(text.length * 2);
    this.uint16(text.length * 2);
    this.pointer(() => {
      for (const count of [text.length, 0, text.length]) this.uint32(count);
      for (const byte of utf16(text)) this.#bytes.push(byte);
    });
  }
  sid(text: string): void {
    const bytes = sid(text);
    this.uint32(bytes[1]!);
    for (const byte of bytes) this.#bytes.push(byte);
  }
  finish(): Uint8Array {
    for (const contents of this.#deferred) {
      while (this.#bytes.length % 4 !== 0) this.#bytes.push(0);
      contents();
    }
    while (this.#bytes.length % 8 !== 4) this.#bytes.push(0); // with the pointer in front, a multiple of 8
    return new Uint8Array(this.#bytes);
  }
}
