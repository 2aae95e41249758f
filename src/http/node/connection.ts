import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as tcpConnect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, TLSSocket, type ConnectionOptions } from 'node:tls';
import type { Authentication } from '../authentication.ts';
import { bareHost } from '../target.ts';
import { DeadlineError, startTimer } from './deadline.ts';

/** One HTTP/1.1 connection, and whom it speaks for. A handshake and what it authenticates never leave it. */
export interface Connection {
  readonly socket: Socket;
  /** The server's certificate in DER, null without TLS: what tls-server-end-point binds to. */
  readonly certificate: Uint8Array | null;
  /** Set once a handshake authenticated the connection itself, not a single request. */
  authentication: Authentication | null;
  /** The same toward a proxy. */
  proxyAuthentication: Authentication | null;
  /** Responses that came over it: a connection that was never used cannot have been idle too long. */
  responses: number;
  /** Milliseconds that the server's `Keep-Alive: timeout` allows, null where it says none. */
  idleTimeout: number | null;
  /** Closed, or about to: the last response said that no other follows. */
  readonly closed: boolean;
  send(leg: Leg): Promise<IncomingMessage>;
  close(): void;
}

/** One request as it goes onto the wire. */
export interface Leg {
  method: string;
  /** The request target: origin form, or absolute form toward a proxy. */
  path: string;
  headers: [name: string, value: string][];
  body: Uint8Array | null;
  signal: AbortSignal;
  /** Milliseconds for the head of the answer, counted from the last that could be written of the request. */
  headersTimeout: number;
}

/** The request was not written: its connection had gone. It can be sent again whatever its method is. */
export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone';
}

export async function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = tcpConnect({ host: bareHost(host), port });
  socket.on('error', ignore); // it may be reset while idle, or under the TLS that reports for it
  await opened(socket, 'connect', signal);
  socket.setNoDelay(true);
  return socket;
}

/** TLS over `transport`, never resumed: a resumed session does not always hold the certificate that bindings need. */
export async function openTls(transport: Socket, host: string, options: ConnectionOptions | undefined, signal: AbortSignal): Promise<TLSSocket> {
  const bare = bareHost(host).replace(/\.$/, ''); // a certificate names no root
  const socket = tlsConnect({
    ...options, socket: transport, host: bare, ALPNProtocols: ['http/1.1'],
    ...(isIP(bare) === 0 ? { servername: options?.servername ?? bare } : {}),
  });
  socket.on('error', ignore);
  await opened(socket, 'secureConnect', signal).catch((error: unknown) => {
    transport.destroy();
    throw error;
  });
  return socket;
}

export function createConnection(socket: Socket): Connection {
  const agent = new PinnedAgent(socket);
  let closed = socket.destroyed;
  let announced = false;
  socket.once('close', () => { closed = true; });

  return {
    socket,
    certificate: socket instanceof TLSSocket ? new Uint8Array(socket.getPeerCertificate(true).raw ?? []) : null,
    authentication: null,
    proxyAuthentication: null,
    responses: 0,
    idleTimeout: null,
    get closed() {
      return closed || announced || socket.destroyed || !socket.writable || !socket.readable;
    },
    async send(leg) {
      if (this.closed) throw new ConnectionGone('the connection is closed');
      const message = await respond(httpRequest({
        agent, method: leg.method, path: leg.path, headers: leg.headers.flat(), setHost: false, maxHeaderSize: MAX_HEADER, signal: leg.signal,
      }), leg);
      this.responses++;
      this.idleTimeout = keepAliveTimeout(message);
      announced = announcesClose(message);
      return message;
    },
    close() {
      agent.destroy();
      socket.destroy();
    },
  };
}

/**
 * Reads what is left of an answer that nobody will see, so that its connection can carry the next leg; false where it is too long for that.
 * `bodyTimeout`: milliseconds for all of it, since who waits for it sees nothing of it.
 */
export async function drain(message: IncomingMessage, bodyTimeout: number): Promise<boolean> {
  let length = 0;
  const timer = startTimer(bodyTimeout, () => message.destroy(new DeadlineError('body', `the body of an answer that nobody reads did not end within ${bodyTimeout} ms`)));
  return await new Promise<boolean>((resolve, reject) => {
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_DRAIN) message.destroy();
    });
    message.once('end', () => resolve(true));
    message.once('error', (error) => (length > MAX_DRAIN ? resolve(false) : reject(error)));
    message.once('close', () => resolve(message.complete));
  }).finally(timer.stop);
}

/** An agent with one socket. Where it would need another, the pinned one is gone. */
class PinnedAgent extends Agent {
  #socket: Socket | null;

  constructor(socket: Socket) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#socket = socket;
  }

  override createConnection(_options: unknown, created?: (error: Error | null, stream: Duplex) => void): Duplex {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null && !socket.destroyed) return socket;
    // Called back, not thrown: the agent also asks when the pinned socket closes under a waiting request.
    (created as (error: Error) => void)(new ConnectionGone('the server closed the connection'));
    return undefined!; // nobody looks at it then
  }

  /** Always: the pool decides how long a connection waits. The default refuses one whose server says `timeout=1`, even between two legs. */
  override keepSocketAlive(socket: Socket): boolean {
    socket.setKeepAlive(true, 1000);
    socket.unref();
    return true;
  }
}

async function respond(request: ClientRequest, { method, body, headersTimeout }: Leg): Promise<IncomingMessage> {
  let expire = ignore;
  const timer = startTimer(headersTimeout, () => expire());
  let answered = false;
  return await new Promise<IncomingMessage>((resolve, reject) => {
    let written = false;
    expire = () => {
      const late = new DeadlineError('headers', `no answer came within ${headersTimeout} ms`);
      reject(late); // first: in Deno another error comes of what follows
      request.destroy(late);
    };
    request.once('socket', () => { written = true; });
    request.once('response', (message) => {
      // Node takes an answer to HEAD that has no length for one that the connection's end would end, and closes it.
      if (method === 'HEAD' && !announcesClose(message)) request.shouldKeepAlive = true;
      resolve(message);
    });
    // Node tells a 101 by no error: it closes.
    request.once('upgrade', (_message, socket) => socket.destroy());
    request.once('close', () => {
      if (!answered) setImmediate(reject, new Error('the connection ended without an answer to this request')); // an error of its own says more
    });
    // stays: after an early response the rest of the body may still fail
    request.on('error', (error) => {
      // Deno asks the agent for another socket when the pinned one dies under a request that was written.
      reject(written && error instanceof ConnectionGone ? Object.assign(new Error('socket hang up', { cause: error }), { code: 'ECONNRESET' }) : error);
    });
    write(request, body ?? new Uint8Array(0), () => answered || timer.restart());
  }).finally(() => {
    answered = true;
    timer.stop();
  });
}

/** In pieces, so that a long body shows that it `moved`. */
function write(request: ClientRequest, body: Uint8Array, moved: () => void): void {
  let at = 0;
  const next = () => {
    moved();
    while (body.length - at > PIECE) {
      const more = request.write(body.subarray(at, at += PIECE));
      if (!more) return void request.once('drain', next);
    }
    if (at === body.length) request.end();
    else request.end(body.subarray(at));
  };
  request.once('finish', moved);
  next();
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail).off('close', close).off(event, done);
      act();
    };
    const done = () => settle(resolve);
    const fail = (error: Error) => settle(() => reject(error));
    const close = () => settle(() => reject(new Error('the connection closed before it was open')));
    const abort = () => settle(() => {
      socket.destroy();
      reject(signal.reason);
    });
    socket.once(event, done).once('error', fail).once('close', close);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

/** RFC 9112 §9.3. */
function announcesClose(message: IncomingMessage): boolean {
  const options = (message.headers.connection ?? message.headers['proxy-connection']?.toString() ?? '').toLowerCase().split(',').map((option) => option.trim());
  return options.includes('close') || (message.httpVersionMajor === 1 && message.httpVersionMinor === 0 && !options.includes('keep-alive'));
}

function keepAliveTimeout(message: IncomingMessage): number | null {
  const match = /\btimeout=(\d{1,6})/i.exec(message.headers['keep-alive']?.toString() ?? '');
  return match === null ? null : Number(match[1]) * 1000;
}

function ignore(): void {}

// Tickets with large PACs make headers that the default of 16 KiB refuses.
const MAX_HEADER = 262144;
/** Bytes of a request's body that are written at once. */
const PIECE = 262144;
const MAX_DRAIN = 4194304;
