import type { IncomingMessage } from 'node:http';
import type { ConnectionOptions } from 'node:tls';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { Authentication, Outcome } from '../authentication.ts';
import { createAuthenticator, type Authenticator } from '../authenticator.ts';
import { parseChallenges } from '../challenge.ts';
import { ConnectionGone, createConnection, drain, openTcp, openTls, type Connection } from './connection.ts';
import type { InitiatorSource } from '../context-source.ts';
import type { Pool } from './pool.ts';
import type { Proxy } from './proxy.ts';
import { DeadlineError, within, type Deadlines } from './deadline.ts';
import { challengesOf, publishLeg } from './leg-channel.ts';
import { IDEMPOTENT, type ReplayableRequest } from '../request.ts';
import { bareHost } from '../target.ts';
import { sendConnect } from './tunnel.ts';

/** One request to one URL: what the redirects around it do not change. */
export interface Hop {
  request: ReplayableRequest;
  proxy: Proxy | null;
  /** The SPN to ask for, or null: a 401 of this origin is handed out as it came. */
  target: string | null;
  signal: AbortSignal;
}

export interface ExchangeOptions {
  pool: Pool;
  origin: InitiatorSource;
  proxy: (proxy: Proxy) => InitiatorSource;
  proxyTarget: string | undefined;
  flags: number;
  /** A token goes with the first request of a connection. */
  preemptive: boolean;
  /** Makes bindings of a certificate in DER; null where they are switched off. */
  bindings: ((certificate: Uint8Array) => Promise<Uint8Array | null>) | null;
  tls: ConnectionOptions | undefined;
  deadlines: Deadlines;
}

export interface Exchanged {
  message: IncomingMessage;
  outcome: Outcome;
}

/** What the network did: becomes fetch's TypeError. */
export class NetworkFailure extends Error {
  override readonly name = 'NetworkFailure';
  /** The request has certainly not been acted upon. */
  readonly unsent: boolean;

  constructor(cause: unknown) {
    super('network failure', { cause });
    this.unsent = cause instanceof ConnectionGone;
  }
}

/**
 * Sends a request, answers 401 and 407, and resolves to the final message, whose connection goes back to the pool
 * when its body ends.
 *
 *   1. one connection  2. a leg  3. a challenge: the next leg, on the same connection  4. anything else: the last token
 */
export async function exchange(hop: Hop, options: ExchangeOptions): Promise<Exchanged> {
  const { request, proxy, signal } = hop;
  const secure = request.url.protocol === 'https:';
  const viaProxy = proxy !== null && !secure;
  // Its target too: what may not authenticate must not find a connection that has.
  const key = [proxy?.url.origin, request.url.origin, hop.target].join(' ');
  const open = () => openConnection(hop, options);

  let connection = await options.pool.acquire(key, open, signal);
  let held = true;
  let originSide: Authenticator | null = null;
  let proxySide: Authenticator | null = null;
  let restarts = 0;

  const certificateOf = async (side: 'origin' | 'proxy'): Promise<Uint8Array | null> => {
    const spoken = side === 'origin' ? secure : viaProxy; // the TLS of a proxy says nothing about the origin behind it
    return spoken && connection.certificate !== null && options.bindings !== null ? await options.bindings(connection.certificate) : null;
  };
  const giveUp = () => {
    connection.close();
    if (held) options.pool.release(key, connection);
    held = false;
  };
  const reconnect = async () => {
    if (++restarts > MAX_RESTARTS) throw new NetworkFailure(new Error('the server closes the connection in the middle of the handshake'));
    giveUp();
    connection = await options.pool.acquireFresh(key, open, signal);
    held = true;
    await originSide?.restart(await certificateOf('origin'));
    await proxySide?.restart(await certificateOf('proxy'));
  };

  const originAuthenticator = async () => createAuthenticator({
    source: options.origin, target: hop.target!, flags: options.flags, signal, header: 'WWW-Authenticate', mustComplete: true,
    channelBindings: await certificateOf('origin'),
  });

  try {
    if (options.preemptive && hop.target !== null && connection.authentication === null && !viaProxy) {
      originSide = await originAuthenticator();
      await originSide.preempt();
    }
    for (let leg = 0; leg < MAX_LEGS; leg++) {
      // 2.
      const message = await sendLeg(connection, hop, viaProxy, originSide, proxySide, options.deadlines.headers).catch(async (error: unknown) => {
        if (!(error instanceof NetworkFailure) || !mayRepeat(error, request, connection)) throw error;
        await reconnect();
        return null;
      });
      if (message === null) continue;

      // 3.
      const status = message.statusCode ?? 0;
      const challenged = status === 407 && viaProxy ? 'proxy' : status === 401 && hop.target !== null ? 'origin' : null;
      if (challenged !== 'proxy') await proxySide?.accepted(fieldsOf(message, 'proxy-authenticate', 'proxy-authentication-info'), status);
      if (challenged === 'proxy') {
        connection.proxyAuthentication = null;
        proxySide ??= createAuthenticator({
          ...proxyAuthenticatorOptions(hop, options), channelBindings: await certificateOf('proxy'),
        });
      } else if (challenged === 'origin') {
        connection.authentication = null; // MS-N2HT 3.2.5: a 401 ends what the connection was authenticated for
        if (viaProxy && originSide === null) requireSessionSupport(message);
        originSide ??= await originAuthenticator();
      }
      const side = challenged === 'proxy' ? proxySide : challenged === 'origin' ? originSide : null;
      if (side !== null && await side.challenged(fieldsOf(message, challenged === 'proxy' ? 'proxy-authenticate' : 'www-authenticate')) === 'again') {
        // A challenge that breaks off has still refused its request, whatever the method.
        const reusable = await network(signal, drain(message, options.deadlines.body)).catch((error: unknown) => {
          if (!(error instanceof NetworkFailure) || error.cause instanceof DeadlineError) throw error;
          return false;
        });
        if (!reusable || connection.closed) await reconnect();
        continue;
      }

      // 4.
      if (challenged === null) await originSide?.accepted(fieldsOf(message, 'www-authenticate', 'authentication-info'), status);
      const outcome = settle(connection, message, originSide?.outcome ?? null, proxySide?.outcome ?? null);
      const lent = connection;
      message.once('close', () => {
        if (!message.complete) lent.close();
        options.pool.release(key, lent);
      });
      return { message, outcome };
    }
    throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `no end of the handshake after ${MAX_LEGS} requests`);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    originSide?.dispose();
    proxySide?.dispose();
  }
}

/** Runs something that only the network can make fail; an abort keeps its reason. */
export async function network<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof NetworkFailure ? error : new NetworkFailure(error);
  }
}

async function sendLeg(
  connection: Connection, { request, signal }: Hop, absolute: boolean, origin: Authenticator | null, proxy: Authenticator | null, headersTimeout: number,
): Promise<IncomingMessage> {
  const headers: [string, string][] = [['Host', request.url.host], ...request.headers];
  if (request.body !== null || BODY_METHODS.has(request.method)) headers.push(['Content-Length', String(request.body?.length ?? 0)]);
  if (origin?.credentials) headers.push(['Authorization', origin.credentials]);
  if (proxy?.credentials) headers.push(['Proxy-Authorization', proxy.credentials]);
  if (absolute) headers.push(['Proxy-Connection', 'keep-alive']);
  headers.push(['Connection', 'keep-alive']);
  const origins = `${request.url.pathname}${request.url.search}`;
  const path = absolute ? `${request.url.origin}${origins}` : origins;
  const message = await network(signal, connection.send({ method: request.method, path, headers, body: request.body, signal, headersTimeout }));
  publishLeg(() => ({
    method: request.method, target: path, headers, status: message.statusCode ?? 0, reason: message.statusMessage ?? '', challenges: challengesOf(message.rawHeaders),
  }));
  return message;
}

/** RFC 9112 §9.3.1: a request that may have been acted upon is repeated only where its method is idempotent. */
function mayRepeat(failure: NetworkFailure, request: ReplayableRequest, connection: Connection): boolean {
  if (failure.unsent) return true;
  const { code } = (failure.cause ?? {}) as { code?: string };
  return connection.responses > 0 && LOST.has(code ?? '') && IDEMPOTENT.has(request.method);
}

/** MS-N2HT 3.2.5: `Persistent-Auth` says whether the connection is authenticated; without it NTLM's is. */
function settle(connection: Connection, message: IncomingMessage, origin: Authentication | null, proxy: Authentication | null): Outcome {
  if (origin?.complete) {
    const said = message.headers['persistent-auth']?.toString().trim().toLowerCase();
    const persistent = said === 'true' || (said !== 'false' && origin.package === 'NTLM');
    connection.authentication = persistent ? { ...origin, reused: true } : null;
  }
  if (proxy?.complete) connection.proxyAuthentication = { ...proxy, reused: true };
  return { origin: origin ?? connection.authentication, proxy: proxy ?? connection.proxyAuthentication };
}

/** RFC 4559 §6: a proxy that shares its connections would share what one client authenticated with the others. */
function requireSessionSupport(message: IncomingMessage): void {
  const offered = parseChallenges(fieldsOf(message, 'www-authenticate')).some(({ scheme }) => scheme === 'negotiate' || scheme === 'ntlm');
  const supported = /\bsession-based-authentication\b/i.test(message.headers['proxy-support']?.toString() ?? '');
  if (supported || !offered) return;
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'the server asks for Negotiate or NTLM through a proxy that does not say Proxy-Support: Session-Based-Authentication', {
    remedy: 'Reach the server over https, whose tunnel belongs to one client, or without the proxy.',
  });
}

function fieldsOf(message: IncomingMessage, ...names: string[]): string[] {
  const values: string[] = [];
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    if (names.includes(message.rawHeaders[at]!.toLowerCase())) values.push(message.rawHeaders[at + 1]!);
  }
  return values;
}

async function openConnection(hop: Hop, options: ExchangeOptions): Promise<Connection> {
  const { request: { url }, proxy, signal } = hop;
  const secure = url.protocol === 'https:';
  if (proxy === null) {
    return createConnection(await dial(url.host, options, signal, async (limited) => {
      const socket = await openTcp(url.hostname, portOf(url), limited);
      return secure ? await openTls(socket, url.hostname, options.tls, limited) : socket;
    }));
  }
  if (!secure) return createConnection(await openToProxy(proxy, options, signal));

  const tunnel = await openTunnel(hop, proxy, options);
  const connection = createConnection(await dial(url.host, options, signal, (limited) => openTls(tunnel.socket, url.hostname, options.tls, limited)));
  connection.proxyAuthentication = tunnel.outcome;
  return connection;
}

async function dial<T>(host: string, { deadlines: { connect } }: ExchangeOptions, signal: AbortSignal, open: (limited: AbortSignal) => Promise<T>): Promise<T> {
  return await network(signal, within(connect, () => new DeadlineError('connect', `no connection to ${host} within ${connect} ms`), signal, open));
}

async function openToProxy({ url }: Proxy, options: ExchangeOptions, signal: AbortSignal) {
  return await dial(`the proxy ${url.host}`, options, signal, async (limited) => {
    const socket = await openTcp(url.hostname, portOf(url), limited);
    return url.protocol === 'https:' ? await openTls(socket, url.hostname, options.tls, limited) : socket;
  });
}

/** CONNECT, with the 407s that come before its 2xx; the tunnel begins on the connection that was authenticated. */
async function openTunnel(hop: Hop, proxy: Proxy, options: ExchangeOptions) {
  const { request: { url }, signal } = hop;
  const authority = `${url.hostname}:${portOf(url)}`;
  const { headers: limit } = options.deadlines;
  const late = () => new DeadlineError('headers', `the proxy ${proxy.url.host} did not answer CONNECT within ${limit} ms`);
  const connect = async () => createConnection(await openToProxy(proxy, options, signal));
  const bindingsOf = async ({ certificate }: Connection) => (certificate !== null && options.bindings !== null ? await options.bindings(certificate) : null);

  let connection = await connect();
  let side: Authenticator | null = null;
  try {
    for (let leg = 0, restarts = 0; leg < MAX_LEGS; leg++) {
      const headers: [string, string][] = side?.credentials ? [['Proxy-Authorization', side.credentials]] : [];
      const answer = await network(signal, within(limit, late, signal, (limited) => sendConnect(connection.socket, authority, headers, limited)));
      const fields = [...answer.field('proxy-authenticate'), ...answer.field('proxy-authentication-info')];
      if (answer.status >= 200 && answer.status < 300) {
        const outcome = await side?.accepted(fields, answer.status) ?? null;
        return { socket: connection.socket, outcome };
      }
      if (answer.status !== 407) throw new NetworkFailure(new Error(`the proxy ${proxy.url.host} refused a tunnel to ${authority}: ${answer.status} ${answer.reason}`));
      side ??= createAuthenticator({ ...proxyAuthenticatorOptions(hop, options), channelBindings: await bindingsOf(connection) });
      if (await side.challenged(fields) === 'final') throw refusedByProxy(proxy, side.outcome);
      if (answer.reusable) continue;
      if (++restarts > MAX_RESTARTS) throw new NetworkFailure(new Error(`the proxy ${proxy.url.host} closes the connection in the middle of the handshake`));
      connection.close();
      connection = await connect();
      await side.restart(await bindingsOf(connection));
    }
    throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `no end of the handshake with the proxy after ${MAX_LEGS} requests`);
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    side?.dispose();
  }
}

function proxyAuthenticatorOptions({ proxy, signal }: Hop, options: ExchangeOptions) {
  const target = options.proxyTarget ?? `HTTP/${bareHost(proxy!.url.hostname)}`;
  return { source: options.proxy(proxy!), target, flags: options.flags, signal, header: 'Proxy-Authenticate', mustComplete: false };
}

function refusedByProxy(proxy: Proxy, outcome: Authentication | null): Error {
  if (outcome === null) return new NetworkFailure(new Error(`the proxy ${proxy.url.host} asks for an authentication that is neither Negotiate nor NTLM`));
  return new SspiError('SEC_E_LOGON_DENIED', `the proxy ${proxy.url.host} refused the credentials`, { remedy: 'Check proxyCredential: the user, the domain and the password.' });
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

const MAX_LEGS = 16;
const MAX_RESTARTS = 2;
const BODY_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
