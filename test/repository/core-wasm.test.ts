import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../build/root.ts';
import { requireNoImports } from '../../build/wasm.ts';

const test = suite('core.wasm, as built');

test('imports nothing', async () => {
  requireNoImports(await readFile(`${root}dist/core.wasm`));
});

test('an import is found', () => {
  //                                magic and version     type section: () → ()   import section: env.abort, function of type 0
  const withImport = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 13, 1, 3, ...Buffer.from('env'), 5, ...Buffer.from('abort'), 0, 0);
  assert.throws(() => requireNoImports(withImport), /env\.abort/);
});

test('comes to each runtime as it was compiled', async () => {
  const { coreWasm } = await import('#core-wasm');
  const compiled = await readFile(`${root}dist/core.wasm`, 'hex');
  const { Buffer } = globalThis;
  assert.is(Buffer.from(coreWasm() as Uint8Array).toString('hex'), compiled);
  try {
    Object.assign(globalThis, { Buffer: undefined }); // as in a browser
    assert.is(Buffer.from(coreWasm() as Uint8Array).toString('hex'), compiled);
  } finally {
    Object.assign(globalThis, { Buffer });
  }
});

test.run();
