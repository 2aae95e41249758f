// `npm install portable-sspi` on each system, from a registry of the test's own: what comes with it, and that nothing is warned of.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { root } from '../../build/root.ts';
import { NPM } from './npm.ts';

await buildIfStale();
const test = suite<{ folder: string; registry: Server; tarballs: Map<string, Tarball> }>('npm install');

interface Tarball {
  manifest: { name: string; version: string };
  bytes: Buffer;
}

const [npm, ...first] = NPM;
const WINDOWS = ['arm64', 'ia32', 'x64'] as const;
const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { optionalDependencies: Record<string, string>; version: string };
const lock = JSON.parse(await readFile(`${root}package-lock.json`, 'utf8')) as { packages: Record<string, { version: string; os?: string[]; cpu?: string[]; hasInstallScript?: true }> };

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'portable-sspi-install-'));
  context.tarballs = new Map();
  execFileSync(npm, [...first, 'pack', '--ignore-scripts', '--silent', '--pack-destination', context.folder], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  const own = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Tarball['manifest'];
  context.tarballs.set(own.name, { manifest: own, bytes: await readFile(join(context.folder, `portable-sspi-${own.version}.tgz`)) });
  for (const name of Object.keys(manifest.optionalDependencies)) context.tarballs.set(name, await standIn(context.folder, name));
  context.registry = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.slice(1));
    const tarball = context.tarballs.get(path.replace(/\.tgz$/, ''));
    if (tarball === undefined) return void response.writeHead(404).end('{}');
    if (path.endsWith('.tgz')) return void response.end(tarball.bytes);
    const { name, version } = tarball.manifest;
    const dist = { tarball: `http://${request.headers.host}/${name}.tgz`, integrity: `sha512-${createHash('sha512').update(tarball.bytes).digest('base64')}` };
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { ...tarball.manifest, dist } } }));
  });
  await new Promise<void>((resolve) => context.registry.listen(0, '127.0.0.1', resolve));
});
test.after(async ({ folder, registry }) => {
  registry.close();
  await rm(folder, { recursive: true });
});

/** A package with the name, version, os and cpu of the real one, and nothing else: it is not installed on this system. */
async function standIn(folder: string, name: string): Promise<Tarball> {
  const { version, os, cpu } = lock.packages[`node_modules/${name}`]!;
  const directory = join(folder, name.split('/').at(-1)!);
  await mkdir(join(directory, 'package'), { recursive: true });
  const stood = { name, version, os, cpu, main: 'index.js' };
  await writeFile(join(directory, 'package/package.json'), JSON.stringify(stood));
  await writeFile(join(directory, 'package/index.js'), '');
  execFileSync('tar', ['-czf', `${directory}.tgz`, '-C', directory, 'package']);
  return { manifest: stood, bytes: await readFile(`${directory}.tgz`) };
}

/** Installs in a new project; what npm said, and what is in node_modules. */
async function install({ folder, registry }: { folder: string; registry: Server }, os: string, cpu: string): Promise<{ said: string; installed: string[] }> {
  const project = await mkdtemp(join(folder, 'project-'));
  await writeFile(join(project, 'package.json'), '{"private":true}');
  await writeFile(join(project, 'none.npmrc'), '');
  const child = spawn(npm, [
    ...first, 'install', `--os=${os}`, `--cpu=${cpu}`, `--registry=http://127.0.0.1:${(registry.address() as AddressInfo).port}/`, `--cache=${join(folder, 'cache')}`,
    `--userconfig=${join(project, 'none.npmrc')}`, '--no-audit', '--no-fund', '--no-update-notifier', 'portable-sspi',
  ], { cwd: project, env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name))) });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (said += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.is(code, 0, said);
  const modules = join(project, 'node_modules');
  const names = await readdir(modules);
  const scoped = names.includes('@koromix') ? (await readdir(join(modules, '@koromix'))).map((name) => `@koromix/${name}`) : [];
  return { said, installed: [...names.filter((name) => !/^[.@]/.test(name)), ...scoped].sort() };
}

for (const [os, cpu] of [['linux', 'x64'], ['linux', 'arm64'], ['darwin', 'arm64'], ['freebsd', 'x64']] as const) {
  test(`${os}, ${cpu}: the package alone, and no word of warning`, async (context) => {
    const { said, installed } = await install(context, os, cpu);
    assert.equal(installed, ['portable-sspi']);
    assert.not.match(said, /warn|script/i);
  });
}

for (const cpu of WINDOWS) {
  test(`win32, ${cpu}: with koffi's native module for it`, async (context) => {
    const { said, installed } = await install(context, 'win32', cpu);
    assert.equal(installed, [`@koromix/koffi-win32-${cpu}`, 'portable-sspi']);
    assert.not.match(said, /warn|script/i);
  });
}

test('the native modules are restricted to their system, and run no script', () => {
  assert.equal(Object.keys(manifest.optionalDependencies).sort(), WINDOWS.map((cpu) => `@koromix/koffi-win32-${cpu}`));
  for (const cpu of WINDOWS) {
    const entry = lock.packages[`node_modules/@koromix/koffi-win32-${cpu}`]!;
    assert.equal([entry.os, entry.cpu, entry.hasInstallScript], [['win32'], [cpu], undefined]);
  }
});

test.run();
