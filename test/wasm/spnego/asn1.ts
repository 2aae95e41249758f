// RFC 4178 §4.2 and MS-SPNG 2.2.1 declared a second time: the oracle of the hot decoder and encoder.
import {
  AsnArray, AsnConvert, AsnGeneralStringConverter, AsnProp, AsnPropTypes, AsnSerializer, AsnType, AsnTypeTypes, OctetString,
} from '@peculiar/asn1-schema';

@AsnType({ type: AsnTypeTypes.Sequence, itemType: AsnPropTypes.ObjectIdentifier })
export class MechTypeList extends AsnArray<string> {}

export class NegHints {
  @AsnProp({ type: AsnPropTypes.GeneralString, context: 0, optional: true, converter: AsnGeneralStringConverter })
  hintName?: string;
}

export class NegTokenInit {
  @AsnProp({ type: MechTypeList, context: 0, optional: true })
  mechTypes?: MechTypeList;
  @AsnProp({ type: AsnPropTypes.BitString, context: 1, optional: true })
  reqFlags?: ArrayBuffer;
  @AsnProp({ type: OctetString, context: 2, optional: true })
  mechToken?: OctetString;
  @AsnProp({ type: OctetString, context: 3, optional: true })
  mechListMIC?: OctetString;
}

export class NegTokenInit2 {
  @AsnProp({ type: MechTypeList, context: 0, optional: true })
  mechTypes?: MechTypeList;
  @AsnProp({ type: OctetString, context: 2, optional: true })
  mechToken?: OctetString;
  @AsnProp({ type: NegHints, context: 3, optional: true })
  negHints?: NegHints;
  @AsnProp({ type: OctetString, context: 4, optional: true })
  mechListMIC?: OctetString;
}

export class NegTokenResp {
  @AsnProp({ type: AsnPropTypes.Enumerated, context: 0, optional: true })
  negState?: number;
  @AsnProp({ type: AsnPropTypes.ObjectIdentifier, context: 1, optional: true })
  supportedMech?: string;
  @AsnProp({ type: OctetString, context: 2, optional: true })
  responseToken?: OctetString;
  @AsnProp({ type: OctetString, context: 3, optional: true })
  mechListMIC?: OctetString;
}

/** DER of a value of one of these classes, wrapped in [n] and, for an init, in the GSS header of RFC 2743 §3.1. */
export function encodeChoice(value: object): Uint8Array {
  const body = new Uint8Array(AsnSerializer.serialize(value));
  if (value instanceof NegTokenResp) return element(0xa1, body);
  return element(0x60, Buffer.concat([Buffer.from('06062b0601050502', 'hex'), element(0xa0, body)]));
}

/** Strips what encodeChoice adds, and parses. */
export function decodeChoice<T>(token: Uint8Array, type: new () => T): T {
  let at = 0;
  if (token[0] === 0x60) at = content(token, 0) + 8;
  at = content(token, at);
  return AsnConvert.parse(token.slice(at), type);
}

export function element(tag: number, body: Uint8Array): Uint8Array {
  const length = body.length < 0x80 ? [body.length]
    : body.length < 0x100 ? [0x81, body.length]
      : [0x82, body.length >> 8, body.length & 0xff];
  return Uint8Array.from([tag, ...length, ...body]);
}

function content(token: Uint8Array, at: number): number {
  const first = token[at + 1]!;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}
