import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AcceptorData } from '../../backends/contract/credentials.ts';
import { SspiError, type SspiErrorCode } from '../../backends/contract/errors.ts';
import { decodeToken, encodeToken, parseCredentials } from './challenge.ts';
import type { CredHandle } from '../sspi/handles.ts';
import type { AcceptorSource, EngineOptions, HandshakeContext, Scheme } from './context-source.ts';
import { toIdentity, type SspiIdentity } from './identity.ts';

export interface NegotiateAuthOptions extends AcceptorData, EngineOptions {
  /** An inbound credential in place of keytab and accounts. */
  credential?: CredHandle;
  /**
   * Whether an authenticated connection speaks for its later requests. Default `auto`: unless a request shows that it
   * came through a proxy (Via, Forwarded, X-Forwarded-For), whose connections may carry several people.
   */
  persistent?: 'auto' | 'always' | 'never';
  /** Application data of the channel bindings, where TLS ends before this server. Default: of its own certificate. */
  channelBindings?: Uint8Array;
  /** The longest token that is looked at, in bytes. Default 65,536; `maxHeaderSize` of the server must let it pass. */
  maxTokenSize?: number;
  /** How long a client may take for a handshake, in milliseconds. Default 60,000. */
  handshakeTimeout?: number;
  /** Handshakes under way at once; one more is answered 503. Default 10,000. */
  maxHandshakes?: number;
  /** Told why a token was refused: a wrong password is not a difference of channel bindings, and the client learns neither. */
  onRefusal?: (error: SspiError, req: IncomingMessage) => void;
}

export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

export type MakeAcceptorSource = (options: NegotiateAuthOptions) => AcceptorSource;

/** What one connection knows. */
interface ConnectionState {
  identity: SspiIdentity | null;
  expiry: Date | null;
  handshake: Handshake | null;
  failures: number;
  /** Requests of one connection take turns: pipelined ones arrive while an earlier step is under way. */
  turn: Promise<void>;
}

interface Handshake {
  context: HandshakeContext;
  scheme: Scheme;
  legs: number;
  timer: NodeJS.Timeout;
}

export function negotiateAuthOver(makeSource: MakeAcceptorSource, bindings: (certificate: Uint8Array) => Promise<Uint8Array>, options: NegotiateAuthOptions): Middleware {
  const { persistent = 'auto', maxTokenSize = 65536, handshakeTimeout = 60000, maxHandshakes = 10000 } = options;
  const accountFaults = new WeakSet<object>();
  const source = makeSource({ ...options, ...(options.accounts && { accounts: watched(options.accounts, accountFaults) }) });
  const { schemes } = source;
  const connections = new WeakMap<Socket, ConnectionState>();
  let handshakes = 0;

  const stateOf = (socket: Socket): ConnectionState => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const state: ConnectionState = { identity: null, expiry: null, handshake: null, failures: 0, turn: Promise.resolve() };
    connections.set(socket, state);
    socket.once('close', () => endHandshake(state));
    return state;
  };

  const endHandshake = (state: ConnectionState) => {
    if (state.handshake === null) return;
    clearTimeout(state.handshake.timer);
    state.handshake.context[Symbol.dispose]();
    state.handshake = null;
    handshakes--;
  };

  const challenge = (res: ServerResponse, state: ConnectionState) => {
    // A client that keeps guessing does so on new connections, where the server's own limits see it.
    if (state.failures >= MAX_FAILURES) res.setHeader('Connection', 'close');
    res.setHeader('WWW-Authenticate', [...schemes]);
    answer(res, 401, 'Authentication is required.');
  };

  /** Null: the client has left meanwhile. */
  const begin = async (req: IncomingMessage, state: ConnectionState, scheme: Scheme): Promise<Handshake | null> => {
    const channelBindings = await bindingsOf(req, options, bindings);
    const context = await source.acceptor({ package: scheme, channelBindings });
    const timer = setTimeout(() => endHandshake(state), handshakeTimeout);
    timer.unref();
    handshakes++;
    state.handshake = { context, scheme, legs: 0, timer };
    if (req.socket.destroyed) endHandshake(state);
    return state.handshake;
  };

  /** True: the request is authenticated and goes on to `next`. Otherwise it was answered. */
  const authenticate = async (req: IncomingMessage, res: ServerResponse): Promise<boolean> => {
    const state = stateOf(req.socket);
    const shared = persistent === 'never' || (persistent === 'auto' && FORWARDED.some((name) => req.headers[name] !== undefined));
    const { authorization } = req.headers;

    if (authorization === undefined) {
      endHandshake(state); // whoever starts over has left the handshake
      if (state.expiry !== null && state.expiry.getTime() <= Date.now()) state.identity = null;
      if (state.identity === null || shared) return challenge(res, state), false;
      req.sspi = { ...state.identity };
      return true;
    }

    // An Authorization field, whatever its scheme, asks to be someone anew.
    state.identity = null;
    const credentials = parseCredentials(authorization);
    const scheme = schemes.find((known) => known.toLowerCase() === credentials?.scheme);
    if (credentials === null || scheme === undefined || credentials.token68 === '') {
      endHandshake(state);
      return challenge(res, state), false;
    }
    const token = credentials.token68.length > maxTokenSize * 4 / 3 + 4 ? null : decodeToken(credentials.token68);
    if (token === null) {
      endHandshake(state);
      return answer(res, 400, `The Authorization field holds no base64 token of at most ${maxTokenSize} bytes.`), false;
    }
    if (state.handshake !== null && (state.handshake.scheme !== scheme || ++state.handshake.legs > MAX_LEGS)) endHandshake(state);
    if (state.handshake === null && handshakes >= maxHandshakes) {
      res.setHeader('Retry-After', '1');
      return answer(res, 503, 'Too many handshakes are under way.'), false;
    }

    const handshake = state.handshake ?? await begin(req, state, scheme);
    if (handshake === null) return false;
    let reply: Uint8Array | null;
    try {
      reply = await handshake.context.step(token);
    } catch (error) {
      const outOfTime = state.handshake !== handshake; // the context went under its step
      endHandshake(state);
      if (isServerFault(error, accountFaults) && !(outOfTime && error instanceof SspiError)) throw error;
      state.failures++;
      options.onRefusal?.(error as SspiError, req);
      return challenge(res, state), false;
    }
    if (req.socket.destroyed) return endHandshake(state), false;
    if (state.handshake !== handshake) return challenge(res, state), false;
    return handshake.context.complete ? accept(req, res, state, handshake, reply, shared) : proceed(res, state, handshake, reply);
  };

  const accept = (req: IncomingMessage, res: ServerResponse, state: ConnectionState, { context, scheme }: Handshake, reply: Uint8Array | null, shared: boolean): boolean => {
    const identity = toIdentity(context.peer ?? '', context.package ?? 'NTLM');
    if (context.groups !== undefined && context.groups.length > 0) identity.groups = [...context.groups];
    if (!shared) {
      state.identity = identity;
      state.expiry = context.expiry;
    }
    endHandshake(state);
    state.failures = 0;
    if (reply !== null && reply.length > 0) res.setHeader('WWW-Authenticate', `${scheme} ${encodeToken(reply)}`);
    res.setHeader('Persistent-Auth', shared ? 'false' : 'true');
    req.sspi = { ...identity };
    return true;
  };

  const proceed = (res: ServerResponse, state: ConnectionState, { scheme }: Handshake, reply: Uint8Array | null): boolean => {
    if (!res.shouldKeepAlive) {
      endHandshake(state);
      answer(res, 400, `${scheme} needs several requests on one connection, and this connection ends after the first. `
        + 'A proxy in between must keep its connections open, one for each client (HTTP/1.1 with keep-alive).');
      return false;
    }
    if (reply === null || reply.length === 0) {
      endHandshake(state);
      return challenge(res, state), false;
    }
    res.setHeader('WWW-Authenticate', `${scheme} ${encodeToken(reply)}`);
    answer(res, 401, 'The handshake goes on.');
    return false;
  };

  return (req, res, next) => {
    if (req.httpVersionMajor >= 2) return refuseHttp2(req as unknown as Http2ServerRequest);
    const state = stateOf(req.socket);
    const turn = state.turn.then(() => authenticate(req, res));
    state.turn = turn.then(ignore, ignore);
    turn.then((authenticated) => authenticated && next(), next);
  };
}

/** RFC 9113 §7: the client tries again over HTTP/1.1. A stream cannot be authenticated, and its connection is shared. */
function refuseHttp2(req: Http2ServerRequest): void {
  req.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED);
}

async function bindingsOf(req: IncomingMessage, options: NegotiateAuthOptions, bindings: (certificate: Uint8Array) => Promise<Uint8Array>): Promise<Uint8Array | null> {
  if (options.channelBindingPolicy === 'never') return null;
  if (options.channelBindings !== undefined) return options.channelBindings;
  if (!(req.socket instanceof TLSSocket)) return null;
  const certificate = req.socket.getCertificate();
  const raw = certificate !== null && 'raw' in certificate ? certificate.raw : undefined;
  return raw === undefined ? null : await bindings(new Uint8Array(raw));
}

/** An error of the accounts callback is the server's, however the engine wraps it. */
function watched(accounts: NonNullable<AcceptorData['accounts']>, faults: WeakSet<object>): NonNullable<AcceptorData['accounts']> {
  return async (account) => {
    try {
      return await accounts(account);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error('the accounts callback threw', { cause: thrown });
      faults.add(error);
      throw error;
    }
  };
}

function isServerFault(error: unknown, faults: WeakSet<object>): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (faults.has(cause)) return true;
  return !(error instanceof SspiError) || SERVER_FAULTS.has(error.code);
}

/** Ends a leg. Node reads and drops what is left of the request's body, so that the connection lives on. */
function answer(res: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(`${text}\n`);
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length, 'Cache-Control': 'no-store' });
  res.end(body);
}

function ignore(): void {}

const MAX_LEGS = 10;
const MAX_FAILURES = 5;
const FORWARDED = ['via', 'forwarded', 'x-forwarded-for'];
const SERVER_FAULTS: ReadonlySet<SspiErrorCode> = new Set<SspiErrorCode>([
  'SEC_E_INTERNAL_ERROR', 'SEC_E_INSUFFICIENT_MEMORY', 'SEC_E_INVALID_HANDLE',
]);
