import { application, int32, production } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';

/** AP-REP (RFC 4120 §5.5.2). */
@application(15)
export class ApRep {
  @int32(0) pvno = 5;
  @int32(1) msgType = 15;
  @production(EncryptedData, 2) encPart = new EncryptedData();
}
