import type { Http1Connection, Http1Response } from '../http1/connection.ts';
import type { ResponseHead } from '../http1/head.ts';

export interface Http1Parts {
  head: ResponseHead;
  body: Http1Response['body'];
  url: URL;
  method: string;
  connection: Http1Connection;
  signal: AbortSignal;
  /** Called once the body has ended, in whatever way. */
  release(): void;
}

/** The platform's `Response` over a message of HTTP/1.1; its body streams, and the connection closes behind it. */
export function toResponse({ head, body, url, method, connection, signal, release }: Http1Parts): Response {
  const headers = new Headers();
  for (const [name, value] of head.fields) headers.append(name, value);
  const end = () => {
    release();
    connection.close();
  };
  let stream: ReadableStream<Uint8Array> | null = null;
  if (method === 'HEAD' || NULL_BODY.has(head.status)) end();
  else stream = decoded(streamOf(body, signal, end), headers);
  // encodeBody: a Worker that hands this response on would otherwise encode once more what came encoded.
  const init: ResponseInit & { encodeBody: 'manual' | 'automatic' } = { status: head.status, statusText: head.reason, headers, encodeBody: headers.has('content-encoding') ? 'manual' : 'automatic' };
  const bare = new URL(url);
  bare.hash = '';
  return Object.defineProperty(new Response(stream, init), 'url', { value: bare.href, enumerable: true });
}

function streamOf(body: Http1Response['body'], signal: AbortSignal, end: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await body.next();
        if (!done) return controller.enqueue(value.slice());
        signal.throwIfAborted(); // an end that is ours: where the connection's end is the body's, it would pass for the whole
        end();
        controller.close();
      } catch (cause) {
        end();
        controller.error(signal.aborted ? signal.reason : new TypeError('terminated', { cause }));
      }
    },
    cancel: end,
  });
}

/** As fetch does; a field that is no longer true goes. */
function decoded(stream: ReadableStream<Uint8Array>, headers: Headers): ReadableStream<Uint8Array> {
  const format = FORMATS.get(headers.get('content-encoding')?.trim().toLowerCase() ?? '');
  if (format === undefined || typeof DecompressionStream === 'undefined') return stream;
  headers.delete('content-encoding');
  headers.delete('content-length');
  return stream.pipeThrough(new DecompressionStream(format) as unknown as ReadableWritablePair<Uint8Array, Uint8Array>);
}

const NULL_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);
const FORMATS: ReadonlyMap<string, CompressionFormat> = new Map([['gzip', 'gzip'], ['x-gzip', 'gzip'], ['deflate', 'deflate']]);
