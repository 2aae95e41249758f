// How core.wasm comes to a runtime, before anything else uses it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createInitiator, init, SspiError } from '../../../src/index.ts';

/** A module with nothing in it. */
const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

export function initSuite(): void {
  const test = suite('core.wasm');

  test('a module that is not core.wasm is refused, and so are bytes where none are compiled', async () => {
    const compiles = await WebAssembly.compile(EMPTY).then(() => true, () => false);
    const error = await init(EMPTY).then(() => undefined, (thrown: unknown) => thrown);
    assert.instance(error, SspiError);
    assert.is((error as SspiError).code, compiles ? 'SEC_E_INVALID_PARAMETER' : 'SEC_E_INTERNAL_ERROR');
    assert.match((error as SspiError).remedy!, compiles ? 'of the version that is installed' : 'pass it to init()');
  });

  test('the package brings its own, which is compiled ahead of the first token', async () => {
    await init();
    await init(EMPTY); // what is there already stays
    const client = await createInitiator({ package: 'NTLM', backend: 'wasm', credential: { user: 'alice', password: 'x' } });
    assert.is(new TextDecoder().decode((await client.step())!.subarray(0, 7)), 'NTLMSSP');
  });

  test.run();
}
