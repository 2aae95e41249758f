/** Times a second, over at least this many seconds; the function may be asynchronous. */
export async function rate(run, seconds) {
  let count = 0;
  let elapsed;
  const start = performance.now();
  do {
    for (let i = 0; i < BATCH; i++) {
      const result = run();
      if (result instanceof Promise) await result;
    }
    count += BATCH;
    elapsed = (performance.now() - start) / 1000;
  } while (elapsed < seconds);
  return count / elapsed;
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Looking at the clock costs as much as a small call. */
const BATCH = 16;
