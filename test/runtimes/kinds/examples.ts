// The examples that need a runtime, or packages of their own, besides Node: copied beside the installed package, run, asked.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { root } from '../../../build/root.ts';
import { authenticationOf, createFetch } from '../../../src/http/index.ts';
import { tracked } from '../lab/children.ts';
import { runProgram } from '../lab/programs.ts';
import type { Project } from '../lab/project.ts';
import { bytes } from '../programs/bytes.ts';
import type { Result, Task } from '../programs/task.ts';
import { browserVersion, inBrowser } from './chromium.ts';
import { NODE_LIKE, type Runtime } from './kind.ts';
import { bunProgram, denoProgram, environment } from './process.ts';
import { startWorkerd } from './workerd.ts';

export function examples(): Runtime {
  return {
    name: 'Examples',
    can: NODE_LIKE,
    shown: true,
    version: async () => '',
    async run(task, project) {
      const folder = join(project.folder, 'examples');
      await cp(join(root, 'examples'), folder, { recursive: true, filter: (path) => !path.includes('node_modules') });
      await writeFile(join(folder, 'http.keytab'), bytes(task.service.keytab));
      const lab: Lab = { task, project, folder, site: task.url.replace('127.0.0.1', 'localhost') };
      const results: Result[] = [];
      const output: string[] = [];
      for (const [name, example] of Object.entries(EXAMPLES)) {
        if (name.endsWith('.html') && await browserVersion().catch(() => null) === null) {
          results.push({ suite: 'examples', test: name, state: 'skipped', reason: 'no Chromium' });
          continue;
        }
        try {
          const shown = await example(lab);
          output.push(`== examples/${name}\n${shown.trim()}`);
          results.push({ suite: 'examples', test: name, state: 'passed' });
        } catch (error) {
          results.push({ suite: 'examples', test: name, state: 'failed', reason: error instanceof Error ? error.stack ?? String(error) : String(error) });
        }
      }
      results.push({ suite: 'examples', test: 'README.md shows what they print', ...(await asWritten(output)) });
      return { results, output: output.join('\n\n'), whole: true };
    },
  };
}

interface Lab {
  task: Task;
  project: Project;
  /** Of the copied examples. */
  folder: string;
  /** Of the intranet, by its name. */
  site: string;
}

const EXAMPLES: Readonly<Record<string, (lab: Lab) => Promise<string>>> = {
  async 'node-intranet.js'(lab) {
    const { output, code } = await script(process.execPath, ['node-intranet.js'], lab);
    assert.is(code, 0, output);
    assert.match(output, /^200 \/news for alice of AD\.TEST\nby Kerberos, and the server has proven itself$/m);
    return output;
  },

  async 'deno/intranet.ts'(lab) {
    const hosts = [lab.site, lab.task.kdc.proxyUrl].map((url) => new URL(url).host).join(',');
    const args = ['run', '--no-prompt', '--no-lock', '--cached-only', '--node-modules-dir=manual', `--allow-net=${hosts}`, '--allow-env=SSPI_USER,SSPI_PASSWORD,KDC_PROXY'];
    const { output, code } = await script(denoProgram(), [...args, 'deno/intranet.ts', `${lab.site}/negotiate`], lab);
    assert.is(code, 0, output);
    assert.match(output, /^200 .*"user":"alice"/m);
    assert.match(output, /^by Kerberos, mutual$/m);
    return output;
  },

  async 'bun/server.ts'(lab) {
    return await server(bunProgram(), ['bun/server.ts'], lab, async (url) => [
      await ask(lab, url, 200, /^Hello alice of TEST\.REALM, in \d+ groups\.$/),
      await nobody(url),
    ]);
  },

  async 'web/express.js'(lab) {
    installWeb(lab);
    return await server(process.execPath, ['web/express.js'], lab, async (url) => [
      await ask(lab, url, 200, /^Hello alice of TEST\.REALM, by Kerberos\.$/),
      await ask(lab, `${url}admin`, 403, /^For administrators\.$/),
      await nobody(url),
      await nobody(`${url}public`, 200),
    ]);
  },

  async 'web/hono.js'(lab) {
    installWeb(lab);
    return await server(process.execPath, ['web/hono.js'], lab, async (url) => [
      await ask(lab, url, 200, /^Hello alice of TEST\.REALM, by Kerberos\.$/),
      await nobody(url),
      await nobody(`${url}public`, 200),
    ]);
  },

  async 'worker/worker.js'(lab) {
    const folder = join(lab.folder, 'worker');
    execFileSync(process.execPath, [join(root, 'node_modules/esbuild/bin/esbuild'), 'worker.js', ...BUNDLE], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    await using worker = await startWorkerd(join(folder, 'workerd.capnp'), settings(lab));
    const response = await fetch(`${worker.url}negotiate`);
    const text = await response.text();
    assert.is(response.status, 200, `${text}${worker.output()}`);
    assert.match(text, /"user":"alice"/);
    assert.is(response.headers.get('x-authenticated-by'), 'Kerberos, mutual');
    await using unreachable = await startWorkerd(join(folder, 'workerd.capnp'), { ...settings(lab), KDC_PROXY: 'http://127.0.0.1:1/KdcProxy' });
    assert.is((await fetch(`${unreachable.url}negotiate`)).status, 502);
    return `GET /negotiate\n${response.status} ${text}\nx-authenticated-by: ${response.headers.get('x-authenticated-by')}`;
  },

  async 'page/index.html'({ project, folder }) {
    const dist = join(project.folder, 'node_modules/portable-sspi/dist');
    const files = new Map<string, { type: string; body: Buffer }>([['/', { type: 'text/html', body: await readFile(join(folder, 'page/index.html')) }]]);
    for (const name of await readdir(dist, { recursive: true })) {
      if (name.endsWith('.js')) files.set(`/node_modules/portable-sspi/dist/${name}`, { type: 'text/javascript', body: await readFile(join(dist, name)) });
    }
    await using site = await serve(files);
    return await inBrowser(site.url, async (page, output) => {
      const text = await page.evaluate(async (patience) => {
        const out = document.querySelector('#out')!;
        for (const until = Date.now() + patience; out.textContent === '…' && Date.now() < until;) await new Promise((resolve) => setTimeout(resolve, 20));
        const { imports } = JSON.parse(document.querySelector('script[type=importmap]')!.textContent!) as { imports: Record<string, string> };
        for (const path of Object.values(imports)) await import(new URL(path, location.href).href);
        return out.textContent!;
      }, 10_000);
      assert.is(text, 'alice@TEST.REALM by Kerberos, and sealed and signed', output.join('\n'));
      return text;
    });
  },
};

/** Each line that examples/README.md shows; what follows an ellipsis is left out there. */
async function asWritten(output: readonly string[]): Promise<Pick<Result, 'state' | 'reason'>> {
  const text = /```text\n([\s\S]*?)```/.exec(await readFile(join(root, 'examples/README.md'), 'utf8'))![1]!;
  const printed = output.join('\n').replaceAll('== ', '').split('\n');
  const missing = text.split('\n').filter(Boolean).filter((line) => {
    const [start, cut] = line.split(' …');
    return !printed.some((one) => (cut === undefined ? one === start : one.startsWith(start!)));
  });
  return missing.length === 0 ? { state: 'passed' } : { state: 'failed', reason: `not printed: ${missing.join('\n')}` };
}

/** As examples/worker/workerd.capnp says it. */
const BUNDLE = ['--bundle', '--format=esm', '--conditions=workerd,worker', '--external:cloudflare:*', '--loader:.wasm=copy', '--asset-names=[name]', '--outdir=out'];

function settings({ task, site, folder }: Lab): NodeJS.ProcessEnv {
  return {
    SITE: site, KDC_PROXY: task.kdc.proxyUrl, SSPI_USER: `${task.user.name}@${task.realm}`, SSPI_PASSWORD: task.user.password,
    KEYTAB: join(folder, 'http.keytab'), PORT: '0',
  };
}

/** Runs to its end. */
async function script(command: string, args: readonly string[], lab: Lab): Promise<{ output: string; code: number }> {
  const { output } = await runProgram(command, args, { cwd: lab.folder, env: { ...environment(lab.project), ...settings(lab) }, seconds: 30 });
  return { output, code: /\nended with /.test(output) ? 1 : 0 };
}

/** Starts, asks, stops. What it printed, and what it answered. */
async function server(command: string, args: readonly string[], lab: Lab, questions: (url: string) => Promise<string[]>): Promise<string> {
  const env = { ...process.env, ...environment(lab.project), ...settings(lab) };
  const child = tracked(spawn(command, args, { cwd: lab.folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  const closed = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (data) => (complaint += data));
  try {
    const line = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), closed.then(() => [''])]) as [string];
    if (!line[0].startsWith('http://')) throw new Error(`${args.join(' ')} did not start:\n${line[0]}\n${complaint}`);
    return [...line, ...(await questions(line[0]))].join('\n');
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}

/** What alice is answered. */
async function ask({ task }: Lab, url: string, status: number, expected: RegExp): Promise<string> {
  await using fetch = createFetch({
    credential: { user: `${task.user.name}@${task.realm}`, password: task.user.password }, packageList: 'Kerberos',
    kerberos: { realms: { [task.realm]: { kdc: [task.kdc.proxyUrl] } }, krb5Conf: '' },
  });
  const response = await fetch(url);
  const text = (await response.text()).trim();
  assert.is(response.status, status, text);
  assert.match(text, expected);
  assert.is(authenticationOf(response)!.mutual, true);
  return `GET ${new URL(url).pathname} as alice: ${response.status} ${text}`;
}

/** What one without a ticket is answered. */
async function nobody(url: string, status = 401): Promise<string> {
  const response = await fetch(url);
  assert.is(response.status, status);
  if (status === 401) assert.match(response.headers.get('www-authenticate') ?? '', /^Negotiate/);
  return `GET ${new URL(url).pathname} as no one: ${response.status} ${(await response.text()).trim()}`;
}

/** A site of these files alone. */
async function serve(files: ReadonlyMap<string, { type: string; body: Buffer }>): Promise<AsyncDisposable & { url: string }> {
  const web = createServer(({ url }, response) => {
    const file = files.get(url!);
    response.writeHead(file === undefined ? 404 : 200, file && { 'content-type': file.type }).end(file?.body);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      web.closeAllConnections();
      await new Promise((resolve) => web.close(resolve));
    },
  };
}

function installWeb({ folder }: Lab): void {
  execFileSync('npm', ['ci', '--include=dev', '--prefer-offline', '--loglevel=error'], { cwd: join(folder, 'web'), stdio: ['ignore', 'ignore', 'pipe'] });
}
