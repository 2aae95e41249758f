// The blocks of the documentation that are not whole programs: TypeScript compiles against the declarations, commands are commands.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildIfStale } from '../../build/build.ts';
import { codeBlocks, type CodeBlock } from '../../build/checks/docs.ts';
import { trackedFiles } from '../../build/checks/tracked.ts';
import { root } from '../../build/root.ts';
import { withFiles } from './fixture.ts';

await buildIfStale();
const test = suite('blocks of the documentation');

interface Placed extends CodeBlock {
  document: string;
}

const blocks: Placed[] = [];
for (const document of trackedFiles(root).filter((file) => file.endsWith('.md'))) {
  for (const block of codeBlocks(await readFile(root + document, 'utf8'))) blocks.push({ ...block, document });
}

test('every language is one that something here, or docs.test.ts, looks at', () => {
  assert.equal(blocks.filter(({ language }) => !['js', 'ts', 'sh', 'html', 'text', ''].includes(language)).map(where), []);
});

test('TypeScript compiles', async () => {
  const typed = blocks.filter(({ language }) => language === 'ts');
  assert.ok(typed.length > 5);
  assert.equal(await compile(typed), []);
});

test('TypeScript that does not compile is found, with its place', async () => {
  const wrong = { document: 'docs/none.md', language: 'ts', line: 10, code: "import { createFetch } from 'portable-sspi/http';\n\ncreateFetch({ credentials: {} });\n" };
  const [sentence, ...more] = await compile([wrong]);
  assert.match(sentence!, /^docs\/none\.md:12: .*credential/);
  assert.equal(more, []);
});

test('commands are commands, with options that they have', () => {
  const lines = commandLines();
  assert.ok(lines.some(({ line }) => line.includes('kinit')));
  assert.equal(lines.flatMap(({ line, place }) => complaints(line).map((complaint) => `${place}: ${complaint}`)), []);
});

test('docs/cli.md names every option of every command', async () => {
  const page = await readFile(`${root}docs/cli.md`, 'utf8');
  for (const command of ['demo', 'inspect', 'get', 'kinit', 'klist', 'kdestroy']) {
    const { stdout } = spawnSync(process.execPath, [`${root}dist/cli.js`, command, '--help'], { encoding: 'utf8' });
    const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1]!);
    assert.ok(options.includes('--help'), command);
    assert.equal(options.filter((option) => !page.includes(`\`${option}`)), [], command);
  }
});

test('a command that is none is found', () => {
  assert.is(complaints('npx portable-sspi klist --json -s').length, 0);
  assert.match(complaints('npx portable-sspi login alice')[0]!, /no command 'login'/);
  assert.match(complaints('portable-sspi get --password x http://web.ad.test/')[0]!, /has no option --password/);
  assert.match(complaints('npm run nothing')[0]!, /no script/);
  assert.match(complaints('node examples/none.js')[0]!, /no file/);
  assert.match(complaints('frobnicate')[0]!, /nobody knows/);
});

test('the bundlers\' commands make programs that run', async () => {
  const program = "import { createInitiator } from 'portable-sspi';\nconst context = await createInitiator({ credential: { user: 'a', password: 'b' }, packageList: 'NTLM' });\nconsole.log((await context.step()).length > 40);\n";
  const common = `(async () => {${program.replace(/^import.*\n/, "const { createInitiator } = await import('portable-sspi');")}})();\n`;
  const lines = commandLines().filter(({ line }) => line.startsWith('esbuild '));
  assert.ok(lines.length >= 2);
  for (const { line, place } of lines) {
    await withFiles({ 'package.json': '{"type":"module"}', 'app.js': program, 'handler.js': common, 'node_modules/.keep': '' }, async (directory) => {
      await symlink(root, join(directory, 'node_modules/portable-sspi'));
      const outfile = /--outfile=(\S+)/.exec(line)?.[1];
      const args = [...line.replace(/\s+#.*$/, '').split(/\s+/).slice(1), ...(outfile === undefined ? ['--outfile=out.js'] : [])];
      const bundled = spawnSync(process.execPath, [`${root}node_modules/esbuild/bin/esbuild`, ...args, '--log-level=error'], { cwd: directory, encoding: 'utf8' });
      assert.is(bundled.status, 0, `${place}: ${bundled.stderr}`);
      const ran = spawnSync(process.execPath, [outfile ?? 'out.js'], { cwd: directory, encoding: 'utf8', timeout: 20_000 });
      assert.is(ran.stdout, 'true\n', `${place}: ${ran.stderr}`);
    });
  }
});

test('the import map of docs/runtimes.md is that of the example, and names what package.json has for browsers', async () => {
  const mapOf = (text: string) => JSON.parse(/<script type="importmap">([\s\S]*?)<\/script>/.exec(text)![1]!) as { imports: Record<string, string> };
  const shown = mapOf(blocks.find(({ language, document }) => language === 'html' && document === 'docs/runtimes.md')!.code);
  const { imports } = mapOf(await readFile(`${root}examples/page/index.html`, 'utf8'));
  assert.equal(shown.imports, imports);
  const { exports, imports: inner } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Record<'exports' | 'imports', Record<string, Record<string, string>>>;
  for (const [name, targets] of Object.entries(inner)) assert.is(imports[name], `/node_modules/portable-sspi/${(targets['browser'] ?? targets['default']!).slice(2)}`, name);
  for (const [name, path] of Object.entries(imports).filter(([key]) => !key.startsWith('#'))) {
    assert.is(path, `/node_modules/portable-sspi/${exports[name.replace('portable-sspi', '.')]!['browser']!.slice(2)}`, name);
  }
});

function where({ document, line }: Placed): string {
  return `${document}:${line}`;
}

/** One sentence for each error of the compiler. */
async function compile(typed: readonly Placed[]): Promise<string[]> {
  const files: Record<string, string> = { 'package.json': '{"type":"module"}', 'around.d.ts': AROUND, 'node_modules/.keep': '' };
  typed.forEach(({ code }, index) => { files[`block${index}.ts`] = `${code}\nexport {};\n`; });
  return withFiles(files, async (directory) => {
    await symlink(root, join(directory, 'node_modules/portable-sspi'));
    await symlink(`${root}node_modules/@types`, join(directory, 'node_modules/@types'));
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'], types: ['node'] }, include: ['*.ts'],
    }));
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: directory, encoding: 'utf8' });
    return stdout.split('\n').filter((text) => /error TS/.test(text)).map((text) => {
      const match = /^block(\d+)\.ts\((\d+),\d+\): error (.*)$/.exec(text);
      if (match === null) return text;
      const { document, line } = typed[Number(match[1])]!;
      return `${document}:${line + Number(match[2]) - 1}: ${match[3]}`;
    });
  });
}

/** What stands around a block in its reader's program, and the packages of others. */
const AROUND = `
declare const url: string, password: string, keytab: Uint8Array, form: FormData;
declare const accounts: NonNullable<import('portable-sspi').AcceptorData['accounts']>;
declare const lookUp: (user: string, domain: string) => Promise<{ password: string } | null>;
declare const app: { use(...handlers: ((...args: any[]) => unknown)[]): void };
declare const Deno: { serve(handler: (request: Request) => Promise<Response>): void };
declare const Bun: { serve(options: { fetch: (request: Request) => Promise<Response> }): void };
declare module 'hono' {
  import type { SspiIdentity } from 'portable-sspi/http';
  export class Hono<E extends { Variables: { sspi: SspiIdentity } }> {
    use(middleware: (context: any, next: () => Promise<void>) => unknown): void;
    get(path: string, handler: (c: { get<K extends keyof E['Variables']>(key: K): E['Variables'][K]; text(text: string): Response }) => Response): void;
  }
}
declare module '@hono/node-server' {
  export interface HttpBindings { incoming: import('node:http').IncomingMessage }
}
declare module 'nodemailer' {
  const nodemailer: { createTransport(options: { host: string; port: number; auth: object; customAuth: Record<string, (ctx: any) => Promise<void>> }): unknown };
  export default nodemailer;
}
`;

/** Of blocks of commands; a line that ends with a backslash goes on. */
function commandLines(): { line: string; place: string }[] {
  return blocks.filter(({ language, code }) => language === 'sh' || (language === '' && /^(?:\w+=\S* )?portable-sspi /m.test(code))).flatMap((block) => (
    block.code.split('\n').map((line, index) => ({ line: line.trim(), place: `${block.document}:${block.line + index}` })).filter(({ line }) => line !== '' && !line.startsWith('#') && !OUTPUT.test(line))
  ));
}

/** Lines of such a block that the command prints. */
const OUTPUT = /^(?:portable-sspi: |What to do:)/;

/** What is wrong with one line of commands. */
function complaints(line: string): string[] {
  return line.replace(/\s+#.*$/, '').replace(/'[^']*'/g, 'QUOTED').split(/\s*(?:&&|\||;|<)\s*/).flatMap((part) => {
    const words = part.split(/\s+/).filter((word) => !/^[A-Z_]+=/.test(word));
    if (words[0] === 'npx') words.shift();
    const [program, ...rest] = words;
    if (program === undefined) return [];
    if (program === 'portable-sspi') return ofOurs(rest);
    if (program === 'npm' && rest[0] === 'run') return PACKAGE.scripts[rest[1]!] === undefined ? [`no script '${rest[1]}'`] : [];
    if (program === 'npm' && ['start', 'test'].includes(rest[0]!)) return PACKAGE.scripts[rest[0]!] === undefined ? [`no script '${rest[0]}'`] : [];
    if (program === 'node') {
      const file = rest.find((word) => /\.[jt]s$/.test(word) && !word.startsWith('-'));
      return file === undefined || existsSync(root + file) || existsSync(`${root}examples/${file}`) ? [] : [`no file ${file}`];
    }
    return OTHERS.some(([pattern]) => pattern.test(words.join(' '))) ? [] : [`nobody knows '${part}'`];
  });
}

/** Not run here, and why: add to this table what a document may show besides. */
const OTHERS: readonly (readonly [RegExp, why: string])[] = [
  [/^npm (?:ci|install|pack|audit)\b/, 'the tests run behind it'],
  [/^(?:deno add|bun add|bun build|git clone|cd|export|echo|token\.bin)\b/, 'of another program, or of the shell'],
  [/^esbuild /, 'run above'],
  [/^(?:curl|kinit|kvno|klist|ktpass|setspn|samba-tool)\b/, 'needs a server or a domain; test/interop runs those that Debian has'],
];

const PACKAGE = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };

/** A command of ours: there is such a one, and its help has these options. */
function ofOurs([command, ...words]: readonly string[]): string[] {
  const { status, stdout } = spawnSync(process.execPath, [`${root}dist/cli.js`, command!, '--help'], { encoding: 'utf8' });
  if (status !== 0) return [`no command '${command}'`];
  return words.filter((word) => /^--?[a-z]/.test(word)).filter((word) => !new RegExp(`(?:^|[\\s,])${word}(?=[\\s,])`, 'm').test(stdout)).map((word) => `${command} has no option ${word}`);
}

test.run();
