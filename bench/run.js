// `npm run bench`: portable-sspi beside httpntlm, gss-ntlmssp and MIT Kerberos, interleaved in one run, medians of several rounds.
// Timing never makes it fail; a handshake that goes wrong does.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureSizes, measureWhole } from '../build/checks/size.ts';
import { startGssNtlmssp } from './peers/gss-ntlmssp.js';
import { startHttpntlm } from './peers/httpntlm.js';
import { startMitKrb5 } from './peers/mit-krb5.js';
import { startProcess } from './process.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' }, seconds: { type: 'string', default: '0.3' } } });
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
/** Seconds: what is compiled on the way has been compiled by then. */
const WARM_UP = 1;
const here = fileURLToPath(new URL('.', import.meta.url));

installPeers();
const peers = { httpntlm: await startHttpntlm(), 'gss-ntlmssp': await startGssNtlmssp(), MIT: await startMitKrb5() };
console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, load ${loadavg()[0].toFixed(1)}; ${rounds} rounds of ${seconds} s each, medians\n`);
try {
  printTable([...await throughput(), coldStart(), coldKinit(), ...await size(), allocations()]);
} finally {
  for (const peer of Object.values(peers)) await peer.close?.();
}
for (const { absent } of Object.values(peers)) if (absent !== undefined) console.log(`\nSKIP  ${absent}`);
console.log(`
Each figure has a process of its own; the processes take turns, round after round. A ratio is the median of the rounds' ratios.

client handshake   NEGOTIATE, then a Windows server's CHALLENGE to AUTHENTICATE. Ours makes the MIC and the session key; httpntlm makes an NTLMv2
                   response, but neither MIC nor key. It is given the password each time, as its own client gives it.
whole handshake    Both sides: NegTokenInit, CHALLENGE, AUTHENTICATE with mechListMIC, accept-completed with mechListMIC; contexts deleted. gss-ntlmssp runs
                   in C, below MIT's SPNEGO.
credentials kept   Acquired once, before the clock starts; "acquired": acquired, used and freed each time, on both sides.
first handshake    In a fresh process, credentials included, with packageList 'NTLM'. Offering Kerberos loads it.
seal and unseal    GSS_Wrap by the client, GSS_Unwrap by the server; "wrap and unwrap" likewise.
Kerberos           aes256-cts-hmac-sha1-96; the mechanism without SPNEGO; both sides have the same ticket and keytab, credentials kept. MIT's libgssapi_krb5 in C
                   has its tickets in memory and its replay cache in a file, as is its default.
cold kinit         With a password and nothing cached, from the call to the ticket: 4096 rounds of string-to-key, and two questions to the KDC.`);

async function throughput() {
  const perSecond = (value) => `${Math.round(value).toLocaleString('en')}/s`;
  const bandwidth = (value) => `${Math.round((value * 65536) / 1e6)} MB/s`;
  const rows = [
    { figure: 'client handshake, credential kept', job: 'client', peer: 'httpntlm', target: 8, show: perSecond },
    { figure: 'client handshake, credential acquired', job: 'client-fresh', peer: 'httpntlm', theirJob: 'client', show: perSecond },
    { figure: 'whole handshake, credentials acquired', job: 'handshake-fresh', peer: 'gss-ntlmssp', target: 20, show: perSecond },
    { figure: 'whole handshake, credentials kept', job: 'handshake', peer: 'gss-ntlmssp', target: 20, show: perSecond },
    { figure: 'seal and unseal, 64 bytes', job: 'seal64', peer: 'gss-ntlmssp', target: 3, show: perSecond },
    { figure: 'seal and unseal, 64 KiB', job: 'seal65536', peer: 'gss-ntlmssp', target: 1, show: bandwidth },
    { figure: 'Kerberos, mutual handshake', job: 'handshake', peer: 'MIT', target: 1, show: perSecond, start: startKerberos },
    { figure: 'Kerberos, wrap and unwrap, 64 bytes', job: 'seal64', peer: 'MIT', target: 0.5, show: perSecond, start: startKerberos },
    { figure: 'Kerberos, wrap and unwrap, 64 KiB', job: 'seal65536', peer: 'MIT', target: 1, show: bandwidth, start: startKerberos },
    { figure: "  without the host's AES", job: 'seal65536', peer: 'MIT', target: 0.7, show: bandwidth, start: () => startKerberos({ WASM_ALONE: '1' }) },
  ].map(({ start = startOurs, ...row }) => ({ ...row, process: start(), own: [], theirs: [], ratios: [] }));
  try {
    for (const row of rows) {
      await row.process.run(row.job, WARM_UP);
      await peers[row.peer].run?.(row.theirJob ?? row.job, WARM_UP);
    }
    for (let round = 0; round < rounds; round++) {
      for (const row of rows) {
        const own = await row.process.run(row.job, seconds);
        const their = await peers[row.peer].run?.(row.theirJob ?? row.job, seconds);
        row.own.push(own);
        if (their === undefined) continue;
        row.theirs.push(their);
        row.ratios.push(own / their);
      }
    }
  } finally {
    for (const row of rows) row.process.close();
  }
  return rows.map(({ figure, peer, target, show, own, theirs, ratios }) => {
    const ratio = ratios.length > 0 ? median(ratios) : undefined;
    return {
      figure, ours: show(median(own)), peer: ratio === undefined ? `${peer} absent` : `${peer} ${show(median(theirs))}`,
      ratio: ratio === undefined ? '' : `${ratio.toFixed(1)}×`, target: target === undefined ? '' : `≥ ${target}×`,
      reached: target === undefined ? '' : ratio === undefined ? 'not compared' : verdict(ratio >= target),
    };
  });
}

function startOurs() {
  return startProcess('portable-sspi', process.execPath, [`${here}ours.js`]);
}

/** With MIT's ticket and keytab where MIT is there. */
function startKerberos(env) {
  const { ccache, keytab, configuration } = peers.MIT;
  return startProcess('portable-sspi', process.execPath, [`${here}ours-kerberos.js`, ...(ccache === undefined ? [] : [ccache, keytab, configuration])], env);
}

function coldKinit() {
  const runs = Array.from({ length: 5 }, () => JSON.parse(execFileSync(process.execPath, [`${here}cold-kinit.js`], { encoding: 'utf8' })));
  const total = median(runs.flatMap(({ later }) => later));
  const first = median(runs.map((run) => run.first));
  return {
    figure: 'cold kinit, aes256, realm in memory', ours: `${total.toFixed(1)} ms`, peer: `(the first of its process, which loads the code, ${first.toFixed(1)} ms)`,
    ratio: '', target: '< 15 ms', reached: verdict(total < 15),
  };
}

/** Fresh processes, the two kinds in turn. */
function coldStart() {
  const once = (...packageList) => JSON.parse(execFileSync(process.execPath, [`${here}cold.js`, ...packageList], { encoding: 'utf8' }));
  const runs = Array.from({ length: 21 }, () => ({ ntlm: once('NTLM'), any: once() }));
  const total = median(runs.map(({ ntlm }) => ntlm.total));
  const milliseconds = (value) => `${value.toFixed(1)} ms`;
  return {
    figure: 'import and first whole handshake', ours: milliseconds(total),
    peer: `(import ${milliseconds(median(runs.map(({ ntlm }) => ntlm.imported)))}; Kerberos offered too ${milliseconds(median(runs.map(({ any }) => any.total)))})`,
    ratio: '', target: '< 25 ms', reached: verdict(total < 25),
  };
}

async function size() {
  const { total, wasm, javascript, core } = await measureSizes();
  const whole = await measureWhole();
  return [{
    figure: 'NTLM and SPNEGO, gzipped', ours: kilobytes(total), peer: `(JS ${kilobytes(javascript)}, Wasm ${kilobytes(wasm)} of core.wasm's ${kilobytes(core)})`,
    ratio: '', target: '< 45 KB', reached: verdict(total < 45_000),
  }, {
    figure: 'the whole engine, gzipped', ours: kilobytes(whole.total), peer: `(JS ${kilobytes(whole.javascript)}, core.wasm ${kilobytes(whole.core)})`,
    ratio: '', target: '< 110 KB', reached: verdict(whole.total < 110_000),
  }];
}

function allocations() {
  const output = execFileSync(process.execPath, ['--expose-gc', '--max-semi-space-size=128', '--min-semi-space-size=128', `${here}allocations.js`], { encoding: 'utf8' });
  const { allocated, retained, disturbed } = JSON.parse(output);
  return {
    figure: 'heap per whole handshake', ours: disturbed ? 'disturbed' : kilobytes(allocated), peer: `(left behind ${kilobytes(Math.max(0, retained))})`, ratio: '', target: '', reached: '',
  };
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} KB`;
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
  const head = { figure: 'figure', ours: 'portable-sspi', peer: 'peer', ratio: 'ratio', target: 'target', reached: '' };
  const columns = Object.keys(head);
  const widths = columns.map((column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  for (const row of [head, ...rows]) console.log(columns.map((column, i) => row[column].padEnd(widths[i])).join('  ').trimEnd());
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
