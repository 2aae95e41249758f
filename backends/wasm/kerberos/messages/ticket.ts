import { application, int32, production, text } from './asn1.ts';
import { EncryptedData } from './encrypted-data.ts';
import { PrincipalName } from './principal-name.ts';

/** Ticket (RFC 4120 §5.3). */
@application(1)
export class Ticket {
  @int32(0) tktVno = 5;
  @text(1) realm = '';
  @production(PrincipalName, 2) sname = new PrincipalName();
  @production(EncryptedData, 3) encPart = new EncryptedData();
}
