import { int32, octets, text } from './asn1.ts';

/** KDC-PROXY-MESSAGE (MS-KKDCP 2.2.2). `kerbMessage` has its four bytes of length in front, as it stands on TCP. */
export class KdcProxyMessage {
  @octets(0) kerbMessage: Uint8Array = new Uint8Array(0);
  @text(1, { optional: true }) targetDomain?: string;
  @int32(2, { optional: true }) dclocatorHint?: number;
}
