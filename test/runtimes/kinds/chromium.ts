import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { bundleProgram } from '../lab/bundle.ts';
import { importInstalled } from '../lab/paths.ts';
import { readResults } from '../lab/programs.ts';
import type { Project } from '../lab/project.ts';
import type { Task } from '../programs/task.ts';
import type { Runtime } from './kind.ts';

/** What is used of playwright-core. */
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T, A>(run: (argument: A) => T | Promise<T>, argument: A): Promise<T>;
  on(event: 'console' | 'pageerror', listener: (message: { text?(): string; message?: string }) => void): void;
}
interface Playwright {
  chromium: {
    launchPersistentContext(userDataDir: string, options: { executablePath: string; headless: boolean; args: string[] }): Promise<Browser>;
  };
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Vite {
  build(config: object): Promise<unknown>;
}

/** In a page, bundled by esbuild, and in a worker of its own, bundled by Vite. */
export function chromium(place: 'page' | 'worker'): Runtime {
  return {
    name: `Chromium ${place}`,
    can: { holdConnections: false, keepConnections: false, tcp: false, udp: false, files: false },
    version: browserVersion,
    async run(task, project, files) {
      const out = await (place === 'page' ? bundleWithEsbuild : bundleWithVite)(project);
      for (const name of await readdir(out, { recursive: true })) {
        const type = TYPES[extname(name)];
        if (type !== undefined) files.set(`/${place}/${name}`, { type, body: await readFile(join(out, name)) });
      }
      files.set(`/${place}/`, { type: 'text/html', body: '<!doctype html><meta charset="utf-8"><title>portable-sspi</title>' });
      return drive(place, task);
    },
  };
}

/** Rejects where no Chromium is installed. */
export async function browserVersion(): Promise<string> {
  return /\d+(?:\.\d+)+/.exec(execFileSync(program(), ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))![0];
}

function drive(place: 'page' | 'worker', task: Task) {
  return inBrowser(`${task.url}/${place}/`, async (page, output) => {
    const there = { ...task, url: task.url.replace('127.0.0.1', 'localhost') }; // another origin: at its own a page gets the browser's dialog
    const lines = await page.evaluate(place === 'page' ? inPage : inWorker, { task: there, script: `/${place}/${place === 'page' ? 'browser' : 'page'}.js` });
    const ended = readResults(lines);
    return { ...ended, output: [ended.output, ...output].join('\n') };
  });
}

/** Opens a page; `output` grows by what it says in the console, and by its errors. */
export async function inBrowser<T>(url: string, use: (page: Page, output: readonly string[]) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), 'portable-sspi-chromium-'));
  const { chromium: browserType } = await importInstalled<Playwright>('playwright-core');
  const browser = await browserType.launchPersistentContext(profile, { executablePath: program(), headless: true, args: SWITCHES });
  try {
    const page = await browser.newPage();
    const output: string[] = [];
    page.on('console', (message) => output.push(message.text?.() ?? ''));
    page.on('pageerror', (error) => output.push(error.message ?? String(error)));
    await page.goto(url);
    return await use(page, output);
  } finally {
    await browser.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface Started {
  task: Task;
  script: string;
}

/** Runs in the page. */
async function inPage({ task, script }: Started): Promise<string[]> {
  await import(script);
  return (globalThis as unknown as { collect(task: Task): Promise<string[]> }).collect(task);
}

/** Runs in the page. */
async function inWorker({ task, script }: Started): Promise<string[]> {
  await import(script);
  return new Promise((resolve, reject) => {
    const worker = (globalThis as unknown as { startWorker(): Worker }).startWorker();
    worker.onmessage = ({ data }) => resolve(data as string[]);
    worker.onerror = ({ message }) => reject(new Error(`the worker failed: ${message}`));
    worker.postMessage(task);
  });
}

async function bundleWithEsbuild({ folder }: Project): Promise<string> {
  const source = join(folder, 'esbuild');
  await mkdir(source);
  await bundleProgram('browser.ts', join(source, 'browser.js'));
  await build({
    absWorkingDir: source, entryPoints: ['browser.js'], outdir: join(source, 'out'), bundle: true, splitting: true, minify: true, format: 'esm',
    platform: 'browser', target: 'es2022', logLevel: 'error',
  });
  return join(source, 'out');
}

async function bundleWithVite({ folder }: Project): Promise<string> {
  const source = join(folder, 'vite');
  await mkdir(source);
  await bundleProgram('browser.ts', join(source, 'browser.js'));
  await writeFile(join(source, 'page.js'), "globalThis.startWorker = () => new Worker(new URL('./browser.js', import.meta.url), { type: 'module' });");
  const vite = await importInstalled<Vite>('vite');
  await vite.build({
    root: source, base: '/worker/', configFile: false, logLevel: 'error',
    worker: { format: 'es' }, // its default holds no code that is loaded later
    build: { outDir: 'out', target: 'es2022', rollupOptions: { input: join(source, 'page.js'), output: { entryFileNames: '[name].js' } } },
  });
  return join(source, 'out');
}

function program(): string {
  return process.env['CHROMIUM'] ?? '/usr/bin/chromium';
}

/** It runs as root here, and asks the world for nothing. */
const SWITCHES = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
