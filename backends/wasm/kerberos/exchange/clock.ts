/** The client's idea of a KDC's time: its own clock and what it learned that the KDC's differs by. */
export interface KerberosClock {
  /** Now, by this host. */
  now(): Date;
  /** The KDC's clock minus ours, in milliseconds; learned from KRB_AP_ERR_SKEW, or from an AS-REP. */
  offset: number;
}

/** The KDC's time as RFC 4120 writes it: whole seconds since 1970 and microseconds. */
export function kerberosTime(clock: KerberosClock): { seconds: number; microseconds: number } {
  const milliseconds = clock.now().getTime() + clock.offset;
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, microseconds: Math.floor((milliseconds - seconds * 1000) * 1000) };
}
