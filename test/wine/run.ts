// `npm run test:wine [-- PART …]`: real node.exe in Wine, with Wine's Secur32 below backends/secur32. Parts: structures, package, contract, leaks, bench.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { domainMissing } from './lab/domain.ts';
import { wineMissing } from './lab/wine.ts';
import { Report } from './report.ts';

const PARTS = ['structures', 'package', 'contract', 'leaks', 'bench'] as const;
const chosen = process.argv.slice(2);
for (const part of chosen) if (!(PARTS as readonly string[]).includes(part)) throw new RangeError(`there is no part '${part}', only ${PARTS.join(', ')}`);
const wanted = (part: typeof PARTS[number]): boolean => chosen.length === 0 || chosen.includes(part);

const report = new Report();
const missing = install() ?? wineMissing() ?? domainMissing();
if (missing !== null) {
  if (process.env.CI === 'true') report.fail('test:wine', `in CI it must run, but ${missing}`);
  else report.skip('test:wine', 'everything', missing);
} else {
  const { packageInNode, contractInNode, leaksInNode } = await import('./parts.ts');
  if (wanted('structures')) {
    await (await import('./structures.ts')).checkStructures(report);
    await (await import('./functions.ts')).checkFunctions(report);
  }
  if (wanted('package')) await packageInNode(report);
  if (wanted('contract')) await contractInNode(report);
  if (wanted('leaks')) await leaksInNode(report);
  if (wanted('bench')) await (await import('./bench.ts')).benchmark(report);
}
report.print();
process.exit(report.failed === 0 && report.passed + report.skipped > 0 ? 0 : 1);

/** Null when everything is there, else what is missing. */
function install(): string | null {
  if (!existsSync('/usr/bin/dpkg-query')) return 'this is no Debian, and nothing can be installed';
  const script = fileURLToPath(new URL('install.sh', import.meta.url));
  const { status } = spawnSync('sh', [script], { stdio: 'inherit' });
  return status === 0 ? null : `${script} failed`;
}
