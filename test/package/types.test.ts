// The declarations, as programs of every kind compile against them: test/types/ holds the programs.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { spawnSync } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { root } from '../../build/root.ts';
import { installPacked, uninstall, type Installed } from './packed.ts';

await buildIfStale();
const test = suite<{ installed: Installed }>('types');

test.before(async (context) => {
  context.installed = await installPacked();
  const { project } = context.installed;
  await writeFile(`${project}/package.json`, '{ "type": "module" }');
  await cp(`${root}test/types`, `${project}/types`, { recursive: true });
  await writeFile(`${project}/worker.d.ts`, WORKER);
  await writeFile(`${project}/wrong.ts`, `import { createInitiator } from 'portable-sspi';\nvoid createInitiator({ target: 7 });\n`);
  await writeFile(`${project}/common.cts`, `import sspi = require('portable-sspi');\nconst context: Promise<sspi.SecurityContext> = sspi.createInitiator();\nvoid context;\n`);
});
test.after((context) => uninstall(context.installed));

const STRICT = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noPropertyAccessFromIndexSignature', '--verbatimModuleSyntax', '--isolatedModules'];
const ALL = ['types/sspi.ts', 'types/context.ts', 'types/subpaths.ts', 'types/http.ts', 'types/http-node.ts'];
const WITHOUT_NODE = ALL.slice(0, 4);
const WITHOUT_FETCH = ALL.slice(0, 3);

/** As the types of Workers have it: some are classes, which are no property of globalThis. */
const WORKER = `
declare class URL { readonly href: string; readonly hostname: string }
declare class AbortSignal { static timeout(milliseconds: number): AbortSignal }
interface Request { readonly url: string }
declare var Request: { prototype: Request; new (url: string): Request };
interface Response { readonly status: number }
declare var Response: { prototype: Response; new (body?: string): Response };
declare function fetch(input: string | URL, init?: { method?: string; body?: string; signal?: AbortSignal }): Promise<Response>;
`;

/** What differs between the projects of users: files, lib, types, how modules are resolved. */
const PROJECTS: readonly (readonly [what: string, files: readonly string[], ...options: string[]])[] = [
  ['a bundler\'s, for browsers', WITHOUT_NODE, '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,esnext.disposable,dom', '--typeRoots', 'none'],
  ['a bundler\'s, with no lib but the language\'s', WITHOUT_FETCH, '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022', '--typeRoots', 'none'],
  ['of a Worker\'s kind', ['worker.d.ts', ...WITHOUT_NODE], '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,esnext.disposable', '--typeRoots', 'none'],
  ['nodenext, with Node\'s types', ALL, '--module', 'nodenext', '--lib', 'es2022,esnext.disposable', '--types', 'node'],
  ['nodenext, with Node\'s types and the DOM\'s lib', ALL, '--module', 'nodenext', '--lib', 'es2022,dom', '--types', 'node'],
  ['node16, with Node\'s types', ALL, '--module', 'node16', '--lib', 'es2022', '--types', 'node'],
  ['node16, with no lib but the language\'s', WITHOUT_FETCH, '--module', 'node16', '--lib', 'es2022', '--typeRoots', 'none'],
  ['CommonJS in nodenext, by require()', ['common.cts'], '--module', 'nodenext', '--lib', 'es2022', '--types', 'node'],
];

const require = createRequire(import.meta.url);
const OURS = dirname(require.resolve('typescript/package.json'));
/** The one that comes with another tool, and is older. */
const OLD = dirname(createRequire(require.resolve('@arethetypeswrong/core')).resolve('typescript/package.json'));
const version = (folder: string) => (require(`${folder}/package.json`) as { version: string }).version;

/** The complaints of a compiler that checks libraries too. */
function compile(typescript: string, { project }: Installed, files: readonly string[], options: readonly string[]): string[] {
  const { stdout, status } = spawnSync(process.execPath, [
    `${typescript}/bin/tsc`, ...files, '--noEmit', '--skipLibCheck', 'false', '--target', 'es2022', '--allowImportingTsExtensions', ...STRICT, ...options,
  ], { cwd: project, encoding: 'utf8' });
  const complaints = stdout.split('\n').filter((line) => /\berror TS\d+/.test(line));
  if (status !== 0 && complaints.length === 0) throw new Error(`tsc ended with ${status}: ${stdout}`);
  return complaints;
}

for (const [what, files, ...options] of PROJECTS) {
  test(`a project ${what}`, ({ installed }) => {
    assert.equal(compile(OURS, installed, files, options), []);
  });
}

for (const [what, files, ...options] of [PROJECTS[0]!, PROJECTS[3]!]) {
  test(`with TypeScript ${version(OLD)}, a project ${what}`, ({ installed }) => {
    assert.ok(version(OLD).startsWith('5.'));
    assert.equal(compile(OLD, installed, files, options), []);
  });
}

test('a wrong type is refused', ({ installed }) => {
  const complaints = compile(OURS, installed, ['wrong.ts'], ['--module', 'nodenext', '--types', 'node']);
  assert.is(complaints.length, 1, complaints.join('\n'));
  assert.match(complaints[0]!, /wrong\.ts\(2,\d+\): error TS2322/);
});

test('every file of test/types is compiled', async () => {
  const files = (await readdir(`${root}test/types`)).map((file) => `types/${file}`).filter((file) => file !== 'types/expect.ts');
  assert.equal(files.sort(), [...ALL].sort());
});

test('are the types wrong? Nowhere that ES modules are', async ({ installed }) => {
  const tarball = (await readdir(installed.project)).find((name) => name.endsWith('.tgz'))!;
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(join(installed.project, tarball)))));
  assert.ok(analysis.types !== false && 'entrypoints' in analysis);
  const { exports } = JSON.parse(await readFile(join(installed.package, 'package.json'), 'utf8')) as { exports: object };
  assert.equal(Object.keys(analysis.entrypoints).sort(), Object.keys(exports).sort());
  // CJSResolvesToESM: require() of it works in Node from 20.19 on, and TypeScript has come to know that since
  const problems = analysis.problems.filter((problem) => problem.kind !== 'CJSResolvesToESM' && !('resolutionKind' in problem && problem.resolutionKind === 'node10'));
  assert.equal(problems, []);
});

test.run();
