import { AsnParser, AsnProp, AsnPropTypes, AsnSerializer, type IAsnConverter } from '@peculiar/asn1-schema';
import * as asn1js from 'asn1js';
import { SspiError } from '../../../contract/errors.ts';
import { elementBounds } from '../../wire/der-bounds.ts';

/*
 * @peculiar/asn1-schema declares the cold messages; this file gives it what Kerberos needs and it lacks:
 * [APPLICATION n] tags, KerberosTime without fractions, integers as numbers, KerberosFlags as a number,
 * and fields that are kept as the bytes that came.
 */

type Constructor<T = object> = new () => T;
interface FieldOptions { optional?: boolean }
type Sequenced = FieldOptions & { repeated?: boolean };

const applicationTags = new WeakMap<Function, readonly number[]>();

/** RFC 4120 §5.10: the message is wrapped in [APPLICATION tag]; of several, the first is written and any is read. */
export function application(...tags: [number, ...number[]]) {
  return (target: Function): void => void applicationTags.set(target, tags);
}

export function encode(message: object): Uint8Array {
  const inner = new Uint8Array(AsnSerializer.serialize(message));
  const tags = applicationTags.get(message.constructor);
  return tags === undefined ? inner : wrapTag(0x60 | tags[0]!, inner);
}

/** Throws SEC_E_INVALID_TOKEN for whatever is not exactly one `type`; zero bytes of padding behind it are let through (RFC 3961's ciphers pad). */
export function decode<T extends object>(type: Constructor<T>, bytes: Uint8Array): T {
  const tags = applicationTags.get(type);
  let inner = bytes;
  if (tags !== undefined) {
    const tag = bytes[0];
    if (!tags.some((one) => tag === (0x60 | one))) {
      const came = tag === undefined ? 'nothing' : `a byte of 0x${tag.toString(16).padStart(2, '0')}`;
      throw new SspiError('SEC_E_INVALID_TOKEN', `${type.name}: [APPLICATION ${tags.join(' or ')}] expected, ${came} came`, { offset: 0 });
    }
    inner = contents(type.name, bytes);
  }
  requireShallow(type.name, inner);
  try {
    // Only the outer element: asn1js refuses what stands behind it.
    return AsnParser.parse(exact(inner) as BufferSource, type);
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${type.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Deeper than any message of Kerberos; asn1js recurses, so what nests deeper never reaches it. */
const MAX_DEPTH = 32;

/** Walks the constructed elements without recursion: definite lengths, each inside its parent, no deeper than MAX_DEPTH. */
function requireShallow(name: string, bytes: Uint8Array): void {
  const ends: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    while (ends.length > 0 && at === ends.at(-1)) ends.pop();
    if (at >= bytes.length || (ends.length === 0 && at > 0)) return; // what stands behind the message is the caller's
    const bounds = elementBounds(bytes.subarray(at, ends.at(-1) ?? bytes.length));
    if (bounds === null || (bytes[at]! & 0x1f) === 0x1f) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `${name}: an element with a tag below 31 and a length within its parent expected`, { offset: at });
    }
    if ((bytes[at]! & 0x20) === 0) {
      at += bounds.end;
      continue;
    }
    if (ends.length >= MAX_DEPTH) throw new SspiError('SEC_E_INVALID_TOKEN', `${name}: elements nest deeper than ${MAX_DEPTH}`, { offset: at });
    ends.push(at + bounds.end);
    at += bounds.start;
  }
}

function contents(name: string, bytes: Uint8Array): Uint8Array {
  const bounds = elementBounds(bytes);
  if (bounds === null) throw new SspiError('SEC_E_INVALID_TOKEN', `${name}: its length leaves the ${bytes.length} bytes that came`, { offset: 1 });
  return bytes.subarray(bounds.start, bounds.end);
}

function exact(bytes: Uint8Array): Uint8Array {
  const bounds = elementBounds(bytes);
  return bounds === null ? bytes : bytes.subarray(0, bounds.end);
}

function wrapTag(tag: number, inner: Uint8Array): Uint8Array {
  const length = inner.length;
  const header = length < 0x80 ? [tag, length]
    : length < 0x100 ? [tag, 0x81, length]
    : length < 0x10000 ? [tag, 0x82, length >> 8, length & 0xff]
    : [tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  const wrapped = new Uint8Array(header.length + length);
  wrapped.set(header);
  wrapped.set(inner, header.length);
  return wrapped;
}

// Fields. `context` is the [n] of the production; null where a field has none.

/** Int32, as a number. */
export const int32 = (context: number | null, options?: Sequenced) => field(AsnPropTypes.Integer, context, INT32, options);
/** UInt32 and Microseconds, as a number; a peer that encodes 2^31 and above as negative is understood. */
export const uint32 = (context: number | null, options?: Sequenced) => field(AsnPropTypes.Integer, context, UINT32, options);
/** EncryptedData's kvno: a UInt32 that MIT, and Windows's read-only domain controllers, write as an Int32. */
export const kvno = (context: number | null, options?: Sequenced) => field(AsnPropTypes.Integer, context, KVNO, options);
/** KerberosString, Realm: a GeneralString, read as UTF-8 as Windows and MIT write it. */
export const text = (context: number | null, options?: Sequenced) => field(AsnPropTypes.GeneralString, context, TEXT, options);
export const octets = (context: number | null, options?: Sequenced) => field(AsnPropTypes.OctetString, context, OCTETS, options);
/** KerberosTime: seconds since 1970. */
export const time = (context: number | null, options?: Sequenced) => field(AsnPropTypes.GeneralizedTime, context, TIME, options);
/** KerberosFlags: bit 0 of the text is the highest bit of the unsigned number. */
export const flags = (context: number | null, options?: Sequenced) => field(AsnPropTypes.BitString, context, FLAGS, options);
export const boolean = (context: number | null, options?: Sequenced) => field(AsnPropTypes.Boolean, context, BOOLEAN, options);
/** Any element, kept as its DER: a Ticket is opaque to who carries it. */
export const raw = (context: number | null, options?: Sequenced) => field(AsnPropTypes.Any, context, RAW, options);
/** Another production. */
export const production = (type: Constructor, context: number | null, options: Sequenced = {}) => AsnProp({
  type, ...(context !== null && { context }), ...(options.optional && { optional: true }), ...(options.repeated && { repeated: 'sequence' as const }),
});

function field(type: AsnPropTypes, context: number | null, converter: IAsnConverter<any, any>, options: Sequenced = {}) {
  return AsnProp({
    type, converter, ...(context !== null && { context }), ...(options.optional && { optional: true }), ...(options.repeated && { repeated: 'sequence' as const }),
  });
}

const UTF8 = new TextEncoder();
const UTF8_IN = new TextDecoder();

function signed(element: asn1js.Integer): number {
  const bytes = element.valueBlock.valueHexView;
  if (bytes.length === 0 || bytes.length > 5 || (bytes.length === 5 && bytes[0] !== 0)) throw new Error(`an integer of ${bytes.length} bytes does not fit into 32 bits`);
  let value = bytes[0]! >= 0x80 ? -1 : 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

function integer(value: number): asn1js.Integer {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) throw new RangeError(`${value} does not fit into 32 bits`);
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (!(rest === 0 && bytes[0]! < 0x80) && !(rest === -1 && bytes[0]! >= 0x80));
  return new asn1js.Integer({ valueHex: new Uint8Array(bytes).buffer });
}

const INT32: IAsnConverter<number, asn1js.Integer> = {
  fromASN: (element) => signed(element) | 0,
  toASN: integer,
};
const UINT32: IAsnConverter<number, asn1js.Integer> = {
  fromASN: (element) => signed(element) >>> 0,
  toASN: (value) => integer(value >>> 0),
};
const KVNO: IAsnConverter<number, asn1js.Integer> = {
  fromASN: UINT32.fromASN,
  toASN: (value) => integer(value | 0),
};
const TEXT: IAsnConverter<string, any> = {
  fromASN: (element: asn1js.GeneralString) => UTF8_IN.decode(element.valueBlock.valueHexView),
  toASN: (value) => primitive(27, UTF8.encode(value)),
};
const OCTETS: IAsnConverter<Uint8Array, any> = {
  fromASN: (element: asn1js.OctetString) => new Uint8Array(element.getValue()),
  toASN: (value) => primitive(4, value),
};
const FLAGS: IAsnConverter<number, any> = {
  fromASN: (element: asn1js.BitString) => {
    const bytes = element.valueBlock.valueHexView;
    return (((bytes[0] ?? 0) << 24) | ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)) >>> 0;
  },
  toASN: (value) => primitive(3, new Uint8Array([0, value >>> 24, value >>> 16, value >>> 8, value])),
};
const BOOLEAN: IAsnConverter<boolean, asn1js.Boolean> = {
  fromASN: (element) => element.valueBlock.value,
  toASN: (value) => new asn1js.Boolean({ value }),
};
const RAW: IAsnConverter<Uint8Array, any> = {
  fromASN: (element) => new Uint8Array(element.valueBeforeDecodeView),
  toASN: verbatim,
};
/** RFC 4120 §5.2.3: YYYYMMDDHHMMSSZ, without fractions. */
const TIME: IAsnConverter<number, any> = {
  fromASN: (element: asn1js.GeneralizedTime) => {
    const seconds = element.toDate().getTime() / 1000;
    if (!Number.isFinite(seconds)) throw new Error('a KerberosTime that is no time');
    return Math.floor(seconds);
  },
  toASN: (seconds) => primitive(24, UTF8.encode(`${new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '')}`)),
};

/** The element as it came: a ticket's bytes are never coded anew. */
function verbatim(value: Uint8Array): asn1js.BaseBlock {
  const bounds = elementBounds(value);
  if (bounds === null || bounds.end !== value.length) throw new SspiError('SEC_E_INVALID_TOKEN', `one DER element expected, ${value.length} bytes that are none came`);
  const block = new asn1js.Primitive({ idBlock: { tagClass: 1, tagNumber: 4 } });
  block.toBER = (sizeOnly, writer) => {
    const bytes = sizeOnly ? new ArrayBuffer(value.length) : new Uint8Array(value).buffer;
    writer?.write(bytes);
    return bytes;
  };
  return block;
}

function primitive(tagNumber: number, value: Uint8Array): asn1js.Primitive {
  return new asn1js.Primitive({ idBlock: { tagClass: 1, tagNumber }, valueHex: new Uint8Array(value).buffer });
}
