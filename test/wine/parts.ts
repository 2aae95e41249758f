// What runs in node.exe.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { installPacked, uninstall } from '../package/packed.ts';
import { lab, runInNode } from './lab/lab.ts';
import type { Report } from './report.ts';

/** The contract suite, in each node.exe. */
export async function contractInNode(report: Report): Promise<void> {
  const { nodes } = await lab();
  for (const version of nodes.keys()) {
    // the newest runs everything, the others the verbs of one backend at a time
    const { code, lines, rest } = await runInNode('contract', version === [...nodes.keys()].at(-1) ? [] : ['--brief'], { version, timeout: 200_000 });
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
      const { code, lines, rest } = await runInNode('installed', [], { project });
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
    'auto': /^wasm$/, 'named': /^SEC_E_UNSUPPORTED_FUNCTION, .*npm install @koromix\/koffi-win32-x64/, 'unavailable': /^[^|]*npm install @koromix\/koffi-win32-x64[^|]*$/,
    'withOptions': /^wasm$/, 'options': /^$/, 'wasm with wasm': /^hello$/,
  },
};
