import { int32, octets } from './asn1.ts';

/** HostAddress (RFC 4120 §5.2.5). */
export class HostAddress {
  @int32(0) addrType = 0;
  @octets(1) address: Uint8Array = new Uint8Array(0);
}
