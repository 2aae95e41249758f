const POOL = 4096;

/**
 * Draws from `crypto.getRandomValues` in pools, because a call to it costs about a microsecond however few bytes it gives.
 * Bytes that were handed out are wiped from the pool, so no secret stays behind in it.
 */
export function pooledRandom(): (length: number) => Uint8Array {
  let pool: Uint8Array<ArrayBuffer> | undefined; // filled on the first draw: some runtimes give no randomness while modules load
  let used = POOL;

  return (length) => {
    const drawn = new Uint8Array(length);
    if (length > POOL) {
      for (let at = 0; at < length; at += MOST) crypto.getRandomValues(drawn.subarray(at, Math.min(at + MOST, length)));
      return drawn;
    }
    if (pool === undefined || used + length > POOL) {
      pool ??= new Uint8Array(POOL);
      crypto.getRandomValues(pool);
      used = 0;
    }
    for (let at = 0; at < length; at++) {
      drawn[at] = pool[used]!;
      pool[used++] = 0;
    }
    return drawn;
  };
}

/** The quota of one `crypto.getRandomValues`, in bytes. */
const MOST = 65536;
