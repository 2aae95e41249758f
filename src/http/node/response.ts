import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, constants } from 'node:zlib';
import { pipeline, Transform, type Readable } from 'node:stream';
import { DeadlineError, startTimer } from './deadline.ts';
import { recordOutcome, type Outcome } from '../authentication.ts';

/** What a response was, once its last leg came. */
export interface ResponseParts {
  message: IncomingMessage;
  method: string;
  url: URL;
  redirected: boolean;
  /** The platform's, whose signal ends the body too: kept, since its signal follows the caller's only while it lives. */
  request: Request;
  /** Milliseconds from one piece of the body to the next. */
  bodyTimeout: number;
  outcome: Outcome;
}

/**
 * The platform's `Response` over a message of node:http: the body streams, decoded as fetch decodes it.
 *
 * The body is drawn up to 64 KiB ahead, so that a short one frees its connection though nobody reads it.
 */
export function toResponse({ message, method, url, redirected, request, bodyTimeout, outcome }: ResponseParts): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  for (let at = 0; at < message.rawHeaders.length; at += 2) headers.append(message.rawHeaders[at]!, message.rawHeaders[at + 1]!);

  let body: ReadableStream<Uint8Array> | null = null;
  if (method === 'HEAD' || NULL_BODY.has(status)) message.resume();
  else body = webStream(decoded(message, headers.get('content-encoding')), message, request, bodyTimeout);

  const response = new Response(body, { status, statusText: message.statusMessage ?? '', headers });
  return named(response, { url: withoutFragment(url), redirected, type: 'basic' }, outcome);
}

/** `url`, `redirected` and `type` cannot be given to the constructor; a clone must carry them as well. */
function named(response: Response, names: { url: string; redirected: boolean; type: ResponseType }, outcome: Outcome): Response {
  recordOutcome(response, outcome);
  const clone = response.clone.bind(response);
  return Object.defineProperties(response, {
    url: { value: names.url, enumerable: true },
    redirected: { value: names.redirected, enumerable: true },
    type: { value: names.type, enumerable: true },
    clone: { value: () => named(clone(), names, outcome), configurable: true, writable: true },
  });
}

function decoded(message: IncomingMessage, encoding: string | null): Readable {
  const codings = (encoding ?? '').split(',').map((coding) => coding.trim().toLowerCase()).filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw new Error(`the response has ${codings.length} content codings, at most ${MAX_CODINGS} are decoded`);
  const decoders: Transform[] = [];
  for (const coding of codings.reverse()) {
    const decoder = DECODERS.get(coding);
    if (decoder === undefined) return message; // as fetch: what it cannot decode it hands out as it came
    decoders.push(decoder());
  }
  return decoders.reduce<Readable>((source, decoder) => pipeline(source, decoder, ignore), message);
}

function webStream(source: Readable, message: IncomingMessage, request: Request, bodyTimeout: number): ReadableStream<Uint8Array> {
  let detach = ignore;
  let done = false;
  let late = ignore;
  const timer = startTimer(bodyTimeout, () => late());
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const abort = () => fail(request.signal.reason);
      const fail = (error: unknown) => {
        if (done) return;
        done = true;
        detach();
        controller.error(error);
        message.destroy();
      };
      detach = () => {
        timer.stop();
        request.signal.removeEventListener('abort', abort);
      };
      late = () => fail(new TypeError('terminated', { cause: new DeadlineError('body', `nothing more of the body came within ${bodyTimeout} ms`) }));
      request.signal.addEventListener('abort', abort, { once: true });
      source.on('data', (chunk: Buffer) => {
        if (done) return;
        controller.enqueue(new Uint8Array(chunk)); // a copy: Buffers may share one pool
        if ((controller.desiredSize ?? 0) > 0) return timer.restart();
        timer.stop(); // it is the reader who takes its time
        source.pause();
      });
      source.on('end', () => {
        if (done) return;
        done = true;
        detach();
        controller.close();
      });
      source.on('error', (error) => fail(new TypeError('terminated', { cause: error })));
      source.on('close', () => fail(new TypeError('terminated', { cause: new Error('the connection closed before the body was complete') })));
      if (request.signal.aborted) abort();
    },
    pull() {
      if (!done) timer.restart();
      source.resume();
    },
    cancel() {
      done = true;
      detach();
      source.destroy();
      message.destroy();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD }));
}

/** RFC 9110 §8.4.1.2 has a zlib wrapper; some servers send the bare stream. The first byte tells. */
function inflateEither(): Transform {
  let inflate: Transform | null = null;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (chunk.length === 0) return done();
      if (inflate === null) {
        inflate = (chunk[0]! & 0x0f) === 8 ? createInflate(LENIENT) : createInflateRaw(LENIENT);
        inflate.on('data', (data: Buffer) => this.push(data));
        inflate.on('error', (error) => this.destroy(error));
      }
      inflate.write(chunk, () => done());
    },
    flush(done) {
      if (inflate === null) return done();
      inflate.once('end', done);
      inflate.end();
    },
    destroy(error, done) {
      inflate?.destroy();
      done(error);
    },
  });
}

function withoutFragment(url: URL): string {
  const bare = new URL(url);
  bare.hash = '';
  return bare.href;
}

function ignore(): void {}

const READ_AHEAD = 65536;
const MAX_CODINGS = 5;
const NULL_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);
// As browsers: a stream that lacks its end gives what it held.
const LENIENT = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip(LENIENT)],
  ['x-gzip', () => createGunzip(LENIENT)],
  ['deflate', inflateEither],
  ['br', () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH })],
]);
