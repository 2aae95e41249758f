import type { ReplayCache } from '../../contract/credentials.ts';

/**
 * Remembers what was seen until it can no longer be used, in memory and bounded. When it is full of what still counts, a
 * new entry is refused: an attacker who fills it gains no replay.
 */
export function memoryReplayCache(now: () => Date, capacity = 100_000): ReplayCache {
  const until = new Map<string, number>();
  let nextSweep = 0;

  return {
    add(key, end) {
      const time = now().getTime();
      if (time >= nextSweep || until.size >= capacity) {
        for (const [old, expiry] of until) if (expiry <= time) until.delete(old);
        nextSweep = time + 60_000;
      }
      const known = until.get(key);
      if ((known !== undefined && known > time) || until.size >= capacity) return false;
      until.set(key, end.getTime());
      return true;
    },
  };
}
