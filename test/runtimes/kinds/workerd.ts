import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { authenticationOf, createFetch } from '../../../src/http/index.ts';
import { bundleProgram } from '../lab/bundle.ts';
import { tracked } from '../lab/children.ts';
import { packageFolder, platformProgram } from '../lab/paths.ts';
import { readResults, runProgram, type Ended } from '../lab/programs.ts';
import type { Project } from '../lab/project.ts';
import type { Result, Task } from '../programs/task.ts';
import type { Runtime } from './kind.ts';

/** The Worker as wrangler bundles it for deployment, in workerd. */
export function workerd(): Runtime {
  return {
    name: 'workerd',
    can: { holdConnections: true, keepConnections: false, tcp: true, udp: false, files: false },
    version: async () => /\d{4}-\d{2}-\d{2}/.exec(execFileSync(program(), ['--version'], { encoding: 'utf8' }))![0],
    async run(task, project) {
      const bundle = await bundleWorker(project);
      await using server = await serveWorker(bundle);
      return await server.run(task);
    },
  };
}

function program(): string {
  return platformProgram('workerd', ['@cloudflare/workerd-linux-64/bin/workerd', '@cloudflare/workerd-linux-arm64/bin/workerd']);
}

/** `wrangler deploy --dry-run`: the folder with what it would upload. */
async function bundleWorker({ folder }: Project): Promise<string> {
  const source = join(folder, 'workerd');
  await mkdir(source);
  await bundleProgram('workerd.ts', join(source, 'worker.js'));
  await writeFile(join(source, 'wrangler.json'), JSON.stringify({ name: 'runtimes', main: 'worker.js', compatibility_date: DATE }));
  const wrangler = await runProgram(process.execPath, [join(packageFolder('wrangler'), 'bin/wrangler.js'), 'deploy', '--dry-run', '--outdir', 'out'], {
    cwd: source, env: { WRANGLER_SEND_METRICS: 'false', CI: 'true', HOME: source, NO_COLOR: '1' },
  });
  const files = await readdir(join(source, 'out')).catch((): string[] => []);
  if (!files.includes('worker.js')) throw new Error(`wrangler made no worker.js:\n${wrangler.output}`);
  return join(source, 'out');
}

async function serveWorker(folder: string): Promise<AsyncDisposable & { run(task: Task): Promise<Ended> }> {
  const modules = (await readdir(folder)).flatMap((file) => {
    if (file.endsWith('.js')) return [`(name = "${file}", esModule = embed "${file}")`];
    return file.endsWith('.wasm') ? [`(name = "${file}", wasm = embed "${file}")`] : [];
  });
  modules.sort((one, two) => Number(two.includes('"worker.js"')) - Number(one.includes('"worker.js"'))); // the first is the entry
  await writeFile(join(folder, 'config.capnp'), `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [${modules.join(', ')}], compatibilityDate = "${DATE}")),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`);
  const server = await startWorkerd(join(folder, 'config.capnp'));
  return {
    async run(task) {
      const response = await fetch(`${server.url}run`, { method: 'POST', body: JSON.stringify(task), signal: AbortSignal.timeout(60_000) });
      const ended = readResults((await response.text()).split('\n'));
      ended.results.push(await asked(task, server.url));
      return { ...ended, output: `${ended.output}\n${server.output()}`.trim(), whole: ended.whole && response.ok };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** `workerd serve` with its socket `http` at any free port. */
export async function startWorkerd(config: string, env: NodeJS.ProcessEnv = {}): Promise<AsyncDisposable & { url: string; pid: number; output(): string }> {
  const child = tracked(spawn(program(), ['serve', '--control-fd=3', '--socket-addr=http=127.0.0.1:0', config], {
    cwd: dirname(config), env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  }));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (data) => (output += data));
  const closed = once(child, 'close');
  const port = await Promise.race([portOf(child.stdio[3] as NodeJS.ReadableStream), closed.then(() => 0)]);
  if (port === 0) await closed.then(() => { throw new Error(`workerd ended:\n${output}`); });
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid!,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** This Node as the client of the Worker. */
async function asked({ realm, service, user, kdc }: Task, url: string): Promise<Result> {
  const title = { suite: 'Request and Response server', test: 'as a Worker, asked by Node' };
  await using fetch = createFetch({
    credential: { user: user.name, domain: realm, password: user.password }, target: service.spn, packageList: 'Kerberos',
    kerberos: { defaultRealm: realm, realms: { [realm]: { kdc: [kdc.proxyUrl] } } },
  });
  try {
    const response = await fetch(url, { method: 'POST', body: 'a body' });
    const identity = await response.json() as Record<string, unknown>;
    assert.equal([identity['user'], identity['package'], identity['body'], authenticationOf(response)?.mutual], [user.name, 'Kerberos', 'a body', true]);
    return { ...title, state: 'passed' };
  } catch (error) {
    return { ...title, state: 'failed', reason: String(error) };
  }
}

/** workerd tells on its control channel where it listens. */
async function portOf(control: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: control })) {
    const { event, port } = JSON.parse(line) as { event: string; port: number };
    if (event === 'listen') return port;
  }
  return 0; // it ended, and says why on its other streams
}

const DATE = '2026-01-01';
