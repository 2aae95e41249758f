import type { ReplayCache } from '../../contract/credentials.ts';
import { hash } from '../core/hash.ts';

/**
 * Remembers what was seen until it can no longer be used, in memory and bounded. When it is full of what still counts, a
 * new entry is refused: an attacker who fills it gains no replay. The default holds five minutes of 3000 logons a second.
 */
export function memoryReplayCache(now: () => Date, capacity = 1_000_000): ReplayCache {
  const until = new Map<string, number>();

  return {
    add(key, end) {
      const time = now().getTime();
      // In the order in which they came, which is about the order in which they end: each is looked at once.
      for (const [old, expiry] of until) {
        if (expiry > time) break;
        until.delete(old);
      }
      if ((until.get(key) ?? -Infinity) > time) return false;
      until.delete(key);
      if (until.size >= capacity) return false;
      until.set(key, end.getTime());
      return true;
    },
  };
}

/** The name of an encrypted authenticator: 32 hexadecimal digits. Written at once, since a text put together digit by digit keeps six times the memory. */
export function replayKey(cipher: Uint8Array): string {
  const digits: number[] = [];
  for (const byte of hash('sha256', cipher).subarray(0, 16)) digits.push(DIGITS.charCodeAt(byte >> 4), DIGITS.charCodeAt(byte & 15));
  return String.fromCharCode(...digits);
}

const DIGITS = '0123456789abcdef';
