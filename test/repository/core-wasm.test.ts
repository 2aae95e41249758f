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

test('comes to each runtime as it was compiled, whatever reads hexadecimal there', async () => {
  const { coreWasm } = await import('#core-wasm');
  const compiled = await readFile(`${root}dist/core.wasm`);
  const { Buffer } = globalThis;
  const { fromHex } = Uint8Array as { fromHex?: unknown };
  const same = () => compiled.equals(coreWasm() as Uint8Array);
  assert.ok(same());
  try {
    Object.assign(Uint8Array, { fromHex: undefined });
    assert.ok(same(), 'by Buffer');
    Object.assign(globalThis, { Buffer: undefined });
    assert.ok(same(), 'by neither');
    Object.assign(Uint8Array, { fromHex: (text: string) => new Uint8Array(Buffer.from(text, 'hex')) });
    assert.ok(same(), 'by Uint8Array.fromHex');
  } finally {
    Object.assign(globalThis, { Buffer });
    if (fromHex === undefined) delete (Uint8Array as { fromHex?: unknown }).fromHex;
    else Object.assign(Uint8Array, { fromHex });
  }
});

test.run();
