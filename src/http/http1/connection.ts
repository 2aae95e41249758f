import { readBody } from './body.ts';
import { createByteReader } from './byte-reader.ts';
import { framingOf, keepsAlive, MalformedResponse, parseHead, type ResponseHead } from './head.ts';

/** A duplex of bytes, as `connect()` of Workers gives it. */
export interface ByteDuplex {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
  close(): Promise<unknown>;
}

/** One HTTP/1.1 connection for one request after another. */
export interface Http1Connection {
  send(request: Http1Request): Promise<Http1Response>;
  close(): void;
}

export interface Http1Request {
  method: string;
  /** The request target in origin form. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array | null;
}

export interface Http1Response {
  head: ResponseHead;
  /** To be read to its end before the next request. */
  body: AsyncGenerator<Uint8Array, void>;
  /** Another request can follow once the body was read. */
  reusable: boolean;
}

/** It closed where an answer should begin. */
export class ConnectionEnded extends MalformedResponse {}

export function createHttp1Connection(duplex: ByteDuplex): Http1Connection {
  const writer = duplex.writable.getWriter();
  const reader = createByteReader(duplex.readable.getReader());
  writer.closed.catch(ignore);

  return {
    async send({ method, path, headers, body }) {
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      const head = bytesOf(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`);
      const written = writer.write(head).then(() => body === null || body.length === 0 ? undefined : writer.write(body));
      written.catch(ignore); // a server may answer, and close, before it has read the whole body
      const response = await readHead();
      const framing = framingOf(response, method);
      return { head: response, body: readBody(reader, framing), reusable: keepsAlive(response, framing) };
    },
    close() {
      duplex.close().catch(ignore);
    },
  };

  async function readHead(): Promise<ResponseHead> {
    for (let interim = 0; interim <= MAX_INTERIM; interim++) {
      const text = await reader.until('\r\n\r\n', MAX_HEAD);
      if (text === null) throw new ConnectionEnded('the connection closed before an answer came');
      const head = parseHead(text);
      if (head.status === 101) throw new MalformedResponse('the server switched protocols unasked');
      if (head.status >= 200) return head;
    }
    throw new MalformedResponse(`more than ${MAX_INTERIM} interim responses`);
  }
}

/** Latin-1: what Headers hold, and the target of a URL. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function ignore(): void {}

// Tickets with large PACs make large heads.
const MAX_HEAD = 262144;
const MAX_INTERIM = 32;
