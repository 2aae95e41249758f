import type { AcceptorData } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import type { CredHandle } from '../sspi/handles.ts';
import { allowsKerberos, type AcceptorSource, type EngineOptions } from './context-source.ts';
import { FORWARDED } from './forwarded.ts';
import { createGate, watchAccounts, type Fields, type ServedConnection, type Verdict } from './gate.ts';
import type { SspiIdentity } from './identity.ts';

export interface RequestAuthenticatorOptions<Info = unknown> extends AcceptorData, EngineOptions {
  /** An inbound credential in place of keytab and accounts. */
  credential?: CredHandle;
  /**
   * The object that stands for the request's connection, such as its socket: the same for all its requests and for no other's. Without it
   * Kerberos alone is offered, which needs one request; NTLM needs several on one connection. Never make it of what a client sends.
   * What stands for a connection of HTTP/2 counts as none.
   */
  connection?: (request: Request, info: Info) => object | null | undefined;
  /** Whether an authenticated connection speaks for its later requests; as in `negotiateAuth`, and only with `connection`. Default `auto`. */
  persistent?: 'auto' | 'always' | 'never';
  /** Application data of the channel bindings: `await channelBindingsFromCertificate(der)` of the certificate that clients see. Default: none. */
  channelBindings?: Uint8Array;
  /** The longest token that is looked at, in bytes. Default 65,536. */
  maxTokenSize?: number;
  /** How long a client may take for a handshake of several legs, in milliseconds. Default 60,000. */
  handshakeTimeout?: number;
  /** Handshakes under way at once; one more is answered 503. Default 10,000. */
  maxHandshakes?: number;
  /** Told why a token was refused; the client learns only that it was. */
  onRefusal?: (error: SspiError, request: Request) => void;
}

/** What a server of `Request` and `Response` asks for each request. */
export type RequestAuthenticator<Info = unknown> = (request: Request, info?: Info) => Promise<RequestVerdict>;

export type RequestVerdict =
  | {
    /** Who sent the request. */
    sspi: SspiIdentity;
    response: null;
    /** The answer of the server, with the token that proves it to the client. */
    finish(response: Response): Response;
  }
  | {
    sspi: null;
    /** To be sent as it is: a challenge, or why there is none. */
    response: Response;
    finish?: undefined;
  };

/** What Hono's `Context` has of it. */
export interface HonoContext {
  req: { raw: Request };
  /** Sets a field of the answer, whoever makes it. */
  header(name: string, value: string, options: { append: true }): void;
  /** Bindings; of @hono/node-server, `incoming.socket` is the connection. */
  env?: unknown;
  set(key: 'sspi', identity: SspiIdentity): void;
}

export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>;

export function createRequestAuthenticatorOver<Info>(makeSource: (options: RequestAuthenticatorOptions<Info>) => AcceptorSource, options: RequestAuthenticatorOptions<Info>): RequestAuthenticator<Info> {
  const { persistent = 'auto', maxTokenSize = 65536, handshakeTimeout = 60000, maxHandshakes = 10000 } = options;
  const oneLeg = options.connection === undefined;
  if (oneLeg) requireKerberos(options);
  const watched = watchAccounts(options.accounts);
  const { accounts: _watched, ...others } = options;
  const source = makeSource(oneLeg ? { ...others, packageList: 'Kerberos' } : { ...others, ...(watched.accounts && { accounts: watched.accounts }) });
  const schemes = oneLeg ? ['Negotiate' as const] : source.schemes; // a handle may speak NTLM too
  const gate = createGate({ schemes, acceptor: (wanted) => source.acceptor(wanted) }, watched, { maxTokenSize, handshakeTimeout, maxHandshakes });
  const connections = new WeakMap<object, ServedConnection>();

  const connectionOf = (key: object): ServedConnection => {
    const known = connections.get(key);
    if (known !== undefined) return known;
    const connection = gate.connection();
    connections.set(key, connection);
    (key as { once?(event: 'close', listener: () => void): void }).once?.('close', () => gate.close(connection)); // a socket of Node's
    return connection;
  };

  return async (request, info) => {
    const given = options.connection?.(request, info as Info) ?? null;
    const http2 = given !== null && isHttp2(given);
    const key = http2 ? null : given;
    const { headers } = request;
    const connection = key === null ? gate.connection() : connectionOf(key);
    const verdict = await gate.judge({
      authorization: headers.get('authorization'),
      shared: key === null || persistent === 'never' || (persistent === 'auto' && FORWARDED.some((name) => headers.has(name))),
      follows: key === null ? { possible: false, why: `and ${http2 ? 'HTTP/2 has one for many. Use HTTP/1.1.' : 'this server cannot tell which requests share one.'} Kerberos needs one request.` } : { possible: true },
      gone: () => key !== null && request.signal.aborted, // Deno warns whoever looks at the signal; without a connection nothing is left behind
      channelBindings: async () => (options.channelBindingPolicy === 'never' ? null : options.channelBindings ?? null),
      refused: (error) => options.onRefusal?.(error, request),
    }, connection);
    return toVerdict(verdict);
  };
}

/** As middleware of Hono: `c.get('sspi')` is who sent the request; `connection` is given the context. */
export function honoOver(authenticate: RequestAuthenticator<HonoContext>): HonoMiddleware {
  return async (context, next) => {
    const verdict = await authenticate(context.req.raw, context);
    if (verdict.sspi === null) return verdict.response;
    context.set('sspi', verdict.sspi);
    await next();
    // Hono's own way: a Response of @hono/node-server loses fields that are added to it.
    for (const [name, value] of verdict.finish(new Response(null)).headers) context.header(name, value, { append: true });
    return undefined;
  };
}

function toVerdict(verdict: Verdict): RequestVerdict {
  if (verdict.kind === 'pass') {
    return { sspi: verdict.identity, response: null, finish: (response) => withFields(response, verdict.headers) };
  }
  if (verdict.kind === 'gone') return { sspi: null, response: new Response(null, { status: 400 }) }; // nobody reads it
  const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  for (const [name, value] of verdict.headers) headers.append(name, value);
  return { sspi: null, response: new Response(`${verdict.text}\n`, { status: verdict.status, headers }) };
}

function withFields(response: Response, fields: Fields): Response {
  const write = ({ headers }: Response) => {
    for (const [name, value] of fields) headers.append(name, value);
  };
  try {
    write(response);
    return response;
  } catch {
    const copy = new Response(response.body, response); // what fetch gave has headers that do not change
    write(copy);
    return copy;
  }
}

/** Whether it is of node:http2, raw or through its compatibility API: a stream, a session or a socket. Its requests may be of several people. */
function isHttp2(connection: object): boolean {
  const { alpnProtocol } = connection as { alpnProtocol?: unknown };
  return alpnProtocol === 'h2' || alpnProtocol === 'h2c' || 'rstCode' in connection || 'localSettings' in connection;
}

/** Without a connection, what needs one must not be offered. */
function requireKerberos({ credential, keytab, accounts, packageList }: Omit<RequestAuthenticatorOptions, 'connection' | 'onRefusal'>): void {
  if (allowsKerberos(packageList) && (credential !== undefined || keytab !== undefined || accounts === undefined)) return;
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'only NTLM could be offered, which needs several requests on one connection, and nothing here tells connections apart', {
    remedy: "Give a keytab, for Kerberos; or `connection`, a function that gives the request's socket, where this server has one.",
  });
}
