import { int32, kvno, octets } from './asn1.ts';

/** EncryptedData (RFC 4120 §5.2.9). */
export class EncryptedData {
  @int32(0) etype = 0;
  @kvno(1, { optional: true }) kvno?: number;
  @octets(2) cipher: Uint8Array = new Uint8Array(0);
}
