// Runtimes that are a program with a file to run: Node, Deno and Bun.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleProgram } from '../lab/bundle.ts';
import { packageFolder, platformProgram } from '../lab/paths.ts';
import { runProgram } from '../lab/programs.ts';
import type { Project } from '../lab/project.ts';
import { NODE_LIKE, type Runtime } from './kind.ts';

export function node(major: number): Runtime {
  return processRuntime(`Node ${major}`, () => join(packageFolder(`node${major}`), 'bin/node'), () => ['--no-warnings']);
}

/** The Node that runs the tests. */
export function hostNode(): Runtime {
  return processRuntime(`Node ${process.versions.node.split('.')[0]}`, () => process.execPath, () => ['--no-warnings']);
}

export function deno(): Runtime {
  const run = ['run', '--no-prompt', '--no-lock', '--cached-only', '--node-modules-dir=manual'];
  const permissions = ({ folder }: Project) => [
    ...run, '--allow-net=127.0.0.1,0.0.0.0:0', '--allow-env', '--allow-sys', `--allow-read=${folder}`, `--allow-write=${folder}`,
  ];
  const runtime = processRuntime('Deno', denoProgram, permissions);
  return {
    ...runtime,
    async run(task, project, files) {
      const permitted = await runtime.run(task, project, files);
      const file = join(project.folder, 'denied.js');
      await bundleProgram('denied.ts', file);
      const taskFile = join(task.folder, 'task.json');
      const denied = await runProgram(denoProgram(), [...run, COLORS, `--allow-read=${taskFile}`, file, taskFile], { cwd: project.folder, env: environment(project) });
      return {
        results: [...permitted.results, ...denied.results], output: `${permitted.output}\n${denied.output}`, whole: permitted.whole && denied.whole,
      };
    },
  };
}

export function bun(): Runtime {
  return processRuntime('Bun', bunProgram, () => []);
}

export function denoProgram(): string {
  return platformProgram('deno', ['@deno/linux-x64-glibc/deno', '@deno/linux-arm64-glibc/deno']);
}

export function bunProgram(): string {
  return platformProgram('bun', ['@oven/bun-linux-x64/bin/bun', '@oven/bun-linux-aarch64/bin/bun']);
}

function processRuntime(name: string, program: () => string, args: (project: Project) => string[]): Runtime {
  return {
    name,
    can: NODE_LIKE,
    async version() {
      return /\d+(?:\.\d+)+/.exec(execFileSync(program(), ['--version'], { encoding: 'utf8' }))![0];
    },
    async run(task, project) {
      const file = join(project.folder, 'program.js');
      await bundleProgram('process.ts', file);
      const taskFile = join(task.folder, 'task.json');
      await writeFile(taskFile, JSON.stringify(task));
      return runProgram(program(), [...args(project), file, taskFile], { cwd: project.folder, env: environment(project) });
    },
  };
}

/** uvu's assertions read these. */
const COLORS = '--allow-env=FORCE_COLOR,NODE_DISABLE_COLORS,NO_COLOR,TERM';

/** No runtime asks the world for its news, and the host's own realm is no business of the tests. */
export function environment({ folder }: Project): NodeJS.ProcessEnv {
  return {
    DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(folder, '.deno'), NO_COLOR: '1', KRB5_CONFIG: join(folder, 'files/krb5.conf'), KRB5CCNAME: 'MEMORY:none',
    KRB5_KTNAME: join(folder, 'files/none'), KRB5_CLIENT_KTNAME: '', NTLM_USER_FILE: '',
  };
}
