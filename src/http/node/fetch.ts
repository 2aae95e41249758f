import { SspiError } from '../../../backends/contract/errors.ts';
import { explainDenial } from '../../../backends/wasm/host/permission.ts';
import { createTargetRule } from '../target.ts';
import type { InitiatorSource } from '../context-source.ts';
import { requirementsOf, type FetchOptions, type MakeInitiatorSource, type NegotiatingFetch } from '../fetch-options.ts';
import { credentialsOf, REDIRECTS, redirected, redirectTarget, toReplayable, toRequest } from '../request.ts';
import { drain } from './connection.ts';
import { exchange, NetworkFailure, type ExchangeOptions } from './exchange.ts';
import { createPool } from './pool.ts';
import { createProxyRule, type Proxy } from './proxy.ts';
import { toResponse } from './response.ts';

export function createFetchOver(makeSource: MakeInitiatorSource, bindings: (certificate: Uint8Array) => Promise<Uint8Array | null>, options: FetchOptions): NegotiatingFetch {
  const { credential, proxyCredential, maxConnections = 10, idleTimeout = 15000 } = options;
  const { connectTimeout = 10_000, headersTimeout = 300_000, bodyTimeout = 300_000, maxBodySize = 1 << 30 } = options;
  if (!(maxConnections >= 1)) throw new RangeError(`maxConnections: at least 1 was expected, ${maxConnections} came`);
  for (const [name, value] of Object.entries({ idleTimeout, connectTimeout, headersTimeout, bodyTimeout })) {
    if (!(value >= 0)) throw new RangeError(`${name}: milliseconds were expected, ${value} came`);
  }
  if (!(maxBodySize >= 0)) throw new RangeError(`maxBodySize: bytes were expected, ${maxBodySize} came`);
  const pool = createPool({ maxConnections, idleTimeout });
  const proxyRule = createProxyRule(options.proxy, process.env);
  const origin = makeSource(credential, options);
  const targetFor = createTargetRule(options);
  const proxySources = new Map<string, InitiatorSource>();

  const proxySource = (proxy: Proxy): InitiatorSource => {
    const source = proxySources.get(proxy.url.origin) ?? makeSource(proxyCredential ?? proxy.credential ?? credential, options);
    proxySources.set(proxy.url.origin, source);
    return source;
  };
  const exchangeOptions: ExchangeOptions = {
    pool, origin, proxy: proxySource, proxyTarget: options.proxyTarget, tls: options.tls,
    flags: requirementsOf(options),
    preemptive: options.preemptive === 'always', // 'auto' has the connection, which is authenticated once
    bindings: options.channelBinding === 'never' ? null : bindings,
    deadlines: { connect: connectTimeout, headers: headersTimeout, body: bodyTimeout },
  };

  const follow = async (platform: Request, credentials: RequestCredentials | undefined): Promise<Response> => {
    const { signal } = platform;
    let request = await toReplayable(platform, maxBodySize);
    const first = request.url;
    let from = first;
    for (let redirects = 0; ; redirects++) {
      signal.throwIfAborted();
      const { message, outcome } = await exchange({ request, proxy: proxyRule(request.url), target: await targetFor(request, credentials, first, from), signal }, exchangeOptions);
      const status = message.statusCode ?? 0;
      if (platform.redirect === 'error' && REDIRECTS.has(status)) {
        message.destroy();
        throw new NetworkFailure(new Error(`unexpected redirect: ${status}`));
      }
      const next = platform.redirect === 'manual' ? null : failing(message, () => redirectTarget(request.url, status, message.headers.location ?? null));
      if (next === null) {
        return failing(message, () => toResponse({ message, method: request.method, url: request.url, redirected: redirects > 0, request: platform, bodyTimeout, outcome }));
      }
      if (redirects === MAX_REDIRECTS) message.destroy();
      if (redirects === MAX_REDIRECTS) throw new NetworkFailure(new Error(`more than ${MAX_REDIRECTS} redirects`));
      await drain(message, bodyTimeout).catch(() => {}); // so that the next hop finds the connection free
      from = request.url;
      request = redirected(request, status, next);
    }
  };

  const close = async () => {
    pool.close();
    for (const source of [origin, ...proxySources.values()]) source.close();
  };

  const negotiatingFetch: typeof fetch = async (input, init) => {
    const request = toRequest(input, init);
    if (!/^https?:$/.test(new URL(request.url).protocol)) return await fetch(request);
    try {
      return await follow(request, credentialsOf(request, init));
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof NetworkFailure)) throw error;
      const explained = explainDenial(error.cause, new URL(request.url).host);
      throw explained instanceof SspiError ? explained : new TypeError('fetch failed', { cause: error.cause });
    }
  };
  return Object.assign(negotiatingFetch, { close, [Symbol.asyncDispose]: close });
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
