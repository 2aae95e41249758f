// Wine with a prefix of its own, which lives as long as this process.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, temporaryFolder } from '../../interop/lab/processes.ts';

export interface Wine {
  /** 'wine-8.0 (Debian 8.0~repack-4)' */
  readonly version: string;
  /** A folder that is removed in the end. */
  readonly folder: string;
  /** Runs a Windows program to its end, with `env` beside Wine's own. */
  run(program: string, args: string[], options?: WineRun): Promise<Ended>;
  stop(): void;
}

export interface WineRun {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds. Default two minutes. */
  timeout?: number;
}

export interface Ended {
  /** Null: it was stopped at its time limit. */
  code: number | null;
  /** Standard output and error. */
  output: string;
}

/** Null where Wine can run here, else what is missing. */
export function wineMissing(): string | null {
  return PROGRAMS.every((program) => existsSync(program)) ? null : `${PROGRAMS.join(' and ')} are not there (Debian's package wine64)`;
}

/** Makes the prefix, as Windows 10: Node refuses to start on less. */
export async function startWine(): Promise<Wine> {
  const folder = temporaryFolder('wine');
  for (const name of ['home', 'output']) mkdirSync(join(folder, name));
  const base: NodeJS.ProcessEnv = {
    ...process.env, WINEPREFIX: join(folder, 'prefix'), WINEARCH: 'win64', WINEDEBUG: '-all', HOME: join(folder, 'home'), LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8',
    // no debugger that explains a crash at length, no browser, no .NET, nothing into the desktop's menus
    WINEDLLOVERRIDES: 'winedbg.exe,winemenubuilder.exe,mscoree,mshtml=d',
  };
  delete base['DISPLAY'];
  const stop = () => void spawnSync(WINESERVER, ['-k'], { env: base, timeout: 10_000 });
  process.on('exit', stop);

  let count = 0;
  const wine: Wine = {
    version: spawnSync(WINE, ['--version'], { env: base, encoding: 'utf8' }).stdout.trim(),
    folder,
    stop,
    async run(program, args, { env = {}, cwd = folder, timeout = 120_000 } = {}) {
      const path = join(folder, 'output', `${count++}.txt`);
      const file = openSync(path, 'w'); // Node in Wine takes no pipes for its standard streams
      try {
        const running = start(WINE, [program, ...args], { env: { ...base, ...env }, cwd, stdio: ['ignore', file, file] });
        let late = false;
        const timer = setTimeout(() => { late = true; running.stop(); }, timeout);
        const code = await new Promise<number | null>((resolve) => {
          running.child.on('error', () => resolve(null));
          running.child.on('exit', resolve);
        });
        clearTimeout(timer);
        return { code: late ? null : code, output: readFileSync(path, 'utf8') };
      } finally {
        closeSync(file);
      }
    },
  };
  for (const [program, ...args] of [['wineboot', '-i'], ['winecfg', '-v', 'win10']] as const) {
    const { code, output } = await wine.run(program, args);
    if (code !== 0) throw new Error(`${program} ended with ${code}:\n${output}`);
  }
  return wine;
}

const WINE = '/usr/lib/wine/wine64';
const WINESERVER = '/usr/lib/wine/wineserver64';
const PROGRAMS = [WINE, WINESERVER];
