import { int32, octets } from './asn1.ts';

/** Checksum (RFC 4120 §5.2.9). */
export class Checksum {
  @int32(0) cksumtype = 0;
  @octets(1) checksum: Uint8Array = new Uint8Array(0);
}
