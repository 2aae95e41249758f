import { octets, production, text } from './asn1.ts';
import { PrincipalName } from './principal-name.ts';

/** ChangePasswdData (RFC 3244 §2). */
export class ChangePasswdData {
  @octets(0) newpasswd: Uint8Array = new Uint8Array(0);
  @production(PrincipalName, 1, { optional: true }) targname?: PrincipalName;
  @text(2, { optional: true }) targrealm?: string;
}
