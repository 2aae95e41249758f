import type { SspiError } from '../../backends/contract/errors.ts';
import type { Scheme } from './context-source.ts';

/** What a handshake over HTTP came to. */
export interface Authentication {
  scheme: Scheme;
  /** What Negotiate settled on; null where it never did. */
  package: 'Kerberos' | 'NTLM' | null;
  /** Why it is not the package that Negotiate preferred: where no ticket could be had, the KDC's reason. Null where it is. */
  fallbackFrom: SspiError | null;
  /** The SPN that was asked for. */
  target: string;
  /** The server, where it has proven itself; NTLM cannot. */
  peer: string | null;
  /** True once the last token was verified. A server that refuses the credentials leaves it false. */
  complete: boolean;
  /** The server proved that it is `target`. */
  mutual: boolean;
  /** The handshake was bound to the TLS connection. */
  channelBindings: boolean;
  /** The connection had been authenticated by an earlier request; this one had no handshake. */
  reused: boolean;
}

/** What authenticated a response of `createFetch`: null where the server asked for nothing that we answer. */
export function authenticationOf(response: Response): Authentication | null {
  return outcomes.get(response)?.origin ?? null;
}

/** The same toward the proxy that the request went through. */
export function proxyAuthenticationOf(response: Response): Authentication | null {
  return outcomes.get(response)?.proxy ?? null;
}

export interface Outcome {
  origin: Authentication | null;
  proxy: Authentication | null;
}

export function recordOutcome(response: Response, outcome: Outcome): void {
  outcomes.set(response, outcome);
}

const outcomes = new WeakMap<Response, Outcome>();
