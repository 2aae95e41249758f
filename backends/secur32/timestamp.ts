const TICKS_PER_MILLISECOND = 10_000n;
/** 1601-01-01 to 1970-01-01. */
const EPOCH_OFFSET = 11_644_473_600_000;
const MINUTE = 60_000;
/** Year 10000: packages write "never" as the largest value, sometimes shifted by the time zone. */
const NEVER = 253_402_300_800_000;

/**
 * A TimeStamp that a package gave: 100 ns since 1601, in local time ("ptsExpiry … in local time"), as the system turns times into local ones:
 * with the offset that holds now, not the one that will hold then. Null for never, and for no time at all.
 */
export function dateOfTimeStamp(ticks: bigint): Date | null {
  if (ticks <= 0n) return null;
  const milliseconds = Number(ticks / TICKS_PER_MILLISECOND) - EPOCH_OFFSET;
  if (milliseconds >= NEVER) return null;
  return new Date(milliseconds + new Date().getTimezoneOffset() * MINUTE);
}
