// The program in a page, which calls it, and in a worker, which is sent the task.
import { collect } from './collect.ts';
import type { Task } from './task.ts';

Object.assign(globalThis, { collect });

if (typeof document === 'undefined') {
  addEventListener('message', ({ data }: MessageEvent<Task>) => {
    collect(data).then(
      (lines) => postMessage(lines),
      (error: unknown) => postMessage([error instanceof Error ? error.stack ?? String(error) : String(error)]),
    );
  });
}
