import { CredentialCache } from '../kerberos/index.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const kdestroy: Command = {
  synopsis: '[options] [CCACHE]',
  description: `Wipes and removes a credential cache: a path, or a name as in KRB5CCNAME, the default.
The exit status is 1 where there is none.`,
  options: {},
  run,
};

async function run({ positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  if (positionals.length > 1) throw new UsageError(`one credential cache, not ${positionals.length}`);
  const name = positionals[0] ?? (await CredentialCache.defaultName());
  if (await CredentialCache.destroy(name)) return 0;
  terminal.err(`portable-sspi: there is no credential cache ${name}\n`);
  return 1;
}
