/*
 * Takes uvu's place in the bundles: its own runner writes to a process. `uvu/assert` is uvu's own.
 * The tests are the same files; each result is reported as it comes, with its name.
 */
import type { Result } from './task.ts';

type State = Record<string, unknown>;
type Handler = (state: State) => unknown;
type Report = (result: Result) => void;

export function suite(name: string, state: State = {}) {
  const tests: { name: string; handler: Handler | null }[] = [];
  const hooks = { before: [] as Handler[], after: [] as Handler[], beforeEach: [] as Handler[], afterEach: [] as Handler[] };
  const into = (list: Handler[]) => (handler: Handler) => void list.push(handler);
  const hook = (list: Handler[], each: Handler[]) => Object.assign(into(list), { each: into(each) });

  const run = async (report: Report) => {
    for (const handler of hooks.before) await handler(state);
    for (const { name: title, handler } of tests) {
      if (handler === null) {
        report({ suite: name, test: title, state: 'skipped' });
        continue;
      }
      try {
        for (const before of hooks.beforeEach) await before(state);
        await handler(state);
        report({ suite: name, test: title, state: 'passed' });
      } catch (error) {
        report({ suite: name, test: title, state: 'failed', reason: describe(error) });
      } finally {
        for (const after of hooks.afterEach) await after(state);
      }
    }
    for (const handler of hooks.after) await handler(state);
  };

  return Object.assign((title: string, handler: Handler) => void tests.push({ name: title, handler }), {
    skip: (title: string) => void tests.push({ name: title, handler: null }),
    before: hook(hooks.before, hooks.beforeEach),
    after: hook(hooks.after, hooks.afterEach),
    run: () => void queue.push({ name, run }),
  });
}

/** Runs what called `.run()`; a hook that throws is a failure of its suite. */
export async function runSuites(report: Report): Promise<void> {
  for (const { name, run } of queue.splice(0)) {
    try {
      await run(report);
    } catch (error) {
      report({ suite: name, test: '(hook)', state: 'failed', reason: describe(error) });
    }
  }
}

const queue: { name: string; run(report: Report): Promise<void> }[] = [];

/** An assertion's message and what was compared, or the stack with its causes. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { details, cause } = error as { details?: unknown; cause?: unknown };
  // Bun leaves the message out of the stack
  const stack = error.stack?.includes(error.message) ? error.stack : `${error.name}: ${error.message}\n${error.stack ?? ''}`;
  return [stack, typeof details === 'string' && details, cause !== undefined && `cause: ${describe(cause)}`].filter(Boolean).join('\n');
}
