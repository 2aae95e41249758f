import { application, flags, production, text, time, uint32 } from './asn1.ts';
import { EncryptionKey } from './encryption-key.ts';
import { HostAddress } from './host-address.ts';
import { LastReqEntry } from './last-req.ts';
import { PaData } from './pa-data.ts';
import { PrincipalName } from './principal-name.ts';

/** EncKDCRepPart (RFC 4120 §5.4.2; encrypted-pa-data: RFC 6806 §11). Times in seconds since 1970. */
class EncKdcRepPart {
  @production(EncryptionKey, 0) key = new EncryptionKey();
  @production(LastReqEntry, 1, { repeated: true }) lastReq: LastReqEntry[] = [];
  @uint32(2) nonce = 0;
  @time(3, { optional: true }) keyExpiration?: number;
  @flags(4) flags = 0;
  @time(5) authtime = 0;
  @time(6, { optional: true }) starttime?: number;
  @time(7) endtime = 0;
  @time(8, { optional: true }) renewTill?: number;
  @text(9) srealm = '';
  @production(PrincipalName, 10) sname = new PrincipalName();
  @production(HostAddress, 11, { optional: true, repeated: true }) caddr?: HostAddress[];
  @production(PaData, 12, { optional: true, repeated: true }) encryptedPaData?: PaData[];
}

/** RFC 4120 §5.4.2: some KDCs send EncTGSRepPart's tag in an AS-REP, so either is read. */
@application(25, 26)
export class EncAsRepPart extends EncKdcRepPart {}

@application(26)
export class EncTgsRepPart extends EncKdcRepPart {}
