import { decode, encode } from '../messages/asn1.ts';
import { KdcProxyMessage } from '../messages/kdc-proxy-message.ts';

/** `framed`: a message with its four bytes of length in front. */
export function wrapKdcProxyMessage(framed: Uint8Array, targetDomain?: string): Uint8Array {
  const message = new KdcProxyMessage();
  message.kerbMessage = framed;
  if (targetDomain !== undefined) message.targetDomain = targetDomain;
  return encode(message);
}

/** The framed message inside. Throws SEC_E_INVALID_TOKEN on what is no KDC-PROXY-MESSAGE. */
export function unwrapKdcProxyMessage(body: Uint8Array): Uint8Array {
  return decode(KdcProxyMessage, body).kerbMessage;
}

/** What a proxy reads: the framed message and the realm that it is meant for. */
export function readKdcProxyRequest(body: Uint8Array): { framed: Uint8Array; targetDomain: string | undefined } {
  const { kerbMessage, targetDomain } = decode(KdcProxyMessage, body);
  return { framed: kerbMessage, targetDomain };
}
