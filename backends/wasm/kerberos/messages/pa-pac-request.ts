import { AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';
import { boolean } from './asn1.ts';

/** KERB-PA-PAC-REQUEST (MS-KILE 2.2.3). */
@AsnType({ type: AsnTypeTypes.Sequence })
export class PaPacRequest {
  @boolean(0) includePac = true;
}
