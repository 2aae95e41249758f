import { AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';
import { flags } from './asn1.ts';

/** PA-PAC-OPTIONS (MS-KILE 2.2.10). */
@AsnType({ type: AsnTypeTypes.Sequence })
export class PaPacOptions {
  @flags(0) flags = 0;
}
