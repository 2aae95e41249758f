import { time, uint32 } from './asn1.ts';

/** PA-ENC-TS-ENC (RFC 4120 §5.2.7.2). Seconds since 1970 and microseconds. */
export class PaEncTsEnc {
  @time(0) patimestamp = 0;
  @uint32(1, { optional: true }) pausec?: number;
}
