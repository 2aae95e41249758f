import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { AcceptorData } from '../../backends/contract/credentials.ts';
import type { SspiError } from '../../backends/contract/errors.ts';
import type { CredHandle } from '../sspi/handles.ts';
import type { AcceptorSource, EngineOptions } from './context-source.ts';
import { FORWARDED } from './forwarded.ts';
import { createGate, watchAccounts, type Fields, type ServedConnection } from './gate.ts';
import type { SspiIdentity } from './identity.ts';

export interface NegotiateAuthOptions extends AcceptorData, EngineOptions {
  /** An inbound credential in place of keytab and accounts. */
  credential?: CredHandle;
  /**
   * Whether an authenticated connection speaks for its later requests. Default `auto`: unless a request shows that it
   * came through a proxy (Via, Forwarded, X-Forwarded-*, X-Real-IP), whose connections may carry several people.
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

export function negotiateAuthOver(makeSource: MakeAcceptorSource, bindings: MakeBindings, options: NegotiateAuthOptions): Middleware {
  const { persistent = 'auto', maxTokenSize = 65536, handshakeTimeout = 60000, maxHandshakes = 10000 } = options;
  const watched = watchAccounts(options.accounts);
  const source = makeSource({ ...options, ...(watched.accounts && { accounts: watched.accounts }) });
  const { schemes } = source;
  const gate = createGate(source, watched, { maxTokenSize, handshakeTimeout, maxHandshakes });
  const connections = new WeakMap<Socket, ServedConnection>();

  const connectionOf = (socket: Socket): ServedConnection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection = gate.connection();
    connections.set(socket, connection);
    socket.once('close', () => gate.close(connection));
    return connection;
  };

  /** True: the request is authenticated and goes on to `next`. Otherwise it was answered. */
  const authenticate = async (req: IncomingMessage, res: ServerResponse): Promise<boolean> => {
    const stream = streamOf(req);
    const verdict = await gate.judge({
      authorization: req.headers.authorization ?? null,
      shared: stream !== null || persistent === 'never' || (persistent === 'auto' && FORWARDED.some((name) => req.headers[name] !== undefined)),
      follows: stream === null && keepsAlive(req, res) ? { possible: true } : { possible: false, why: stream === null ? CONNECTION_ENDS : CONNECTION_SHARED },
      gone: () => (stream ?? req.socket).destroyed,
      channelBindings: () => bindingsOf(req, options, bindings),
      refused: (error) => options.onRefusal?.(error, req),
    }, stream === null ? connectionOf(req.socket) : gate.connection());
    if (verdict.kind === 'gone') return false;
    setFields(res, verdict.headers);
    if (verdict.kind === 'answer') return answer(req, res, verdict.status, verdict.text), false;
    (req as { sspi?: SspiIdentity }).sspi = verdict.identity;
    return true;
  };

  return (req, res, next) => {
    if (schemes.includes('NTLM')) {
      // RFC 9113 §7: its client tries again over HTTP/1.1, as with IIS. Kerberos authenticates a request, which HTTP/2 leaves in peace.
      const stream = streamOf(req);
      if (stream !== null) return stream.close(HTTP_1_1_REQUIRED);
    }
    authenticate(req, res).then((authenticated) => authenticated && next(), next);
  };
}

/** Makes the application data of channel bindings from a certificate in DER; null where it has none. */
export type MakeBindings = (certificate: Uint8Array) => Promise<Uint8Array | null>;

/** The stream of a request of HTTP/2, whose connection is shared by many. */
function streamOf(req: IncomingMessage): Http2ServerRequest['stream'] | null {
  return req.httpVersionMajor >= 2 ? (req as unknown as Http2ServerRequest).stream : null;
}

async function bindingsOf(req: IncomingMessage, options: NegotiateAuthOptions, bindings: MakeBindings): Promise<Uint8Array | null> {
  if (options.channelBindingPolicy === 'never') return null;
  if (options.channelBindings !== undefined) return options.channelBindings;
  if (!('getCertificate' in req.socket)) return null;
  const certificate = (req.socket as TLSSocket).getCertificate();
  const raw = certificate !== null && 'raw' in certificate ? certificate.raw : undefined;
  return raw === undefined ? null : await bindings(new Uint8Array(raw));
}

function setFields(res: ServerResponse, fields: Fields): void {
  for (const [name] of fields) {
    const values = fields.filter(([other]) => other === name).map(([, value]) => value);
    res.setHeader(name, values.length === 1 ? values[0]! : values);
  }
}

/** As `res.shouldKeepAlive`, which in Bun does not look at what the client said. */
function keepsAlive({ headers: { connection = '' } }: IncomingMessage, res: ServerResponse): boolean {
  return res.shouldKeepAlive && !/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection);
}

/** Ends a leg. What is left of the request's body is read and dropped, so that the connection lives on. */
function answer(req: IncomingMessage, res: ServerResponse, status: number, text: string): void {
  req.resume?.(); // Node does so by itself, Deno does not

  const body = new TextEncoder().encode(`${text}\n`);
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length, 'Cache-Control': 'no-store' });
  res.end(body);
}

const HTTP_1_1_REQUIRED = 0xd;
const CONNECTION_ENDS = 'and this connection ends after the first. '
  + 'A proxy in between must keep its connections open, one for each client (HTTP/1.1 with keep-alive).';
const CONNECTION_SHARED = 'and HTTP/2 has one for many. Kerberos needs one request.';
