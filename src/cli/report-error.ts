import { SspiError } from '../../backends/contract/errors.ts';
import type { ExitCode } from './command.ts';
import { paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Writes what went wrong, and what to do about it, to standard error; returns the exit status. */
export function reportError(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof UsageError) {
    terminal.err(`portable-sspi: ${error.message}\nTry 'portable-sspi ${error.command === undefined ? '' : `${error.command} `}--help'.\n`);
    return 2;
  }
  terminal.err(`${paint(terminal, 'error', 'portable-sspi:')} ${describe(error)}\n`);
  if (error instanceof SspiError) {
    if (error.kerberos !== undefined) terminal.err(`  ${error.kerberos.name}${error.kerberos.text === undefined ? '' : `: ${error.kerberos.text}`}\n`);
    if (error.remedy !== undefined) terminal.err(`  What to do: ${error.remedy}\n`);
  }
  return 1;
}

/** An error's sentence with those of its causes: fetch says only that it failed, its cause says why. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  const sentence = error.message || (code ?? error.name);
  return error.cause === undefined || error.cause === null ? sentence : `${sentence}: ${describe(error.cause)}`;
}
