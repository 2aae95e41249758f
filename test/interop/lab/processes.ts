// Peers as child processes: whatever starts here is stopped by the end of this process, however that end comes.
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder that any account may enter (a server may drop its privileges), removed at the end of the run. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `portable-sspi-${name}-`));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** Starts a peer in a process group of its own. Its output is kept for error messages, unless `stdio` says otherwise. */
export function start(program: string, args: string[], options: SpawnOptions = {}): Running {
  // where setpriv exists, the peer ends even when this process is killed outright
  const guarded = hasSetpriv() ? ['setpriv', '--pdeathsig', 'TERM', program, ...args] : [program, ...args];
  const child = spawn(guarded[0]!, guarded.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], ...options, detached: true });
  const running = new Running(program, child);
  started.add(running);
  return running;
}

export class Running {
  /** The last few thousand characters of what it wrote to its standard output and error. */
  output = '';
  exited = false;

  constructor(readonly program: string, readonly child: ChildProcess) {
    const keep = (chunk: Buffer): void => { this.output = (this.output + chunk.toString()).slice(-8000); };
    child.stderr?.on('data', keep);
    child.stdin?.on('error', () => {}); // it may be gone already
    child.stdout?.on('data', keep);
    child.on('error', (error) => { this.output += `${error.message}\n`; this.exited = true; });
    child.on('exit', () => { this.exited = true; started.delete(this); });
  }

  /** Waits for a TCP port to answer; fails with the peer's own words when it dies or takes more than `seconds`. */
  async listening(port: number, seconds = 90): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!await answers(port)) {
      if (this.exited) throw new Error(`${this.program} ended before port ${port} answered:\n${this.output}`);
      if (Date.now() > end) throw new Error(`${this.program} does not answer on port ${port} after ${seconds} s:\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it and everything it started. Synchronous, so that it works while this process exits, too. */
  stop(): void {
    if (!started.delete(this) || this.child.pid === undefined) return;
    const family = [this.child.pid, ...descendants(this.child.pid)];
    signal(this.child.pid, 'SIGTERM');
    if (!allGone(family, 8000)) {
      for (const pid of family) signal(pid, 'SIGKILL');
      allGone(family, 2000);
    }
  }
}

/** Runs a program to its end. */
export function run(program: string, args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {}):
  Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const running = start(program, args, { env: options.env, cwd: options.cwd });
    const { child } = running;
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => running.stop(), 120_000);
    child.stdout!.on('data', (chunk) => { stdout += chunk; });
    child.stderr!.on('data', (chunk) => { stderr += chunk; });
    child.stdin!.end(options.input ?? '');
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** A TCP port of the loopback interface that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')));
    });
  });
}

/** True when something on the loopback interface accepts a connection to the port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (result: boolean) => () => { socket.destroy(); resolve(result); };
    socket.once('connect', end(true)).once('error', end(false));
  });
}

/** Process ids below `pid`, from /proc; empty where there is no /proc. */
function descendants(pid: number): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const process = /^\d+$/.test(name) ? stat(Number(name)) : null;
    if (process !== null) children.set(process.parent, [...children.get(process.parent) ?? [], Number(name)]);
  }
  const below = (parent: number): number[] => (children.get(parent) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** `pid (command) state ppid …`; the command may hold spaces and parentheses. */
function stat(pid: number): { state: string; parent: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');
    return { state: fields[0]!, parent: Number(fields[1]) };
  } catch {
    return null;
  }
}

function allGone(pids: number[], milliseconds: number): boolean {
  const end = Date.now() + milliseconds;
  for (;;) {
    // a zombie of ours stays until the event loop reaps it: it counts as gone
    if (pids.every((pid) => (stat(pid)?.state ?? 'Z') === 'Z')) return true;
    if (Date.now() > end) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try { process.kill(pid, name); } catch { /* gone already */ }
}

function hasSetpriv(): boolean {
  setpriv ??= spawnSync('setpriv', ['--version']).status === 0;
  return setpriv;
}

function stopEverything(): void {
  for (const running of [...started].reverse()) running.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export const PYTHON = '/usr/bin/python3'; // python3-gssapi is Debian's, for Debian's Python
let setpriv: boolean | undefined;
const started = new Set<Running>();
const folders: string[] = [];
process.on('exit', stopEverything);
for (const [name, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) process.on(name, () => process.exit(code));
