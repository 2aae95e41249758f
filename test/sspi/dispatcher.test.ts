// Which backend answers: on Windows as it would be, with a native side that tests give.
import { channel } from 'node:diagnostics_channel';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AcquireOptions } from '../../backends/contract/backend.ts';
import { type Fallback, FALLBACK_CHANNEL } from '../../backends/secur32/announce.ts';
import { announce, createSecur32Backend, probeSecur32 } from '../../backends/secur32/index.ts';
import { acquireCredentialsHandle, createInitiator, enumerateSecurityPackages, importSecurityContext, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SspiError } from '../../src/index.ts';
import { createDispatcher, type NativeHost } from '../../src/sspi/dispatcher.ts';
import { failure } from '../contract/support.ts';
import { FakeLibrary } from '../secur32/fake-library.ts';
import { settle, until } from '../secur32/support.ts';

const test = suite<{ heard: Fallback[]; listener: (message: unknown) => void }>('dispatcher');

test.before.each((context) => {
  context.heard = [];
  context.listener = (message) => void context.heard.push(message as Fallback);
  channel(FALLBACK_CHANNEL).subscribe(context.listener);
});
test.after.each(({ listener }) => void channel(FALLBACK_CHANNEL).unsubscribe(listener));

/** A host that counts how often it is asked. */
function host(platform: string | undefined, probe: typeof probeSecur32 = async () => createSecur32Backend(new FakeLibrary())): NativeHost & { loads: number } {
  const counting = { loads: 0, platform: () => platform, load: async () => (counting.loads++, { probeSecur32: probe, announce }) };
  return counting;
}

const wanted = (more: Partial<AcquireOptions> = {}): AcquireOptions => ({ package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, ...more });

test('off Windows auto is the Wasm engine, and nothing native is even looked for', async ({ heard }) => {
  for (const platform of ['linux', 'darwin', undefined]) {
    const elsewhere = host(platform);
    const dispatcher = createDispatcher(elsewhere);
    assert.is((await dispatcher.choose()).name, 'wasm');
    assert.is((await dispatcher.choose('wasm')).name, 'wasm');
    const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', dispatcher.choose('secur32'));
    assert.match(error.message, /part of Windows/);
    assert.match(error.remedy!, /backend: 'wasm'/);
    assert.is(elsewhere.loads, 0);
  }
  assert.equal(heard, []);
});

test('on Windows auto is Secur32, which is looked for once however many ask', async ({ heard }) => {
  const windows = host('win32');
  const dispatcher = createDispatcher(windows);
  const backends = await Promise.all([dispatcher.choose(), dispatcher.choose('secur32'), dispatcher.choose('auto', wanted()), dispatcher.choose()]);
  for (const backend of backends) assert.is(backend, backends[0]);
  assert.is(backends[0]!.name, 'secur32');
  assert.is((await dispatcher.choose('wasm')).name, 'wasm');
  assert.is(windows.loads, 1);
  assert.equal(heard, []);
});

test('a name that is none is a TypeError', async () => {
  await createDispatcher(host('win32')).choose('gssapi' as never).then(() => assert.unreachable(), (error) => assert.instance(error, TypeError));
});

/** On Windows itself koffi and secur32.dll are there. */
const elsewhere = process.platform === 'win32' ? test.skip : test;

elsewhere('where koffi is missing: told once, remembered, and answered by the Wasm engine; named, it is an error', async ({ heard }) => {
  let probes = 0;
  const windows = host('win32', (platform, isNamed) => (probes++, probeSecur32(platform === 'win32' ? 'absent' : platform, isNamed))); // no such system has a koffi here
  const { default: real } = await import('koffi').catch(() => ({ default: undefined }));
  const dispatcher = createDispatcher(windows);
  const chosen = await Promise.all([dispatcher.choose(), dispatcher.choose('auto', wanted()), dispatcher.choose()]);
  assert.equal(chosen.map(({ name }) => name), ['wasm', 'wasm', 'wasm']);
  assert.is(probes, 1);
  assert.is(heard.length, 1);
  assert.is(heard[0]!.reason, 'unavailable');
  assert.instance(heard[0]!.error, SspiError);
  assert.ok(heard[0]!.remedy.length > 10);
  const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', dispatcher.choose('secur32'));
  assert.is(error, heard[0]!.error);
  assert.match(error.message, real === undefined ? /koffi/ : /secur32\.dll does not load/);
  assert.ok(error.cause !== undefined);
});

elsewhere('named first, the error is the answer, and nothing is published', async ({ heard }) => {
  const dispatcher = createDispatcher(host('win32', (_platform, isNamed) => probeSecur32('absent', isNamed)));
  await failure('SEC_E_UNSUPPORTED_FUNCTION', dispatcher.choose('secur32'));
  assert.is((await dispatcher.choose()).name, 'wasm');
  assert.equal(heard, []);
});

test('a bundle without the native side: the Wasm engine, and an error that says so', async () => {
  const dispatcher = createDispatcher({ platform: () => 'win32', load: () => Promise.reject(new Error('Cannot find module')) });
  assert.is((await dispatcher.choose()).name, 'wasm');
  const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', dispatcher.choose('secur32'));
  assert.match(String(error.cause), /Cannot find module/);
});

const NOT_TAKEN: readonly (readonly [Partial<AcquireOptions>, RegExp])[] = [
  [{ authData: { user: 'alice', ntHash: new Uint8Array(16) } }, /NT hash/],
  [{ authData: { keytab: new Uint8Array(2) } }, /keytab/],
  [{ authData: { ccache: 'FILE:x' } }, /credential cache/],
  [{ authData: { anonymous: true } }, /anonymous/],
  [{ credentialUse: SECPKG_CRED_INBOUND, authData: { accounts: () => null } }, /accounts/],
  [{ credentialUse: SECPKG_CRED_INBOUND, authData: { replayCache: { add: () => true } } }, /replay cache/],
  [{ credentialUse: SECPKG_CRED_INBOUND, authData: { serviceNames: ['HTTP/x'] } }, /service names/],
  [{ credentialUse: SECPKG_CRED_INBOUND, authData: { allowAnonymous: true } }, /anonymous clients/],
  [{ kerberos: { transport: { send: async () => new Uint8Array(0) } } }, /Kerberos configuration/],
  [{ ntlm: { lmCompatibilityLevel: 5 } }, /NTLM configuration/],
  [{ host: { now: () => new Date() } }, /replaced host/],
];

test('what Secur32 does not take goes to the Wasm engine, visibly; to a named Secur32 it is an error that says what', async ({ heard }) => {
  const dispatcher = createDispatcher(host('win32'));
  const native = await dispatcher.choose('secur32');
  for (const [options, what] of NOT_TAKEN) {
    heard.length = 0;
    assert.is((await dispatcher.choose('auto', wanted(options))).name, 'wasm', String(what));
    await until(() => heard.length > 0);
    assert.is(heard.length, 1);
    assert.is(heard[0]!.reason, 'options');
    assert.match(heard[0]!.message, what);
    const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', native.acquireCredentials(wanted(options)));
    assert.match(error.message, what);
    assert.match(error.remedy!, /'auto'/);
  }
});

test('what Secur32 takes stays with it', async ({ heard }) => {
  const dispatcher = createDispatcher(host('win32'));
  for (const options of [
    {}, { authData: { user: 'alice', password: 'x' } }, { packageList: '!NTLM' }, { principal: 'alice' }, { kerberos: {}, ntlm: {}, host: {} }, { kerberos: { defaultRealm: undefined } },
    { credentialUse: SECPKG_CRED_INBOUND, authData: {} }, { credentialUse: SECPKG_CRED_INBOUND, authData: { channelBindingPolicy: 'always' as const } },
  ]) assert.is((await dispatcher.choose('auto', wanted(options))).name, 'secur32', JSON.stringify(options));
  await settle();
  assert.equal(heard, []);
});

test('an exported context is imported by the backend that made it', async () => {
  const native = Uint8Array.from([...new TextEncoder().encode('SSPN'), 1, 0, 0, 0, 0, 0, 0, 0]);
  const wasm = Uint8Array.from([...new TextEncoder().encode('SSPI'), 1, 0, 0, 0, 0, 0, 0, 0]);
  const dispatcher = createDispatcher(host('win32'));
  assert.is(dispatcher.importing(wasm).name, 'wasm');
  assert.is(dispatcher.importing(new Uint8Array(0)).name, 'wasm');
  assert.match((await failure('SEC_E_UNSUPPORTED_FUNCTION', () => dispatcher.importing(native))).remedy!, /enumerateSecurityPackages/);
  await dispatcher.choose();
  assert.is(dispatcher.importing(native).name, 'secur32');
  await failure('SEC_E_UNSUPPORTED_FUNCTION', () => createDispatcher(host('linux')).importing(native));
  if (process.platform !== 'win32') assert.match((await failure('SEC_E_UNSUPPORTED_FUNCTION', () => importSecurityContext({ packed: native }))).message, /part of Windows/);
});

test('the verbs say it here, where there is no Secur32', async () => {
  if (process.platform === 'win32') return void assert.is((await createInitiator({ target: 'HTTP/x' })).backend, 'secur32');
  await failure('SEC_E_UNSUPPORTED_FUNCTION', acquireCredentialsHandle({ backend: 'secur32' }));
  await failure('SEC_E_UNSUPPORTED_FUNCTION', enumerateSecurityPackages({ backend: 'secur32' }));
  assert.is((await createInitiator({ target: 'HTTP/x', credential: { user: 'alice', password: 'x' } })).backend, 'wasm');
});

test.run();
