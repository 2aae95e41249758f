import type { Socket } from 'node:net';
import { readBody } from '../http1/body.ts';
import { createByteReader, type ByteReader } from '../http1/byte-reader.ts';
import { fieldValues, framingOf, MalformedResponse, parseHead, type ResponseHead } from '../http1/head.ts';
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
  if (socket.destroyed || !socket.writable) throw new ConnectionGone('the proxy closed the connection');
  const reader = createByteReader({ read: () => readSome(socket, signal) });
  try {
    socket.write(`CONNECT ${authority} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
    const head = await readHead(reader);
    const { status, reason } = head;
    const field = (name: string) => fieldValues(head, name);
    publishLeg(() => ({
      method: 'CONNECT', target: authority, headers: fields, status, reason,
      challenges: field('proxy-authenticate').map((value): [string, string] => ['Proxy-Authenticate', value]),
    }));
    const reusable = status < 300 || (keepsOpen(head) && await skipBody(reader, head)); // a 2xx has no body, whatever its headers say
    return { status, reason, field, reusable };
  } finally {
    if (reader.rest.length > 0 && !socket.destroyed) socket.unshift(reader.rest);
  }
}

async function readHead(reader: ByteReader): Promise<ResponseHead> {
  for (let interim = 0; interim <= MAX_INTERIM; interim++) {
    const text = await reader.until('\r\n\r\n', MAX_HEAD);
    if (text === null) throw new ConnectionGone('the proxy closed the connection');
    const head = parseHead(text);
    if (head.status >= 200) return head;
  }
  throw new MalformedResponse(`the proxy answered CONNECT with more than ${MAX_INTERIM} interim responses`);
}

/** Proxies of HTTP/1.0 say it in a field of their own. */
function keepsOpen({ minorVersion, fields }: ResponseHead): boolean {
  const options = fields.filter(([name]) => /^(?:proxy-)?connection$/i.test(name)).map(([, value]) => value).join(',');
  return !/\bclose\b/i.test(options) && (minorVersion === 1 || /\bkeep-alive\b/i.test(options));
}

/** False where only the end of the connection ends the body, or it is too long to be read for nothing. */
async function skipBody(reader: ByteReader, head: ResponseHead): Promise<boolean> {
  const framing = framingOf(head, 'CONNECT');
  if (framing.kind === 'close' || (framing.kind === 'length' && framing.length > MAX_BODY)) return false;
  let length = 0;
  for await (const piece of readBody(reader, framing)) if ((length += piece.length) > MAX_BODY) return false;
  return true;
}

async function readSome(socket: Socket, signal: AbortSignal): Promise<{ done: boolean; value?: Uint8Array }> {
  for (;;) {
    signal.throwIfAborted();
    const value = socket.read() as Buffer | null;
    if (value !== null) return { done: false, value };
    if (socket.readableEnded || socket.destroyed) return { done: true };
    await readable(socket, signal);
  }
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
const MAX_INTERIM = 32;
const MAX_BODY = 4194304;
