// init(): each case in a thread of its own, where core.wasm is not compiled yet.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Worker } from 'node:worker_threads';
import { buildIfStale } from '../../build/build.ts';
import { root } from '../../build/root.ts';

await buildIfStale();
const test = suite('init');

const PRELUDE = `
  const { parentPort } = require('node:worker_threads');
  const { readFileSync } = require('node:fs');
  const wasm = new Uint8Array(readFileSync('${root}dist/core.wasm'));
  const firstToken = async ({ createInitiator }) => {
    const client = await createInitiator({ package: 'NTLM', credential: { user: 'alice', domain: 'ADTEST', password: 'x' } });
    return Buffer.from(await client.step()).toString('latin1', 0, 7);
  };
  // what the package compiled, and how; Node compiles a module of its own with the first Response
  const compiled = [];
  const note = (how) => { if (new Error().stack.includes('/dist/')) compiled.push(how); };
  const { Module, Instance, compile, instantiate } = WebAssembly;
  WebAssembly.Module = new Proxy(Module, { construct(target, args) { note('new Module'); return new Module(...args); } });
  WebAssembly.Instance = new Proxy(Instance, { construct(target, args) { note('new Instance'); return new Instance(...args); } });
  WebAssembly.compile = (...args) => { note('compile'); return compile(...args); };
  WebAssembly.instantiate = (...args) => { note('instantiate'); return instantiate(...args); };
  const outcome = (promise) => promise.then(() => 'done', (error) => ({ name: error.name, code: error.code, message: error.message, remedy: error.remedy, cause: String(error.cause) }));
  const run = async (sspi) => { BODY };
  import('${root}dist/index.js').then(run).then((value) => parentPort.postMessage({ value }), (error) => parentPort.postMessage({ error: String(error.stack) }));
`;

/** What `body`, an async function of `sspi`, returns in a fresh thread. */
async function inThread<T>(body: string): Promise<T> {
  const worker = new Worker(PRELUDE.replace('BODY', body), { eval: true });
  try {
    const { value, error } = await new Promise<{ value: T; error?: string }>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    if (error !== undefined) throw new Error(error);
    return value;
  } finally {
    await worker.terminate();
  }
}

interface Failure { name: string; code?: string; message: string; remedy?: string; cause: string }

test('without it core.wasm is compiled at the first token, at once', async () => {
  const { before, token, compiled } = await inThread<{ before: number; token: string; compiled: string[] }>(
    `const before = compiled.length; return { before, token: await firstToken(sspi), compiled };`,
  );
  assert.is(before, 0);
  assert.is(token, 'NTLMSSP');
  assert.equal(compiled, ['new Module', 'new Instance']);
});

test('in a page it is waited for: old Chromium compiles there no more than 4 KB at once', async () => {
  const { token, compiled } = await inThread<{ token: string; compiled: string[] }>(`globalThis.document = {}; return { token: await firstToken(sspi), compiled };`);
  assert.is(token, 'NTLMSSP');
  assert.equal(compiled, ['compile', 'instantiate']);
});

for (const [what, source, steps] of [
  ['nothing', '', ['compile', 'instantiate']],
  ['bytes', 'wasm', ['compile', 'instantiate']],
  ['an ArrayBuffer', 'wasm.buffer', ['compile', 'instantiate']],
  ['a module', 'new Module(wasm)', ['instantiate']],
  ['a response', 'new Response(wasm)', ['compile', 'instantiate']],
  ['a promise of a response', 'Promise.resolve(new Response(wasm))', ['compile', 'instantiate']],
  ['an import of core.wasm', `import('data:text/javascript,export default globalThis.given')`, ['instantiate']],
] as const) {
  test(`with ${what}: compiled once, and used`, async () => {
    const { token, compiled } = await inThread<{ token: string; compiled: string[] }>(
      `globalThis.given = new Module(wasm); await sspi.init(${source}); await sspi.init(); return { token: await firstToken(sspi), compiled };`,
    );
    assert.is(token, 'NTLMSSP');
    assert.equal(compiled, steps);
  });
}

test('twice at once is once', async () => {
  const { token, exported } = await inThread<{ token: string; exported: string }>(
    `await Promise.all([sspi.init(), sspi.init(wasm)]); return { token: await firstToken(sspi), exported: await outcome(sspi.init('ignored by then')) };`,
  );
  assert.is(token, 'NTLMSSP');
  assert.is((exported as unknown as Failure).name, 'TypeError'); // wrong is wrong, early or late
});

for (const [what, source, code, message, remedy] of [
  ['bytes that are no WebAssembly', 'new Uint8Array(64)', 'SEC_E_INTERNAL_ERROR', /could not be compiled/, /portable-sspi\/core\.wasm/],
  ['another module', 'Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)', 'SEC_E_INVALID_PARAMETER', /no core\.wasm of portable-sspi/, /of the version that is installed/],
  ['another version', 'wasm.with(wasm.length - 1, wasm.at(-1) ^ 1)', 'SEC_E_INVALID_PARAMETER', /another version/, /of the version that is installed/],
  ['a 404', `new Response('', { status: 404, statusText: 'Not Found' })`, 'SEC_E_INTERNAL_ERROR', /did not arrive/, /Check the address/],
  ['a fetch that fails', `Promise.reject(new TypeError('fetch failed'))`, 'SEC_E_INTERNAL_ERROR', /did not arrive/, /Check the address/],
] as const) {
  test(`${what}: refused, with what to do, and what works still works`, async () => {
    const { failure, token } = await inThread<{ failure: Failure; token: string }>(`const failure = await outcome(sspi.init(${source})); return { failure, token: await firstToken(sspi) };`);
    assert.is(failure.name, 'SspiError');
    assert.is(failure.code, code);
    assert.match(failure.message, message);
    assert.match(failure.remedy!, remedy);
    assert.is(token, 'NTLMSSP');
  });
}

test('the reason why it did not arrive is kept', async () => {
  const { cause } = await inThread<Failure>(`return outcome(sspi.init(new Response('', { status: 404, statusText: 'Not Found' })));`);
  assert.match(cause, /answered 404 Not Found/);
});

for (const [what, source] of [['a path', `'/core.wasm'`], ['null', 'null'], ['a number', '7'], ['an object', '{}']] as const) {
  test(`${what} is a TypeError`, async () => {
    const failure = await inThread<Failure>(`return outcome(sspi.init(${source}));`);
    assert.is(failure.name, 'TypeError');
    assert.match(failure.message, /init\(\) takes a WebAssembly\.Module, bytes or a Response/);
  });
}

test('where a runtime compiles nothing, the error says what to do', async () => {
  const failure = await inThread<Failure>(`
    WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder'); } };
    return outcome(firstToken(sspi));`);
  assert.is(failure.code, 'SEC_E_INTERNAL_ERROR');
  assert.match(failure.remedy!, /wasm-unsafe-eval.*pass it to init\(\)/);
  assert.match(failure.cause, /disallowed by embedder/);
});

test.run();
