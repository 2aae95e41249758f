// `npm run bench:runtimes`: Node, Deno, Bun and workerd in turn, in one run, medians of several rounds. Timing never makes it fail.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { root } from '../build/root.ts';
import { bunProgram, denoProgram } from '../test/runtimes/kinds/process.ts';
import { startWorkerd } from '../test/runtimes/kinds/workerd.ts';
import { packageFolder } from '../test/runtimes/lab/paths.ts';
import { startProcess } from './process.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, seconds: { type: 'string', default: '0.4' } } });
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const here = fileURLToPath(new URL('.', import.meta.url));
const WARM_UP = 1;
/** What a Worker with the package is bundled with. */
const BUNDLES = { 'bundled with Kerberos': [], 'with the condition ntlm-only': ['ntlm-only'] };

const nodes = [process.execPath, ...[22, 24, 26].map((major) => join(packageFolder(`node${major}`), 'bin/node'))];
const runtimes = [
  ...nodes.map((program) => ({ name: `Node ${version(program)}`, program, args: ['--no-warnings'] })),
  { name: `Deno ${version(denoProgram())}`, program: denoProgram(), args: ['run', '--allow-all', '--no-lock', '--cached-only', '--node-modules-dir=manual'] },
  { name: `Bun ${version(bunProgram())}`, program: bunProgram(), args: [] },
];

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, load ${loadavg()[0].toFixed(1)}; ${rounds} rounds, medians\n`);
const first = firstTokens();
const rates = await handshakes();
const worker = await workerCpu();
printTable([
  ['runtime', 'import', 'import + first token', 'target < 25 ms', 'NTLM handshakes', 'of Node’s', 'target ≥ 0.5'],
  ...runtimes.map(({ name }, index) => {
    const { imported, total } = first[index];
    return [name, ms(imported), ms(total), verdict(total < 25), `${Math.round(rates[index].rate).toLocaleString('en')}/s`, rates[index].ratio.toFixed(2), verdict(rates[index].ratio >= 0.5)];
  }),
]);
console.log('');
printTable([
  [`workerd ${worker.version}`, 'CPU, start to first token', 'a Worker that does nothing', 'difference', 'target < 10 ms', 'all threads'],
  ...worker.rows.map(({ name, token, empty, difference, all }) => [name, ms(token), ms(empty), ms(difference), verdict(difference < 10), ms(all)]),
]);
console.log(`
import + first token   In a fresh process: dist/node/index.js, a credential with a password, the first token of Negotiate with packageList 'NTLM'. Without the start of the
                       runtime itself. The processes take turns.
NTLM handshakes        Both sides, SPNEGO with mechListMIC, credentials kept. The ratio to this Node's (the first row) is the median of the rounds' ratios.
CPU                    What the thread of a fresh workerd that runs Workers has run (schedstat) until its answer, a Worker with the package bundled and minified beside one that does nothing and
                       has the same files as data, so that reading the configuration counts for neither; the difference is the median of the rounds' differences. All threads: the same
                       difference with those that compile core.wasm once more, optimized, and collect garbage.`);

/** Fresh processes, in turn. */
function firstTokens() {
  const runs = runtimes.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { program, args }] of runtimes.entries()) {
      const run = JSON.parse(execFileSync(program, [...args, `${here}first-token.js`], { encoding: 'utf8', env: environment() }));
      if (round > 0) runs[index].push(run); // the first fills caches of files
    }
  }
  return runs.map((run) => ({ imported: median(run.map(({ imported }) => imported)), total: median(run.map(({ total }) => total)) }));
}

/** Processes that stay, in turn. */
async function handshakes() {
  const processes = runtimes.map(({ name, program, args }) => startProcess(name, program, [...args, `${here}jobs.js`], environment()));
  const measured = runtimes.map(() => []);
  try {
    for (const one of processes) await one.run('handshake', WARM_UP);
    for (let round = 0; round < rounds; round++) {
      for (const [index, one] of processes.entries()) measured[index].push(await one.run('handshake', seconds));
    }
  } finally {
    for (const one of processes) one.close();
  }
  return measured.map((rates) => ({ rate: median(rates), ratio: median(rates.map((rate, round) => rate / measured[0][round])) }));
}

/** Milliseconds of CPU, in turn. */
async function workerCpu() {
  const folder = await mkdtemp(join(tmpdir(), 'portable-sspi-bench-'));
  try {
    const pairs = [];
    for (const [name, conditions] of Object.entries(BUNDLES)) {
      const [token, empty] = ['token', 'empty'].map((which) => ({ folder: join(folder, `${pairs.length}-${which}`), runs: [] }));
      await bundleWorker('token', token.folder, conditions);
      await cp(token.folder, empty.folder, { recursive: true });
      await bundleWorker('empty', empty.folder, conditions);
      await writeFile(join(token.folder, 'config.capnp'), config('(name = "token.js", esModule = embed "token.js"), (name = "core.wasm", wasm = embed "core.wasm")'));
      await writeFile(join(empty.folder, 'config.capnp'), config('(name = "empty.js", esModule = embed "empty.js"), (name = "token.js", data = embed "token.js"), (name = "core.wasm", data = embed "core.wasm")'));
      pairs.push({ name, token, empty });
    }
    for (let round = 0; round <= rounds; round++) {
      for (const one of pairs.flatMap(({ token, empty }) => [token, empty])) {
        const cpu = await cpuOfAnswer(one.folder);
        if (round > 0) one.runs.push(cpu);
      }
    }
    const rows = pairs.map(({ name, token, empty }) => {
      const differences = (key) => median(token.runs.map((run, round) => run[key] - empty.runs[round][key]));
      return { name, token: median(token.runs.map(({ own }) => own)), empty: median(empty.runs.map(({ own }) => own)), difference: differences('own'), all: differences('all') };
    });
    return { version: version(join(packageFolder('workerd'), 'bin/workerd')), rows };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function bundleWorker(name, outdir, conditions) {
  return build({
    absWorkingDir: root, entryPoints: [`bench/worker/${name}.js`], outdir, bundle: true, minify: true, format: 'esm', platform: 'neutral',
    conditions: ['workerd', 'worker', ...conditions], external: ['cloudflare:*', 'node:*', 'koffi'], loader: { '.wasm': 'copy' }, assetNames: '[name]', logLevel: 'error',
    tsconfigRaw: {}, // as in a user's project: this one's paths lead to its sources
  });
}

async function cpuOfAnswer(folder) {
  const server = await startWorkerd(join(folder, 'config.capnp'));
  try {
    const answer = await (await fetch(server.url)).arrayBuffer();
    if (answer.byteLength < 40) throw new Error(`no token: ${server.output()}`);
    return cpuOf(server.pid);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** What the thread of the Workers, and all threads, have run, in milliseconds: /proc's schedstat counts nanoseconds. */
function cpuOf(pid) {
  const ran = (task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  return { own: ran(pid), all: readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + ran(task), 0) };
}

function config(modules) {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${modules}], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

/** The host's own realm and news are no part of the figures. */
function environment() {
  return { ...process.env, KRB5_CONFIG: '/dev/null', DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(tmpdir(), 'portable-sspi-deno'), NO_COLOR: '1' };
}

function version(program) {
  return /\d+(?:[.-]\d+)+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))[0];
}

function ms(value) {
  return `${value.toFixed(1)} ms`;
}

function verdict(reached) {
  return reached ? 'reached' : 'NOT REACHED';
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd());
}
