// A mechanism of the tests' own: any number of legs, MICs that can be checked, refusals, and a count of what was not disposed of.
import { createHash } from 'node:crypto';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { MechanismName } from '../../../backends/contract/credentials.ts';
import type { Established, Handshake, HandshakeStep, MechanismCredential } from '../../../backends/wasm/mechanism.ts';
import { KRB5, KRB5_DRAFT, MS_KRB5, NTLMSSP } from '../../../backends/wasm/spnego/oids.ts';

export interface FakeOptions {
  /** How many tokens make the context; the odd ones are the client's. */
  legs?: number;
  micRequired?: boolean;
  micPossible?: boolean;
  /** Thrown in place of making the client's first token. */
  cannotStart?: SspiError;
  /** Thrown by the acceptor on the client's first token. */
  refusesClient?: SspiError;
  /** Every step waits for a timer. */
  slow?: boolean;
}

export interface FakeMechanism extends MechanismCredential {
  /** Handshakes and contexts that are alive. */
  readonly live: Set<object>;
  /** How often a client's first token was asked for. */
  readonly started: number;
  /** insideNegotiate of each handshake that was made. */
  readonly inside: boolean[];
}

const utf8 = new TextEncoder();

/** Kerberos-like by default: two legs. */
export function fakeKerberos(options: FakeOptions = {}): FakeMechanism {
  return fakeMechanism('Kerberos', [MS_KRB5, KRB5, KRB5_DRAFT], { legs: 2, ...options });
}

/** NTLM-like by default: three legs. */
export function fakeNtlm(options: FakeOptions = {}): FakeMechanism {
  return fakeMechanism('NTLM', [NTLMSSP], { legs: 3, ...options });
}

/** The token of a leg, the first being 1. */
export function fakeToken(name: MechanismName, leg: number): Uint8Array {
  return utf8.encode(`${name}#${leg}`);
}

/** What the peer sends for an error, in place of a token. */
export function fakeErrorToken(name: MechanismName): Uint8Array {
  return utf8.encode(`${name}!error`);
}

export function fakeMic(name: MechanismName, fromClient: boolean, mechTypes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`${name} ${fromClient}`).update(mechTypes).digest()).slice(0, 16);
}

function fakeMechanism(name: MechanismName, oids: readonly Uint8Array[], options: FakeOptions): FakeMechanism {
  const live = new Set<object>();
  const inside: boolean[] = [];
  const legs = options.legs!;
  let started = 0;

  const alive = <T extends object>(object: T): T => {
    live.add(object);
    return object;
  };

  const handshake = (isClient: boolean, expected: number): Handshake => {
    const self: Handshake = alive({
      async step(token: Uint8Array | null): Promise<HandshakeStep> {
        if (!live.has(self)) throw new Error('a disposed handshake was stepped');
        if (options.slow) await new Promise((resolve) => setTimeout(resolve, 1));
        if (isClient && expected === 0) {
          started++;
          if (options.cannotStart) throw options.cannotStart;
        }
        const text = token === null ? '' : new TextDecoder('latin1').decode(token);
        if (text === `${name}!error`) throw new SspiError('SEC_E_WRONG_PRINCIPAL', 'fake: the peer says why it refused');
        if (text !== (expected === 0 ? '' : `${name}#${expected}`)) {
          throw new SspiError('SEC_E_INVALID_TOKEN', `fake: token ${expected} expected`, { offset: 0, token: fakeErrorToken(name) });
        }
        if (!isClient && expected === 1 && options.refusesClient) throw options.refusesClient;
        const mine = expected + 1;
        if (mine > legs) return { token: null, established: established(isClient) };
        const made = fakeToken(name, mine);
        return mine === legs ? { token: made, established: established(isClient) } : { token: made, next: handshake(isClient, expected + 2) };
      },
      dispose() {
        live.delete(self);
      },
    });
    return self;
  };

  const established = (isClient: boolean): Established => {
    const done = new Set<string>();
    // As with real ones, each MIC moves a sequence number: a second would not be the first one again.
    const check = (once: string) => {
      if (!live.has(self)) throw new Error('a disposed context was used');
      if (done.has(once)) throw new Error(`a second call to ${once}`);
      done.add(once);
    };
    const notNeeded = (): never => {
      throw new Error('SPNEGO has no use for this');
    };
    const self: Established = alive({
      mechanism: name, attributes: 0, expiry: null, names: { client: 'alice', target: null }, sessionKey: new Uint8Array(16),
      sizes: { maxToken: 0, maxSignature: 0, blockSize: 0, securityTrailer: 0 },
      keyInfo: { signatureAlgorithmName: '', encryptAlgorithmName: '', keySize: 0, signatureAlgorithm: 0, encryptAlgorithm: 0 },
      channelBindingsVerified: false, clientSpecifiedTarget: null,
      mechListMicRequired: options.micRequired ?? false,
      ...(options.micPossible !== undefined && { mechListMicPossible: options.micPossible }),
      makeMechListMic(mechTypes: Uint8Array) {
        check('makeMechListMic');
        return fakeMic(name, isClient, mechTypes);
      },
      verifyMechListMic(mechTypes: Uint8Array, mic: Uint8Array) {
        check('verifyMechListMic');
        if (Buffer.compare(fakeMic(name, !isClient, mechTypes), mic) !== 0) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'fake: the MIC does not match');
      },
      makeSignature: notNeeded, verifySignature: notNeeded, encrypt: notNeeded, decrypt: notNeeded, wrap: notNeeded, unwrap: notNeeded,
      streamHeaderLength: notNeeded, export: notNeeded,
      dispose() {
        live.delete(self);
      },
    });
    return self;
  };

  return {
    name, oids, maxToken: 1000, expiry: null, live, inside,
    get started() {
      return started;
    },
    recognizes: (token) => new TextDecoder('latin1').decode(token.subarray(0, name.length + 1)) === `${name}#`,
    initiator(request) {
      inside.push(request.insideNegotiate);
      return handshake(true, 0);
    },
    acceptor(request) {
      inside.push(request.insideNegotiate);
      return handshake(false, 1);
    },
    free() {},
  };
}
