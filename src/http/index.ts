/**
 * HTTP with Negotiate and NTLM (RFC 4559, MS-NTHT, MS-N2HT) for Node: `createFetch` for clients, `negotiateAuth` for servers.
 * @module
 */
import { createFetchOver } from '#http-transport';
import { SspiError } from '../../backends/contract/errors.ts';
import { channelBindingsFromCertificate } from '../context/channel-bindings.ts';
import type { FetchOptions, NegotiatingFetch } from './fetch-options.ts';
import { negotiateAuthOver, type Middleware, type NegotiateAuthOptions } from './middleware.ts';
import { createRequestAuthenticatorOver, honoOver, type HonoContext, type HonoMiddleware, type RequestAuthenticator, type RequestAuthenticatorOptions } from './request-authenticator.ts';
import { acceptorSource, initiatorSource } from './sources.ts';

/**
 * A `fetch` that answers 401 and 407 with Negotiate or NTLM.
 *
 * A handshake runs on one HTTP/1.1 connection, the body is sent again with each leg, and what the server's last token says is
 * verified before the response is handed out. Rejects with `SspiError` where authentication fails on this side or the server
 * does not prove itself, with fetch's TypeError where the network fails; credentials that a server refuses give its 401.
 */
export function createFetch(options: FetchOptions = {}): NegotiatingFetch {
  return createFetchOver(initiatorSource, bindingsWhereDefined, options);
}

/**
 * Middleware for connect, Express and bare node:http: lets a request pass once its connection is authenticated, with `req.sspi` set.
 *
 * Answers 401 with a challenge, 400 to what is no token, and calls `next(error)` only for faults of the server itself.
 */
export function negotiateAuth(options: NegotiateAuthOptions): Middleware {
  return negotiateAuthOver(acceptorSource, options.channelBindingPolicy === 'always' ? channelBindingsFromCertificate : bindingsWhereDefined, options);
}

/**
 * The server's side for `Request` and `Response` (Deno.serve, Bun.serve, Workers, Hono): asks who sent a request.
 *
 * Kerberos completes within one request, and nothing is kept from one to the next. NTLM, which takes several on one connection, is offered
 * only where `connection` tells connections apart; without it, and without a keytab, this throws SEC_E_UNSUPPORTED_FUNCTION.
 */
export function createRequestAuthenticator<Info = unknown>(options: RequestAuthenticatorOptions<Info>): RequestAuthenticator<Info> {
  return createRequestAuthenticatorOver(acceptorSource, options);
}

/** The same as middleware of Hono: `c.get('sspi')` is who sent the request. `connection` is given Hono's context. */
export function negotiateHono(options: RequestAuthenticatorOptions<HonoContext>): HonoMiddleware {
  return honoOver(createRequestAuthenticator(options));
}

/** None for a certificate of which RFC 5929 §4.1 makes none, such as one of Ed25519. */
async function bindingsWhereDefined(certificate: Uint8Array): Promise<Uint8Array | null> {
  try {
    return await channelBindingsFromCertificate(certificate);
  } catch (error) {
    if (error instanceof SspiError && error.code === 'SEC_E_UNSUPPORTED_FUNCTION') return null;
    throw error;
  }
}

export { authenticationOf, proxyAuthenticationOf, type Authentication } from './authentication.ts';
export type { Scheme } from './context-source.ts';
export type { FetchOptions, NegotiatingFetch } from './fetch-options.ts';
export type { SspiIdentity } from './identity.ts';
export type { Middleware, NegotiateAuthOptions } from './middleware.ts';
export type { HonoContext, HonoMiddleware, RequestAuthenticator, RequestAuthenticatorOptions, RequestVerdict } from './request-authenticator.ts';
