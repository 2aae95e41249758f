// koffi itself, on this system: its memory, its threads, and native code that follows the pointers. The DLL is a small one of the tests' own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSecur32Backend } from '../../backends/secur32/index.ts';
import { createKoffiLibrary } from '../../backends/secur32/koffi-library.ts';
import { type Koffi, type KoffiSettings, koffiPackages, loadKoffi } from '../../backends/secur32/koffi.ts';
import {
  decryptMessage, deleteSecurityContext, encryptMessage, freeCredentialsHandle, initializeSecurityContext, ISC_REQ_CONFIDENTIALITY, queryContextAttributes, SEC_E_OK, SEC_I_CONTINUE_NEEDED,
  SECBUFFER_DATA, SECPKG_ATTR_NAMES, SECPKG_ATTR_SESSION_KEY, SECPKG_CRED_OUTBOUND,
} from '../../src/index.ts';
import { newCredHandle } from '../../src/sspi/handles.ts';
import { ALICE } from '../contract/in-memory.ts';
import { failure, hex, token, utf8 } from '../contract/support.ts';
import { root } from '../../build/root.ts';

const test = suite('secur32: koffi');
const directory = mkdtempSync(join(tmpdir(), 'portable-sspi-koffi-'));
const path = join(directory, 'fake-secur32.so');
const compiled = spawnSync('cc', ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', path, `${root}test/secur32/fake-secur32.c`], { encoding: 'utf8' });
if (compiled.error === undefined && compiled.status !== 0) throw new Error(compiled.stderr);
const koffi: Koffi | null = await loadKoffi(koffiPackages(process.platform, process.arch)).catch(() => null);
const possible = compiled.error === undefined && koffi !== null && process.platform !== 'win32';
const native = possible ? test : test.skip; // without a C compiler, or where koffi has no build

test.after(() => rmSync(directory, { recursive: true }));

const open = () => createKoffiLibrary(koffi!, { secur32: path, advapi32: path, kernel32: path, ntdll: path });
const outstanding = () => koffi!.load(path).func('__cdecl', 'fake_outstanding', 'uint32', [])();

native('a handshake on another thread, attributes and messages; nothing is left behind', async () => {
  const library = open();
  assert.is(library.pointerSize, 8);
  assert.is(library.isWine, false);
  const backend = createSecur32Backend(library);
  const credential = newCredHandle(await backend.acquireCredentials({ package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND, authData: ALICE }));
  for (let round = 0; round < 500; round++) {
    const targetName = `HTTP/web-${round}`;
    const first = await initializeSecurityContext({ credential, targetName, contextReq: ISC_REQ_CONFIDENTIALITY });
    assert.is(first.status, SEC_I_CONTINUE_NEEDED);
    assert.is(Buffer.from(first.output[0]!.data).toString('utf16le'), targetName);
    const { context } = first;
    const answer = Uint8Array.from({ length: 900 }, (_, at) => at + round);
    const last = await initializeSecurityContext({ credential, context, targetName, contextReq: ISC_REQ_CONFIDENTIALITY, input: [token(answer)] });
    assert.is(last.status, SEC_E_OK);
    assert.is(hex(last.output[0]!.data), hex(answer.map((byte) => ~byte)));
    assert.is(hex(queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY).sessionKey), '5a'.repeat(16));
    const buffers = [token(new Uint8Array(16)), { type: SECBUFFER_DATA, data: utf8('hello') }];
    encryptMessage(context, { buffers });
    assert.is(hex(buffers[1]!.data), hex(utf8('hello').map((byte) => byte ^ 0x33)));
    decryptMessage(context, { buffers });
    assert.is(hex(buffers[1]!.data), hex(utf8('hello')));
    buffers[0]!.data[0] = 0;
    await failure('SEC_E_MESSAGE_ALTERED', () => decryptMessage(context, { buffers }));
    await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(context, SECPKG_ATTR_NAMES));
    deleteSecurityContext(context);
  }
  freeCredentialsHandle(credential);
  assert.is(outstanding(), 0);
  for (const [what, { acquired, freed }] of Object.entries(backend.counts)) assert.is(freed, acquired, what);
});

native('the event loop turns while a call runs, and an abandoned call cleans up after itself', async () => {
  const backend = createSecur32Backend(open());
  const credential = newCredHandle(await backend.acquireCredentials({ package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND, authData: ALICE }));
  const controller = new AbortController();
  const legs = Array.from({ length: 20 }, (_, at) => initializeSecurityContext({ credential, targetName: 'slow', ...(at % 2 === 0 ? { signal: controller.signal } : {}) }));
  controller.abort();
  const ended = await Promise.allSettled(legs);
  assert.is(ended.filter(({ status }) => status === 'rejected').length, 10);
  for (const leg of ended) if (leg.status === 'fulfilled') deleteSecurityContext(leg.value.context);
  freeCredentialsHandle(credential);
  for (let wait = 0; wait < 100 && outstanding() > 0; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(outstanding(), 0);
  assert.equal(backend.counts.contexts, { acquired: 20, freed: 20 });
});

native('a wrong password is SEC_E_LOGON_DENIED; a function that is not there, SEC_E_UNSUPPORTED_FUNCTION', async () => {
  const backend = createSecur32Backend(open());
  await failure('SEC_E_LOGON_DENIED', backend.acquireCredentials({ package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND, authData: { ...ALICE, password: 'x' } }));
  assert.match((await failure('SEC_E_UNSUPPORTED_FUNCTION', backend.enumerateSecurityPackages())).message, /has no EnumerateSecurityPackagesW/);
  assert.is(outstanding(), 0);
});

native('memory of the DLL: read, read as text, wiped', async () => {
  const library = open();
  const { bytes, address } = library.allocate(64);
  bytes.set(Buffer.from('Pässw0rd€\0', 'utf16le'));
  assert.is(library.readString(address), 'Pässw0rd€');
  assert.is(hex(library.read(address + 2, 2)), 'e400');
  assert.is(library.read(address, 0).length, 0);
  library.wipe(address, 18);
  assert.ok(bytes.every((byte) => byte === 0));
});

native('a DLL that is not there is SEC_E_UNSUPPORTED_FUNCTION, with the reason', async () => {
  const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', () => createKoffiLibrary(koffi!, { secur32: '/no/such.dll', advapi32: path, kernel32: path, ntdll: path }));
  assert.match(error.message, /no\/such\.dll does not load/);
  assert.match(String(error.cause), /no\/such\.dll|cannot open/);
});

/** Of koffi's shape: what was loaded and set, and a system folder. */
function recording(settings: KoffiSettings, folder: string | null) {
  const seen: unknown[] = [];
  const own: Koffi = {
    config: (changes) => {
      if (changes !== undefined) seen.push(changes);
      if (changes !== undefined && settings.async_stack_size === 0) throw new Error('Cannot change Koffi configuration once a library has been loaded');
      return settings;
    },
    load: (path) => {
      seen.push(path);
      return {
        func: (_convention, name) => {
          if (folder === null || name !== 'GetSystemDirectoryW') throw new Error(`Cannot find function '${name}'`);
          return Object.assign(() => (memory.set(Buffer.from(folder, 'utf16le')), folder.length), { async: () => {} });
        },
      };
    },
    address: (bytes) => { memory = bytes; return 4096n; },
    decode: Object.assign(() => [], { string16: () => '' }),
    encode: () => {},
    sizeof: () => 8,
  };
  let memory: Uint8Array;
  return { own, seen };
}

test('on Windows: secur32.dll of the system folder, and stacks as its threads have, before anything is loaded', () => {
  for (const [size, kept, folder, expected] of [
    [1 << 17, 8, 'C:\\Windows\\system32', [{ async_stack_size: 1 << 20, resident_async_pools: 32 }, 'kernel32.dll', 'C:\\Windows\\system32\\secur32.dll', 'ntdll.dll']],
    [1 << 20, 32, 'D:\\Wïndows\\system32', ['kernel32.dll', 'D:\\Wïndows\\system32\\secur32.dll', 'ntdll.dll']], // an application's own choice
    [1 << 20, 8, null, [{ async_stack_size: 1 << 20, resident_async_pools: 32 }, 'kernel32.dll', 'secur32.dll', 'ntdll.dll']],
    [0, 8, null, [{ async_stack_size: 1 << 20, resident_async_pools: 32 }, 'kernel32.dll', 'secur32.dll', 'ntdll.dll']], // which has used koffi already
  ] as const) {
    const { own, seen } = recording({ async_stack_size: size, resident_async_pools: kept }, folder);
    assert.is(createKoffiLibrary(own).isWine, false);
    assert.equal(seen, expected);
  }
});

test('a koffi that is not there: which packages were looked for, what each said, and what to do', async () => {
  assert.equal(koffiPackages('win32', 'x64'), ['@koromix/koffi-win32-x64', 'koffi']);
  const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', loadKoffi(['@koromix/koffi-plan9-mips', 'uvu']));
  assert.match(error.message, /neither @koromix\/koffi-plan9-mips nor uvu loads/);
  assert.match(error.remedy!, /npm install @koromix\/koffi-plan9-mips/);
  assert.equal((error.cause as AggregateError).errors.map(({ name }: Error) => name), ['Error', 'TypeError']);
});

native('a process exits while its calls run, by itself and at once', () => {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  for (const [end, status] of [['process.exit(7)', 7], ["throw Object.assign(new Error('at once'), { stack: '' })", 1]] as const) {
    const program = `import { createSecur32Backend } from ${url('../../backends/secur32/index.ts')};
      import { createKoffiLibrary } from ${url('../../backends/secur32/koffi-library.ts')};
      import { koffiPackages, loadKoffi } from ${url('../../backends/secur32/koffi.ts')};
      const path = ${JSON.stringify(path)};
      const backend = createSecur32Backend(createKoffiLibrary(await loadKoffi(koffiPackages(process.platform, process.arch)), { secur32: path, advapi32: path, kernel32: path, ntdll: path }));
      const credential = await backend.acquireCredentials({ package: 'NTLM', credentialUse: 2, authData: ${JSON.stringify(ALICE)} });
      for (let leg = 0; leg < 20; leg++) credential.initialize(null, { targetName: 'slow', contextReq: 0, targetDataRep: 0, input: [], output: [] });
      setTimeout(() => { ${end}; }, 5);`;
    const ended = spawnSync(process.execPath, ['--import', new URL('../../build/register.js', import.meta.url).href, '--input-type=module', '-e', program], { encoding: 'utf8', timeout: 60_000 });
    assert.equal([ended.status, ended.signal], [status, null], ended.stderr);
  }
});

/** The last one: what a terminated thread held stays the process's. */
native('threads have each their own: one is terminated while its calls run, another ends, and this one goes on', async () => {
  const start = () => new Worker(new URL('slow-worker.ts', import.meta.url), { workerData: path, execArgv: ['--import', new URL('../../build/register.js', import.meta.url).href] });
  const heard = (worker: Worker, what: string) => new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', (message) => message === what && resolve());
  });
  const [terminated, ending] = [start(), start()];
  const ended = heard(ending, 'ended');
  await heard(terminated, 'running');
  await terminated.terminate();
  await ended;
  const backend = createSecur32Backend(open());
  const credential = newCredHandle(await backend.acquireCredentials({ package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND, authData: ALICE }));
  const { context } = await initializeSecurityContext({ credential, targetName: 'HTTP/web' });
  deleteSecurityContext(context);
  freeCredentialsHandle(credential);
  await ending.terminate();
});

test.run();
