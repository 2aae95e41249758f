import { application, octets, production, time, uint32 } from './asn1.ts';
import { HostAddress } from './host-address.ts';

/** EncKrbPrivPart (RFC 4120 §5.7.1). */
@application(28)
export class EncKrbPrivPart {
  @octets(0) userData: Uint8Array = new Uint8Array(0);
  @time(1, { optional: true }) timestamp?: number;
  @uint32(2, { optional: true }) usec?: number;
  @uint32(3, { optional: true }) seqNumber?: number;
  @production(HostAddress, 4) sAddress = new HostAddress();
  @production(HostAddress, 5, { optional: true }) rAddress?: HostAddress;
}
