// Bytes of JavaScript heap per whole handshake: what one allocates, and what one leaves behind.
// Run with --expose-gc and a young generation so large that no collection falls into the count.
import { PerformanceObserver } from 'node:perf_hooks';
import { prepare } from './ours.js';

const HANDSHAKES = 400;
const { handshake } = await prepare();
for (let i = 0; i < 3000; i++) await handshake();

let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });
const settle = async () => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const used = () => { const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };

await settle();
const before = used();
collections = 0;
for (let i = 0; i < HANDSHAKES; i++) await handshake();
const after = used();
await new Promise((resolve) => setTimeout(resolve, 20));
const disturbed = collections > 0;
await settle();
console.log(JSON.stringify({ allocated: (after - before) / HANDSHAKES, retained: (used() - before) / HANDSHAKES, disturbed }));
