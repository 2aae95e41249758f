// Runs the suites: `test/run.ts [--interop] [pattern …]`, where a pattern is a part of a file's path below test/.
// uvu's own command exits 0 for a suite that forgets .run() and for a pattern that matches nothing; this one fails.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

type Suite = () => Promise<[errors: string | true, ran: number, skipped: number, total: number]>;
declare global {
  var UVU_DEFER: number;
  var UVU_INDEX: number;
  var UVU_QUEUE: [name: string | null, ...Suite[]][];
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { interop: { type: 'boolean', default: false }, directory: { type: 'string' } } });
/** test/ itself; another directory only in the runner's own tests. */
const here = values.directory === undefined ? fileURLToPath(new URL('.', import.meta.url)) : join(values.directory, sep);

/** Every *.test.ts below test/; those of real peers (test/interop) only when asked for. */
async function findFiles(): Promise<string[]> {
  const all = (await readdir(here, { recursive: true })).map((file) => file.split(sep).join('/'));
  return all.filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules/') && file.startsWith('interop/') === values.interop).sort();
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

const files = await findFiles();
const chosen = positionals.length === 0 ? files : files.filter((file) => positionals.some((pattern) => file.includes(pattern)));
const failures: string[] = [];
for (const pattern of positionals) {
  if (!files.some((file) => file.includes(pattern))) failures.push(`the pattern '${pattern}' matches no test file`);
}
if (chosen.length === 0) failures.push('no test file to run');

process.env['KRB5_CONFIG'] ??= '/dev/null'; // the host's own realm is no business of the tests
if (!values.interop) Object.assign(process.env, { KRB5CCNAME: 'MEMORY:none', KRB5_KTNAME: '/dev/null/none', KRB5_CLIENT_KTNAME: '', NTLM_USER_FILE: '' }); // nor who runs them

if (process.platform === 'win32' && process.env['FAKE_POINTER_SIZE'] === undefined) { // with it, a suite brings a DLL of its own
  const { href } = new URL('without-secur32/register.js', import.meta.url);
  await import(href);
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import ${href}`.trim(); // of the programs that suites start
}

globalThis.UVU_DEFER = 1;
globalThis.UVU_QUEUE = [[null]];
let passed = 0;
let failed = 0;
let skipped = 0;

for (const file of chosen) {
  const index = globalThis.UVU_QUEUE.push([file]) - 1;
  globalThis.UVU_INDEX = index;
  const started = performance.now();
  try {
    await import(pathToFileURL(here + file).href);
  } catch (error) {
    failures.push(`${file} does not load: ${error instanceof Error ? error.stack : String(error)}`);
    continue;
  }
  const source = await readFile(here + file, 'utf8');
  if (count(source, /\b(?:s|peerS)uite(?:<[^>]*>)?\(/g) > count(source, /\.run\(\)/g)) failures.push(`${file} has a suite without .run()`);
  const suites = (globalThis.UVU_QUEUE[index] ?? []).slice(1) as Suite[];
  if (suites.length === 0) failures.push(`${file} registers no suite: is .run() missing?`);
  process.stdout.write(`${relative('.', here + file)}  `);
  for (const suite of suites) {
    const [errors, ran, skips, total] = await suite();
    if (total + skips === 0) failures.push(`${file} holds an empty suite`);
    passed += ran;
    skipped += skips;
    failed += total - ran;
    if (errors !== true) process.stdout.write(`\n${errors}\n`);
    else if (ran < total) failures.push(`${file}: a before hook failed, ${total - ran} tests did not run`); // uvu swallows its error
  }
  process.stdout.write(`  (${Math.round(performance.now() - started)} ms)\n`);
}

for (const failure of failures) process.stdout.write(`\nFAIL  ${failure}\n`);
failed += failures.length;
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(failed === 0 && (passed > 0 || values.interop) ? 0 : 1); // real peers may be absent, visibly
