// Samba's ntlm_auth: its NTLMSSP and SPNEGO as a client, and as a server that asks winbindd.
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PeerRefusal } from './context-peer.ts';
import type { Peer } from './peer.ts';
import { start, type Running } from './processes.ts';

export const ntlmAuth: Peer = {
  name: 'Samba ntlm_auth',
  packages: ['winbind'],
  unusable: () => spawnSync('ntlm_auth', ['--version']).error === undefined ? null : 'winbind (ntlm_auth) is not installed',
};

const CLIENTS = { NTLM: 'ntlmssp-client-1', Negotiate: 'gss-spnego-client' } as const;
const SERVERS = { NTLM: 'squid-2.5-ntlmssp', Negotiate: 'gss-spnego' } as const;

/** One context: the helper answers each line with two letters and what belongs to them. */
export class NtlmAuth {
  complete = false;
  /** The server's word for the client, once complete. */
  user: string | null = null;
  readonly #process: Running;
  readonly #lines: AsyncIterator<string>;
  #legs = 0;

  private constructor(readonly role: 'client' | 'server', args: string[]) {
    this.#process = start('ntlm_auth', args);
    this.#lines = createInterface({ input: this.#process.child.stdout! })[Symbol.asyncIterator]();
  }

  static client(packageName: 'NTLM' | 'Negotiate', configuration: string, account: { user: string; domain: string; password: string }): Promise<NtlmAuth> {
    return new NtlmAuth('client', [`--configfile=${configuration}`, `--helper-protocol=${CLIENTS[packageName]}`, `--username=${account.user}`,
      `--domain=${account.domain}`, `--password=${account.password}`]).#begun();
  }

  static server(packageName: 'NTLM' | 'Negotiate', configuration: string): Promise<NtlmAuth> {
    return new NtlmAuth('server', [`--configfile=${configuration}`, `--helper-protocol=${SERVERS[packageName]}`]).#begun();
  }

  /** Null when it has nothing more to send. */
  async step(token: Uint8Array | null): Promise<Uint8Array | null> {
    const first = this.#legs++ === 0;
    const command = this.role === 'client' ? (first ? 'YR' : 'TT') : first ? 'YR' : 'KK';
    const [word, ...rest] = await this.#ask(token === null ? command : `${command} ${Buffer.from(token).toString('base64')}`);
    if (word === 'BH' || word === 'NA') throw new PeerRefusal(rest.join(' '), word, null);
    if (word === 'AF') {
      this.complete = true;
      if (this.role === 'client') return decoded(rest[0]);
      this.user = rest.at(-1) ?? null; // squid: `AF user`; gss-spnego: `AF token user`
      return rest.length > 1 ? decoded(rest[0]) : null;
    }
    return decoded(rest[0]);
  }

  async sessionKey(): Promise<Uint8Array | null> {
    const [word, key] = await this.#ask('GK');
    return word === 'GK' ? decoded(key) : null;
  }

  stop(): void {
    this.#process.stop();
  }

  async #begun(): Promise<NtlmAuth> {
    await this.#ask('SF NTLMSSP_FEATURE_SESSION_KEY NTLMSSP_FEATURE_SIGN NTLMSSP_FEATURE_SEAL');
    return this;
  }

  async #ask(line: string): Promise<string[]> {
    this.#process.child.stdin!.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`ntlm_auth ended:\n${this.#process.output}`);
    return value.trim().split(' ');
  }
}

function decoded(base64: string | undefined): Uint8Array | null {
  return base64 === undefined || base64 === '' || base64 === '*' ? null : Buffer.from(base64, 'base64');
}
