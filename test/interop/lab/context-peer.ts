// Security contexts of other implementations, in Python processes of their own: MIT's GSSAPI with gss-ntlmssp, and pyspnego.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Peer } from './peer.ts';
import { PYTHON, start, temporaryFolder, type Running } from './processes.ts';

const VENV_PYTHON = local('../.python/bin/python');

export interface Implementation extends Peer {
  /** The interpreter and the script that speaks this file's protocol of lines. */
  driver: [program: string, ...args: string[]];
  /** It protects messages of no bytes, too. */
  emptyMessages: boolean;
}

export const gssapi: Implementation = {
  name: 'GSSAPI with gss-ntlmssp',
  packages: ['python3-gssapi', 'gss-ntlmssp', 'libgssapi-krb5-2'],
  driver: [PYTHON, local('gssapi_peer.py')],
  emptyMessages: false, // gss-ntlmssp calls them an invalid argument
  unusable() {
    const { status, stderr, error } = spawnSync(PYTHON, ['-c', PROBE], { encoding: 'utf8' });
    if (error !== undefined) return `${PYTHON} does not start (${error.message})`;
    return status === 0 ? null : stderr.trim().split('\n').at(-1) ?? 'the probe failed';
  },
};

export const pyspnego: Implementation = {
  name: 'pyspnego',
  packages: [],
  extra: true,
  driver: [VENV_PYTHON, local('pyspnego_peer.py')],
  emptyMessages: true,
  versions() {
    const { stdout } = spawnSync(VENV_PYTHON, ['-c', 'import importlib.metadata as m; print("pyspnego", m.version("pyspnego"))'], { encoding: 'utf8' });
    return [stdout.trim()];
  },
  unusable: () => spawnSync(VENV_PYTHON, ['-c', 'import spnego']).status === 0 ? null : 'pyspnego is not installed in test/interop/.python',
};

export type Flag = 'mutual_authentication' | 'replay_detection' | 'out_of_sequence_detection' | 'confidentiality' | 'integrity'
  | 'delegate_to_peer' | 'dce_style';

export interface PeerOptions {
  mechanism: 'ntlm' | 'spnego';
  /** For SPNEGO: what may be offered or taken, by name or dotted OID. Default: NTLM alone. */
  offer?: string[];
  /** Application data. */
  bindings?: Uint8Array;
}

export interface InitiateOptions extends PeerOptions {
  /** 'LAB\\alice' */
  user: string;
  password: string;
  /** 'HTTP@web.lab.test' */
  target: string;
  flags: Flag[];
}

export interface AcceptOptions extends PeerOptions {
  /** Path of a file of `DOMAIN:user:password` lines. */
  accounts: string;
}

export interface KerberosInitiateOptions {
  mechanism: 'krb5' | 'spnego';
  /** Path of a credential cache. */
  ccache: string;
  /** 'HTTP@web.lab.test' */
  target: string;
  flags: Flag[];
  bindings?: Uint8Array | undefined;
}

export interface KerberosAcceptOptions {
  mechanism: 'krb5' | 'spnego';
  /** Path of a keytab. */
  keytab: string;
  bindings?: Uint8Array | undefined;
}

/** What the peer said, perhaps with a token for us. */
export class PeerRefusal extends Error {
  constructor(message: string, readonly kind: string, readonly token: Uint8Array | null) {
    super(message);
  }
}

export class ContextPeer {
  readonly #process: Running;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #next = 0;

  constructor(readonly implementation: Implementation, environment: NodeJS.ProcessEnv = {}) {
    const [program, ...args] = implementation.driver;
    this.#process = start(program, args, { env: { ...process.env, KRB5_CONFIG: '/dev/null', ...environment } });
    createInterface({ input: this.#process.child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: string; name?: string; token?: string };
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer.result);
      else if (answer.name === undefined) waiting?.reject(new Error(`the driver failed: ${answer.error}`));
      else waiting?.reject(new PeerRefusal(answer.error, answer.name, answer.token === undefined ? null : Buffer.from(answer.token, 'hex')));
    });
    this.#process.child.on('exit', () => {
      for (const waiting of this.#waiting.values()) waiting.reject(new Error(`the peer ended:\n${this.#process.output}`));
    });
  }

  async initiate(options: InitiateOptions): Promise<PeerContext> {
    return new PeerContext(this, await this.call('initiate', { ...options, bindings: hex(options.bindings) }) as number);
  }

  async accept(options: AcceptOptions): Promise<PeerContext> {
    return new PeerContext(this, await this.call('accept', { ...options, bindings: hex(options.bindings) }) as number);
  }

  /** MIT alone: with the tickets of a cache. */
  async initiateKerberos(options: KerberosInitiateOptions): Promise<PeerContext> {
    return new PeerContext(this, await this.call('initiate', { ...options, bindings: hex(options.bindings) }) as number, true);
  }

  /** MIT alone: with the keys of a keytab. */
  async acceptKerberos(options: KerberosAcceptOptions): Promise<PeerContext> {
    return new PeerContext(this, await this.call('accept', { ...options, bindings: hex(options.bindings) }) as number, true);
  }

  call(op: string, request: object): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.child.stdin!.write(`${JSON.stringify({ ...request, id, op })}\n`);
    });
  }

  stop(): void {
    this.#process.stop();
  }
}

export class PeerContext {
  complete = false;

  /** @param emptyMessages it protects messages of no bytes, whatever the implementation's other mechanisms do */
  constructor(readonly peer: ContextPeer, readonly context: number, readonly emptyMessages = peer.implementation.emptyMessages) {}

  /** Messages to try, of lengths about the block and window sizes. */
  get messages(): Buffer[] {
    return LENGTHS.filter((length) => length > 0 || this.emptyMessages)
      .map((length) => Buffer.from(Array.from({ length }, (_, index) => (index * 7 + length) & 0xff)));
  }

  /** Null when it has nothing to send. */
  async step(token: Uint8Array | null): Promise<Uint8Array | null> {
    const answer = await this.#call('step', { token: hex(token) ?? '' }) as { token: string | null; complete: boolean };
    this.complete = answer.complete;
    return answer.token === null || answer.token === '' ? null : Buffer.from(answer.token, 'hex');
  }

  async describe(): Promise<{ initiator: string; mechanism: string; flags: Flag[]; key: string }> {
    return await this.#call('describe', {}) as { initiator: string; mechanism: string; flags: Flag[]; key: string };
  }

  async wrap(message: Uint8Array, encrypt: boolean): Promise<Uint8Array> {
    return Buffer.from((await this.#call('wrap', { message: hex(message), encrypt }) as { token: string }).token, 'hex');
  }

  async unwrap(token: Uint8Array): Promise<{ message: Uint8Array; encrypted: boolean }> {
    const { message, encrypted } = await this.#call('unwrap', { token: hex(token) }) as { message: string; encrypted: boolean };
    return { message: Buffer.from(message, 'hex'), encrypted };
  }

  /** Stores the delegated tickets in a cache; whose they are, or null without any. */
  async delegated(ccache: string): Promise<string | null> {
    return await this.#call('delegated', { ccache }) as string | null;
  }

  /** GSS_WrapEx: header, parts and padding apart. */
  async wrapIov(parts: readonly IovPart[], padding: boolean): Promise<{ token: Uint8Array; parts: Uint8Array[]; padding: Uint8Array }> {
    const sealed = await this.#call('wrap_iov', { parts: parts.map(jsonPart), padding }) as { token: string; parts: string[]; padding: string };
    return { token: bytes(sealed.token), parts: sealed.parts.map(bytes), padding: bytes(sealed.padding) };
  }

  async unwrapIov(token: Uint8Array, parts: readonly IovPart[], padding: Uint8Array): Promise<Uint8Array[]> {
    return (await this.#call('unwrap_iov', { token: hex(token), parts: parts.map(jsonPart), padding: hex(padding) }) as string[]).map(bytes);
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return Buffer.from(await this.#call('sign', { message: hex(message) }) as string, 'hex');
  }

  async verify(message: Uint8Array, mic: Uint8Array): Promise<void> {
    await this.#call('verify', { message: hex(message), mic: hex(mic) });
  }

  #call(op: string, request: object): Promise<unknown> {
    return this.peer.call(op, { ...request, context: this.context });
  }
}

/** Writes a file that NTLM_USER_FILE may name. */
export function accountsFile(...lines: string[]): string {
  const path = join(temporaryFolder('accounts'), 'accounts');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** The environment in which gss-ntlmssp logs on as this user: `curl --negotiate -u :`, ldapsearch, and whatever uses GSSAPI. */
export function gssapiEnvironment(domain: string, user: string, password: string): NodeJS.ProcessEnv {
  return { ...process.env, NTLM_USER_FILE: accountsFile(`${domain}:${user}:${password}`), KRB5_CONFIG: '/dev/null', LANG: 'C.UTF-8' };
}

/** One buffer of a message: sealed, or signed only. */
export interface IovPart {
  data: Uint8Array;
  encrypt: boolean;
}

function jsonPart({ data, encrypt }: IovPart): { data: string; encrypt: boolean } {
  return { data: hex(data)!, encrypt };
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function local(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function hex(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes === null || bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

const PROBE = `
import gssapi, gssapi.raw as raw
if '1.3.6.1.4.1.311.2.2.10' not in [mech.dotted_form for mech in raw.indicate_mechs()]: raise SystemExit('GSSAPI knows no NTLM: gss-ntlmssp is missing')
`;
const LENGTHS = [0, 1, 15, 16, 17, 1000, 4096, 70_000];
