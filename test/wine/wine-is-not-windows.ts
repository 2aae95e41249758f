import type { BackendName, PackageName } from '../../src/index.ts';
import type { Difference } from '../contract/world.ts';

/**
 * Where Wine 8's Secur32 is not Windows's, and a test of the contract therefore cannot hold: the one place that says so. A line is a claim too:
 * its test runs and must fail with what `fails` says, unless that is null, for what Wine cannot even be asked. The first line that fits counts.
 */
const DIFFERENCES: readonly WineDifference[] = [];

interface WineDifference extends Difference {
  /** Where Secur32 is this side; default: either. */
  side?: 'client' | 'server';
  packages?: readonly PackageName[];
  titles: readonly (string | RegExp)[];
}

export function differenceUnderWine(client: BackendName, server: BackendName, packageName: PackageName, title: string): Difference | undefined {
  if (client !== 'secur32' && server !== 'secur32') return undefined;
  return DIFFERENCES.find(({ side, packages, titles }) => (side === undefined || { client, server }[side] === 'secur32')
    && (packages === undefined || packages.includes(packageName))
    && titles.some((one) => (typeof one === 'string' ? title.startsWith(one) : one.test(title))));
}
