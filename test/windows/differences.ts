import type { Difference } from '../contract/world.ts';

/** Where real Windows is not as the contract thinks, by the beginning of a test's title: written from what a run on Windows says. None is known yet. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {};

export function differenceOnWindows(title: string): Difference | undefined {
  return Object.entries(DIFFERENCES).find(([beginning]) => title.startsWith(beginning))?.[1];
}
