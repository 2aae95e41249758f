import { suite } from 'uvu';
import type { PackageName } from '../../src/index.ts';
import type { Capabilities, Difference, World } from './world.ts';

type Body = () => Promise<void> | void;

/** A uvu suite of one package in one world. Whatever it leaves out, or finds to differ as it is known to, is told with its reason. */
export interface WorldSuite {
  (title: string, body: Body): void;
  /** Where the world, or this runtime, can do what the test needs. */
  when(possible: keyof Capabilities | boolean): (title: string, body: Body) => void;
  run(): void;
}

/** @param of what the suite is, where a world has several of one package */
export function worldSuite(world: World, name: PackageName, of?: string): WorldSuite {
  const head = `${world.name}: ${name}${of === undefined ? '' : ` ${of}`}`;
  const inner = suite(head);
  const skip = (title: string, reason: string): void => {
    inner.skip(title);
    world.skipped?.(head, title, reason);
  };

  const test = (title: string, body: Body): void => {
    const difference = world.difference?.(name, title);
    if (difference?.fails === null) return skip(title, difference.reason);
    inner(title, async () => {
      world.started?.(head, title);
      if (difference === undefined) return body();
      const said = await differing(body, difference);
      if (said !== null) world.skipped?.(head, title, said);
    });
  };

  return Object.assign(test, {
    when: (possible: keyof Capabilities | boolean) => {
      if (typeof possible === 'string' ? world.capabilities[possible] : possible) return test;
      return (title: string) => skip(title, typeof possible === 'string' ? CAPABILITIES[possible] : 'this runtime has not what it takes');
    },
    run: () => inner.run(),
  });
}

/**
 * What to tell of a test that may differ; null when it passed where that was left open. A known difference is a claim too: it fails when it no longer
 * shows, or shows in another way.
 */
async function differing(body: Body, { fails, reason }: Difference): Promise<string | null> {
  let error: unknown;
  try {
    await body();
  } catch (thrown) {
    error = thrown;
  }
  const said = String(error instanceof Error ? `${error.name}: ${error.message}` : error);
  if (fails === 'perhaps') return error === undefined ? null : `${reason}: ${said.split('\n', 1)[0]}`;
  if (error === undefined) throw new Error(`this works, although it is said not to: ${reason}`);
  if (!fails!.test(said)) throw error;
  return reason;
}

/** Why a test is skipped without it. */
const CAPABILITIES: Record<keyof Capabilities, string> = {
  exports: 'contexts are not exported and imported here',
  replaceableHost: 'Secur32 has no host to replace',
  suppliedCredentials: 'SECBUFFER_PKG_PARAMS is not supported here',
  sessionKeys: 'session keys cannot be asked for here',
  acceptorData: 'the system knows the accounts and the keys, not the caller',
};
