// `npm run test:runtimes [-- name …]`: the package, packed and installed as a user would, in every runtime. Ends with a table and the total.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL } from './kinds/index.ts';
import type { Runtime } from './kinds/kind.ts';
import { startPeers } from './lab/peers.ts';
import { installTarball } from './lab/project.ts';
import { printTable, type Row } from './lab/table.ts';

/** For one runtime, in milliseconds. */
const PATIENCE = 60_000;

const patterns = process.argv.slice(2).map((pattern) => pattern.toLowerCase());
const chosen = ALL.filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => name.toLowerCase().includes(pattern)));
if (chosen.length === 0) {
  console.log(`no runtime is called ${patterns.join(' or ')}: there are ${ALL.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

await using project = await installTarball();
await using peers = await startPeers();
const rows: Row[] = [];
const skips = new Map<string, string[]>();
for (const runtime of chosen) {
  const started = performance.now();
  const row = await test(runtime);
  rows.push({ ...row, seconds: (performance.now() - started) / 1000 });
}
for (const [title, names] of skips) console.log(`skip  ${title} (${names.length === rows.length ? 'everywhere' : names.join(', ')})`);
printTable(`portable-sspi ${project.version}`, rows);
const sum = (key: 'passed' | 'failed' | 'skipped') => rows.reduce((total, row) => total + row[key], 0);
const skipped = sum('skipped');
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1;
setTimeout(() => process.exit(), 5000).unref();

async function test(runtime: Runtime): Promise<Omit<Row, 'seconds'>> {
  const version = await runtime.version().catch(() => undefined);
  if (version === undefined) return absent(runtime);
  const folder = join(project.folder, 'files', runtime.name.replace(' ', '-').toLowerCase());
  await mkdir(folder, { recursive: true });
  const count = { passed: 0, failed: 0, skipped: 0 };
  try {
    const running = runtime.run({ ...peers.task, runtime: runtime.name, can: runtime.can, folder }, project, peers.files);
    const { results, output, whole } = await Promise.race([running, late(running)]);
    for (const { suite, test: title, state, reason } of results) {
      count[state]++;
      if (state === 'failed') console.log(`FAIL  ${runtime.name}: ${suite}: ${title}\n${indented(reason ?? '')}\n`);
      if (state === 'skipped') skips.set(`${suite}: ${title}`, [...(skips.get(`${suite}: ${title}`) ?? []), runtime.name]);
    }
    if (runtime.shown) console.log(`${output}\n`);
    if (!whole || results.length === 0) {
      count.failed++;
      console.log(`FAIL  ${runtime.name} did not come to its end\n${indented(output)}\n`);
    }
  } catch (error) {
    count.failed++;
    console.log(`FAIL  ${runtime.name} did not run\n${indented(error instanceof Error ? error.stack ?? error.message : String(error))}\n`);
  }
  return { name: runtime.name, version, ...count };
}

/** Whoever hangs ends with this process. */
async function late(running: Promise<unknown>): Promise<never> {
  running.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, PATIENCE).unref());
  throw new Error(`no end after ${PATIENCE / 1000} s`);
}

/** Visible, and where everything must be there (CI) a failure. */
function absent({ name }: Runtime): Omit<Row, 'seconds'> {
  const failed = process.env['CI'] === undefined ? 0 : 1;
  console.log(`${failed === 1 ? 'FAIL' : 'skip'}  ${name} is not installed: run test/runtimes/install.sh`);
  return { name, version: 'not installed', passed: 0, failed, skipped: 1 - failed };
}

function indented(text: string): string {
  return text.split('\n').map((line) => `      ${line}`).join('\n');
}
