import type { Socket } from 'node:net';
import { ConnectionGone } from './connection.ts';
import { publishLeg } from './leg-channel.ts';

/** What a proxy answered to CONNECT; its body is read and forgotten. */
export interface TunnelAnswer {
  status: number;
  reason: string;
  /** Values of a field, in the order they came. */
  field(name: string): string[];
  /** Another CONNECT can follow on the same connection. */
  reusable: boolean;
}

/*
 * CONNECT is spoken here and not through node:http, which takes the connection apart at the first answer, a 407 too,
 * while NTLM needs several answers on one connection.
 */

/** Sends one CONNECT over `socket` (RFC 9110 §9.3.6) and reads the answer; after a 2xx the socket is the tunnel. */
export async function sendConnect(socket: Socket, authority: string, headers: readonly [string, string][], signal: AbortSignal): Promise<TunnelAnswer> {
  const fields: [string, string][] = [['Host', authority], ['Proxy-Connection', 'keep-alive'], ...headers];
  const reader = createReader(socket, signal);
  try {
    if (socket.destroyed || !socket.writable) throw new ConnectionGone('the proxy closed the connection');
    socket.write(`CONNECT ${authority} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
    let answer = parseHead(await reader.until('\r\n\r\n', MAX_HEAD));
    while (answer.status < 200) answer = parseHead(await reader.until('\r\n\r\n', MAX_HEAD));
    const { status, reason, field } = answer;
    publishLeg(() => ({
      method: 'CONNECT', target: authority, headers: fields, status, reason,
      challenges: field('proxy-authenticate').map((value): [string, string] => ['Proxy-Authenticate', value]),
    }));
    if (answer.status >= 200 && answer.status < 300) return answer; // no body, whatever its headers say
    const framed = await readBody(reader, answer);
    return { ...answer, reusable: answer.reusable && framed };
  } finally {
    reader.release();
  }
}

function parseHead(head: Buffer): TunnelAnswer {
  const [statusLine = '', ...lines] = head.toString('latin1').replace(/\r\n\r\n$/, '').split('\r\n');
  const status = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/.exec(statusLine);
  if (status === null) throw new Error('the proxy did not answer CONNECT in HTTP/1');
  const fields = lines.map((line) => {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(line);
    if (field === null) throw new Error('the proxy answered CONNECT with a malformed header line');
    return { name: field[1]!.toLowerCase(), value: field[2]!.trimEnd() };
  });
  const field = (name: string) => fields.filter((known) => known.name === name).map((known) => known.value);
  const options = [...field('connection'), ...field('proxy-connection')].join(',').toLowerCase();
  const reusable = !/\bclose\b/.test(options) && (status[1] === '1' || /\bkeep-alive\b/.test(options));
  return { status: Number(status[2]), reason: status[3] ?? '', field, reusable };
}

/** False where only the end of the connection ends the body. */
async function readBody(reader: Reader, answer: TunnelAnswer): Promise<boolean> {
  if (answer.field('transfer-encoding').join(',').toLowerCase().trim().endsWith('chunked')) {
    for (let total = 0; ;) {
      const size = Number.parseInt((await reader.until('\r\n', MAX_HEAD)).toString('latin1'), 16);
      total += size;
      if (!(total <= MAX_BODY)) throw new Error('the proxy answered CONNECT with a malformed or very long body');
      if (size === 0) break;
      await reader.skip(size + 2);
    }
    while ((await reader.until('\r\n', MAX_HEAD)).length > 2); // trailers
    return true;
  }
  const [length] = answer.field('content-length');
  if (length === undefined || !/^\d{1,9}$/.test(length) || Number(length) > MAX_BODY) return false;
  await reader.skip(Number(length));
  return true;
}

interface Reader {
  /** What comes up to and with `end`. */
  until(end: string, limit: number): Promise<Buffer>;
  skip(length: number): Promise<void>;
  /** Puts back what was read too far, and lets go of the socket. */
  release(): void;
}

function createReader(socket: Socket, signal: AbortSignal): Reader {
  let held: Buffer = Buffer.alloc(0);

  const more = async () => {
    for (;;) {
      signal.throwIfAborted();
      const chunk: Buffer | null = socket.read();
      if (chunk !== null) {
        held = Buffer.concat([held, chunk]);
        return;
      }
      if (socket.readableEnded || socket.destroyed) throw new ConnectionGone('the proxy closed the connection');
      await readable(socket, signal);
    }
  };
  const take = (length: number) => {
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };

  return {
    async until(end, limit) {
      for (;;) {
        const at = held.indexOf(end, 0, 'latin1');
        if (at >= 0) return take(at + end.length);
        if (held.length > limit) throw new Error(`the proxy answered CONNECT with a head of more than ${limit} bytes`);
        await more();
      }
    },
    async skip(length) {
      let left = length;
      while (left > 0) {
        if (held.length === 0) await more();
        left -= take(Math.min(left, held.length)).length;
      }
    },
    release() {
      if (held.length > 0 && !socket.destroyed) socket.unshift(held);
    },
  };
}

async function readable(socket: Socket, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', abort);
      socket.off('readable', done).off('end', done).off('close', done).off('error', fail);
      act();
    };
    const done = () => settle(resolve);
    const fail = (error: Error) => settle(() => reject(error));
    const abort = () => settle(() => reject(signal.reason));
    socket.on('readable', done).on('end', done).on('close', done).on('error', fail);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

const MAX_HEAD = 262144;
const MAX_BODY = 4194304;
