import { application, production, time, uint32 } from './asn1.ts';
import { EncryptionKey } from './encryption-key.ts';

/** EncAPRepPart (RFC 4120 §5.5.2). `ctime` in seconds since 1970. */
@application(27)
export class EncApRepPart {
  @time(0) ctime = 0;
  @uint32(1) cusec = 0;
  @production(EncryptionKey, 2, { optional: true }) subkey?: EncryptionKey;
  @uint32(3, { optional: true }) seqNumber?: number;
}
