import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Middleware } from '../../../src/http/middleware.ts';
import { selfSigned } from './certificate.ts';

export const tlsOptions = selfSigned(['localhost', 'web.test', 'other.test']);
export const certificate = tlsOptions.cert;

export interface Running extends AsyncDisposable {
  url: string;
  port: number;
  server: Server;
  /** Sockets that were accepted. */
  sockets: Socket[];
  /** Requests in the order they came, with the index of their socket. */
  seen: { method: string; url: string; socket: number; headers: IncomingMessage['headers'] }[];
}

export async function serve(listener: RequestListener, { secure = false, host = '127.0.0.1', tls = tlsOptions } = {}): Promise<Running> {
  const seen: Running['seen'] = [];
  const sockets: Socket[] = [];
  const counting: RequestListener = (req, res) => {
    seen.push({ method: req.method ?? '', url: req.url ?? '', socket: sockets.indexOf(req.socket), headers: req.headers });
    listener(req, res);
  };
  const server = secure ? createHttps(tls, counting) : createHttp(counting);
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => sockets.push(socket));
  const port = await listen(server);
  const dispose = async () => {
    for (const socket of sockets) socket.destroy(); // node:http forgets those that CONNECT took over
    await stop(server);
  };
  return { url: `${secure ? 'https' : 'http'}://${host}:${port}`, port, server, sockets, seen, [Symbol.asyncDispose]: dispose };
}

/** A listener behind `middleware`; what `next` is called with is answered 500. */
export function guarded(middleware: Middleware, listener: RequestListener): RequestListener {
  return (req, res) => middleware(req, res, (error) => {
    if (error === undefined) return void listener(req, res);
    res.statusCode = 500;
    res.end(`next(${error instanceof Error ? error.message : String(error)})`);
  });
}

export async function bodyOf(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Answers with what came: method, user and body. */
export const echo: RequestListener = async (req, res) => {
  const body = await bodyOf(req);
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify({ method: req.method, user: req.sspi?.user ?? null, type: req.headers['content-type'] ?? null, body: body.toString('latin1') }));
};

export interface RunningProxy extends Running {
  /** Authorities of CONNECT. */
  tunnels: string[];
}

/** A forward proxy: absolute-form requests and CONNECT, each behind `middleware` where one is given. It demands 407 by rewriting a 401. */
export async function serveProxy({ middleware, sessionSupport = true, secure = false }: { middleware?: Middleware; sessionSupport?: boolean; secure?: boolean } = {}): Promise<RunningProxy> {
  const { request } = await import('node:http');
  const tunnels: string[] = [];
  // One upstream connection for each client connection, as RFC 4559 §6 asks of a proxy that supports sessions.
  const { Agent } = await import('node:http');
  const agents = new WeakMap<Socket, InstanceType<typeof Agent>>();
  const agentOf = (socket: Socket) => {
    const agent = agents.get(socket) ?? new Agent({ keepAlive: true, maxSockets: 1 });
    if (!agents.has(socket)) socket.once('close', () => agent.destroy());
    agents.set(socket, agent);
    return agent;
  };
  const running = await serve((req, res) => {
    const forward = (error?: unknown) => {
      if (error !== undefined) return void res.writeHead(500).end(String(error));
      const url = new URL(req.url ?? '');
      const { 'proxy-authorization': _dropped, 'proxy-connection': _too, ...headers } = req.headers;
      const upstream = request({ agent: agentOf(req.socket), host: url.hostname, port: url.port, path: url.pathname + url.search, method: req.method, headers }, (answer) => {
        const support = sessionSupport && answer.statusCode === 401 ? ['Proxy-Support', 'Session-Based-Authentication'] : [];
        const final = res.getHeader('proxy-authenticate');
        res.writeHead(answer.statusCode ?? 502, answer.statusMessage, [...answer.rawHeaders, ...support, ...(final ? ['Proxy-Authenticate', String(final)] : [])]);
        answer.pipe(res);
      });
      upstream.on('error', () => res.destroy());
      req.pipe(upstream);
    };
    if (middleware === undefined) return forward();
    asProxy(middleware, req, res, forward);
  }, { secure });

  running.server.on('connect', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    running.seen.push({ method: 'CONNECT', url: req.url ?? '', socket: running.sockets.indexOf(socket as Socket), headers: req.headers });
    void answerConnect(req, socket as Socket, head, middleware, tunnels);
  });
  return { ...running, tunnels };
}

/** Lends a middleware for 401 to a proxy's 407. */
function asProxy(middleware: Middleware, req: IncomingMessage, res: Parameters<Middleware>[1], next: (error?: unknown) => void): void {
  const { authorization } = req.headers;
  const setHeader = res.setHeader.bind(res);
  const writeHead = res.writeHead.bind(res);
  const rename = (name: string) => (name.toLowerCase() === 'www-authenticate' ? 'Proxy-Authenticate' : name);
  res.setHeader = (name, value) => setHeader(rename(name), value);
  res.writeHead = ((status: number, ...rest: []) => writeHead(status === 401 ? 407 : status, ...rest)) as typeof res.writeHead;
  req.headers.authorization = req.headers['proxy-authorization'];
  if (req.headers.authorization === undefined) delete req.headers.authorization;
  middleware(req, res, (error) => {
    res.setHeader = setHeader;
    res.writeHead = writeHead;
    if (authorization === undefined) delete req.headers.authorization;
    else req.headers.authorization = authorization;
    next(error);
  });
}

async function answerConnect(req: IncomingMessage, socket: Socket, head: Buffer, middleware: Middleware | undefined, tunnels: string[]): Promise<void> {
  socket.on('error', () => socket.destroy());
  let verdict = { status: 200, fields: [] as string[], body: '' };
  if (middleware !== undefined) verdict = await judge(middleware, req, socket);
  if (verdict.status !== 200) {
    socket.write(`HTTP/1.1 ${verdict.status} Proxy Authentication Required\r\n${verdict.fields.map((field) => `${field}\r\n`).join('')}`
      + `Content-Length: ${verdict.body.length}\r\n\r\n${verdict.body}`);
    // node:http gave the socket away; the next CONNECT is parsed by hand.
    const lines = (await untilBlank(socket)).split('\r\n');
    const authority = /^CONNECT (\S+)/.exec(lines[0] ?? '')?.[1];
    if (authority === undefined) return void socket.destroy();
    const headers: Record<string, string> = {};
    for (const line of lines.slice(1)) headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
    return await answerConnect(Object.assign(Object.create(req) as IncomingMessage, { url: authority, headers }), socket, Buffer.alloc(0), middleware, tunnels);
  }
  tunnels.push(req.url ?? '');
  const [host, port] = (req.url ?? '').split(':');
  const upstream = connect(Number(port), host === 'web.test' || host === 'other.test' ? '127.0.0.1' : host, () => {
    socket.write(`HTTP/1.1 200 Connection established\r\n${verdict.fields.map((field) => `${field}\r\n`).join('')}\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on('error', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
}

/** What the middleware would answer to a CONNECT. */
async function judge(middleware: Middleware, req: IncomingMessage, socket: Socket): Promise<{ status: number; fields: string[]; body: string }> {
  return await new Promise((resolve) => {
    const fields: string[] = [];
    const authorization = req.headers['proxy-authorization'];
    const request = { httpVersionMajor: 1, headers: authorization === undefined ? {} : { authorization }, socket };
    let status = 200;
    const setHeader = (name: string, value: string | string[]) => {
      for (const one of [value].flat()) fields.push(`${name.replace(/^WWW-/, 'Proxy-')}: ${one}`);
    };
    const response = { shouldKeepAlive: true, setHeader, writeHead: (code: number) => { status = code; }, end: (body: Buffer) => resolve({ status: status === 401 ? 407 : status, fields, body: body.toString() }) };
    middleware(request as unknown as IncomingMessage, response as unknown as Parameters<Middleware>[1], () => resolve({ status: 200, fields, body: '' }));
  });
}

async function untilBlank(socket: Socket): Promise<string> {
  let held = '';
  return await new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      held += chunk.toString('latin1');
      if (!held.endsWith('\r\n\r\n')) return;
      socket.off('data', onData).pause();
      resolve(held.slice(0, -4));
    };
    socket.on('data', onData).once('close', () => resolve('')).resume();
  });
}

export async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function stop(server: NetServer): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  if ('closeAllConnections' in server) (server as Server).closeAllConnections();
  await closed;
}
