import type { AcceptorData, AuthData, NtlmConfig } from '../../../backends/contract/credentials.ts';
import { SspiError, type SspiErrorCode } from '../../../backends/contract/errors.ts';
import type { Host } from '../../../backends/contract/host.ts';
import type { AcceptorRequest, Established, Handshake, InitiatorRequest, MechanismCredential } from '../../../backends/wasm/mechanism.ts';
import { createNtlmCredential } from '../../../backends/wasm/ntlm/index.ts';
import { ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY } from '../../../backends/contract/flags.ts';
import * as assert from 'uvu/assert';
import '../bring-parts.ts';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const utf16le = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf16le'));

/** A host whose clock stands still and whose random bytes are those that were laid in, then a counter. */
export function testHost(laid: readonly Uint8Array[] = [], now = Date.UTC(2026, 0, 2, 3, 4, 5)): Host & { time: number } {
  const queue = [...laid];
  let counter = 0;
  return {
    time: now,
    now() { return new Date(this.time); },
    random(length) {
      const next = queue.shift();
      if (next !== undefined) {
        assert.is(next.length, length, 'random bytes asked for');
        return next.slice();
      }
      return Uint8Array.from({ length }, () => (counter++ * 73 + 11) & 0xff);
    },
  };
}

export const ALICE: AuthData = { user: 'alice', domain: 'ADTEST', password: 'P@ssw0rd!' };
export const SEALING = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY;

export interface Realm {
  client?: AuthData;
  clientNtlm?: NtlmConfig;
  server?: AcceptorData;
  serverNtlm?: NtlmConfig;
  request?: Partial<InitiatorRequest>;
  accept?: Partial<AcceptorRequest>;
  clientHost?: Host;
  serverHost?: Host;
}

export interface Parties {
  clientCredential: MechanismCredential;
  serverCredential: MechanismCredential;
  client: Handshake;
  server: Handshake;
}

export function parties(realm: Realm = {}): Parties {
  const clientCredential = createNtlmCredential({ authData: realm.client ?? ALICE, ntlm: realm.clientNtlm, host: realm.clientHost ?? testHost() });
  const serverCredential = createNtlmCredential({
    acceptor: { accounts: ({ user }) => (user.toLowerCase().startsWith('alice') ? { password: 'P@ssw0rd!' } : null), ...realm.server },
    ntlm: { netbiosDomainName: 'ADTEST', netbiosComputerName: 'DC1', dnsDomainName: 'ad.test', ...realm.serverNtlm },
    host: realm.serverHost ?? testHost(),
  });
  return {
    clientCredential, serverCredential,
    client: clientCredential.initiator({ targetName: 'HTTP/web.ad.test', flags: SEALING, channelBindings: null, insideNegotiate: false, ...realm.request }),
    server: serverCredential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false, ...realm.accept }),
  };
}

export interface Tampering {
  negotiate?: (token: Uint8Array) => Uint8Array;
  challenge?: (token: Uint8Array) => Uint8Array;
  authenticate?: (token: Uint8Array) => Uint8Array;
}

export interface Completed {
  client: Established;
  server: Established;
  negotiate: Uint8Array;
  challenge: Uint8Array;
  authenticate: Uint8Array;
}

/** The three messages, each optionally changed on its way. */
export async function handshake(realm: Realm = {}, on: Tampering = {}): Promise<Completed> {
  const { client, server } = parties(realm);
  const first = await client.step(null);
  const negotiate = (on.negotiate ?? same)(first.token!);
  const second = await server.step(negotiate);
  const challenge = (on.challenge ?? same)(second.token!);
  const third = await first.next!.step(challenge);
  const authenticate = (on.authenticate ?? same)(third.token!);
  const last = await second.next!.step(authenticate);
  return { client: third.established!, server: last.established!, negotiate, challenge, authenticate };
}

const same = (token: Uint8Array) => token;

/** Runs what must fail with this status, and gives the error. */
export async function fails(code: SspiErrorCode, run: () => unknown): Promise<SspiError> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof SspiError)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  assert.unreachable(`${code} was expected`);
  throw new Error('unreachable');
}
