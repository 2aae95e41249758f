import { application, production, time, uint32 } from './asn1.ts';
import { HostAddress } from './host-address.ts';
import { KrbCredInfo } from './krb-cred-info.ts';

/** EncKrbCredPart (RFC 4120 §5.8.1). */
@application(29)
export class EncKrbCredPart {
  @production(KrbCredInfo, 0, { repeated: true }) ticketInfo: KrbCredInfo[] = [];
  @uint32(1, { optional: true }) nonce?: number;
  @time(2, { optional: true }) timestamp?: number;
  @uint32(3, { optional: true }) usec?: number;
  @production(HostAddress, 4, { optional: true }) sAddress?: HostAddress;
  @production(HostAddress, 5, { optional: true }) rAddress?: HostAddress;
}
