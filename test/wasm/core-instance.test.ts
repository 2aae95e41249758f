import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { core } from '../../backends/wasm/core/instance.ts';

const test = suite('core.wasm');

test('wipe zeroes the windows', () => {
  const { exports, input, output, key } = core();
  for (const window of [input, output, key]) window.fill(0xff, 0, 100);
  exports.wipe(100, 99, 100);
  assert.is(input.findIndex((byte) => byte !== 0), -1);
  assert.is(output.findIndex((byte) => byte !== 0), 99);
  assert.is(key.findIndex((byte) => byte !== 0), -1);
  exports.wipe(0, 100, 0);
});

test.run();
