import { userInfo } from 'node:os';
import { SspiError } from '../../backends/contract/errors.ts';
import { toDuration } from '../../backends/wasm/kerberos/store/krb5-conf.ts';
import { CredentialCache, Keytab, kinit as logOn, renewTickets } from '../kerberos/index.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import { readPassword } from './credential.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const kinit: Command = {
  synopsis: '[options] [PRINCIPAL]',
  description: `Gets a ticket-granting ticket and keeps it in a credential cache, where MIT's programs find it too.
PRINCIPAL is 'alice@AD.TEST', or 'alice' in the default realm.
Without it: the keytab's first, that of the cache, or this user.
The password comes from --password-file, from PORTABLE_SSPI_PASSWORD, or is asked for.
Realms and KDCs are those of krb5.conf (KRB5_CONFIG), or of DNS.`,
  options: {
    keytab: { type: 'string', short: 't', placeholder: 'FILE', help: 'a keytab, in place of a password' },
    'password-file': { type: 'string', placeholder: 'FILE', help: "its first line is the password; '-' is standard input" },
    ccache: { type: 'string', short: 'c', placeholder: 'NAME', help: 'a path, or FILE:, DIR:, KCM: as in KRB5CCNAME, the default' },
    lifetime: { type: 'string', short: 'l', placeholder: 'TIME', help: "how long the ticket lasts: '10h', '1d 2h', '8:30'" },
    renewable: { type: 'string', short: 'r', placeholder: 'TIME', help: "within which time it can be renewed: '7d'" },
    'not-forwardable': { type: 'boolean', help: 'a ticket that no service can be handed' },
    renew: { type: 'boolean', short: 'R', help: 'renew the ticket of the cache' },
    service: { type: 'string', short: 'S', placeholder: 'NAME', help: "a ticket for this service alone: 'kadmin/changepw'" },
  },
  run,
};

async function run({ values, positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const text = (name: string) => values[name] as string | undefined;
  if (positionals.length > 1) throw new UsageError(`one principal, not ${positionals.length}`);
  if (text('keytab') !== undefined && text('password-file') !== undefined) throw new UsageError('--keytab and --password-file exclude each other');
  const lifetime = duration('lifetime', text('lifetime'));
  const renewLifetime = duration('renewable', text('renewable'));
  const ccache = text('ccache') ?? (await CredentialCache.defaultName());
  if (values['renew'] === true) {
    if (positionals.length > 0) throw new UsageError('--renew takes its principal from the cache');
    using old = await CredentialCache.load(ccache);
    using renewed = await renewTickets(old, { ccache });
    terminal.err(told(renewed, ccache));
    return 0;
  }
  const keytab = text('keytab');
  const principal = positionals[0] ?? (keytab === undefined ? await currentUser(ccache) : await firstOf(keytab));
  const secret = keytab === undefined ? { password: await readPassword(principal, text('password-file'), terminal) } : { keytab };
  using cache = await logOn({
    principal, ...secret, ccache, forwardable: values['not-forwardable'] !== true,
    ...(lifetime !== undefined && { lifetime }), ...(renewLifetime !== undefined && { renewLifetime }), ...(text('service') !== undefined && { service: text('service')! }),
  });
  terminal.err(told(cache, ccache));
  return 0;
}

function told(cache: CredentialCache, name: string): string {
  return `${cache.principal}: a ticket until ${cache.expiry!.toISOString()}, in ${name}\n`;
}

/** As MIT's kinit: whose tickets the cache holds already, else the user of this process. */
async function currentUser(ccache: string): Promise<string> {
  try {
    using cache = await CredentialCache.load(ccache);
    return cache.principal;
  } catch (error) {
    if (error instanceof SspiError) return userInfo().username;
    throw error;
  }
}

async function firstOf(path: string): Promise<string> {
  using keytab = await Keytab.load(path);
  const [first] = keytab.entries;
  if (first === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `the keytab '${path}' is empty`);
  return first.principal;
}

function duration(option: string, text: string | undefined): number | undefined {
  let seconds: number | undefined;
  try {
    seconds = toDuration(option, text);
  } catch {
    seconds = 0;
  }
  if (seconds === 0) throw new UsageError(`--${option}: a time such as '10h' or '1d 2h', not '${text}'`);
  return seconds;
}
