import { chromium } from './chromium.ts';
import { edgeRuntime } from './edge.ts';
import { examples } from './examples.ts';
import { jsr } from './jsr.ts';
import type { Runtime } from './kind.ts';
import { bun, deno, hostNode, node } from './process.ts';
import { workerd } from './workerd.ts';

export const RUNTIMES: readonly Runtime[] = [hostNode(), node(22), node(24), node(26), deno(), bun(), workerd(), edgeRuntime(), chromium('page'), chromium('worker')];

/** In the order of a run. */
export const ALL: readonly Runtime[] = [...RUNTIMES, examples(), jsr()];
