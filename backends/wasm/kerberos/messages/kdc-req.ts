import { application, int32, production } from './asn1.ts';
import { KdcReqBody } from './kdc-req-body.ts';
import { PaData } from './pa-data.ts';

/** KDC-REQ (RFC 4120 §5.4.1). */
class KdcReq {
  @int32(1) pvno = 5;
  @int32(2) msgType = 0;
  @production(PaData, 3, { optional: true, repeated: true }) padata?: PaData[];
  @production(KdcReqBody, 4) reqBody = new KdcReqBody();
}

@application(10)
export class AsReq extends KdcReq {
  override msgType = 10;
}

@application(12)
export class TgsReq extends KdcReq {
  override msgType = 12;
}
