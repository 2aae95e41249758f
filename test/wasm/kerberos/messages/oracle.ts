// @peculiar/asn1-schema and asn1js, given the same declarations: the oracle of our DER.
import { AsnParser, AsnProp, AsnPropTypes, AsnSerializer, AsnType, AsnTypeTypes, type IAsnConverter } from '@peculiar/asn1-schema';
import * as asn1js from 'asn1js';
import { declarationOf, type FieldType } from '../../../../backends/wasm/kerberos/messages/asn1.ts';
import { BOOLEAN, FLAGS, INT32, KVNO, OCTETS, TEXT, TIME, UINT32 } from '../../../../backends/wasm/kerberos/messages/primitives.ts';
import { elementAt } from '../../../../backends/wasm/wire/der.ts';

type Constructor<T = object> = new () => T;

export function oracleEncode(message: object): Uint8Array {
  const inner = new Uint8Array(AsnSerializer.serialize(mirrored(message)));
  const tags = declarationOf(message.constructor).application;
  // the library has no [APPLICATION n]; asn1js writes it
  if (tags === undefined) return inner;
  const { result } = asn1js.fromBER(inner as BufferSource);
  return new Uint8Array(new asn1js.Constructed({ idBlock: { tagClass: 2, tagNumber: tags[0]! }, value: [result] }).toBER());
}

/** An instance of the library's own class for `type`; throws whatever the library throws. */
export function oracleDecode(type: Constructor, bytes: Uint8Array): object {
  const tags = declarationOf(type).application;
  let inner = exact(bytes);
  if (tags !== undefined) {
    if (!tags.some((one) => inner[0] === (0x60 | one))) throw new Error('another message');
    inner = exact(inner.subarray(elementAt(inner)!.start));
  }
  requireDefinite(inner);
  return AsnParser.parse(inner as BufferSource, mirrorOf(type), { berOptions: { maxDepth: 64 } });
}

/** The library's class, made of our declaration. Fields that are not there have the same defaults. */
function mirrorOf<T extends object>(type: Constructor<T>): Constructor<T> {
  const known = MIRRORS.get(type);
  if (known !== undefined) return known as Constructor<T>;
  const mirror = { [type.name]: class extends (type as Constructor) {} }[type.name] as unknown as Constructor<T>;
  MIRRORS.set(type, mirror);
  const { fields, items } = declarationOf(type);
  AsnType({ type: AsnTypeTypes.Sequence, ...(items !== undefined && { itemType: mirrorOf(items) }) })(mirror);
  for (const { key, tag, type: of, optional, repeated } of fields) {
    AsnProp({ ...typeOf(of), context: tag & 0x1f, ...(optional && { optional }), ...(repeated && { repeated: 'sequence' }) })(mirror.prototype as object, key);
  }
  return mirror;
}

const MIRRORS = new Map<Function, Function>();

function typeOf(type: FieldType): { type: AsnPropTypes | Constructor; converter?: IAsnConverter<any, any> } {
  if (type === null) return { type: AsnPropTypes.Any, converter: RAW };
  return typeof type === 'function' ? { type: mirrorOf(type) } : PRIMITIVES.get(type)!;
}

function mirrored<T extends object>(message: T): T {
  const { fields, items } = declarationOf(message.constructor);
  const mirror = new (mirrorOf(message.constructor as Constructor<T>))() as T & Record<string, unknown>;
  const value = (type: FieldType, one: unknown) => (typeof type === 'function' ? mirrored(one as object) : one);
  if (items !== undefined) (mirror as unknown as unknown[]).push(...(message as unknown as unknown[]).map((one) => value(items, one)));
  for (const { key, type, repeated } of fields) {
    const own = (message as Record<string, unknown>)[key];
    (mirror as Record<string, unknown>)[key] = own === undefined ? undefined : repeated ? (own as unknown[]).map((one) => value(type, one)) : value(type, own);
  }
  return mirror;
}

/** Only the outer element: asn1js refuses what stands behind it. */
function exact(bytes: Uint8Array): Uint8Array {
  const element = elementAt(bytes);
  if (element === null) throw new Error('no element');
  return bytes.subarray(0, element.end);
}

/** asn1js reads BER: indefinite lengths, long tags and what leaves its parent are kept from it. */
function requireDefinite(bytes: Uint8Array, start = 0, end = bytes.length): void {
  for (let at = start; at < end;) {
    const element = elementAt(bytes, at, end);
    if (element === null) throw new Error('not DER');
    if ((element.tag & 0x20) !== 0) requireDefinite(bytes, element.start, element.end);
    at = element.end;
  }
}

// The library's values as ours.

function signed(element: asn1js.Integer): number {
  const bytes = element.valueBlock.valueHexView;
  if (bytes.length === 0 || bytes.length > 5 || (bytes.length === 5 && bytes[0] !== 0)) throw new Error('more than 32 bits');
  return Number(BigInt.asIntN(bytes.length * 8, bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)));
}

/** Two's complement. */
function shortest(value: number): ArrayBuffer {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
  const sign = value < 0 ? 0xff : 0;
  const start = bytes.findIndex((byte, i) => i === 7 || byte !== sign || (bytes[i + 1]! & 0x80) !== (sign & 0x80));
  return bytes.slice(start).buffer;
}

function primitive(tagNumber: number, value: Uint8Array): asn1js.Primitive {
  return new asn1js.Primitive({ idBlock: { tagClass: 1, tagNumber }, valueHex: new Uint8Array(value).buffer });
}

function integer(fromASN: (value: number) => number, toASN: (value: number) => number) {
  const converter: IAsnConverter<number, asn1js.Integer> = {
    fromASN: (element) => fromASN(signed(element)),
    toASN: (value) => new asn1js.Integer({ valueHex: shortest(toASN(value)) }), // fromBigInt writes -2^31 in five bytes
  };
  return { type: AsnPropTypes.Integer, converter };
}

const RAW: IAsnConverter<Uint8Array, any> = {
  fromASN: (element: asn1js.BaseBlock) => new Uint8Array(element.valueBeforeDecodeView),
  toASN: (value) => asn1js.fromBER(value as BufferSource).result,
};

const PRIMITIVES = new Map<unknown, { type: AsnPropTypes; converter: IAsnConverter<any, any> }>([
  [INT32, integer((value) => value | 0, (value) => value)],
  [UINT32, integer((value) => value >>> 0, (value) => value)],
  [KVNO, integer((value) => value >>> 0, (value) => value | 0)],
  [BOOLEAN, {
    type: AsnPropTypes.Boolean,
    converter: { fromASN: (element: asn1js.Boolean) => element.valueBlock.value, toASN: (value: boolean) => new asn1js.Boolean({ value }) },
  }],
  [OCTETS, {
    type: AsnPropTypes.OctetString,
    converter: {
      fromASN: (element: asn1js.OctetString) => new Uint8Array(element.getValue()),
      toASN: (value: Uint8Array) => new asn1js.OctetString({ valueHex: new Uint8Array(value).buffer }),
    },
  }],
  [TEXT, {
    type: AsnPropTypes.GeneralString, // asn1js writes Latin-1
    converter: {
      fromASN: (element: asn1js.GeneralString) => new TextDecoder().decode(element.valueBlock.valueHexView),
      toASN: (value: string) => primitive(27, new TextEncoder().encode(value)),
    },
  }],
  [FLAGS, {
    type: AsnPropTypes.BitString,
    converter: {
      fromASN: (element: asn1js.BitString) => new DataView(new Uint8Array([...element.valueBlock.valueHexView, 0, 0, 0, 0]).buffer).getUint32(0),
      toASN: (value: number) => new asn1js.BitString({ valueHex: new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]).buffer }),
    },
  }],
  [TIME, {
    type: AsnPropTypes.GeneralizedTime, // asn1js writes milliseconds, which KerberosTime forbids
    converter: {
      fromASN(element: asn1js.GeneralizedTime) {
        const seconds = Math.floor(element.toDate().getTime() / 1000);
        if (!Number.isFinite(seconds)) throw new Error('no time');
        return seconds;
      },
      toASN: (seconds: number) => primitive(24, new TextEncoder().encode(new Date(seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, ''))),
    },
  }],
]);
