import { application, flags, int32, production, raw } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';

/** AP-REQ (RFC 4120 §5.5.1); the ticket as its DER. */
@application(14)
export class ApReq {
  @int32(0) pvno = 5;
  @int32(1) msgType = 14;
  @flags(2) apOptions = 0;
  @raw(3) ticket: Uint8Array = new Uint8Array(0);
  @production(EncryptedData, 4) authenticator = new EncryptedData();
}
