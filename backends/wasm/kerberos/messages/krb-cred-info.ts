import { flags, production, text, time } from './asn1.ts';
import { EncryptionKey } from './encryption-key.ts';
import { HostAddress } from './host-address.ts';
import { PrincipalName } from './principal-name.ts';

/** KrbCredInfo (RFC 4120 §5.8.1). Times in seconds since 1970. */
export class KrbCredInfo {
  @production(EncryptionKey, 0) key = new EncryptionKey();
  @text(1, { optional: true }) prealm?: string;
  @production(PrincipalName, 2, { optional: true }) pname?: PrincipalName;
  @flags(3, { optional: true }) flags?: number;
  @time(4, { optional: true }) authtime?: number;
  @time(5, { optional: true }) starttime?: number;
  @time(6, { optional: true }) endtime?: number;
  @time(7, { optional: true }) renewTill?: number;
  @text(8, { optional: true }) srealm?: string;
  @production(PrincipalName, 9, { optional: true }) sname?: PrincipalName;
  @production(HostAddress, 10, { optional: true, repeated: true }) caddr?: HostAddress[];
}
