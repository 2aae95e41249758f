import { int32, octets } from './asn1.ts';

/** EncryptionKey (RFC 4120 §5.2.9). */
export class EncryptionKey {
  @int32(0) keytype = 0;
  @octets(1) keyvalue: Uint8Array = new Uint8Array(0);
}
