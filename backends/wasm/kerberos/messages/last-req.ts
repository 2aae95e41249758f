import { int32, time } from './asn1.ts';

/** One element of LastReq (RFC 4120 §5.4.2). */
export class LastReqEntry {
  @int32(0) lrType = 0;
  @time(1) lrValue = 0;
}
