// What this package adds to the calls themselves: the same handshakes in C and in Node, in turns of a few milliseconds. A handshake that goes wrong, or a row that was not
// measured, fails; time never does.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../interop/lab/processes.ts';
import { lab, runInNode } from './lab/lab.ts';
import type { Report } from './report.ts';

/** The rounds of one row, as the programs print them. */
interface Row {
  name: string;
  /** Handshakes at once, as the program prints it. C: 0 is plain calls on one thread, an e behind it says that all ends are taken at once. Node: a k before it is koffi's. */
  manner: string;
  /** Milliseconds of each round, and those of processor time that the process used. */
  elapsed: number[];
  used: number[];
}

interface Plan {
  package: 'NTLM' | 'Kerberos';
  inFlight: readonly number[];
  rounds: number;
  /** Handshakes in a round. */
  count: number;
}

const PLANS: readonly Plan[] = [
  { package: 'NTLM', inFlight: [1], rounds: 16, count: 5 }, // several at once may wait for each other in Wine: see docs/wine.md
  { package: 'Kerberos', inFlight: [1, 2, 4, 8], rounds: 160, count: 24 },
];

/** Megabytes that node.exe has filled by then: Wine's NTLM forks the process for each context, which takes longer the larger it is. */
const AS_LARGE_AS_NODE = '120';
const AIM = 0.15;
const DISPATCH_AIM = 2;

export async function benchmark(report: Report): Promise<void> {
  const { folder } = await lab();
  const program = join(folder, 'handshake.exe');
  const source = fileURLToPath(new URL('native/handshake.c', import.meta.url));
  const { code, stderr } = await run('x86_64-w64-mingw32-gcc', ['-municode', '-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source, '-lsecur32']);
  if (code !== 0) return report.fail('the bench in C', stderr);
  for (const plan of PLANS) await compare(plan, program, report);
}

async function compare(plan: Plan, program: string, report: Report): Promise<void> {
  const small = rows('C', ['0']);
  const plain = rows('C as large as Node', ['0']);
  const large = rows('C that keeps a loop free', plan.inFlight.map(String));
  const likeLibuv = rows('C that does so as libuv does', plan.inFlight.map((number) => `${number}e`));
  const koffi = rows('koffi alone', plan.inFlight.map((number) => `k${number}`));
  const ours = rows('this package', plan.inFlight.map(String));
  let dispatch: number;
  try {
    const told = await Promise.all([runC(plan, program, small, '0', '0/3'), runC(plan, program, [...plain, ...large, ...likeLibuv], AS_LARGE_AS_NODE, '1/3'), runOurs(plan, '2/3')]);
    [small, [...plain, ...large, ...likeLibuv], [...koffi, ...ours]].forEach((manners, index) => take(manners, plan, told[index]!));
    dispatch = Number(/^dispatch (-?[\d.]+)/m.exec(told[2])?.[1]);
  } catch (error) {
    return report.fail(`${plan.package}: the bench`, (error as Error).message);
  }

  console.log(`\n${plan.package}, both sides, milliseconds a handshake`.padEnd(53), ' median  fastest  processor time of the process');
  for (const row of [...small, ...plain, ...large, ...likeLibuv, ...koffi, ...ours]) {
    const figures = [median(row.elapsed), Math.min(...row.elapsed), sum(row.used) / row.used.length].map((time) => (time / plan.count).toFixed(3).padStart(8));
    console.log(`  ${row.name.padEnd(48)}`, figures.join(' '));
  }
  ours.forEach((row, index) => {
    const peers = [['C, plain calls', small[0]!], ['C that keeps a loop free', large[index]!], ['as libuv does', likeLibuv[index]!], ['koffi alone', koffi[index]!]] as const;
    report.pass(`${plan.package}, ${plan.inFlight[index]} in flight (aim: under +${percent(AIM)})`, peers.map(([name, peer]) => added(row, name, peer)).join('; '));
  });
  if (Number.isNaN(dispatch)) report.fail(`${plan.package}: dispatch`, 'it was not measured');
  else report.pass(`${plan.package}: dispatch`, `${dispatch.toFixed(2)} µs a call: the aim, under ${DISPATCH_AIM} µs, is ${dispatch < DISPATCH_AIM ? '' : 'not '}reached`);
}

async function runC(plan: Plan, program: string, manners: readonly Row[], ballast: string, turn: string): Promise<string> {
  const { wine, domain, folder } = await lab();
  const { user, password, target, domain: netbios, realm } = domain.description;
  const args = [plan.package, plan.rounds, plan.count, target, manners.map(({ manner }) => manner).join(), user, plan.package === 'NTLM' ? netbios : realm, password];
  const { code, output } = await wine.run(program, args.map(String), { cwd: folder, env: { ...domain.environment, HANDSHAKE_BALLAST: ballast, HANDSHAKE_TURN: turn } });
  if (code !== 0) throw new Error(`C ended with ${code ?? 'its time limit'}:\n${output}`);
  return output;
}

async function runOurs(plan: Plan, turn: string): Promise<string> {
  const { code, rest } = await runInNode('bench', [plan.package, String(plan.rounds), String(plan.count), plan.inFlight.join()], { env: { HANDSHAKE_TURN: turn } });
  if (code !== 0) throw new Error(`Node ended with ${code ?? 'its time limit'}:\n${rest}`);
  return rest;
}

function rows(name: string, manners: readonly string[]): Row[] {
  return manners.map((manner) => ({ name: `${name}, ${manner === '0' ? 'plain calls' : `${manner.replace(/[ek]/, '')} in flight`}`, manner, elapsed: [], used: [] }));
}

/** Adds what a program printed: lines of manner, milliseconds, processor time. The first quarter of its rounds is for warming up. */
function take(manners: readonly Row[], { rounds }: Plan, output: string): void {
  for (const row of manners) {
    const lines = [...output.matchAll(/^(k?\d+e?) ([\d.]+) (-?[\d.]+)\r?$/gm)].filter(([, manner]) => manner === row.manner);
    if (lines.length !== rounds) throw new Error(`${row.name}: ${rounds} rounds expected, ${lines.length} came:\n${output}`);
    row.elapsed.push(...lines.slice(rounds / 4).map(([, , elapsed]) => Number(elapsed)));
    row.used.push(...lines.slice(rounds / 4).map(([, , , used]) => Number(used)));
  }
}

/** 'C in the same manner +3.1 % (fastest +1.2 %), reached' */
function added(row: Row, name: string, peer: Row): string {
  const [middle, fastest] = [median(row.elapsed) / median(peer.elapsed) - 1, Math.min(...row.elapsed) / Math.min(...peer.elapsed) - 1];
  return `${name} ${signed(middle)} (fastest ${signed(fastest)}), ${middle < AIM ? '' : 'not '}reached`;
}

function signed(ratio: number): string {
  return `${ratio < 0 ? '' : '+'}${percent(ratio)}`;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(Number.isInteger(ratio * 100) ? 0 : 1)} %`;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
