// The contract suite against Secur32, as on Windows: the dispatcher finds it, koffi's native module is the tests' own, and so is the DLL.
import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../build/root.ts';
import { contextSuite } from '../contract/context-suite.ts';
import { contractSuite } from '../contract/suite.ts';
import { overFake } from './as-windows/world.ts';

if (process.env['FAKE_POINTER_SIZE'] !== undefined) {
  contractSuite(overFake);
  contextSuite(overFake);
} else {
  const test = suite('secur32: the contract, over a fake DLL');

  for (const pointerSize of [4, 8]) {
    test(`in a process of its own, as on Windows, with ${pointerSize}-byte pointers`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [
        '--import', pathToFileURL(`${root}build/register.js`).href, '--import', pathToFileURL(`${root}test/secur32/as-windows/register.js`).href,
        `${root}test/run.ts`, 'secur32/contract.test.ts',
      ], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 300_000, env: { ...process.env, FAKE_POINTER_SIZE: String(pointerSize) } });
      assert.is(status, 0, stdout.slice(-20_000) + stderr);
      const [, passed, , skipped] = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(stdout)!;
      assert.ok(Number(passed) > 150, `${passed} passed`);
      process.stdout.write(` ${passed} passed, ${skipped ?? 0} skipped: replaceable hosts `);
    });
  }

  test.run();
}
