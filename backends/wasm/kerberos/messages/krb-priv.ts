import { application, int32, production } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';

/** KRB-PRIV (RFC 4120 §5.7.1). */
@application(21)
export class KrbPriv {
  @int32(0) pvno = 5;
  @int32(1) msgType = 21;
  @production(EncryptedData, 3) encPart = new EncryptedData();
}
