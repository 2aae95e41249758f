import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { measureSizes, measureWhole } from '../../build/checks/size.ts';

await buildIfStale();
const test = suite('size');

/** Bytes, gzipped: what NTLM and SPNEGO may weigh, the whole engine with Kerberos, and the whole of core.wasm. */
const LIMIT = 45_000;
const WHOLE_LIMIT = 110_000;
const CORE_LIMIT = 40_000;

test('a client and a server of Negotiate with NTLM stay below 45 KB gzipped, core.wasm below 40 KB', async () => {
  const { javascript, wasm, total, core } = await measureSizes();
  process.stdout.write(`${kilobytes(total)} of ${kilobytes(LIMIT)}: JavaScript ${kilobytes(javascript)}, Wasm ${kilobytes(wasm)} of core.wasm's ${kilobytes(core)}  `);
  assert.ok(total < LIMIT, `${total} bytes`);
  assert.ok(core < CORE_LIMIT, `${core} bytes`);
  assert.ok(wasm > 5000 && wasm <= core, `${wasm} of ${core} bytes`);
});

test('a client and a server of everything stay below 110 KB gzipped', async () => {
  const { javascript, core, total } = await measureWhole();
  process.stdout.write(`${kilobytes(total)} of ${kilobytes(WHOLE_LIMIT)}: JavaScript ${kilobytes(javascript)}, core.wasm ${kilobytes(core)}  `);
  assert.ok(total < WHOLE_LIMIT, `${total} bytes`);
  const ntlm = await measureSizes();
  assert.ok(javascript > ntlm.javascript + 20_000, `Kerberos is in it: ${javascript} bytes, and NTLM's ${ntlm.javascript}`);
});

test('what a program adds is counted', async () => {
  const noise = Array.from({ length: 3000 }, (_, i) => ((i * 2654435761) >>> 0).toString(36)).join('');
  const { javascript } = await measureSizes();
  const more = await measureSizes(`export { createInitiator, createAcceptor } from './src/index.ts'; export const noise = '${noise}';`);
  assert.ok(more.javascript - javascript > 5000, `${javascript} → ${more.javascript}`);
});

test('a program that names one thing does not ship the rest', async () => {
  const { javascript } = await measureSizes();
  const little = await measureSizes(`export { SspiError } from './src/index.ts';`);
  assert.ok(little.javascript < javascript / 3, `${little.javascript} of ${javascript}`);
});

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}

test.run();
