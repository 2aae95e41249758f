import type { ChildProcess } from 'node:child_process';

/** Ends with this process, however that ends. */
export function tracked<T extends ChildProcess>(child: T): T {
  if (!listening) {
    listening = true;
    process.once('exit', () => running.forEach((one) => one.kill('SIGKILL')));
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  }
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

let listening = false;
const running = new Set<ChildProcess>();
