import { int32, text } from './asn1.ts';

/** PrincipalName (RFC 4120 §5.2.2). */
export class PrincipalName {
  @int32(0) nameType = 0;
  @text(1, { repeated: true }) nameString: string[] = [];
}
