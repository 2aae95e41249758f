// `npm run bench`: portable-sspi beside httpntlm and gss-ntlmssp, interleaved in one run, medians of several rounds.
// Timing never makes it fail; a handshake that goes wrong does.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureSizes } from '../build/checks/size.ts';
import { median, rate } from './measure.js';
import { prepare, requireMic } from './ours.js';
import { startGssNtlmssp } from './peers/gss-ntlmssp.js';
import { loadHttpntlm } from './peers/httpntlm.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, seconds: { type: 'string', default: '0.3' } } });
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const here = fileURLToPath(new URL('.', import.meta.url));

const challenge = await windowsChallenge();
const sizes = await measureSizes();
installPeers();
const httpntlm = await loadHttpntlm(challenge);
const gss = await startGssNtlmssp();
const ours = await prepare();
requireMic(await ours.clientHandshake(challenge));

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${rounds} rounds of ${seconds} s each, medians\n`);
try {
  const rows = [...await throughput(), coldStart(), size(), ...allocations()];
  printTable(rows);
} finally {
  await gss.close?.();
}
for (const peer of [httpntlm, gss]) if (peer.absent !== undefined) console.log(`\nSKIP  ${peer.absent}`);
console.log(`
httpntlm makes an NTLMv2 response, but no MIC, no session key and no signature; it is given the password, as its own client gives it.
Ours makes the MIC and the keys, from a credential acquired once ("fresh": acquired and freed each time, from the password).
A whole handshake is both sides: NegTokenInit, CHALLENGE, AUTHENTICATE and mechListMIC, accept-completed and mechListMIC; contexts deleted.
gss-ntlmssp runs in C through MIT's SPNEGO, its credentials acquired once.`);

/** Each job a side: what it runs, and how its figure reads. */
async function throughput() {
  const seal64 = await ours.sealer(64);
  const seal65536 = await ours.sealer(65536);
  const perSecond = (value) => `${Math.round(value).toLocaleString('en')}/s`;
  const bandwidth = (value) => `${Math.round((value * 65536) / 1e6)} MB/s`;
  const javascript = httpntlm.absent === undefined ? () => rate(httpntlm.handshake, seconds) : undefined;
  const c = (job) => (gss.absent === undefined ? () => gss.run(job, seconds) : undefined);
  const jobs = [
    { figure: 'client handshake, with MIC', peer: 'httpntlm', target: 8, show: perSecond, ours: () => rate(() => ours.clientHandshake(challenge), seconds), theirs: javascript },
    { figure: '  with a fresh credential', peer: 'httpntlm', show: perSecond, ours: () => rate(() => ours.freshClientHandshake(challenge), seconds), theirs: javascript },
    { figure: 'whole handshake, SPNEGO', peer: 'gss-ntlmssp', target: 20, show: perSecond, ours: () => rate(ours.handshake, seconds), theirs: c('handshake') },
    { figure: 'seal and unseal, 64 bytes', peer: 'gss-ntlmssp', target: 3, show: perSecond, ours: () => rate(seal64, seconds), theirs: c('seal64') },
    { figure: 'seal and unseal, 64 KiB', peer: 'gss-ntlmssp', target: 1, show: bandwidth, ours: () => rate(seal65536, seconds), theirs: c('seal65536') },
  ];
  for (const job of jobs) {
    await job.ours(); // warm
    await job.theirs?.();
    job.results = { ours: [], theirs: [], ratios: [] };
  }
  for (let round = 0; round < rounds; round++) {
    for (const { ours, theirs, results } of jobs) {
      const own = await ours();
      results.ours.push(own);
      if (theirs === undefined) continue;
      const other = await theirs();
      results.theirs.push(other);
      results.ratios.push(own / other);
    }
  }
  return jobs.map(({ figure, peer, target, show, results }) => {
    const ratio = results.theirs.length > 0 ? median(results.ratios) : undefined;
    return {
      figure, ours: show(median(results.ours)), peer: ratio === undefined ? `${peer} absent` : `${peer} ${show(median(results.theirs))}`,
      ratio: ratio === undefined ? '' : `${ratio.toFixed(1)}×`, target: target === undefined ? '' : `≥ ${target}×`,
      reached: target === undefined ? '' : ratio === undefined ? 'not compared' : verdict(ratio >= target),
    };
  });
}

function coldStart() {
  const runs = Array.from({ length: 21 }, () => JSON.parse(execFileSync(process.execPath, [`${here}cold.js`], { encoding: 'utf8' })));
  const total = median(runs.map((run) => run.total));
  const imported = median(runs.map((run) => run.imported));
  return {
    figure: 'import and first handshake', ours: `${total.toFixed(1)} ms`, peer: `(import alone ${imported.toFixed(1)} ms)`, ratio: '', target: '< 25 ms', reached: verdict(total < 25),
  };
}

function size() {
  const { total, wasm, javascript, core } = sizes;
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  return {
    figure: 'NTLM and SPNEGO, gzipped', ours: kilobytes(total), peer: `(JS ${kilobytes(javascript)}, Wasm ${kilobytes(wasm)} of core.wasm's ${kilobytes(core)})`, ratio: '', target: '< 45 KB', reached: verdict(total < 45_000),
  };
}

function allocations() {
  const output = execFileSync(process.execPath, ['--expose-gc', '--max-semi-space-size=128', '--min-semi-space-size=128', `${here}allocations.js`], { encoding: 'utf8' });
  const { allocated, retained, disturbed } = JSON.parse(output);
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  return [{
    figure: 'heap per whole handshake', ours: disturbed ? 'disturbed' : kilobytes(allocated), peer: `(left behind ${kilobytes(Math.max(0, retained))})`, ratio: '', target: '', reached: '',
  }];
}

function verdict(reached) {
  return reached ? 'reached' : 'NOT REACHED';
}

function printTable(rows) {
  const head = { figure: 'figure', ours: 'portable-sspi', peer: 'peer', ratio: 'ratio', target: 'target', reached: '' };
  const columns = Object.keys(head);
  const widths = columns.map((column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  for (const row of [head, ...rows]) console.log(columns.map((column, i) => row[column].padEnd(widths[i])).join('  ').trimEnd());
}

/** A CHALLENGE of Windows Server, with a timestamp: whoever answers it owes a MIC. */
async function windowsChallenge() {
  const captures = JSON.parse(await readFile(new URL('../test/vectors/captures.json', import.meta.url), 'utf8'));
  return new Uint8Array(Buffer.from(captures.ntlm.find(({ name }) => name === 'sspi_ntlm').tokens[1], 'hex'));
}

/** bench/ has dependencies of its own; a failed installation is a skip, not an end. */
function installPeers() {
  if (existsSync(`${here}node_modules/httpntlm`)) return;
  try {
    execFileSync('npm', ['ci', '--prefix', here, '--no-fund', '--no-audit'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    console.log(`npm ci in bench/ failed: ${String(error.stderr ?? error).trim().split('\n').at(-1)}`);
  }
}
