import type { ConnectionOptions } from 'node:tls';
import type { AuthData } from '../../backends/contract/credentials.ts';
import { ISC_REQ_CONFIDENTIALITY, ISC_REQ_DELEGATE, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT } from '../../backends/contract/flags.ts';
import type { CredHandle } from '../sspi/handles.ts';
import type { EngineOptions, InitiatorSource } from './context-source.ts';

export interface FetchOptions extends EngineOptions {
  /** Who is authenticated; default: the host's default credential. */
  credential?: CredHandle | AuthData;
  /** The SPN, or a function that gives it for a URL, at once or later. Default `HTTP/` and the URL's host. */
  target?: string | ((url: URL) => string | Promise<string>);
  /** Ask for delegation (ISC_REQ_DELEGATE), which Kerberos alone can grant. Default false. */
  delegate?: boolean;
  /** Bind the handshake to the TLS connection (RFC 5929 tls-server-end-point, which a certificate of Ed25519 does not have). Default `auto`. */
  channelBinding?: 'auto' | 'never';
  /** A proxy's URL, or `'environment'` for HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Default: none. */
  proxy?: string | URL;
  /** Who is authenticated toward the proxy; default: its URL's user information, else `credential`. */
  proxyCredential?: CredHandle | AuthData;
  /** The proxy's SPN. Default `HTTP/` and its host. */
  proxyTarget?: string;
  /**
   * Whether a token goes with the first request, before the server asks for one. `auto`: to an origin that has asked before, where no
   * connection is held that could be authenticated (plain fetch), and to a page's own, where the browser would ask its user. Default `auto`.
   */
  preemptive?: 'auto' | 'always' | 'never';
  /** Whether to authenticate to another origin that a redirect led to. Default: never. */
  authenticateRedirect?: (url: URL, from: URL) => boolean;
  /**
   * The fetch to send through, such as a binding of a Worker, in place of connections of our own: Kerberos alone, which needs one request.
   * Where a runtime has no sockets its own fetch is used anyhow.
   */
  fetch?: (request: Request) => Promise<Response>;
  /** Certificates and checks of TLS, as `tls.connect` takes them: `{ ca }`. */
  tls?: ConnectionOptions;
  /** Connections toward one origin at once. Default 10; further requests wait. */
  maxConnections?: number;
  /** How long an idle connection is kept, in milliseconds. Default 15,000, less where the server says so. */
  idleTimeout?: number;
  /**
   * How long a connection may take to be there, with its TLS, in milliseconds; 0: any time. Default 10,000. This one and the next two hold in Node,
   * Deno and Bun; elsewhere give the request a `signal`.
   */
  connectTimeout?: number;
  /** How long the head of an answer may take, and no more of a request's body be taken, in milliseconds. Default 300,000. */
  headersTimeout?: number;
  /** How long the next piece of a body may take, and the whole body of a challenge, in milliseconds. Default 300,000. */
  bodyTimeout?: number;
  /** The longest body of a request, in bytes: it is kept, to be sent with each leg of a handshake. Default 1 GiB. */
  maxBodySize?: number;
}

/** fetch, with a way to let its connections and credentials go. A script may end without it. */
export type NegotiatingFetch = typeof fetch & AsyncDisposable & { close(): Promise<void> };

/** Makes the contexts for `credential`. */
export type MakeInitiatorSource = (credential: CredHandle | AuthData | undefined, options: EngineOptions) => InitiatorSource;

/** createFetch over what a runtime has; `bindings` makes channel bindings of a certificate in DER. */
export type CreateFetch = (makeSource: MakeInitiatorSource, bindings: (certificate: Uint8Array) => Promise<Uint8Array | null>, options: FetchOptions) => NegotiatingFetch;

/** What `createFetch` asks of a context. */
export function requirementsOf({ delegate }: FetchOptions): number {
  return delegate ? FLAGS | ISC_REQ_DELEGATE : FLAGS;
}

const FLAGS = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
