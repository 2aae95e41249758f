import type { World } from '../../contract/world.ts';
import { tell } from './environment.ts';

type Suite = () => Promise<[errors: string | true, ran: number, skipped: number, total: number]>;

/** Known differences that showed, by suite: tests that uvu calls passed. */
const differed = new Map<string, number>();

/** For a world's reports: each skip and each difference becomes a line. */
export const reports: Pick<World, 'skipped' | 'started'> = {
  skipped(suite, title, reason) {
    if (current === suite) differed.set(suite, (differed.get(suite) ?? 0) + 1);
    tell({ type: 'skip', suite, title, reason });
  },
  started(suite, title) {
    current = suite;
    tell({ type: 'started', suite, title });
  },
};

/** Runs what uvu collected. */
export async function runSuites(): Promise<void> {
  const [, ...suites] = (globalThis as unknown as { UVU_QUEUE: [unknown, [null, ...Suite[]]] }).UVU_QUEUE[1];
  for (const suite of suites) {
    current = '';
    const [errors, ran, skips, total] = await suite();
    const different = differed.get(current) ?? 0;
    tell({ type: 'suite', name: current, passed: ran - different, failed: total - ran, skipped: skips + different, errors: errors === true ? null : errors });
  }
}

let current = '';
