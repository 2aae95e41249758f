// `npm run test:windows`: the contract with the Secur32 of the Windows that this runs on, and crossed with the Wasm engine.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { root } from '../../build/root.ts';
import { told } from '../wine/in-wine/environment.ts';
import { Report } from '../wine/report.ts';

const report = new Report();
if (process.platform !== 'win32') {
  report.fail('test:windows', `this is ${process.platform}; npm run test:wine is for it`);
} else {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', './build/register.js', fileURLToPath(new URL('contract.ts', import.meta.url))], {
    cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, timeout: 600_000,
  });
  const { lines, rest } = told(stdout);
  const at = report.contract(process.version, lines);
  if (lines.at(-1)?.type !== 'end') report.fail('the contract', `it ended with ${status ?? 'its time limit'} in '${at}':\n${rest.slice(-4000)}${stderr.slice(-4000)}`);
}
report.print();
process.exit(report.failed === 0 && report.passed > 0 ? 0 : 1);
