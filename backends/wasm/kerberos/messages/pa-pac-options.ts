import { flags } from './asn1.ts';

/** PA-PAC-OPTIONS (MS-KILE 2.2.10). */
export class PaPacOptions {
  @flags(0) flags = 0;
}
