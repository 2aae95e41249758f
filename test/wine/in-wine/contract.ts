// The contract suite in node.exe: each backend with itself, then one with the other.
import { inMemory } from '../../contract/in-memory.ts';
import { contextSuite } from '../../contract/context-suite.ts';
import { contractSuite } from '../../contract/suite.ts';
import { tell } from './environment.ts';
import { reports, runSuites } from './run-suites.ts';
import { domainWorld } from './worlds.ts';

const brief = process.argv.includes('--brief');
const chosen = process.argv.slice(2).filter((argument) => argument !== '--brief');
const worlds = [
  { ...inMemory, name: 'wasm, in memory', ...reports },
  domainWorld('wasm', 'wasm', ['Kerberos']),
  domainWorld('secur32', 'secur32', ['Negotiate', 'NTLM', 'Kerberos']),
  domainWorld('wasm', 'secur32', ['NTLM', 'Kerberos']),
  domainWorld('secur32', 'wasm', ['NTLM', 'Kerberos']),
];
for (const world of worlds) {
  if (chosen.length > 0 && !chosen.includes(world.name)) continue;
  if (!brief || world.client === world.server) contractSuite(world);
  contextSuite(world);
}

tell({ type: 'note', text: `Node ${process.version} on ${process.platform} ${process.arch}` });
void runSuites().then(() => {
  tell({ type: 'end' });
  process.exit(0);
});
