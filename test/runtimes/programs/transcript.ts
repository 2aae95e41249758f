import type { KdcTransport, SecurityContext } from '../../../src/index.ts';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { hex, utf8 } from '../../contract/support.ts';
import { bytes } from './bytes.ts';
import type { Task, Transcript } from './task.ts';

type Parties = Pick<Task, 'realm' | 'service' | 'user'>;

/** Writes down each exchange with the KDC. */
export async function record(parties: Parties, now: number, kdc: KdcTransport): Promise<Transcript> {
  const exchanges: Transcript['exchanges'] = [];
  const lines = await handshakes(parties, now, {
    async send(realm, message, options) {
      const reply = await kdc.send(realm, message, options);
      exchanges.push({ request: hex(message), reply: hex(reply) });
      return reply;
    },
  });
  return { now, lines, exchanges };
}

/** The same handshakes against the KDC's recorded words, so that all bytes depend on this runtime alone. */
export function repeat(parties: Parties, { now, exchanges }: Transcript): Promise<string[]> {
  const left = [...exchanges];
  return handshakes(parties, now, {
    async send(_realm, message) {
      const { request, reply } = left.shift() ?? { request: 'none', reply: '' };
      if (request !== hex(message)) throw new Error(`the KDC was asked ${hex(message)}, and in the transcript ${request}`);
      return bytes(reply);
    },
  });
}

async function handshakes({ realm, service, user }: Parties, now: number, transport: KdcTransport): Promise<string[]> {
  const lines: string[] = [];
  const host = { now: () => new Date(now), random: pseudoRandom() };
  const kerberos = { defaultRealm: realm, realms: { [realm]: {} }, domainRealm: {}, krb5Conf: '', transport };
  for (const [name, packageList] of [['NTLM', undefined], ['Negotiate', 'NTLM'], ['Negotiate', 'Kerberos'], ['Kerberos', undefined]] as const) {
    const shared = { package: name, packageList, host, backend: 'wasm' as const };
    const client = await createInitiator({
      ...shared, target: service.spn, credential: { user: user.name, domain: realm, password: user.password }, kerberos, ntlm: { workstation: 'CLIENT' },
    });
    const server = await createAcceptor({
      ...shared, credential: { keytab: bytes(service.keytab), accounts: () => ({ password: user.password }) }, kerberos,
      ntlm: { netbiosDomainName: 'TEST', netbiosComputerName: 'WEB', dnsDomainName: 'test.realm', dnsComputerName: 'web.test.realm' },
    });
    const line = (what: string, data: Uint8Array) => lines.push(`${name} ${packageList ?? ''} ${what} ${hex(data)}`);
    let token = await client.step();
    for (let leg = 0; token !== null && leg < 8; leg++) {
      line('client', token);
      const answer: Uint8Array | null = await server.step(token);
      if (answer !== null) line('server', answer);
      token = answer === null ? null : await client.step(answer);
    }
    if (!client.complete || !server.complete) throw new Error(`${name} ${packageList ?? ''} did not complete`);
    line('session key', client.sessionKey);
    speak(client, server, line);
    client.dispose();
    server.dispose();
  }
  return lines;
}

function speak(client: SecurityContext, server: SecurityContext, line: (what: string, data: Uint8Array) => void): void {
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const message = utf8('the same bytes everywhere');
    const wrapped = from.wrap(message);
    line('wrap', wrapped);
    if (hex(to.unwrap(wrapped).message) !== hex(message)) throw new Error('the message did not survive');
    const mic = from.sign(message);
    line('sign', mic);
    to.verify(message, mic);
  }
}

/** The same numbers in every runtime: xorshift32. */
function pseudoRandom(): (length: number) => Uint8Array {
  let state = 0x9e3779b9;
  return (length) => new Uint8Array(length).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
