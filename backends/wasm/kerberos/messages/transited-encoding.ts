import { int32, octets } from './asn1.ts';

/** TransitedEncoding (RFC 4120 §5.3). */
export class TransitedEncoding {
  @int32(0) trType = 0;
  @octets(1) contents: Uint8Array = new Uint8Array(0);
}
