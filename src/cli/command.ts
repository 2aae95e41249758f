import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { reportError } from './report-error.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** One subcommand. Its module is loaded when it is asked for, so that `inspect` starts without the engine. */
export interface Command {
  /** What follows the name: '[options] URL'. */
  synopsis: string;
  /** The text of `--help` after the synopsis, without the options. */
  description: string;
  options: Readonly<Record<string, Option>>;
  run(input: CommandInput, terminal: Terminal): Promise<ExitCode>;
}

export interface Option {
  type: 'boolean' | 'string';
  short?: string;
  /** What stands for its value in the help. */
  placeholder?: string;
  help: string;
}

export interface CommandInput {
  values: Readonly<Record<string, string | boolean | undefined>>;
  positionals: readonly string[];
}

/** 0: done. 1: it failed, and the reason is on standard error. 2: the command line is wrong. */
export type ExitCode = 0 | 1 | 2;

/** Runs the command line; writes errors to the terminal and never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const name = args[0];
  try {
    if (name === undefined) {
      terminal.err(overview());
      return 2;
    }
    if (name === '--help' || name === '-h' || name === 'help') return await help(args[1], terminal);
    if (name === '--version' || name === '-V') {
      terminal.out(version());
      return 0;
    }
    const load = commandNamed(name);
    if (load === undefined) throw new UsageError(name.startsWith('-') ? `there is no option ${name}` : `there is no command '${name}'`);
    return await runSubcommand(name, await load(), args.slice(1), terminal);
  } catch (error) {
    return reportError(error, terminal);
  }
}

async function runSubcommand(name: string, command: Command, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const options = { ...command.options, ...COMMON_OPTIONS };
  let input: CommandInput;
  try {
    input = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(refusal(error, args), name);
  }
  if (input.values['help'] === true) {
    terminal.out(commandHelp(name, command));
    return 0;
  }
  if (input.values['color'] === true && input.values['no-color'] === true) throw new UsageError('--color and --no-color exclude each other', name);
  if (input.values['color'] === true) terminal.color = true;
  if (input.values['no-color'] === true) terminal.color = false;
  try {
    return await command.run(input, terminal);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, name) : error;
  }
}

function commandNamed(name: string): (() => Promise<Command>) | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]!.load : undefined;
}

function refusal(error: unknown, args: readonly string[]): string {
  if (args.some((arg) => arg === '--password' || arg.startsWith('--password='))) {
    return 'a password is not taken from the command line, where every user of this machine can read it: '
      + 'give --password-file, or PORTABLE_SSPI_PASSWORD, or type it when asked';
  }
  // node's sentences end in a hint about '--', which rarely helps here
  return error instanceof Error ? error.message.split('. ')[0]!.replace(/^U/, 'u') : String(error);
}

async function help(name: string | undefined, terminal: Terminal): Promise<ExitCode> {
  const load = name === undefined ? undefined : commandNamed(name);
  if (name !== undefined && load === undefined) throw new UsageError(`there is no command '${name}'`);
  terminal.out(load === undefined ? overview() : commandHelp(name!, await load()));
  return 0;
}

function overview(): string {
  return `portable-sspi ${version()}: Windows integrated authentication, without Windows

Usage: portable-sspi <command> [options]

Commands:
${columns(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary]))}

Options:
${columns([['-h, --help', 'this text; after a command, its own'], ['-V, --version', 'the version']])}

Exit status: 0 done, 1 failed, 2 wrong usage.
`;
}

function commandHelp(name: string, command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([long, { short, placeholder, help: text }]): [string, string] =>
    [`${short === undefined ? '    ' : `-${short}, `}--${long}${placeholder === undefined ? '' : ` ${placeholder}`}`, text]);
  return `Usage: portable-sspi ${name} ${command.synopsis}

${command.description}

Options:
${columns(options)}
`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

function version(): string {
  const manifest: { version: string } = createRequire(import.meta.url)('portable-sspi/package.json');
  return manifest.version;
}

const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<Command> }>> = {
  demo: { summary: 'watch Kerberos and NTLM over HTTP, both ends and a realm in one process', load: async () => (await import('./demo.ts')).demo },
  inspect: { summary: 'explain an NTLM, SPNEGO or Kerberos token, field by field', load: async () => (await import('./inspect.ts')).inspect },
  get: { summary: 'fetch a URL that demands Negotiate or NTLM', load: async () => (await import('./get.ts')).get },
  kinit: { summary: 'get a Kerberos ticket, with a password or a keytab', load: async () => (await import('./kinit.ts')).kinit },
  klist: { summary: 'list the tickets of a credential cache, or the keys of a keytab', load: async () => (await import('./klist.ts')).klist },
  kdestroy: { summary: 'wipe and remove a credential cache', load: async () => (await import('./kdestroy.ts')).kdestroy },
};

const COMMON_OPTIONS: Readonly<Record<string, Option>> = {
  color: { type: 'boolean', help: 'color, though the output is no terminal' },
  'no-color': { type: 'boolean', help: 'no color (NO_COLOR in the environment does the same)' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
};
