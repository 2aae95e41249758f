import { SspiError } from '../../../backends/contract/errors.ts';
import type { CloudflareSockets } from '../../../backends/wasm/host/cloudflare-sockets.ts';
import { createAuthenticator } from '../authenticator.ts';
import type { InitiatorSource } from '../context-source.ts';
import { requirementsOf, type FetchOptions, type MakeInitiatorSource } from '../fetch-options.ts';
import { ConnectionEnded, createHttp1Connection, type Http1Connection, type Http1Response } from '../http1/connection.ts';
import { fieldValues, MalformedResponse } from '../http1/head.ts';
import { IDEMPOTENT } from '../request.ts';
import { bareHost } from '../target.ts';
import type { PinnedExchange } from '../web/fetch.ts';
import type { PlainRequest } from '../web/request.ts';
import { toResponse } from './response.ts';

/**
 * A request on a connection of its own, HTTP/1.1, with the legs that its handshake takes. The connection is not kept: a Worker may not use the
 * socket of one request for another, and the platform's fetch would lend an authenticated one to whoever comes next.
 */
export function createPinnedExchange(sockets: () => Promise<CloudflareSockets>, makeSource: MakeInitiatorSource, options: FetchOptions): PinnedExchange {
  let source: InitiatorSource | null = null;

  const exchange = async (request: PlainRequest, target: string, preemptive: boolean) => {
    const { signal } = request.platform;
    const side = createAuthenticator({
      source: source ??= makeSource(options.credential, options), target, flags: requirementsOf(options), channelBindings: null, signal,
      header: 'WWW-Authenticate', mustComplete: true,
    });
    let connection: Http1Connection | null = null;
    const abort = () => connection?.close();
    signal.addEventListener('abort', abort);
    let lent = false;
    try {
      if (preemptive) await side.preempt();
      let answers = 0;
      let restarts = 0;
      const restart = async () => {
        if (++restarts > MAX_RESTARTS) throw new MalformedResponse('the server closes the connection in the middle of the handshake');
        connection?.close();
        connection = null;
        answers = 0;
        await side.restart(null);
      };
      for (let leg = 0; leg < MAX_LEGS; leg++) {
        connection ??= createHttp1Connection(await open(await sockets(), request.url, signal));
        signal.throwIfAborted();
        const answer: Http1Response | null = await network(signal, connection.send({
          method: request.method, path: `${request.url.pathname}${request.url.search}`, headers: headersOf(request, side.credentials), body: request.body,
        })).catch((error: NetworkFailure) => {
          // RFC 9112 §9.3.1: a server may close a connection that waits; what it did not answer is sent again where its method is idempotent.
          if (answers === 0 || !IDEMPOTENT.has(request.method) || (error.cause instanceof MalformedResponse && !(error.cause instanceof ConnectionEnded))) throw error;
          return null;
        });
        if (answer === null) {
          await restart();
          continue;
        }
        answers++;
        const { head, body, reusable } = answer;
        const lines = fieldValues(head, 'www-authenticate');
        if (head.status !== 401 || await side.challenged(lines) === 'final') {
          const authentication = head.status === 401 ? side.outcome : await side.accepted([...lines, ...fieldValues(head, 'authentication-info')], head.status);
          const response = toResponse({ head, body, url: request.url, method: request.method, connection, signal, release: () => signal.removeEventListener('abort', abort) });
          lent = true;
          return { response, authentication };
        }
        // A challenge that breaks off has still refused its request, whatever the method.
        if (!reusable || !await drain(body).catch(() => false)) await restart();
      }
      throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `no end of the handshake after ${MAX_LEGS} requests`);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof MalformedResponse || error instanceof NetworkFailure ? new TypeError('fetch failed', { cause: error }) : error;
    } finally {
      side.dispose();
      if (!lent) {
        signal.removeEventListener('abort', abort);
        (connection as Http1Connection | null)?.close();
      }
    }
  };
  return Object.assign(exchange, { close: () => source?.close() });
}

/** What the network did; becomes fetch's TypeError. */
class NetworkFailure extends Error {
  override readonly name = 'NetworkFailure';
}

/** The platform opens a socket in its own time, and closes it no sooner: who leaves does not wait for that. */
async function open({ connect }: CloudflareSockets, url: URL, signal: AbortSignal) {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  try {
    const socket = connect({ hostname: bareHost(url.hostname), port }, { secureTransport: secure ? 'on' : 'off', allowHalfOpen: false });
    socket.closed.catch(() => {}); // told by the streams as well
    await new Promise<void>((resolve, reject) => {
      const abort = () => {
        reject(signal.reason);
        socket.close().catch(() => {});
      };
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      socket.opened.then(() => resolve(), reject).finally(() => signal.removeEventListener('abort', abort));
    });
    return socket;
  } catch (cause) {
    throw new NetworkFailure(`no connection to ${url.host}`, { cause });
  }
}

async function network<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    signal.throwIfAborted();
    throw new NetworkFailure(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function headersOf({ url, headers, method, body }: PlainRequest, credentials: string | null): [string, string][] {
  const sent = new Map<string, string>([['host', url.host]]);
  for (const [name, value] of headers) if (!CONNECTION_FIELDS.has(name)) sent.set(name, value);
  if (!sent.has('accept')) sent.set('accept', '*/*');
  if (!sent.has('accept-encoding')) sent.set('accept-encoding', 'identity');
  if (body !== null || method === 'POST' || method === 'PUT' || method === 'PATCH') sent.set('content-length', String(body?.length ?? 0));
  if (credentials !== null) sent.set('authorization', credentials);
  sent.set('connection', 'keep-alive');
  return [...sent];
}

/** False where the body is too long to be read for nothing. */
async function drain(body: Http1Response['body']): Promise<boolean> {
  let length = 0;
  for await (const piece of body) if ((length += piece.length) > MAX_DRAIN) return false;
  return true;
}

const MAX_LEGS = 16;
const MAX_RESTARTS = 2;
const MAX_DRAIN = 4194304;
// The framing is ours: RFC 9110 §7.6.1, and what would change the length of the body.
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]);
