import type { AcceptorData } from '../../backends/contract/credentials.ts';
import { SspiError, type SspiErrorCode } from '../../backends/contract/errors.ts';
import { encodeToken } from './base64.ts';
import { decodeToken, parseCredentials } from './challenge.ts';
import type { AcceptorSource, HandshakeContext, Scheme } from './context-source.ts';
import { toIdentity, type SspiIdentity } from './identity.ts';

/** What a server decides of one request, whatever its server is made of. */
export interface Gate {
  /** The schemes of a challenge, the preferred one first. */
  readonly schemes: readonly Scheme[];
  /** Throws only faults of the server itself. Requests of one connection take turns. */
  judge(leg: Leg, connection: ServedConnection): Promise<Verdict>;
  /** What a connection knows before its first request. */
  connection(): ServedConnection;
  /** Ends what a connection has under way: it closed. */
  close(connection: ServedConnection): void;
}

/** One request, as far as authentication is concerned. */
export interface Leg {
  authorization: string | null;
  /** Its connection may carry several people, so that no identity is inherited and none is left behind. */
  shared: boolean;
  /** Whether another leg can follow on the same connection; `why` it cannot, for the client. */
  follows: { possible: true } | { possible: false; why: string };
  /** True once nobody waits for the answer. */
  gone(): boolean;
  channelBindings(): Promise<Uint8Array | null>;
  /** Told why a token was refused. */
  refused?(error: SspiError): void;
}

export type Verdict =
  | { kind: 'pass'; identity: SspiIdentity; headers: Fields }
  | { kind: 'answer'; status: number; text: string; headers: Fields }
  /** The client has left. */
  | { kind: 'gone' };

export type Fields = [name: string, value: string][];

export interface GateLimits {
  /** Bytes. */
  maxTokenSize: number;
  /** Milliseconds. */
  handshakeTimeout: number;
  maxHandshakes: number;
}

/** What one connection knows. */
export interface ServedConnection {
  identity: SspiIdentity | null;
  expiry: Date | null;
  handshake: Handshake | null;
  failures: number;
  turn: Promise<unknown>;
}

interface Handshake {
  context: HandshakeContext;
  scheme: Scheme;
  legs: number;
  timer: ReturnType<typeof setTimeout>;
}

/** `accounts` that the source asks must come from `watched`, so that their errors are the server's. */
export function createGate(source: AcceptorSource, accounts: WatchedAccounts, { maxTokenSize, handshakeTimeout, maxHandshakes }: GateLimits): Gate {
  const { schemes } = source;
  let handshakes = 0;

  const endHandshake = (connection: ServedConnection) => {
    if (connection.handshake === null) return;
    clearTimeout(connection.handshake.timer);
    connection.handshake.context.dispose();
    connection.handshake = null;
    handshakes--;
  };

  const challenge = ({ failures }: ServedConnection): Verdict => {
    const headers: Fields = schemes.map((scheme) => ['WWW-Authenticate', scheme]);
    // A client that keeps guessing does so on new connections, where the server's own limits see it.
    if (failures >= MAX_FAILURES) headers.push(['Connection', 'close']);
    return { kind: 'answer', status: 401, text: 'Authentication is required.', headers };
  };

  const begin = async (leg: Leg, connection: ServedConnection, scheme: Scheme): Promise<Handshake | null> => {
    handshakes++; // before anything is awaited: others ask meanwhile
    let context: HandshakeContext;
    try {
      context = await source.acceptor({ package: scheme, channelBindings: await leg.channelBindings() });
    } catch (error) {
      handshakes--;
      throw error;
    }
    const timer = setTimeout(() => endHandshake(connection), handshakeTimeout);
    (timer as { unref?(): void }).unref?.();
    connection.handshake = { context, scheme, legs: 0, timer };
    if (leg.gone()) endHandshake(connection);
    return connection.handshake;
  };

  const judge = async (leg: Leg, connection: ServedConnection): Promise<Verdict> => {
    const { authorization, shared } = leg;
    if (authorization === null) {
      endHandshake(connection); // whoever starts over has left the handshake
      if (connection.expiry !== null && connection.expiry.getTime() <= Date.now()) connection.identity = null;
      if (connection.identity === null || shared) return challenge(connection);
      return { kind: 'pass', identity: { ...connection.identity }, headers: [] };
    }

    // An Authorization field, whatever its scheme, asks to be someone anew.
    connection.identity = null;
    const credentials = parseCredentials(authorization);
    const scheme = schemes.find((known) => known.toLowerCase() === credentials?.scheme);
    if (credentials === null || scheme === undefined || credentials.token68 === '') {
      endHandshake(connection);
      return challenge(connection);
    }
    const tooLong = credentials.token68.length > maxTokenSize * 4 / 3 + 4;
    const token = tooLong ? null : decodeToken(credentials.token68);
    if (token === null) {
      endHandshake(connection);
      // RFC 6585 §5: 431 also for one field
      const text = `The Authorization field holds ${tooLong ? `more than the ${maxTokenSize} bytes of a token that this server takes` : 'no token in base64'}.`;
      return { kind: 'answer', status: tooLong ? 431 : 400, text, headers: [] };
    }
    if (connection.handshake !== null && (connection.handshake.scheme !== scheme || ++connection.handshake.legs > MAX_LEGS)) endHandshake(connection);
    if (connection.handshake === null && handshakes >= maxHandshakes) {
      return { kind: 'answer', status: 503, text: 'Too many handshakes are under way.', headers: [['Retry-After', '1']] };
    }

    const handshake = connection.handshake ?? await begin(leg, connection, scheme);
    if (handshake === null) return { kind: 'gone' };
    let reply: Uint8Array | null;
    try {
      reply = await handshake.context.step(token);
    } catch (error) {
      const outOfTime = connection.handshake !== handshake; // the context went under its step
      endHandshake(connection);
      if (accounts.isFault(error) && !(outOfTime && error instanceof SspiError)) throw error;
      connection.failures++;
      leg.refused?.(error as SspiError);
      return challenge(connection);
    }
    if (leg.gone()) return endHandshake(connection), { kind: 'gone' };
    if (connection.handshake !== handshake) return challenge(connection);
    return handshake.context.complete ? accept(leg, connection, handshake, reply) : proceed(leg, connection, handshake, reply);
  };

  const accept = ({ shared }: Leg, connection: ServedConnection, { context, scheme }: Handshake, reply: Uint8Array | null): Verdict => {
    const identity = toIdentity(context.peer ?? '', context.package ?? 'NTLM');
    if (context.groups !== undefined && context.groups.length > 0) identity.groups = [...context.groups];
    if (!shared) {
      connection.identity = identity;
      connection.expiry = context.expiry;
    }
    endHandshake(connection);
    connection.failures = 0;
    const headers: Fields = [['Persistent-Auth', shared ? 'false' : 'true']];
    if (reply !== null && reply.length > 0) headers.unshift(['WWW-Authenticate', `${scheme} ${encodeToken(reply)}`]);
    return { kind: 'pass', identity: { ...identity }, headers };
  };

  const proceed = ({ follows }: Leg, connection: ServedConnection, { scheme }: Handshake, reply: Uint8Array | null): Verdict => {
    if (!follows.possible) {
      endHandshake(connection);
      return { kind: 'answer', status: 400, text: `${scheme} needs several requests on one connection, ${follows.why}`, headers: [] };
    }
    if (reply === null || reply.length === 0) {
      endHandshake(connection);
      return challenge(connection);
    }
    return { kind: 'answer', status: 401, text: 'The handshake goes on.', headers: [['WWW-Authenticate', `${scheme} ${encodeToken(reply)}`]] };
  };

  return {
    schemes,
    connection: () => ({ identity: null, expiry: null, handshake: null, failures: 0, turn: Promise.resolve() }),
    close: endHandshake,
    judge(leg, connection) {
      const turn = connection.turn.then(() => judge(leg, connection));
      connection.turn = turn.catch(ignore); // pipelined requests arrive while an earlier step is under way
      return turn;
    },
  };
}

/** The accounts callback of a server, whose errors are told from those that a client causes. */
export interface WatchedAccounts {
  readonly accounts: AcceptorData['accounts'];
  isFault(error: unknown): boolean;
}

/** An error of the accounts callback is the server's, however the engine wraps it. */
export function watchAccounts(accounts: AcceptorData['accounts']): WatchedAccounts {
  const faults = new WeakSet<object>();
  return {
    accounts: accounts && (async (account) => {
      try {
        return await accounts(account);
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error('the accounts callback threw', { cause: thrown });
        faults.add(error);
        throw error;
      }
    }),
    isFault(error) {
      for (let cause = error; cause instanceof Error; cause = cause.cause) if (faults.has(cause)) return true;
      return !(error instanceof SspiError) || SERVER_FAULTS.has(error.code);
    },
  };
}

function ignore(): void {}

const MAX_LEGS = 10;
const MAX_FAILURES = 5;
const SERVER_FAULTS: ReadonlySet<SspiErrorCode> = new Set<SspiErrorCode>([
  'SEC_E_INTERNAL_ERROR', 'SEC_E_INSUFFICIENT_MEMORY', 'SEC_E_INVALID_HANDLE',
  'SEC_E_NO_CREDENTIALS', 'SEC_E_UNKNOWN_CREDENTIALS', // the keytab is not there, or is none
]);
