import { SspiError } from '../../backends/contract/errors.ts';

/** A request whose body can be sent as often as a handshake asks for it. */
export interface ReplayableRequest {
  readonly url: URL;
  readonly method: string;
  /** Lower-case names; connection-level fields already left out. */
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/**
 * Reads the platform's `Request` to the end. FormData, Blob, URLSearchParams, streams, strings and bytes all arrive
 * here as bytes with the content type that `Request` gave them.
 */
export async function toReplayable(request: Request, maxBodySize: number): Promise<ReplayableRequest> {
  if (request.integrity !== '') throw new TypeError('fetch: the option integrity is not supported here; check the digest of the body yourself');
  const headers = new Headers(request.headers);
  for (const name of CONNECTION_FIELDS) headers.delete(name);
  for (const [name, value] of DEFAULT_FIELDS) if (!headers.has(name)) headers.set(name, value);
  const body = request.body === null ? null : await readWhole(request.body, request.signal, maxBodySize);
  return { url: new URL(request.url), method: request.method, headers, body };
}

async function readWhole(stream: ReadableStream<Uint8Array>, signal: AbortSignal, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  const abort = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (!(piece.value instanceof Uint8Array)) throw new TypeError('fetch: the stream of a body gave something that is no Uint8Array');
      pieces.push(piece.value);
      if ((length += piece.value.length) <= limit) continue;
      const error = new SspiError('SEC_E_INSUFFICIENT_MEMORY', `fetch: a body of more than ${limit} bytes, which would have to be kept to be sent with each leg of a handshake`, {
        remedy: 'Raise maxBodySize, or send it in parts.',
      });
      await reader.cancel(error);
      throw error;
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
  signal.throwIfAborted(); // the end of a body that was cancelled
  const whole = new Uint8Array(length); // not by concat, whose arguments are not as many as pieces may be
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** fetch's arguments as a Request, with what Bun's forgets of them: the content type of a string. */
export function toRequest(input: RequestInfo | URL, init: RequestInit | undefined): Request {
  const request = new Request(input, init);
  if (typeof init?.body === 'string' && !request.headers.has('content-type')) request.headers.set('content-type', 'text/plain;charset=UTF-8');
  return request;
}

/** What the caller said of credentials; Bun's Request always says 'include'. */
export function credentialsOf(request: Request, init: RequestInit | undefined): RequestCredentials | undefined {
  return init?.credentials ?? request.credentials;
}

/** The request that a redirect asks for (Fetch standard, HTTP-redirect fetch, steps 12 to 18). */
export function redirected(request: ReplayableRequest, status: number, url: URL): ReplayableRequest {
  const headers = new Headers(request.headers);
  let { method, body } = request;
  const becomesGet = status === 303 ? method !== 'GET' && method !== 'HEAD' : (status === 301 || status === 302) && method === 'POST';
  if (becomesGet) {
    method = 'GET';
    body = null;
    for (const name of BODY_FIELDS) headers.delete(name);
  }
  if (url.origin !== request.url.origin) {
    for (const name of ORIGIN_FIELDS) headers.delete(name);
  }
  return { url, method, headers, body };
}

/** Where a response redirects to, null where it does not; a location that cannot be followed throws. */
export function redirectTarget(from: URL, status: number, location: string | null): URL | null {
  if (!REDIRECTS.has(status) || location === null) return null;
  const url = new URL(location, from);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`redirect to a URL that is neither http nor https (${url.protocol})`);
  if (url.username !== '' || url.password !== '') {
    if (url.origin !== from.origin) throw new Error('redirect to another origin with credentials in its URL');
    url.username = url.password = '';
  }
  if (url.hash === '') url.hash = from.hash;
  return url;
}

export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** RFC 9110 §9.2.2: what may be sent twice. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const BODY_FIELDS = ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type'];
const ORIGIN_FIELDS = ['authorization', 'proxy-authorization', 'cookie', 'host'];
// The connection is pinned and its framing is ours: RFC 9110 §7.6.1, and what would change the length of the body.
const CONNECTION_FIELDS = [
  'connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-authorization',
];
const DEFAULT_FIELDS: readonly (readonly [string, string])[] = [
  ['accept', '*/*'], ['accept-encoding', 'gzip, deflate, br'], ['user-agent', 'portable-sspi'],
];
