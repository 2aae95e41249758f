import { boolean } from './asn1.ts';

/** KERB-PA-PAC-REQUEST (MS-KILE 2.2.3). */
export class PaPacRequest {
  @boolean(0) includePac = true;
}
