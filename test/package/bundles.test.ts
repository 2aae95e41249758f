// What bundlers make of the package, for each kind of runtime: what it asks for, what it weighs, that it runs, and what it does when it is imported.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, Script } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { bundle, unavailable, type Bundle, type Target } from '../../build/checks/bundles.ts';
import { root } from '../../build/root.ts';
import { installPacked, uninstall, type Installed } from './packed.ts';

await buildIfStale();
const test = suite<{ installed: Installed }>('bundles');

test.before(async (context) => {
  context.installed = await installPacked();
});
test.after((context) => uninstall(context.installed));

const ENTRIES = ['portable-sspi', 'portable-sspi/http', 'portable-sspi/inspect', 'portable-sspi/kerberos', 'portable-sspi/testing'];
const TARGETS: readonly Target[] = ['browser', 'workerd', 'edge-light', 'node', 'bun', 'deno', 'neutral'];
/** Where nothing of Node's is. */
const WEB: readonly Target[] = ['browser', 'workerd', 'edge-light'];

test('the entries are those of package.json', async ({ installed }) => {
  const { exports } = JSON.parse(await readFile(join(installed.package, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
  assert.equal(Object.keys(exports).filter((subpath) => !/\.\w+$/.test(subpath)).map((subpath) => `portable-sspi${subpath.slice(1)}`).sort(), ENTRIES);
});

for (const target of TARGETS) {
  test(`${target}: every entry asks for what is there, and no more`, async ({ installed }) => {
    for (const entry of ENTRIES) {
      const { imports, files } = await bundle(installed.project, target, `export * from '${entry}';`);
      assert.equal(unavailable(target, imports), [], entry);
      assert.is(files.length, 1); // one file, whatever is imported later
    }
  });
}

test('what is not there is found', async ({ installed }) => {
  const { imports } = await bundle(installed.project, 'browser', `import { readFile } from 'node:fs/promises'; export { readFile }; export const later = () => import('net');`);
  assert.equal(unavailable('browser', imports).sort(), [`import 'node:fs/promises'`, `import('net')`]);
  assert.equal(unavailable('node', [{ path: 'core.wasm', dynamic: false }]), [`import 'core.wasm'`]);
});

const HANDSHAKE = `
import { createAcceptor, createInitiator } from 'portable-sspi';
export async function handshake(packageList) {
  const client = await createInitiator({ credential: { user: 'alice', domain: 'ADTEST', password: 'x' }, packageList });
  const server = await createAcceptor({ credential: { accounts: () => ({ password: 'x' }) }, packageList });
  for (let token = await client.step(); token !== null;) {
    const answer = await server.step(token);
    token = answer && await client.step(answer);
  }
  return [client.package, server.peer, client.complete && server.complete].join();
}`;

const WITH_KERBEROS = `${HANDSHAKE}
import { createTestRealm } from 'portable-sspi/testing';
export async function kerberos() {
  const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'x' }, services: ['HTTP/web.ad.test'] });
  const client = await createInitiator({ target: 'HTTP/web.ad.test', credential: realm.authData('alice'), kerberos: realm.kerberos });
  const server = await createAcceptor({ credential: { keytab: realm.keytab('HTTP/web.ad.test') } });
  await client.step(await server.step(await client.step()));
  return [client.package, server.peer, client.complete && server.complete].join();
}`;

interface Program {
  handshake(packageList?: string): Promise<string>;
  kerberos(): Promise<string>;
}

/** Runs in Node what is bundled for another runtime: core.wasm as the compiled module that it asks for. */
async function load({ files }: Bundle, folder: string): Promise<Program> {
  const wasm = `export default new WebAssembly.Module(Buffer.from('${(await readFile(`${root}dist/core.wasm`)).toString('base64')}', 'base64'));`;
  await writeFile(join(folder, 'core.mjs'), wasm);
  for (const { path, text } of files) await writeFile(join(folder, `${path}.mjs`), text.replace(/(["'])core\.wasm(?:\?module)?\1/g, '"./core.mjs"'));
  return await import(`${pathToFileURL(join(folder, `${files[0]!.path}.mjs`)).href}?${Math.random()}`) as Program;
}

for (const target of TARGETS) {
  test(`${target}: a bundle in one file runs, with NTLM and with Kerberos`, async ({ installed }) => {
    const program = await load(await bundle(installed.project, target, WITH_KERBEROS), installed.project);
    assert.is(await program.handshake('NTLM'), 'NTLM,ADTEST\\alice,true');
    assert.is(await program.handshake(), 'NTLM,ADTEST\\alice,true');
    assert.is(await program.kerberos(), 'Kerberos,alice@AD.TEST,true');
  });
}

/** The files that are fetched for NTLM: from the entry on, without what is imported on the day of the first ticket. */
function eager(bundled: Bundle): Bundle['files'] {
  return reachedBy(bundled, /(?:\bfrom|\bimport)\s*["']\.\/([^"']+)["']/g);
}

/** The files that can be fetched at all: esbuild splits before it drops what nothing calls, and leaves that behind as files. */
function reachable(bundled: Bundle): Bundle['files'] {
  return reachedBy(bundled, /(?:\bfrom|\bimport)\s*\(?\s*["']\.\/([^"']+)["']/g);
}

function reachedBy({ files }: Bundle, imports: RegExp): Bundle['files'] {
  const reached = new Set([files[0]!]);
  for (const file of reached) {
    for (const [, path] of file.text.matchAll(imports)) {
      const found = files.find((other) => other.path === path || other.path.endsWith(`/${path}`));
      if (found !== undefined) reached.add(found);
    }
  }
  return [...reached];
}

/** Names and texts that only Kerberos has. */
const KERBEROS = /krbtgt|KRB_AP_ERR|KDC_ERR_PREAUTH|aes256-cts|AS-REQ|kerberosToken/
const gzipped = (files: Bundle['files']) => files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);

for (const target of WEB) {
  test(`${target}: a program with NTLM alone fetches no Kerberos where bundlers split`, async ({ installed }) => {
    const whole = await bundle(installed.project, target, HANDSHAKE, { splitting: true });
    const fetched = eager(whole);
    assert.ok(whole.files.some(({ text }) => KERBEROS.test(text)), 'Kerberos is there for who needs it');
    for (const { text, path } of fetched) assert.not.ok(KERBEROS.test(text), `${path}: ${KERBEROS.exec(text)?.[0]}`);
    const core = gzipSync(await readFile(`${root}dist/core.wasm`), { level: 9 }).length;
    const total = gzipped(reachable(whole)) + (target === 'browser' ? 0 : core);
    process.stdout.write(`${(gzipped(fetched) / 1000).toFixed(1)} KB first, ${(total / 1000).toFixed(1)} KB with all  `);
    assert.ok(total < (target === 'browser' ? 113_000 : 110_000), `${total} bytes`); // inlined, Wasm compresses less well than by itself
    assert.ok(core < 40_000, `${core} bytes`);
  });
}

for (const target of WEB) {
  test(`${target}: with the condition ntlm-only there is no Kerberos in one file either`, async ({ installed }) => {
    const conditions = ['ntlm-only', ...(target === 'browser' ? ['browser'] : [target, 'worker', 'browser'])];
    const whole = await bundle(installed.project, target, HANDSHAKE, { conditions });
    assert.is(whole.files.length, 1);
    assert.not.ok(KERBEROS.test(whole.files[0]!.text), KERBEROS.exec(whole.files[0]!.text)?.[0]);
    process.stdout.write(`${(gzipped(whole.files) / 1000).toFixed(1)} KB${target === 'browser' ? ' with core.wasm' : ''}  `);
    assert.ok(gzipped(whole.files) < (target === 'browser' ? 49_000 : 33_500), `${gzipped(whole.files)} bytes`); // inlined, Wasm compresses less well than by itself
    const program = await load(whole, installed.project);
    assert.is(await program.handshake('NTLM'), 'NTLM,ADTEST\\alice,true');
    assert.is(await program.handshake(), 'NTLM,ADTEST\\alice,true');
  });
}

/** Texts that only acceptors have: of NTLM, of SPNEGO, of Kerberos and its PAC; and only who changes a password. */
const ACCEPTORS = /a NEGOTIATE was expected|decrypts? with the keytab's key|LOGON_INFO|serviceNames/;
const PASSWORDS = /changepw/;
const PACKING = /exported NTLM session/;
const CLIENTS: Readonly<Record<string, string>> = {
  createInitiator: `export { createInitiator } from 'portable-sspi';`,
  'the verbs': `export { acquireCredentialsHandle, deleteSecurityContext, encryptMessage, initializeSecurityContext } from 'portable-sspi';`,
  createFetch: `export { createFetch } from 'portable-sspi/http';`,
};

test('a client is bundled without acceptors', async ({ installed }) => {
  const both = (await bundle(installed.project, 'workerd', HANDSHAKE)).files[0]!;
  assert.match(both.text, ACCEPTORS);
  assert.not.match(both.text, PASSWORDS);
  assert.not.match(both.text, PACKING);
  for (const [name, program] of Object.entries(CLIENTS)) {
    const { files: [client] } = await bundle(installed.project, 'workerd', program);
    assert.not.ok(ACCEPTORS.test(client!.text), `${name}: ${ACCEPTORS.exec(client!.text)?.[0]}`);
    assert.not.ok(PASSWORDS.test(client!.text), `${name}: ${PASSWORDS.exec(client!.text)?.[0]}`);
  }
  const client = (await bundle(installed.project, 'workerd', CLIENTS['createInitiator']!)).files[0]!;
  process.stdout.write(`${(gzipped([client]) / 1000).toFixed(1)} KB, with acceptors ${(gzipped([both]) / 1000).toFixed(1)} KB  `);
  assert.ok(gzipped([client]) < gzipped([both]) - 8000);
  const { files: [all] } = await bundle(installed.project, 'workerd', `export * from 'portable-sspi';`);
  assert.match(all!.text, PASSWORDS);
  assert.match(all!.text, PACKING);
});

test('who asks for Kerberos where it was left out learns why', async ({ installed }) => {
  const bundled = await bundle(installed.project, 'browser', `export * from 'portable-sspi';`, { conditions: ['ntlm-only', 'browser'] });
  const sspi = await load(bundled, installed.project) as unknown as typeof import('../../src/index.ts');
  assert.equal((await sspi.enumerateSecurityPackages()).map(({ name }) => name), ['Negotiate', 'NTLM']);
  for (const asking of [
    () => sspi.createInitiator({ package: 'Kerberos', credential: { user: 'alice@AD.TEST', password: 'x' }, kerberos: { realms: { 'AD.TEST': { kdc: ['https://gw/KdcProxy'] } } } }),
    () => sspi.changeAccountPassword({ user: 'alice', domain: 'AD.TEST', oldPassword: 'x', newPassword: 'y' }),
    () => sspi.createInitiator({ credential: { ccache: new Uint8Array(4) }, packageList: 'Kerberos' }),
  ]) {
    const error = await asking().then(() => { throw new Error('it did not throw'); }, (thrown: unknown) => thrown as InstanceType<typeof sspi.SspiError>);
    assert.is(error.name, 'SspiError', error.stack);
    assert.match(`${error.code} ${error.remedy}`, /SEC_E_SECPKG_NOT_FOUND Bundle without the condition 'ntlm-only'|SEC_E_NO_CREDENTIALS/);
  }
});

// import() of the bundle would go through fs itself: a script in a context of its own has the globals that it is given, and each of them objects
const GLOBALS = ['TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'AbortController', 'AbortSignal', 'Headers', 'Request', 'Response', 'Event', 'EventTarget', 'DOMException', 'ReadableStream', 'WritableStream', 'TransformStream', 'Buffer'] as const;
const require = createRequire(import.meta.url);

/** Imports a bundle where randomness, clocks, timers, network, files and WebAssembly may not be touched; the names of what it touched. */
function touchedByImport(code: string): string[] {
  const touched: string[] = [];
  const forbidden = (name: string, value: object = function () {}): unknown => new Proxy(value, {
    get: (_, property) => (typeof property === 'symbol' ? undefined : forbidden(`${name}.${property}`)),
    apply: () => refuse(name),
    construct: () => refuse(`new ${name}`),
  });
  const refuse = (name: string): never => {
    touched.push(name);
    throw new Error(`${name} is forbidden at import`);
  };
  const sandbox: Record<string, unknown> = {
    ...Object.fromEntries(GLOBALS.map((name) => [name, globalThis[name]])),
    ...Object.fromEntries(['crypto', 'performance', 'process', 'Deno', 'Bun', 'navigator', 'caches', 'localStorage', 'document'].map((name) => [name, forbidden(name)])),
    ...Object.fromEntries(['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'WebSocket', 'Worker'].map((name) => [name, forbidden(name)])),
    WebAssembly: forbidden('WebAssembly'),
    require: (name: string) => (/fs|net|dns|dgram|child_process|worker_threads/.test(name) && !/net$/.test(name) ? forbidden(name) : require(name)),
    module: { exports: {} },
    console: forbidden('console'),
  };
  const context = createContext(sandbox);
  new Script(`Date = new Proxy(Date, { construct(target, args) { if (args.length === 0) forbidden('new Date'); return new target(...args); } });
    Date.now = () => forbidden('Date.now'); Math.random = () => forbidden('Math.random');`).runInContext(Object.assign(context, { forbidden: refuse }));
  try {
    new Script(code).runInContext(context);
  } catch (error) {
    if (touched.length === 0) throw error;
  }
  return touched;
}

for (const target of TARGETS) {
  test(`${target}: importing does nothing but define`, async ({ installed }) => {
    for (const entry of ENTRIES) {
      const { files } = await bundle(installed.project, target, `export * from '${entry}';`, { format: 'cjs' });
      assert.equal(touchedByImport(files[0]!.text.replace(/require\("core\.wasm(?:\?module)?"\)/g, '{}')), [], entry);
    }
  });
}

test('an import that does more is found', () => {
  for (const [code, name] of [
    ['crypto.getRandomValues(new Uint8Array(1))', 'crypto.getRandomValues'], ['new WebAssembly.Module(new Uint8Array(8))', 'new WebAssembly.Module'], ['fetch("/core.wasm")', 'fetch'],
    ['var t = Date.now()', 'Date.now'], ['var t = new Date()', 'new Date'], ['setTimeout(() => {}, 1)', 'setTimeout'], ['Math.random()', 'Math.random'],
    ['require("node:fs").readFileSync("/etc/krb5.conf")', 'node:fs.readFileSync'], ['process.cwd()', 'process.cwd'],
  ] as const) assert.equal(touchedByImport(code), [name]);
});

test.run();
