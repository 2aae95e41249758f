import { application, int32, octets, production, text, time, uint32 } from './asn1.ts';
import { PrincipalName } from './principal-name.ts';

/** KRB-ERROR (RFC 4120 §5.9.1). Times in seconds since 1970. */
@application(30)
export class KrbError {
  @int32(0) pvno = 5;
  @int32(1) msgType = 30;
  @time(2, { optional: true }) ctime?: number;
  @uint32(3, { optional: true }) cusec?: number;
  @time(4) stime = 0;
  @uint32(5) susec = 0;
  @int32(6) errorCode = 0;
  @text(7, { optional: true }) crealm?: string;
  @production(PrincipalName, 8, { optional: true }) cname?: PrincipalName;
  @text(9) realm = '';
  @production(PrincipalName, 10) sname = new PrincipalName();
  @text(11, { optional: true }) eText?: string;
  @octets(12, { optional: true }) eData?: Uint8Array;
}
