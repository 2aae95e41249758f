import { flagLetters, type CachedTicket } from '../kerberos/cached-ticket.ts';
import { CredentialCache, Keytab } from '../kerberos/index.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import { paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const klist: Command = {
  synopsis: '[options] [CCACHE]',
  description: `Lists the tickets of a credential cache: a path, or a name as in KRB5CCNAME, the default.
With --keytab: the keys of a keytab. No key is shown. Times are this host's; with --json they are UTC.
The exit status is 1 where there is no cache, and with --silent where its tickets have expired as well.`,
  options: {
    keytab: { type: 'string', short: 'k', placeholder: 'FILE', help: 'the keys of a keytab' },
    json: { type: 'boolean', help: 'one JSON document' },
    silent: { type: 'boolean', short: 's', help: 'write nothing: the exit status tells whether there are tickets' },
  },
  run,
};

async function run({ values, positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const path = values['keytab'] as string | undefined;
  const json = values['json'] === true;
  if (positionals.length > 1) throw new UsageError(`one credential cache, not ${positionals.length}`);
  if (path !== undefined) {
    if (positionals.length > 0 || values['silent'] === true) throw new UsageError('--keytab goes with neither a credential cache nor --silent');
    listKeytab(path, await Keytab.load(path), json, terminal);
    return 0;
  }
  const name = positionals[0] ?? (await CredentialCache.defaultName());
  using cache = await CredentialCache.load(name);
  if (values['silent'] === true) return cache.isExpired() ? 1 : 0;
  listCache(name, cache, json, terminal);
  return 0;
}

function listCache(name: string, cache: CredentialCache, json: boolean, terminal: Terminal): void {
  const { principal, expiry, entries } = cache;
  if (json) return terminal.out(JSON.stringify({ cache: name, principal, expiry, tickets: entries.map((entry) => ({ ...entry })) }, null, 2));
  terminal.out(`Credential cache  ${name}\nPrincipal         ${paint(terminal, 'name', principal)}\n`);
  if (entries.length === 0) return terminal.out('\nno tickets');
  terminal.out(`\n${paint(terminal, 'title', 'Valid from           Expires              Service')}\n`);
  for (const entry of entries) terminal.out(ticketLines(entry, terminal));
}

function ticketLines(ticket: CachedTicket, terminal: Terminal): string {
  const expired = ticket.endTime <= new Date() ? paint(terminal, 'error', ' (expired)') : '';
  const renewable = ticket.renewTill === null ? '' : `renewable until ${local(ticket.renewTill)}, `;
  return `${local(ticket.startTime)}  ${local(ticket.endTime)}  ${ticket.server}${expired}\n`
    + `${paint(terminal, 'dim', `  ${renewable}flags ${flagLetters(ticket.flags)}, ${ticket.etype}`)}\n`;
}

function listKeytab(path: string, keytab: Keytab, json: boolean, terminal: Terminal): void {
  const { entries } = keytab;
  if (json) return terminal.out(JSON.stringify({ keytab: path, keys: entries.map((entry) => ({ ...entry })) }, null, 2));
  terminal.out(`Keytab  ${path}\n\n${paint(terminal, 'title', 'KVNO  Written              Principal')}\n`);
  for (const { kvno, timestamp, principal, etype } of entries) {
    terminal.out(`${String(kvno).padStart(4)}  ${timestamp === null ? ' '.repeat(19) : local(timestamp)}  ${principal} ${paint(terminal, 'dim', `(${etype})`)}\n`);
  }
}

/** YYYY-MM-DD hh:mm:ss, in this host's zone. */
function local(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
