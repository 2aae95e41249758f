import { int32, octets, text } from './asn1.ts';

/** ETYPE-INFO2-ENTRY (RFC 4120 §5.2.7.5). */
export class EtypeInfo2Entry {
  @int32(0) etype = 0;
  @text(1, { optional: true }) salt?: string;
  @octets(2, { optional: true }) s2kparams?: Uint8Array;
}
