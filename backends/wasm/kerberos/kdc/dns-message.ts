import { SspiError } from '../../../contract/errors.ts';
import type { SrvRecord } from '../../../contract/host.ts';

/** What MIT's KDC discovery puts into a URI record (RFC 7553): `krb5srv:m:kkdcp:https://gw/KdcProxy`. */
export interface UriRecord {
  target: string;
  priority: number;
  weight: number;
}

export const DNS_TYPE = { SRV: 33, URI: 256 } as const;

/**
 * A query for one name (RFC 1035 §4), as DNS over HTTPS carries it: its ID is 0, so that caches know it again (RFC 8484 §4.1).
 * Null for what is no name of DNS.
 */
export function encodeDnsQuery(name: string, type: number): Uint8Array | null {
  const labels = name.replace(/\.$/, '').split('.');
  if (!labels.every((label) => LABEL.test(label)) || name.length > 253) return null;
  const query = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]; // recursion desired, one question
  for (const label of labels) query.push(label.length, ...Array.from(label, (character) => character.charCodeAt(0)));
  query.push(0, type >> 8, type & 0xff, 0, IN);
  return Uint8Array.from(query);
}

/** The SRV records of an answer; none where the name does not exist. Throws SEC_E_INVALID_TOKEN for what is no answer. */
export function decodeSrvAnswer(message: Uint8Array): SrvRecord[] {
  return decodeAnswer(message, DNS_TYPE.SRV, (at) => {
    const record = new DataView(message.buffer, message.byteOffset + at, 6);
    return { priority: record.getUint16(0), weight: record.getUint16(2), port: record.getUint16(4), name: readName(message, at + 6).name };
  }, 7);
}

/** The URI records of an answer; as `decodeSrvAnswer`. */
export function decodeUriAnswer(message: Uint8Array): UriRecord[] {
  return decodeAnswer(message, DNS_TYPE.URI, (at, length) => {
    const record = new DataView(message.buffer, message.byteOffset + at, 4);
    return { priority: record.getUint16(0), weight: record.getUint16(2), target: new TextDecoder().decode(message.subarray(at + 4, at + length)) };
  }, 5);
}

/*
 * header     ID(2) flags(2) QDCOUNT(2) ANCOUNT(2) NSCOUNT(2) ARCOUNT(2)
 * question   name, type(2) class(2)
 * answer     name, type(2) class(2) TTL(4) RDLENGTH(2) RDATA
 */
function decodeAnswer<T>(message: Uint8Array, wanted: number, read: (at: number, length: number) => T, least: number): T[] {
  if (message.length < 12) throw malformed('a header of 12 bytes was expected', message.length);
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  if ((view.getUint8(2) & 0x80) === 0) throw malformed('an answer was expected, a query came', 2);
  const rcode = view.getUint8(3) & 0x0f;
  if (rcode === NXDOMAIN) return [];
  if (rcode !== 0) throw new SspiError('SEC_E_INVALID_TOKEN', `DNS: the resolver failed with RCODE ${rcode}`);

  let at = 12;
  for (let questions = view.getUint16(4); questions > 0; questions--) at = readName(message, at).end + 4;
  const records: T[] = [];
  for (let answers = view.getUint16(6); answers > 0; answers--) {
    at = readName(message, at).end;
    if (at + 10 > message.length) throw malformed('a record was expected', at);
    const type = view.getUint16(at);
    const internet = view.getUint16(at + 2) === IN;
    const length = view.getUint16(at + 8);
    at += 10;
    if (at + length > message.length) throw malformed(`${length} bytes of a record were expected`, at);
    if (type === wanted && internet) {
      if (length < least) throw malformed(`at least ${least} bytes of a record were expected`, at);
      records.push(read(at, length));
    }
    at += length;
  }
  return records;
}

/** A name, and where it ends in place. Its pointers lead backwards only, so that none leads round in a circle. */
function readName(message: Uint8Array, start: number): { name: string; end: number } {
  let at = start;
  let end: number | null = null;
  let limit = start;
  const labels: string[] = [];
  for (let length = 0; ;) {
    const head = message[at];
    if (head === undefined) throw malformed('a name was expected', at);
    if (head === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (head >= 0xc0) {
      const target = ((head & 0x3f) << 8) | (message[at + 1] ?? 0xff);
      if (target >= limit) throw malformed('a pointer backwards was expected', at);
      end ??= at + 2;
      at = limit = target;
      continue;
    }
    if (head > 63 || at + 1 + head > message.length) throw malformed('a label was expected', at);
    if ((length += head + 1) > 255) throw malformed('a name of at most 255 bytes was expected', start);
    labels.push(String.fromCharCode(...message.subarray(at + 1, at + 1 + head)));
    at += 1 + head;
  }
}

function malformed(what: string, offset: number): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `DNS: ${what}`, { offset });
}

const IN = 1;
const NXDOMAIN = 3;
const LABEL = /^[\x21-\x2d\x2f-\x7e]{1,63}$/;
