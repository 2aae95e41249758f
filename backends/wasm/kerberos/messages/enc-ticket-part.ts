import { application, flags, production, text, time } from './asn1.ts';
import { AuthorizationDataElement } from './authorization-data.ts';
import { EncryptionKey } from './encryption-key.ts';
import { HostAddress } from './host-address.ts';
import { PrincipalName } from './principal-name.ts';
import { TransitedEncoding } from './transited-encoding.ts';

/** EncTicketPart (RFC 4120 §5.3). Times in seconds since 1970. */
@application(3)
export class EncTicketPart {
  @flags(0) flags = 0;
  @production(EncryptionKey, 1) key = new EncryptionKey();
  @text(2) crealm = '';
  @production(PrincipalName, 3) cname = new PrincipalName();
  @production(TransitedEncoding, 4) transited = new TransitedEncoding();
  @time(5) authtime = 0;
  @time(6, { optional: true }) starttime?: number;
  @time(7) endtime = 0;
  @time(8, { optional: true }) renewTill?: number;
  @production(HostAddress, 9, { optional: true, repeated: true }) caddr?: HostAddress[];
  @production(AuthorizationDataElement, 10, { optional: true, repeated: true }) authorizationData?: AuthorizationDataElement[];
}
