import { application, int32, production, raw, text } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';
import { PaData } from './pa-data.ts';
import { PrincipalName } from './principal-name.ts';

/** KDC-REP (RFC 4120 §5.4.2); the ticket as its DER. */
class KdcRep {
  @int32(0) pvno = 5;
  @int32(1) msgType = 0;
  @production(PaData, 2, { optional: true, repeated: true }) padata?: PaData[];
  @text(3) crealm = '';
  @production(PrincipalName, 4) cname = new PrincipalName();
  @raw(5) ticket: Uint8Array = new Uint8Array(0);
  @production(EncryptedData, 6) encPart = new EncryptedData();
}

@application(11)
export class AsRep extends KdcRep {
  override msgType = 11;
}

@application(13)
export class TgsRep extends KdcRep {
  override msgType = 13;
}
