import { readFile } from 'node:fs/promises';
import type { AuthData } from '../../backends/contract/credentials.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Who is authenticated: --user with a password from a file, the environment or the keyboard; undefined without --user. */
export async function readCredential(user: string | undefined, passwordFile: string | undefined, terminal: Terminal): Promise<AuthData | undefined> {
  if (user === undefined) {
    if (passwordFile !== undefined) throw new UsageError('--password-file needs --user');
    return undefined;
  }
  if (/^[^\\]*:/.test(user)) throw new UsageError('--user takes no password: give --password-file, or PORTABLE_SSPI_PASSWORD, or type it when asked');
  return { user, password: await readPassword(user, passwordFile, terminal) };
}

/** From a file, the environment or the keyboard; never from an argument. */
export async function readPassword(user: string, file: string | undefined, terminal: Terminal): Promise<string> {
  if (file !== undefined) {
    const text = new TextDecoder().decode(file === '-' ? await terminal.read() : await readFile(file));
    return text.split(/\r?\n/, 1)[0]!; // an editor ends the line
  }
  const fromEnvironment = process.env['PORTABLE_SSPI_PASSWORD'];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (!terminal.interactive) throw new UsageError(`no password for ${user}: give --password-file, or PORTABLE_SSPI_PASSWORD`);
  return terminal.askPassword(`Password for ${user}: `);
}
