import { int32, octets } from './asn1.ts';

/** KERB-ERROR-DATA (MS-KILE 2.2.2): in the e-data of a KRB-ERROR; type 3 holds a KERB_EXT_ERROR. */
export class KerbErrorData {
  @int32(1) dataType = 0;
  @octets(2, { optional: true }) dataValue?: Uint8Array;
}
