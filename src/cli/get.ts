import { readFile } from 'node:fs/promises';
import { authenticationOf, createFetch } from '../http/index.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import { readCredential } from './credential.ts';
import { watchLegs } from './legs.ts';
import { paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const get: Command = {
  synopsis: '[options] URL',
  description: `Writes the body to standard output, and with -v every leg of the handshake, explained, to standard error.
Without --user: the tickets of the credential cache (kinit), a client keytab, or NTLM_USER_FILE.
The password comes from --password-file, from PORTABLE_SSPI_PASSWORD, or is asked for.
The exit status is 1 where the server answers 400 or above.`,
  options: {
    user: { type: 'string', short: 'u', placeholder: 'NAME', help: "'alice', 'alice@AD.TEST' or 'ADTEST\\alice'" },
    'password-file': { type: 'string', placeholder: 'FILE', help: "its first line is the password; '-' is standard input" },
    target: { type: 'string', short: 't', placeholder: 'SPN', help: "the service's name, default HTTP/ and the URL's host" },
    proxy: { type: 'string', short: 'x', placeholder: 'URL', help: 'through this proxy' },
    packages: { type: 'string', placeholder: 'LIST', help: "what Negotiate may use: 'Kerberos,!NTLM'" },
    cacert: { type: 'string', placeholder: 'FILE', help: 'certificates to trust, PEM' },
    verbose: { type: 'boolean', short: 'v', help: 'write every leg, explained' },
    full: { type: 'boolean', short: 'f', help: 'with -v: hide nothing, and write every byte' },
  },
  run,
};

async function run({ values, positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const url = readUrl(positionals);
  const text = (name: string) => values[name] as string | undefined;
  const cacert = text('cacert');
  const credential = await readCredential(text('user'), text('password-file'), terminal);
  const fetch = createFetch({
    credential, target: text('target'), proxy: text('proxy'), packageList: text('packages'), ...(cacert === undefined ? {} : { tls: { ca: await readFile(cacert) } }),
  });
  const unwatch = values['verbose'] === true ? watchLegs(terminal, values['full'] === true, (legs) => terminal.err(`${legs}\n`)) : () => {};
  try {
    const response = await fetch(url);
    terminal.out(new Uint8Array(await response.arrayBuffer()));
    return conclude(response, values['verbose'] === true, terminal);
  } finally {
    unwatch();
    await fetch.close();
  }
}

function readUrl(positionals: readonly string[]): URL {
  const [text, ...more] = positionals;
  if (text === undefined) throw new UsageError('no URL');
  if (more.length > 0) throw new UsageError(`one URL, not ${positionals.length}`);
  if (!URL.canParse(text)) throw new UsageError(`'${text}' is no URL`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new UsageError('a URL carries no user or password here: give --user');
  if (!/^https?:$/.test(url.protocol)) throw new UsageError(`http or https, not ${url.protocol.slice(0, -1)}`);
  return url;
}

function conclude(response: Response, verbose: boolean, terminal: Terminal): ExitCode {
  const authentication = authenticationOf(response);
  if (verbose && authentication?.complete === true) {
    const { scheme, package: packageName, mutual, channelBindings } = authentication;
    terminal.err(paint(terminal, 'good', `authenticated by ${scheme} with ${packageName}${mutual ? ', the server proved itself' : ''}${
      channelBindings ? ', bound to the TLS channel' : ''}`) + '\n');
  }
  if (verbose && authentication?.fallbackFrom) {
    const { message, remedy } = authentication.fallbackFrom;
    terminal.err(`  not Kerberos: ${message}\n${remedy === undefined ? '' : `  What to do: ${remedy}\n`}`);
  }
  if (response.ok) return 0;
  terminal.err(`${paint(terminal, 'error', 'portable-sspi:')} the server answered ${response.status} ${response.statusText}\n`);
  if (response.status === 401) terminal.err(`  ${refusal(response, authentication)}\n`);
  return 1;
}

function refusal(response: Response, authentication: ReturnType<typeof authenticationOf>): string {
  if (authentication === null) {
    const offered = response.headers.get('www-authenticate');
    return `It offers ${offered ?? 'no scheme at all'}, of which this command speaks Negotiate and NTLM.`;
  }
  if (authentication.complete) return 'It knows who you are, and does not let you in.';
  return 'What to do: check the user, the domain and the password; a server may also refuse NTLM, or a target that is not its own (--target).';
}
