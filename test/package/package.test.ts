// The tarball, as a user installs it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { compile, findUndeclared } from '../../build/checks/declarations.ts';
import { variants } from '../../build/entries.ts';
import { NODE_ENTRIES } from '../../build/node-modules.ts';
import { findBrokenLinks } from '../../build/checks/docs.ts';
import { root } from '../../build/root.ts';
import { withFiles } from '../repository/fixture.ts';
import { installPacked, uninstall, type Installed } from './packed.ts';

await buildIfStale();
const test = suite<{ installed: Installed }>('package');

test.before(async (context) => {
  context.installed = await installPacked();
});
test.after((context) => uninstall(context.installed));

interface Manifest {
  name: string;
  exports: Record<string, string | Record<string, string>>;
  imports: Record<string, Record<string, string>>;
  bin: Record<string, string>;
  dependencies?: Record<string, string>;
}

async function manifest({ package: folder }: Installed): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

const NEEDED = [
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
  /^dist\/(?:index|http|inspect|kerberos|testing|cli)\.js$/,
  new RegExp(`^dist/(?:${Object.keys(variants).join('|').replaceAll('.', '\\.')})\\.js$`),
  /^dist\/chunks\/[\w-]+\.js$/,
  new RegExp(`^dist/node/(?:${NODE_ENTRIES.join('|')})\\.js$`),
  /^dist\/node\/chunks\/[\w.-]+\.js$/,
  /^dist\/core\.wasm(?:\.d\.ts)?$/,
  /^dist\/core-wasm(?:\.workerd|\.edge|\.ntlm)?\.js$/,
  /^dist\/core-wasm\.d\.ts$/,
  /^dist\/types\/(?:src|backends)\/[\w/.-]+\.d\.ts$/,
  /^docs\/[\w-]+\.md$/,
  /^examples\/[\w/.-]+\.(?:md|js|ts|html|json|capnp)$/,
];

test('holds what is needed and no more', async ({ installed }) => {
  const files: string[] = [];
  let bytes = 0;
  for (const name of await readdir(installed.package, { recursive: true })) {
    const found = await stat(join(installed.package, name));
    if (!found.isFile()) continue;
    files.push(name);
    bytes += found.size;
  }
  assert.equal(files.filter((file) => !NEEDED.some((pattern) => pattern.test(file))), []);
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'dist/core.wasm']) assert.ok(files.includes(file), file);
  assert.ok(bytes < 2_600_000, `${bytes} bytes unpacked`);
});

test('what README.md links to is there, and what that links to', async ({ installed }) => {
  const pages = (await readdir(installed.package, { recursive: true })).filter((name) => name.endsWith('.md'));
  assert.ok(pages.includes('docs/api.md') && pages.includes('examples/README.md'));
  const broken = await findBrokenLinks(installed.package, pages);
  assert.equal(broken.filter((sentence) => !SOURCES.test(sentence)), []);
});

/** The pages for those who change this code show it. */
const SOURCES = /^docs\/(?:wine|architecture)\.md: \.\.\/(?:backends|test|\.github)\//;

test('nothing is installed with it', async ({ installed }) => {
  // What it imports all the same would not be found in this project, whose node_modules has nothing else.
  assert.equal((await manifest(installed)).dependencies ?? {}, {});
});

test('every target of exports, imports and bin is there', async ({ installed }) => {
  const { exports, imports, bin } = await manifest(installed);
  const targets = [exports, imports, bin].flatMap((table) => Object.values(table)).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  assert.ok(targets.length > 8);
  for (const target of targets) assert.ok(existsSync(join(installed.package, target)), target);
});

/** Bun and Deno match `node`, workerd and edge-light match `browser` in some bundlers: who is named later is not asked. */
const ORDER = ['types', 'workerd', 'edge-light', 'ntlm-only', 'bun', 'deno', 'browser', 'node', 'default'];

test('in exports and imports, conditions stand in their order, from types to default', async ({ installed }) => {
  const { exports, imports } = await manifest(installed);
  for (const target of [...Object.values(exports), ...Object.values(imports)]) {
    if (typeof target === 'string') continue;
    const conditions = Object.keys(target);
    assert.equal(conditions, ORDER.filter((condition) => condition in target));
    assert.is(conditions.at(-1), 'default');
  }
  for (const [subpath, target] of Object.entries(exports)) assert.ok(typeof target === 'string' || 'types' in target, subpath);
});

test('every variant is one that some runtime gets', async ({ installed }) => {
  const targets = Object.values((await manifest(installed)).imports).flatMap((target) => Object.values(target));
  assert.equal(Object.keys(variants).filter((name) => !targets.includes(`./dist/${name}.js`)), []);
});

test('publint has nothing to say', async ({ installed }) => {
  const { messages, pkg } = await publint({ pkgDir: installed.package, pack: false, strict: true });
  assert.equal(messages.map((message) => formatMessage(message, pkg!, { color: false })), []);
});

test('publint would', async () => {
  const broken = { 'package.json': '{"name":"x","version":"1.0.0","type":"module","exports":{".":{"default":"./a.js","types":"./a.d.ts"}}}', 'a.js': '', 'a.d.ts': '' };
  const { messages } = await withFiles(broken, (directory) => publint({ pkgDir: directory, pack: false, strict: true }));
  assert.ok(messages.some(({ code }) => code === 'EXPORTS_TYPES_SHOULD_BE_FIRST'));
});

test('import and require() give the same names', async ({ installed }) => {
  const subpaths = Object.entries((await manifest(installed)).exports).filter(([, target]) => typeof target !== 'string' && target.default?.endsWith('.js')).map(([subpath]) => subpath);
  assert.ok(subpaths.includes('.') && subpaths.includes('./http') && subpaths.includes('./inspect'));
  for (const subpath of subpaths) {
    const specifier = JSON.stringify(`portable-sspi${subpath.slice(1)}`);
    const run = (...args: string[]) => execFileSync(process.execPath, ['--no-warnings', ...args], { cwd: installed.project, encoding: 'utf8' }).trim();
    const imported = run('--input-type=module', '-e', `import * as m from ${specifier}; console.log(Object.keys(m).sort().join())`);
    assert.ok(imported.length > 0);
    if (requiresModules()) assert.is(run('--input-type=commonjs', '-e', `console.log(Object.keys(require(${specifier})).sort().join())`), imported, subpath);
  }
});

const COMMONJS = `
const sspi = require('portable-sspi');
const { createTestRealm } = require('portable-sspi/testing');
async function handshake(client, server) {
  for (let token = await client.step(); token !== null;) {
    const answer = await server.step(token);
    token = answer && await client.step(answer);
  }
  return [client.package, server.peer, client.complete && server.complete].join();
}
async function main() {
  const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: 'x' }, services: ['HTTP/web.ad.test'] });
  const kerberos = await handshake(
    await sspi.createInitiator({ target: 'HTTP/web.ad.test', credential: realm.authData('alice'), kerberos: realm.kerberos }),
    await sspi.createAcceptor({ credential: { keytab: realm.keytab('HTTP/web.ad.test') } }),
  );
  const ntlm = await handshake(await sspi.createInitiator({ credential: { user: 'alice', password: 'x' }, packageList: 'NTLM' }), await sspi.createAcceptor({ credential: { accounts: realm.accounts } }));
  const wrong = await (await sspi.createInitiator({ credential: { user: 'alice', password: 'x' }, packageList: 'NTLM' })).step(new Uint8Array(3)).catch((error) => error);
  const same = (await import('portable-sspi')).SspiError === sspi.SspiError;
  console.log(JSON.stringify([kerberos, ntlm, wrong instanceof sspi.SspiError, same, typeof sspi.default, '__esModule' in sspi]));
}
main();
`;

test('a CommonJS program requires it, and works with the same classes as one that imports it', async ({ installed }) => {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  if (!requiresModules()) return assert.ok(major < 20 || (major === 20 && minor < 19) || (major === 22 && minor < 12), process.version);
  const said = execFileSync(process.execPath, ['--input-type=commonjs', '-e', COMMONJS], { cwd: installed.project, encoding: 'utf8' });
  assert.equal(JSON.parse(said), ['Kerberos,alice@AD.TEST,true', 'NTLM,alice,true', true, true, 'undefined', false]);
});

test('with --conditions=ntlm-only Node loads no Kerberos', async ({ installed }) => {
  const code = `import { createInitiator, enumerateSecurityPackages } from 'portable-sspi';
    const client = await createInitiator({ credential: { user: 'alice@AD.TEST', password: 'x' }, kerberos: { realms: { 'AD.TEST': { kdc: ['tcp://127.0.0.1:1'] } } }, target: 'HTTP/web' });
    console.log((await client.step()).length > 40, (await enumerateSecurityPackages()).map(({ name }) => name).join());`;
  const said = execFileSync(process.execPath, ['--conditions=ntlm-only', '--input-type=module', '-e', code], { cwd: installed.project, encoding: 'utf8' });
  assert.is(said.trim(), 'true Negotiate,NTLM');
});

test('no file waits at its top level', async ({ installed }) => {
  // require() of a module that does ends with ERR_REQUIRE_ASYNC_MODULE, also of one that is imported later only
  if (!requiresModules()) return assert.ok(true);
  const modules = (await readdir(join(installed.package, 'dist'), { recursive: true })).filter((file) => file.endsWith('.js') && !/\.(?:workerd|edge)\.js$/.test(file) && file !== 'cli.js');
  const code = modules.map((file) => `require(${JSON.stringify(join(installed.package, 'dist', file))});`).join('');
  execFileSync(process.execPath, ['--no-warnings', '--input-type=commonjs', '-e', code], { cwd: installed.project });
});

test('the command runs', async ({ installed }) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(installed.package, (await manifest(installed)).bin['portable-sspi']!), '--help'], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  assert.match(stdout, /demo/);
});

test('every export is declared, every declaration is exported', async ({ installed }) => {
  assert.equal(await findUndeclared(installed.project, 'portable-sspi'), []);
});

test('an export without a declaration, and the reverse, are found', async () => {
  const files = {
    'node_modules/x/package.json': '{"name":"x","type":"module","exports":{".":{"types":"./a.d.ts","default":"./a.js"}}}',
    'node_modules/x/a.js': 'export const declared = 1; export const forgotten = 2;',
    'node_modules/x/a.d.ts': 'export declare const declared: number; export declare const imagined: string;',
    'node_modules/@types/node/index.d.ts': '',
  };
  const found = await withFiles(files, (directory) => findUndeclared(directory, 'x'));
  assert.is(found.length, 2, found.join('\n'));
  assert.match(found[0]!, /forgotten/);
  assert.match(found[1]!, /imagined/);
});

const CONSUMER = `
import { createInitiator, SspiError, type SecurityContext } from 'portable-sspi';
import { inspectToken } from 'portable-sspi/inspect';
export async function hello(): Promise<Uint8Array | null> {
  const context: SecurityContext = await createInitiator({ target: 'HTTP/web.ad.test', credential: { user: 'alice', password: 'x' } });
  try {
    return await context.step();
  } catch (error) {
    if (error instanceof SspiError && error.code === 'SEC_E_LOGON_DENIED') console.log(error.remedy);
    throw error;
  } finally {
    context[Symbol.dispose]();
  }
}
export const tree = inspectToken('TlRMTVNTUAAB');
`;

for (const [what, options] of [
  ['of a browser, without Node\'s types', ['--types', '', '--lib', 'es2022,dom']],
  ['of a bundler', ['--types', '', '--lib', 'es2022,dom', '--module', 'esnext', '--moduleResolution', 'bundler']],
  ['of Node', ['--types', 'node', '--lib', 'es2022']],
] as const) {
  test(`compiles in a strict project ${what}, libraries checked`, async ({ installed }) => {
    assert.equal(await compile(installed.project, CONSUMER, options), []);
  });
}

test('the examples in TypeScript compile as a user would compile them', async ({ installed }) => {
  for (const file of readdirSync(`${root}examples`).filter((name) => name.endsWith('.ts'))) {
    assert.equal(await compile(installed.project, await readFile(`${root}examples/${file}`, 'utf8'), ['--types', 'node', '--lib', 'es2022,dom']), [], file);
  }
});

test('a wrong type is refused', async ({ installed }) => {
  const complaints = await compile(installed.project, CONSUMER.replace(`target: 'HTTP/web.ad.test'`, 'target: 7'), ['--types', 'node']);
  assert.is(complaints.length, 1);
  assert.match(complaints[0]!, /TS2322/);
});

/** Node 20.19 and 22.12 on. */
function requiresModules(): boolean {
  return 'require_module' in process.features;
}

test.run();
