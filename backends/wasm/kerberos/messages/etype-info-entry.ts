import { int32, octets } from './asn1.ts';

/** ETYPE-INFO-ENTRY (RFC 4120 §5.2.7.4). */
export class EtypeInfoEntry {
  @int32(0) etype = 0;
  @octets(1, { optional: true }) salt?: Uint8Array;
}
