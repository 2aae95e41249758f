// `node --import ./build/register.js bench/dispatch.js`: what a call costs above the backend itself. The backend answers at once, with what it is given,
// so that what is measured is arguments, handles and promises. On Windows that is what Secur32 stands behind.
import { performance } from 'node:perf_hooks';
import { createSecur32Backend } from '../backends/secur32/index.ts';
import { createDispatcher } from '../src/sspi/dispatcher.ts';
import {
  decryptMessage, encryptMessage, initializeSecurityContext, queryContextAttributes, SECBUFFER_DATA, SECBUFFER_TOKEN, SECPKG_ATTR_FLAGS, SECPKG_CRED_OUTBOUND,
} from '../src/index.ts';
import { newCredHandle, openCredential } from '../src/sspi/handles.ts';

const CALLS = 100_000;
const ROUNDS = 15;

/** A backend whose every call is done before it begins. */
const result = { status: 0, context: undefined, output: [], contextAttr: 0, expiry: null };
const context = {
  backend: 'secur32', queryAttribute: () => result, encryptMessage() {}, decryptMessage: () => 0, delete() {},
};
const credential = { backend: 'secur32', package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, expiry: null, initialize: async () => result, accept: async () => result, free() {} };
result.context = context;
const backend = { ...createSecur32Backend({ pointerSize: 8 }), acquireCredentials: async () => credential };

const handle = newCredHandle(credential);
const { context: held } = await initializeSecurityContext({ credential: handle, targetName: 'HTTP/web.ad.test' });
const windows = createDispatcher({ platform: () => 'win32', load: async () => ({ probeSecur32: async () => backend, announce() {} }) });
const options = { package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, authData: { user: 'alice', password: 'x' } };
const call = { targetName: 'HTTP/web.ad.test', contextReq: 0, targetDataRep: 0, input: [], output: [], signal: undefined };
const buffers = [{ type: SECBUFFER_TOKEN, data: new Uint8Array(16) }, { type: SECBUFFER_DATA, data: new Uint8Array(64) }];
const request = { credential: handle, context: held, targetName: 'HTTP/web.ad.test', input: [buffers[0]] };

const rows = [
  ['choosing the backend', async () => void (await windows.choose('auto', options)), async () => {}],
  ['initializeSecurityContext', async () => void (await initializeSecurityContext(request)), async () => void (await openCredential(handle).initialize(context, call))],
  ['encryptMessage', () => encryptMessage(held, { buffers }), () => context.encryptMessage(buffers, 0, 0)],
  ['decryptMessage', () => decryptMessage(held, { buffers }), () => context.decryptMessage(buffers, 0)],
  ['queryContextAttributes', () => queryContextAttributes(held, SECPKG_ATTR_FLAGS), () => context.queryAttribute(SECPKG_ATTR_FLAGS)],
];

let isTooSlow = false;
console.log(`dispatch over the backend itself, Node ${process.version}, medians of ${ROUNDS} rounds of ${CALLS.toLocaleString('en')} calls; under 2 µs is asked for\n`);
for (const [name, through, direct] of rows) {
  const spent = [];
  for (let round = 0; round < ROUNDS; round++) spent.push(await time(through) - await time(direct));
  const microseconds = spent.sort((a, b) => a - b)[ROUNDS >> 1];
  isTooSlow ||= microseconds >= 2;
  console.log(`${name.padEnd(26)} ${microseconds.toFixed(3)} µs`);
}
process.exitCode = isTooSlow ? 1 : 0;

/** Microseconds a call. */
async function time(run) {
  const isAsync = run() instanceof Promise;
  const started = performance.now();
  if (isAsync) for (let i = 0; i < CALLS; i++) await run();
  else for (let i = 0; i < CALLS; i++) run();
  return ((performance.now() - started) * 1000) / CALLS;
}
