import type { ConnectionOptions } from 'node:tls';
import type { AuthData } from '../../../backends/contract/credentials.ts';
import { ISC_REQ_CONFIDENTIALITY, ISC_REQ_DELEGATE, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT } from '../../../backends/contract/flags.ts';
import type { CredHandle } from '../../sspi/handles.ts';
import { bareHost, drain } from './connection.ts';
import type { EngineOptions, InitiatorSource } from '../context-source.ts';
import { exchange, NetworkFailure, type ExchangeOptions } from './exchange.ts';
import { createPool } from './pool.ts';
import { createProxyRule, type Proxy } from './proxy.ts';
import { REDIRECTS, redirected, redirectTarget, toReplayable, type ReplayableRequest } from '../request.ts';
import { toResponse } from './response.ts';

export interface FetchOptions extends EngineOptions {
  /** Who is authenticated; default: the host's default credential. */
  credential?: CredHandle | AuthData;
  /** The SPN, or a function that gives it for a URL. Default `HTTP/` and the URL's host. */
  target?: string | ((url: URL) => string);
  /** Ask for delegation (ISC_REQ_DELEGATE), which Kerberos alone can grant. Default false. */
  delegate?: boolean;
  /** Bind the handshake to the TLS connection (RFC 5929 tls-server-end-point). Default `auto`. */
  channelBinding?: 'auto' | 'never';
  /** A proxy's URL, or `'environment'` for HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Default: none. */
  proxy?: string | URL;
  /** Who is authenticated toward the proxy; default: its URL's user information, else `credential`. */
  proxyCredential?: CredHandle | AuthData;
  /** The proxy's SPN. Default `HTTP/` and its host. */
  proxyTarget?: string;
  /** Whether to authenticate to another origin that a redirect led to. Default: never. */
  authenticateRedirect?: (url: URL, from: URL) => boolean;
  /** Certificates and checks of TLS, as `tls.connect` takes them: `{ ca }`. */
  tls?: ConnectionOptions;
  /** Connections toward one origin at once. Default 10; further requests wait. */
  maxConnections?: number;
  /** How long an idle connection is kept, in milliseconds. Default 15,000, less where the server says so. */
  idleTimeout?: number;
}

/** fetch, with a way to let its connections and credentials go. A script may end without it. */
export type NegotiatingFetch = typeof fetch & AsyncDisposable & { close(): Promise<void> };

/** Makes the contexts for `credential`. */
export type MakeInitiatorSource = (credential: CredHandle | AuthData | undefined, options: EngineOptions) => InitiatorSource;

export function createFetchOver(makeSource: MakeInitiatorSource, bindings: (certificate: Uint8Array) => Promise<Uint8Array>, options: FetchOptions): NegotiatingFetch {
  const { credential, target, proxyCredential, maxConnections = 10, idleTimeout = 15000 } = options;
  if (!(maxConnections >= 1)) throw new RangeError(`maxConnections: at least 1 was expected, ${maxConnections} came`);
  if (!(idleTimeout >= 0)) throw new RangeError(`idleTimeout: milliseconds were expected, ${idleTimeout} came`);
  const pool = createPool({ maxConnections, idleTimeout });
  const proxyRule = createProxyRule(options.proxy, process.env);
  const origin = makeSource(credential, options);
  const proxySources = new Map<string, InitiatorSource>();

  const proxySource = (proxy: Proxy): InitiatorSource => {
    const source = proxySources.get(proxy.url.origin) ?? makeSource(proxyCredential ?? proxy.credential ?? credential, options);
    proxySources.set(proxy.url.origin, source);
    return source;
  };
  const exchangeOptions: ExchangeOptions = {
    pool, origin, proxy: proxySource, proxyTarget: options.proxyTarget, tls: options.tls,
    flags: options.delegate ? FLAGS | ISC_REQ_DELEGATE : FLAGS,
    bindings: options.channelBinding === 'never' ? null : bindings,
  };

  /** Null: not to this origin. */
  const targetFor = (request: ReplayableRequest, platform: Request, first: URL, from: URL): string | null => {
    const { url } = request;
    // The caller authenticates by another scheme, or wants to be no one.
    if (request.headers.has('authorization') || platform.credentials === 'omit') return null;
    const asked = url.origin === first.origin || isUpgrade(first, url);
    if (!asked && !options.authenticateRedirect?.(new URL(url), new URL(from))) return null;
    if (typeof target === 'function') return target(new URL(url));
    // A name fixed for one host is never spoken to another: that host could pass the token on.
    return asked && target !== undefined ? target : `HTTP/${bareHost(url.hostname).replace(/\.$/, '')}`;
  };

  const follow = async (platform: Request): Promise<Response> => {
    const { signal } = platform;
    let request = await toReplayable(platform);
    const first = request.url;
    let from = first;
    for (let redirects = 0; ; redirects++) {
      signal.throwIfAborted();
      const { message, outcome } = await exchange({ request, proxy: proxyRule(request.url), target: targetFor(request, platform, first, from), signal }, exchangeOptions);
      const status = message.statusCode ?? 0;
      if (platform.redirect === 'error' && REDIRECTS.has(status)) {
        message.destroy();
        throw new NetworkFailure(new Error(`unexpected redirect: ${status}`));
      }
      const next = platform.redirect === 'manual' ? null : failing(message, () => redirectTarget(request.url, status, message.headers.location ?? null));
      if (next === null) {
        return failing(message, () => toResponse({ message, method: request.method, url: request.url, redirected: redirects > 0, request: platform, outcome }));
      }
      if (redirects === MAX_REDIRECTS) message.destroy();
      if (redirects === MAX_REDIRECTS) throw new NetworkFailure(new Error(`more than ${MAX_REDIRECTS} redirects`));
      await drain(message).catch(() => {}); // so that the next hop finds the connection free
      from = request.url;
      request = redirected(request, status, next);
    }
  };

  const close = async () => {
    pool.close();
    for (const source of [origin, ...proxySources.values()]) source.close();
  };

  const negotiatingFetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!/^https?:$/.test(new URL(request.url).protocol)) return await fetch(request);
    try {
      return await follow(request);
    } catch (error) {
      request.signal.throwIfAborted();
      throw error instanceof NetworkFailure ? new TypeError('fetch failed', { cause: error.cause }) : error;
    }
  };
  return Object.assign(negotiatingFetch, { close, [Symbol.asyncDispose]: close });
}

/** http to https on the same host, both at their default ports: the service that was asked for, better protected. */
function isUpgrade(first: URL, url: URL): boolean {
  return first.protocol === 'http:' && url.protocol === 'https:' && first.hostname === url.hostname && first.port === '' && url.port === '';
}

/** Runs what a message can make fail; the failure is the network's, and the connection is of no more use. */
function failing<T>(message: { destroy(): void }, act: () => T): T {
  try {
    return act();
  } catch (error) {
    message.destroy();
    throw new NetworkFailure(error);
  }
}

const MAX_REDIRECTS = 20;
const FLAGS = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
