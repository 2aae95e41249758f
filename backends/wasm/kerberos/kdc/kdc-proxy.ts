import { AsnParser, AsnProp, AsnPropTypes, AsnSerializer, AsnType, AsnTypeTypes, OctetString } from '@peculiar/asn1-schema';

/**
 * KDC-PROXY-MESSAGE (MS-KKDCP 2.2.2):
 *
 *   SEQUENCE { kerb-message [0] OCTET STRING, target-domain [1] GeneralString OPTIONAL, dclocator-hint [2] INTEGER OPTIONAL }
 *
 * `kerb-message` holds the message with its four bytes of length in front, as it stands on TCP.
 */
@AsnType({ type: AsnTypeTypes.Sequence })
class KdcProxyMessage {
  @AsnProp({ type: OctetString, context: 0 })
  kerbMessage = new OctetString();

  @AsnProp({ type: AsnPropTypes.GeneralString, context: 1, optional: true })
  targetDomain?: string;

  @AsnProp({ type: AsnPropTypes.Integer, context: 2, optional: true })
  dclocatorHint?: number;
}

export function wrapKdcProxyMessage(framed: Uint8Array, targetDomain?: string): Uint8Array {
  const message = new KdcProxyMessage();
  message.kerbMessage = new OctetString(framed);
  if (targetDomain !== undefined) message.targetDomain = targetDomain;
  return new Uint8Array(AsnSerializer.serialize(message));
}

/** The framed message inside. Throws the parser's error on what is no KDC-PROXY-MESSAGE. */
export function unwrapKdcProxyMessage(body: Uint8Array): Uint8Array {
  return new Uint8Array(AsnParser.parse(body as BufferSource, KdcProxyMessage).kerbMessage.buffer);
}

/** What a proxy reads: the framed message and the realm that it is meant for. */
export function readKdcProxyRequest(body: Uint8Array): { framed: Uint8Array; targetDomain: string | undefined } {
  const message = AsnParser.parse(body as BufferSource, KdcProxyMessage);
  return { framed: new Uint8Array(message.kerbMessage.buffer), targetDomain: message.targetDomain };
}
