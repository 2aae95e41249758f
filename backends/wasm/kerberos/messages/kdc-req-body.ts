import { flags, int32, production, raw, text, time, uint32 } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';
import { HostAddress } from './host-address.ts';
import { PrincipalName } from './principal-name.ts';

/** KDC-REQ-BODY (RFC 4120 §5.4.1). Times in seconds since 1970; tickets as their DER. */
export class KdcReqBody {
  @flags(0) kdcOptions = 0;
  @production(PrincipalName, 1, { optional: true }) cname?: PrincipalName;
  @text(2) realm = '';
  @production(PrincipalName, 3, { optional: true }) sname?: PrincipalName;
  @time(4, { optional: true }) from?: number;
  @time(5) till = 0;
  @time(6, { optional: true }) rtime?: number;
  @uint32(7) nonce = 0;
  @int32(8, { repeated: true }) etype: number[] = [];
  @production(HostAddress, 9, { optional: true, repeated: true }) addresses?: HostAddress[];
  @production(EncryptedData, 10, { optional: true }) encAuthorizationData?: EncryptedData;
  @raw(11, { optional: true, repeated: true }) additionalTickets?: Uint8Array[];
}
