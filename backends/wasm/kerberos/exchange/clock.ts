/** The client's idea of a KDC's time: its own clock and what it learned that the KDC's differs by. */
export interface KerberosClock {
  /** Now, by this host. */
  now(): Date;
  /** The KDC's clock minus ours, in milliseconds; learned from KRB_AP_ERR_SKEW, or from an AS-REP. */
  offset: number;
  /** The last authenticator's time, in microseconds since 1970. */
  authenticated?: number;
}

/** The KDC's time as RFC 4120 writes it: whole seconds since 1970 and microseconds. */
export function kerberosTime(clock: KerberosClock): { seconds: number; microseconds: number } {
  const milliseconds = clock.now().getTime() + clock.offset;
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, microseconds: Math.floor((milliseconds - seconds * 1000) * 1000) };
}

/**
 * The time of an authenticator. RFC 4120 §3.2.2: no two of a client have the same, for an AP-REP proves itself by it alone; so those of one
 * millisecond, which is all that a clock tells here, differ in the microseconds below it.
 */
export function authenticatorTime(clock: KerberosClock): { seconds: number; microseconds: number } {
  const { seconds, microseconds } = kerberosTime(clock);
  let time = seconds * 1e6 + microseconds;
  const last = clock.authenticated;
  if (last !== undefined && time <= last && last - time < 1000) time = last + 1;
  clock.authenticated = time;
  return { seconds: Math.floor(time / 1e6), microseconds: time % 1e6 };
}
