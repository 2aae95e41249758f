import { spawn } from 'node:child_process';
import { root } from '../../build/root.ts';
import { runCommand } from '../../src/cli/command.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command from its sources, as a shell would: standard streams are pipes. */
export function runCli(args: readonly string[], options: { input?: string | Uint8Array; env?: Record<string, string> } = {}): Promise<CliResult> {
  const { NO_COLOR: _, FORCE_COLOR: __, PORTABLE_SSPI_PASSWORD: ___, ...env } = process.env;
  const child = spawn(process.execPath, ['--import', './build/register.js', 'src/cli/index.ts', ...args], {
    cwd: root, env: { ...env, ...options.env }, timeout: 30_000,
  });
  child.stdin.on('error', () => {}); // it may end before it has read all
  child.stdin.end(options.input ?? '');
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }));
  });
}

/** The command within this process, for the many cases that need no process of their own. */
export async function runHere(args: readonly string[], input: string | Uint8Array = ''): Promise<CliResult> {
  const result = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    out: (text) => void (result.stdout += typeof text !== 'string' ? new TextDecoder().decode(text) : text.endsWith('\n') ? text : `${text}\n`),
    err: (text) => void (result.stderr += text),
    color: false, width: 100, interactive: false,
    read: async () => (typeof input === 'string' ? new TextEncoder().encode(input) : input),
    askPassword: () => Promise.reject(new Error('no one is there to ask')),
  };
  return { code: await runCommand(args, terminal), ...result };
}
