import { int32, octets } from './asn1.ts';

/** One element of AuthorizationData (RFC 4120 §5.2.6). */
export class AuthorizationDataElement {
  @int32(0) adType = 0;
  @octets(1) adData: Uint8Array = new Uint8Array(0);
}
