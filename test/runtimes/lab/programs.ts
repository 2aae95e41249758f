import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { tracked } from './children.ts';
import { MARK } from '../programs/mark.ts';
import type { Result } from '../programs/task.ts';

export interface Ended {
  /** What it printed besides results. */
  output: string;
  results: Result[];
  /** The program came to its end. */
  whole: boolean;
}

export interface ProgramOptions {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  seconds?: number;
}

/** Runs a program that prints marked results, and stops it when it takes too long. */
export async function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const child = tracked(spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  const timer = setTimeout(() => child.kill('SIGKILL'), (options.seconds ?? 60) * 1000);
  const lines: string[] = [];
  let complaint = '';
  child.stderr.on('data', (data) => (complaint += data));
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const failure = new Promise<never>((_, reject) => child.once('error', reject));
  try {
    const [code, signal] = await Promise.race([once(child, 'close'), failure]) as [number | null, string | null];
    const ended = readResults(lines);
    return { ...ended, output: `${ended.output}${complaint}${code === 0 ? '' : `\nended with ${code ?? signal}`}`.trim(), whole: ended.whole && code === 0 };
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

export function readResults(lines: readonly string[]): Ended {
  const marked = lines.filter((line) => line.startsWith(MARK)).map((line) => JSON.parse(line.slice(MARK.length)) as Result | 'end');
  return {
    output: lines.filter((line) => !line.startsWith(MARK)).join('\n'),
    results: marked.filter((line) => line !== 'end'),
    whole: marked.at(-1) === 'end',
  };
}
