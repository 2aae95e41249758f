const TICKS_PER_MILLISECOND = 10_000n;
/** 1601-01-01 to 1970-01-01. */
const EPOCH_OFFSET = 11_644_473_600_000;
/** Year 10000: packages write "never" as the largest value, sometimes shifted by the time zone. */
const NEVER = 253_402_300_800_000;

/**
 * A TimeStamp that a package gave: 100 ns since 1601, in local time ("ptsExpiry … in local time"). Null for never, and for no time at all.
 */
export function dateOfTimeStamp(ticks: bigint): Date | null {
  if (ticks <= 0n) return null;
  const milliseconds = Number(ticks / TICKS_PER_MILLISECOND) - EPOCH_OFFSET;
  if (milliseconds >= NEVER) return null;
  const local = new Date(milliseconds);
  return new Date(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate(), local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds(), local.getUTCMilliseconds());
}
