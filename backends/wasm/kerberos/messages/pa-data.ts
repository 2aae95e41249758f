import { int32, octets } from './asn1.ts';

/** PA-DATA (RFC 4120 §5.2.7). */
export class PaData {
  @int32(1) padataType = 0;
  @octets(2) padataValue: Uint8Array = new Uint8Array(0);
}
