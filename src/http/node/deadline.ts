import { setTimeout } from 'node:timers'; // not the global one, which gives a number in some runtimes

/** How long a server may take, in milliseconds: 0 is without limit. */
export interface Deadlines {
  /** To a connection, with its TLS. */
  connect: number;
  /** From the request to the head of its answer. */
  headers: number;
  /** From one piece of a body to the next. */
  body: number;
}

/** What came too late, by the name and the code that Node's own fetch gives it. */
export class DeadlineError extends Error {
  override readonly name: string;
  readonly code: string;

  constructor(of: keyof Deadlines, message: string) {
    super(message);
    this.name = `${of[0]!.toUpperCase()}${of.slice(1)}TimeoutError`;
    this.code = `UND_ERR_${of.toUpperCase()}_TIMEOUT`;
  }
}

export interface Timer {
  /** Counts from now on. */
  restart(): void;
  stop(): void;
}

/** Calls `late` once `milliseconds` have passed, unless they are 0 or more than a timer counts (24 days). */
export function startTimer(milliseconds: number, late: () => void): Timer {
  let timer: NodeJS.Timeout | null = null;
  const stop = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const restart = () => {
    if (timer !== null) timer.refresh();
    else if (milliseconds > 0 && milliseconds <= MAX_TIMER) timer = setTimeout(late, milliseconds);
  };
  restart();
  return { restart, stop };
}

/** `work` under a signal that is `signal`'s and also ends with `late` after `milliseconds`. */
export async function within<T>(milliseconds: number, late: () => Error, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  const timer = startTimer(milliseconds, () => controller.abort(late()));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    timer.stop();
    signal.removeEventListener('abort', abort);
  }
}

/** What setTimeout can count: one more is counted as 1. */
export const MAX_TIMER = 0x7fffffff;
