import { createFetch } from '../http/index.ts';
import {
  ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, ISC_RET_MUTUAL_AUTH, SECPKG_ATTR_KEY_INFO, SspiError, acquireCredentialsHandle, createAcceptor, createInitiator,
  freeCredentialsHandle, queryContextAttributes, type CredHandle, type SecurityContext,
} from '../index.ts';
import { attributeNames } from './attribute-names.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import { getOnce } from './demo-client.ts';
import { watchKdc, type KdcLine } from './demo-kdc.ts';
import { BACKEND, NAMES, PASSWORD, SPN, startDemoServer, type DemoServer } from './demo-server.ts';
import { Story } from './demo-story.ts';
import { paint, type Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const demo: Command = {
  synopsis: '[options]',
  description: `Makes a Kerberos realm in memory and an HTTP server on 127.0.0.1 that demands Negotiate; signs on by
Kerberos, then by NTLM where Kerberos cannot be had; shows every leg explained, what was negotiated,
sealed messages, and what a wrong password looks like. Needs no network and no account.
The exit status is 1 where anything did not go as it should.`,
  options: { full: { type: 'boolean', short: 'f', help: 'every field of every token, every byte' } },
  run,
};

/** What the parts share: the credential keeps its tickets from one to the next, `kdcLines` what the KDC was asked since they were last told. */
interface Scene {
  server: DemoServer;
  story: Story;
  credential: CredHandle;
  kdcLines: KdcLine[];
}

async function run({ values, positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  if (positionals.length > 0) throw new UsageError(`no argument, not '${positionals[0]}'`);
  const started = performance.now();
  const server = await startDemoServer();
  const kdcLines: KdcLine[] = [];
  const kerberos = watchKdc(server.realm.kerberos, (line) => kdcLines.push(line));
  const { credential } = await acquireCredentialsHandle({ authData: server.alice, kerberos, backend: BACKEND });
  try {
    const story = new Story(terminal, values['full'] === true);
    const scene: Scene = { server, story, credential, kdcLines };
    story.say('Windows integrated authentication over HTTP. All of it runs here, in JavaScript\nand WebAssembly: the domain, the server and the client.\n\n');
    story.rows([
      ['realm', `${server.realm.realm}, a domain in memory: its KDC knows alice and the service ${SPN}`],
      ['server', `${server.url}, has the service's keys`],
      ['client', `${server.alice.user}, has a password`],
    ]);
    story.act('Kerberos');
    await byKerberos(scene);
    await sealedByKerberos(scene);
    await withFetch(scene);
    story.act('NTLM, where Kerberos cannot be had');
    await byNtlm(scene);
    story.act('A wrong password');
    await wrongForKerberos(scene);
    await wrongForNtlm(scene);
    story.say(`\n${paint(terminal, 'good', 'All as it should be')}, in ${Math.round(performance.now() - started)} ms. \`portable-sspi inspect\` explains tokens.`);
    return 0;
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    terminal.err(`\n${paint(terminal, 'error', 'Not as it should be:')} ${error.message}\n`);
    return 1;
  } finally {
    freeCredentialsHandle(credential);
    await server.close();
  }
}

/** Two requests on one connection, each leg by hand. */
async function byKerberos({ server, story, credential, kdcLines }: Scene): Promise<void> {
  const client = await createInitiator({ target: SPN, credential });
  const connection = server.connect();
  try {
    story.title('The client asks, as anyone would. The server wants to know who it is.');
    let leg = story.leg(await getOnce(server.url, connection, null));
    expect(leg.status === 401 && leg.challenges.includes('Negotiate'), `401 with the challenge Negotiate was expected, ${leg.status} came`);

    story.title(`The client goes to its KDC: first it logs on, then it gets a ticket for ${SPN}.`);
    const token = await client.step();
    story.kdc(kdcLines);
    expect(kdcLines.splice(0).map(({ name }) => name).join() === LOGON, `the exchanges ${LOGON} were expected`);

    story.title('The ticket goes to the server, which opens it and proves that it could.');
    leg = story.leg(await getOnce(server.url, connection, token));
    expect(leg.status === 200 && leg.token !== null, `200 with a token was expected, ${leg.status} came`);

    story.title('The client checks that proof. Now each knows who the other is, and this was negotiated:');
    const nothing = await client.step(leg.token);
    expect(client.complete && nothing === null, 'the handshake did not end with the token on the 200');
    expect(client.package === 'Kerberos' && client.fallbackFrom === null, `Kerberos was expected, ${client.package} came`);
    expect((client.attributes & ISC_RET_MUTUAL_AUTH) !== 0 && client.peer === SPN, 'the server did not prove itself');
    showContext(client, leg.body, story);
  } finally {
    connection.destroy();
    client.dispose();
  }
}

function showContext(client: SecurityContext, greeting: string, story: Story): void {
  const required = ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY;
  expect((client.attributes & required) === required, 'integrity and confidentiality were not negotiated');
  expect(greeting.includes(`Hello alice of DEMO.TEST, known by ${client.package}`), `the server greets otherwise: ${greeting}`);
  const key = queryContextAttributes(client.handle, SECPKG_ATTR_KEY_INFO);
  story.rows([
    ['package', `${client.package}, chosen by Negotiate, on the ${client.backend} backend`],
    ['attributes', attributeNames(client.attributes).join(' ')],
    ['key', `${key.keySize} bits; sealing ${key.encryptAlgorithmName}, signing ${key.signatureAlgorithmName}`],
    ...(client.expiry === null ? [] : [['expires', `${client.expiry.toISOString().slice(0, 19)}Z, with the ticket`] as const]),
    ['the server', client.peer === null ? 'has not proven who it is: NTLM cannot' : `is proven to be ${client.peer}`],
    ['it says', greeting],
  ]);
}

/** The same tokens carried by hand, as LDAP, SMB or RPC carry them; then a sealed message. */
async function sealedByKerberos({ server, story, credential, kdcLines }: Scene): Promise<void> {
  story.title('A context protects messages, whatever carries them. The client seals, the server unseals:');
  const client = await createInitiator({ target: SPN, credential });
  const acceptor = await createAcceptor({ credential: server.acceptor, ntlm: NAMES, backend: BACKEND });
  try {
    await handshake(client, acceptor);
    expect(kdcLines.splice(0).length === 0, 'the credential has the ticket, and yet the KDC was asked');
    const text = 'Meet me at noon.';
    const sealed = client.wrap(new TextEncoder().encode(text));
    const { message, encrypted } = acceptor.unwrap(sealed);
    const unsealed = new TextDecoder().decode(message);
    const bytes = Buffer.from(sealed);
    story.rows([
      ['client seals', text],
      ['on the wire', `${bytes.toString('hex', 0, HEADER_LENGTH)} ${bytes.toString('hex', HEADER_LENGTH, HEADER_LENGTH + 12)} …`],
      ['', `${'header, 16 bytes'.padEnd(33)}${bytes.length - HEADER_LENGTH} bytes: the message, encrypted and signed`],
      ['server reads', `${unsealed}  from ${acceptor.peer}`],
      ['its PAC says', `user ${acceptor.userSid}`],
      ...acceptor.groups.map((sid, i) => ['', `${i === 0 ? 'in  ' : '    '} ${sid}${WELL_KNOWN[sid.split('-').at(-1)!] ?? ''}`] as const),
    ]);
    expect(unsealed === text && encrypted && !bytes.includes(text), 'the message did not arrive as it was sealed');
    expect(acceptor.userSid !== null && acceptor.groups.length > 2, 'the PAC told no groups');
  } finally {
    client.dispose();
    acceptor.dispose();
  }
}

async function withFetch({ server, story }: Scene): Promise<void> {
  story.title('All of that in three lines, with your own domain in place of this one:');
  const { user, password } = server.alice;
  story.say(paint(story.terminal, 'name', `
   import { createFetch } from 'portable-sspi/http';
   const fetch = createFetch({ credential: { user, password } });
   const response = await fetch('${server.url}');
`));
  const fetch = createFetch({ credential: { user, password }, kerberos: server.realm.kerberos, backend: BACKEND });
  try {
    const response = await fetch(server.url);
    const body = (await response.text()).trim();
    story.rows([['response', `${response.status}, ${body}`]]);
    expect(response.status === 200 && body.includes('alice') && body.includes('Kerberos'), `200 was expected, ${response.status} came: ${body}`);
  } finally {
    await fetch.close();
  }
}

/** Three requests on one connection, for a name that the KDC does not know. */
async function byNtlm({ server, story, credential, kdcLines }: Scene): Promise<void> {
  const client = await createInitiator({ target: ALIAS, credential });
  const connection = server.connect();
  try {
    story.title(`The same server by an alias, ${ALIAS}, which nobody registered. The KDC has no ticket for it.`);
    const offer = await client.step();
    story.kdc(kdcLines);
    expect(kdcLines.splice(0).at(-1)?.name === 'KRB-ERROR', 'the KDC was expected to refuse');

    story.title('So NTLM is offered alone. The server chooses it, and challenges the client.');
    let leg = story.leg(await getOnce(server.url, connection, offer));
    expect(leg.status === 401 && leg.token !== null, `401 with a token was expected, ${leg.status} came`);

    story.title('The client answers the challenge, which proves the password without sending it.');
    leg = story.leg(await getOnce(server.url, connection, await client.step(leg.token)));
    expect(leg.status === 200 && leg.token !== null, `200 with a token was expected, ${leg.status} came`);

    story.title("The client checks the server's last token. Only now is it done, and the context says what it is and why:");
    const nothing = await client.step(leg.token);
    expect(client.complete && nothing === null, 'the handshake did not end with the token on the 200');
    const reason = client.fallbackFrom;
    expect(client.package === 'NTLM' && reason?.code === 'SEC_E_TARGET_UNKNOWN', `NTLM because of SEC_E_TARGET_UNKNOWN was expected, ${reason?.message} came`);
    showContext(client, leg.body, story);
    story.rows([
      ['why NTLM', reason!.message],
      ['what to do', reason!.remedy ?? ''],
      ['never NTLM', "packageList: '!NTLM' makes this an error instead"],
    ]);
  } finally {
    connection.destroy();
    client.dispose();
  }
}

/** The KDC refuses, so the client knows at once; and it tries nothing weaker. */
async function wrongForKerberos({ server, story }: Scene): Promise<void> {
  story.title('By Kerberos the KDC refuses, before the server hears anything. NTLM is not tried: it would hide the reason.');
  const client = await createInitiator({ target: SPN, credential: { ...server.alice, password: WRONG }, kerberos: server.realm.kerberos, backend: BACKEND });
  try {
    const error = await refusal(client.step());
    expect(error.kerberos?.name === 'KDC_ERR_PREAUTH_FAILED', `KDC_ERR_PREAUTH_FAILED was expected, ${error.message} came`);
    story.rows([['the client gets', `SspiError, status 0x${error.status.toString(16)}`], ...errorRows(error)]);
  } finally {
    client.dispose();
  }
}

async function wrongForNtlm({ server, story }: Scene): Promise<void> {
  story.title('By NTLM only the server can tell. The client learns no more than that it was refused.');
  const wrong = { ...server.alice, password: WRONG };
  const ntlmOnly = { packageList: 'NTLM', backend: BACKEND } as const;
  const fetch = createFetch({ credential: wrong, ...ntlmOnly });
  const client = await createInitiator({ target: SPN, credential: wrong, ...ntlmOnly });
  const acceptor = await createAcceptor({ credential: server.acceptor, ntlm: NAMES, backend: BACKEND });
  try {
    const response = await fetch(server.url);
    const error = await refusal(handshake(client, acceptor));
    expect(response.status === 401, `401 was expected, ${response.status} came`);
    story.rows([
      ['the client gets', `${response.status} ${response.statusText}`],
      ['the server gets', `SspiError, status 0x${error.status.toString(16)}`],
      ...errorRows(error),
    ]);
  } finally {
    client.dispose();
    acceptor.dispose();
    await fetch.close();
  }
}

async function refusal(attempt: Promise<unknown>): Promise<SspiError> {
  const error = await attempt.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof SspiError)) throw error ?? new Unexpected('a wrong password was taken');
  expect(error.code === 'SEC_E_LOGON_DENIED' && error.remedy !== undefined, `SEC_E_LOGON_DENIED with a remedy was expected, ${error.message} came`);
  return error;
}

function errorRows(error: SspiError): [string, string][] {
  return [['', error.message], ['what to do', error.remedy ?? '']];
}

async function handshake(client: SecurityContext, acceptor: SecurityContext): Promise<void> {
  let token = await client.step();
  while (!client.complete || !acceptor.complete) {
    const answer = await acceptor.step(token);
    if (client.complete) return;
    token = await client.step(answer);
  }
}

/** The demo promised something else. */
class Unexpected extends Error {}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Unexpected(otherwise);
}

const ALIAS = 'HTTP/intranet.demo.test';
const WRONG = `${PASSWORD}!`;
const LOGON = 'AS-REQ,KRB-ERROR,AS-REQ,AS-REP,TGS-REQ,TGS-REP';
/** A Wrap token's header (RFC 4121 §4.2.6.2). */
const HEADER_LENGTH = 16;
/** By their last number (MS-DTYP 2.4.2.4). */
const WELL_KNOWN: Readonly<Record<string, string>> = { 513: '  Domain Users', 1: '  asserted by the authority: it saw the password' };
