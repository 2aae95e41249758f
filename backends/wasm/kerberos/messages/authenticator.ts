import { application, int32, production, text, time, uint32 } from './asn1.ts';
import { AuthorizationDataElement } from './authorization-data.ts';
import { Checksum } from './checksum.ts';
import { EncryptionKey } from './encryption-key.ts';
import { PrincipalName } from './principal-name.ts';

/** Authenticator (RFC 4120 §5.5.1). `ctime` in seconds since 1970. */
@application(2)
export class Authenticator {
  @int32(0) authenticatorVno = 5;
  @text(1) crealm = '';
  @production(PrincipalName, 2) cname = new PrincipalName();
  @production(Checksum, 3, { optional: true }) cksum?: Checksum;
  @uint32(4) cusec = 0;
  @time(5) ctime = 0;
  @production(EncryptionKey, 6, { optional: true }) subkey?: EncryptionKey;
  @uint32(7, { optional: true }) seqNumber?: number;
  @production(AuthorizationDataElement, 8, { optional: true, repeated: true }) authorizationData?: AuthorizationDataElement[];
}
