import { createFetch } from '../http/index.ts';
import {
  ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, SECPKG_ATTR_KEY_INFO, SspiError, createAcceptor, createInitiator, queryContextAttributes, type SecurityContext,
} from '../index.ts';
import { attributeNames } from './attribute-names.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import { getOnce, type Leg } from './demo-client.ts';
import { ACCOUNTS, BACKEND, NAMES, PASSWORD, USER, startDemoServer, type DemoServer } from './demo-server.ts';
import { headerText } from './legs.ts';
import { paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const demo: Command = {
  synopsis: '[options]',
  description: `Starts an HTTP server on 127.0.0.1 that demands Negotiate, signs on to it, and shows every leg explained,
what was negotiated, a sealed message, and what a wrong password looks like. Needs no network.
The exit status is 1 where anything did not go as it should.`,
  options: { full: { type: 'boolean', short: 'f', help: 'every field of every token, every byte' } },
  run,
};

async function run({ values, positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  if (positionals.length > 0) throw new UsageError(`no argument, not '${positionals[0]}'`);
  const started = performance.now();
  const server = await startDemoServer();
  try {
    const story = new Story(terminal, values['full'] === true);
    story.say(`A Negotiate handshake over HTTP. Both ends run here, in JavaScript and WebAssembly.

  server  ${server.url}, knows the account ${USER}
  client  ${USER}, wants the service ${server.target}`);
    await signOn(server, story);
    await protectMessages(server, story);
    await withFetch(server, story);
    await withWrongPassword(server, story);
    story.say(`\n${paint(terminal, 'good', 'All as it should be')}, in ${Math.round(performance.now() - started)} ms. \`portable-sspi inspect\` explains any token like these.`);
    return 0;
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    terminal.err(`\n${paint(terminal, 'error', 'Not as it should be:')} ${error.message}\n`);
    return 1;
  } finally {
    await server.close();
  }
}

/** Three requests on one connection, each leg by hand. */
async function signOn(server: DemoServer, story: Story): Promise<void> {
  const client = await createInitiator({ target: server.target, credential: { user: USER, password: PASSWORD }, backend: BACKEND });
  const connection = server.connect();
  try {
    story.title('The client asks, as anyone would. The server wants to know who it is.');
    let leg = story.leg(await getOnce(server.url, connection, null));
    expect(leg.status === 401 && leg.challenges.includes('Negotiate'), `401 with the challenge Negotiate was expected, ${leg.status} came`);

    story.title('The client offers mechanisms and what it can do. The server chooses, and challenges it.');
    leg = story.leg(await getOnce(server.url, connection, await client.step()));
    expect(leg.status === 401 && leg.token !== null, `401 with a token was expected, ${leg.status} came`);

    story.title('The client answers the challenge, which proves the password without sending it.');
    leg = story.leg(await getOnce(server.url, connection, await client.step(leg.token)));
    expect(leg.status === 200 && leg.token !== null, `200 with a token was expected, ${leg.status} came`);

    story.title("The client checks the server's last token. Only now is it done, and this was negotiated:");
    const nothing = await client.step(leg.token);
    expect(client.complete && nothing === null, 'the handshake did not end with the token on the 200');
    const required = ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY;
    expect((client.attributes & required) === required, 'integrity and confidentiality were not negotiated');
    showContext(client, leg.body, story);
  } finally {
    connection.destroy();
    client[Symbol.dispose]();
  }
}

function showContext(client: SecurityContext, greeting: string, story: Story): void {
  const key = queryContextAttributes(client.handle, SECPKG_ATTR_KEY_INFO);
  story.rows([
    ['package', `${client.package}, chosen by Negotiate, on the ${client.backend} backend`],
    ['attributes', attributeNames(client.attributes).join(' ')],
    ['key', `${key.keySize} bits; sealing ${key.encryptAlgorithmName}, signing ${key.signatureAlgorithmName}`],
    ['the server', client.peer === null ? 'has not proven who it is: NTLM cannot, Kerberos can' : `is proven to be ${client.peer}`],
    ['it says', greeting],
  ]);
}

/** The same tokens carried by hand, as LDAP, SMB or RPC carry them; then a sealed message. */
async function protectMessages(server: DemoServer, story: Story): Promise<void> {
  story.title('A context protects messages, whatever carries them. The client seals, the server unseals:');
  const client = await createInitiator({ target: server.target, credential: { user: USER, password: PASSWORD }, backend: BACKEND });
  const acceptor = await createAcceptor({ credential: { accounts: ACCOUNTS }, ntlm: NAMES, backend: BACKEND });
  try {
    await handshake(client, acceptor);
    const text = 'Meet me at noon.';
    const sealed = client.wrap(new TextEncoder().encode(text));
    const { message, encrypted } = acceptor.unwrap(sealed);
    const unsealed = new TextDecoder().decode(message);
    const bytes = Buffer.from(sealed);
    story.rows([
      ['client seals', text],
      ['on the wire', `${bytes.toString('hex', 0, 16)} ${bytes.toString('hex', 16)}`],
      ['', 'signature, 16 bytes'.padEnd(33) + `the message, ${bytes.length - 16} bytes`],
      ['server reads', `${unsealed}  from ${acceptor.peer}`],
    ]);
    expect(unsealed === text && encrypted && !bytes.includes(text), 'the message did not arrive as it was sealed');
  } finally {
    client[Symbol.dispose]();
    acceptor[Symbol.dispose]();
  }
}

async function withFetch(server: DemoServer, story: Story): Promise<void> {
  story.title('All of that in three lines:');
  const user = USER;
  const password = PASSWORD;
  story.say(paint(story.terminal, 'name', `
   import { createFetch } from 'portable-sspi/http';
   const fetch = createFetch({ credential: { user, password } });
   const response = await fetch('${server.url}');
`));
  const fetch = createFetch({ credential: { user, password }, backend: BACKEND });
  try {
    const response = await fetch(server.url);
    const body = (await response.text()).trim();
    story.rows([['response', `${response.status}, ${body}`]]);
    expect(response.status === 200 && body.includes('alice'), `200 was expected, ${response.status} came`);
  } finally {
    await fetch.close();
  }
}

async function withWrongPassword(server: DemoServer, story: Story): Promise<void> {
  story.title('A wrong password:');
  const wrong = { user: USER, password: `${PASSWORD}!` };
  const fetch = createFetch({ credential: wrong, backend: BACKEND });
  const client = await createInitiator({ target: server.target, credential: wrong, backend: BACKEND });
  const acceptor = await createAcceptor({ credential: { accounts: ACCOUNTS }, ntlm: NAMES, backend: BACKEND });
  try {
    const response = await fetch(server.url);
    const error = await handshake(client, acceptor).then(() => null, (reason: unknown) => reason);
    expect(response.status === 401, `401 was expected, ${response.status} came`);
    if (!(error instanceof SspiError)) throw error ?? new Unexpected('the acceptor took a wrong password');
    expect(error.code === 'SEC_E_LOGON_DENIED' && error.remedy !== undefined, `SEC_E_LOGON_DENIED with a remedy was expected, ${error.message} came`);
    story.rows([
      ['the client gets', `${response.status} ${response.statusText}: the server refused the credentials`],
      ['the server gets', `SspiError, status 0x${error.status.toString(16)}`],
      ['', error.message],
      ['what to do', error.remedy ?? ''],
    ]);
  } finally {
    client[Symbol.dispose]();
    acceptor[Symbol.dispose]();
    await fetch.close();
  }
}

async function handshake(client: SecurityContext, acceptor: SecurityContext): Promise<void> {
  let token = await client.step();
  while (!client.complete || !acceptor.complete) {
    const answer = await acceptor.step(token);
    if (client.complete) return;
    token = await client.step(answer);
  }
}

/** What the demo tells, in numbered parts. */
class Story {
  readonly terminal: Terminal;
  readonly #full: boolean;
  #part = 0;

  constructor(terminal: Terminal, full: boolean) {
    this.terminal = terminal;
    this.#full = full;
  }

  say(text: string): void {
    this.terminal.out(text);
  }

  title(text: string): void {
    this.say(`\n${paint(this.terminal, 'title', `${++this.#part}  ${text}`)}`);
  }

  leg(leg: Leg): Leg {
    const narrow = { ...this.terminal, width: this.terminal.width - 3 };
    const lines = [paint(this.terminal, 'good', `> GET ${leg.path}`)];
    if (leg.authorization !== null) lines.push(...headerText(narrow, '>', 'Authorization', leg.authorization, this.#full));
    lines.push('', paint(this.terminal, 'good', `< ${leg.status} ${leg.statusText}`));
    for (const challenge of leg.challenges) lines.push(...headerText(narrow, '<', 'WWW-Authenticate', challenge, this.#full));
    this.say(lines.map((line) => (line === '' ? '' : `   ${line}`)).join('\n'));
    return leg;
  }

  rows(rows: readonly (readonly [name: string, value: string])[]): void {
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, value] of rows) {
      const [first, ...more] = wrapWords(value, this.terminal.width - width - 5);
      this.say(`   ${paint(this.terminal, 'name', name.padEnd(width))}  ${first}`.trimEnd());
      for (const line of more) this.say(`${' '.repeat(width + 5)}${line}`);
    }
  }
}

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?! )/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The demo promised something else. */
class Unexpected extends Error {}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Unexpected(otherwise);
}
