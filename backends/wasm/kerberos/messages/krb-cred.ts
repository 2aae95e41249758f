import { application, int32, production, raw } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';

/** KRB-CRED (RFC 4120 §5.8.1); tickets as their DER. */
@application(22)
export class KrbCred {
  @int32(0) pvno = 5;
  @int32(1) msgType = 22;
  @raw(2, { repeated: true }) tickets: Uint8Array[] = [];
  @production(EncryptedData, 3) encPart = new EncryptedData();
}
