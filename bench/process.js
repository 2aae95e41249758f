// A process that does one side's jobs, kept running: `JOB SECONDS` goes in, `COUNT SECONDS` comes back.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export function startProcess(name, command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (data) => (complaint += data));
  child.stdin.on('error', () => {}); // a program that ended says why on its other streams
  return {
    /** Times a second. */
    async run(job, seconds) {
      child.stdin.write(`${job} ${seconds}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended: ${complaint.trim()}`);
      const [count, elapsed] = value.split(' ').map(Number);
      return count / elapsed;
    },
    close() {
      child.kill();
    },
  };
}

/** The other end, in JavaScript. `jobs`: functions by name. */
export async function serveJobs(jobs) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [job, seconds] = line.split(' ');
    const { count, elapsed } = await repeat(jobs[job], Number(seconds));
    console.log(`${count} ${elapsed}`);
  }
}

/** Runs, at least this many seconds long; the function may be asynchronous. */
async function repeat(run, seconds) {
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
  return { count, elapsed };
}

/** Looking at the clock costs as much as a small call. */
const BATCH = 16;
