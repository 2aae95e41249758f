import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createByteReader } from '../../../src/http/http1/byte-reader.ts';
import { createHttp1Connection } from '../../../src/http/http1/connection.ts';
import { framingOf, keepsAlive, MalformedResponse, parseHead } from '../../../src/http/http1/head.ts';
import { mutate, rng } from '../../fuzz.ts';
import { rejection } from '../support/clients.ts';

const test = suite('http: HTTP/1.1 over a pair of streams');
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** A peer that has said everything already, `pieces` bytes at a time. */
function peer(said: string | Uint8Array, pieces = Infinity) {
  const bytes = typeof said === 'string' ? latin1(said) : said;
  const heard: Uint8Array[] = [];
  let at = 0;
  let closed = false;
  const duplex = {
    readable: new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at + pieces));
        at += Math.min(pieces, bytes.length);
      },
    }),
    writable: new WritableStream<Uint8Array>({ write: (chunk) => void heard.push(chunk) }),
    async close() { closed = true; },
  };
  return { connection: createHttp1Connection(duplex), heard: () => Buffer.concat(heard).toString('latin1'), closed: () => closed };
}

async function text(body: AsyncGenerator<Uint8Array, void>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece.slice());
  return Buffer.concat(pieces).toString('latin1');
}

const GET = { method: 'GET', path: '/', headers: [['host', 'x']] as [string, string][], body: null };

test('what goes out is one head and the body', async () => {
  const { connection, heard } = peer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await connection.send({ method: 'POST', path: '/a?b', headers: [['host', 'web'], ['content-length', '3']], body: latin1('abc') });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is(heard(), 'POST /a?b HTTP/1.1\r\nhost: web\r\ncontent-length: 3\r\n\r\nabc');
});

test('answers one after another, framed by length, by chunks, by nothing and by the end; in pieces of any size', async () => {
  const said = 'HTTP/1.1 100 Continue\r\n\r\n'
    + 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 5\r\n\r\nfirst'
    + 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x="y"\r\nsec\r\nA\r\nond, chunk\r\n0\r\nTrailer: z\r\n\r\n'
    + 'HTTP/1.1 204 No Content\r\n\r\n'
    + 'HTTP/1.0 200\r\n\r\nto the end';
  for (const pieces of [1, 2, 3, 7, 1000]) {
    const { connection } = peer(said, pieces);
    const answers: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { head, body, reusable } = await connection.send(GET);
      answers.push(`${head.status} ${await text(body)} ${reusable}`);
    }
    assert.equal(answers, ['401 first true', '200 second, chunk true', '204  true', '200 to the end false']);
  }
});

test('framing: what RFC 9112 says, and what is ambiguous is refused', () => {
  const framing = (fields: string, method = 'GET', status = '200') => framingOf(parseHead(`HTTP/1.1 ${status} x\r\n${fields}`), method).kind;
  assert.is(framing('Content-Length: 5'), 'length');
  assert.is(framing('Content-Length: 5, 5\r\ncontent-length: 5'), 'length');
  assert.is(framing('Content-Length: 5', 'HEAD'), 'none');
  assert.is(framing('Content-Length: 5', 'GET', '304'), 'none');
  assert.is(framing('Transfer-Encoding: Chunked'), 'chunked');
  assert.is(framing('X: y'), 'close');
  for (const bad of [
    'Content-Length: 5\r\nContent-Length: 6', 'Content-Length: -1', 'Content-Length: 0x10', 'Content-Length: 5 5', 'Content-Length: 99999999999999999999',
    'Transfer-Encoding: chunked\r\nContent-Length: 5', 'Transfer-Encoding: gzip, chunked', 'Transfer-Encoding: identity',
    'Content-Length:', 'Content-Length: ,', 'Transfer-Encoding:\r\nContent-Length: 5', 'Transfer-Encoding:',
  ]) assert.throws(() => framing(bad), (error: unknown) => error instanceof MalformedResponse, bad);
  assert.throws(() => framingOf(parseHead('HTTP/1.0 200 x\r\nTransfer-Encoding: chunked'), 'GET'), (error: unknown) => error instanceof MalformedResponse);
});

test('keep-alive', () => {
  const keeps = (head: string) => keepsAlive(parseHead(head), framingOf(parseHead(head), 'GET'));
  assert.is(keeps('HTTP/1.1 200 x\r\nContent-Length: 0'), true);
  assert.is(keeps('HTTP/1.1 200 x\r\nContent-Length: 0\r\nConnection: Close'), false);
  assert.is(keeps('HTTP/1.0 200 x\r\nContent-Length: 0'), false);
  assert.is(keeps('HTTP/1.0 200 x\r\nContent-Length: 0\r\nConnection: keep-alive'), true);
});

test('heads that are none', () => {
  for (const bad of [
    '', 'HTTP/2 200 x', 'HTTP/1.1 99 x', 'HTTP/1.1 600 x', 'HTTP/1.1 999 x', 'HTTP/1.1 200 a\x01b', 'HTTP/1.1 200 a\x7fb', 'HTTP/1.1 200x', 'http/1.1 200 x', 'HTTP/1.1 200 x\nA: b', 'HTTP/1.1 200 x\r\n A: b', 'HTTP/1.1 200 x\r\nA : b', 'HTTP/1.1 200 x\r\nA',
    'HTTP/1.1 200 x\r\nA: b\r\n folded', 'HTTP/1.1 200 x\r\n: b', 'HTTP/1.1 200 x\r\nA: b\0c', 'HTTP/1.1 200 x\r\nA: b\rc',
  ]) assert.throws(() => parseHead(bad), (error: unknown) => error instanceof MalformedResponse, JSON.stringify(bad));
});

test('bodies that end early, chunks that are none, and too much of everything', async () => {
  const fails = async (said: string, what: RegExp) => {
    const { connection } = peer(said);
    const error = await rejection(connection.send(GET).then(({ body }) => text(body)));
    assert.instance(error, MalformedResponse, said.slice(0, 60));
    assert.match(error.message, what);
  };
  await fails('', /before an answer came/);
  await fails('HTTP/1.1 200', /connection closed where/);
  await fails('HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\nabc', /before the body was complete/);
  const chunked = 'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n';
  await fails(`${chunked}5\r\nabc`, /before the body was complete/);
  await fails(`${chunked}5\r\nabcdeX\r\n0\r\n\r\n`, /where "\\r\\n" was expected/);
  await fails(`${chunked}-5\r\n`, /size of a chunk/);
  await fails(`${chunked}\r\n`, /size of a chunk/);
  await fails(`${chunked}1234567890abcdef\r\n`, /size of a chunk/);
  await fails(`${chunked}${'0'.repeat(5000)}\r\n`, /more than 4096 bytes/);
  await fails(`${chunked}0\r\n${'A: b\r\n'.repeat(20000)}\r\n`, /trailers/);
  await fails(`HTTP/1.1 200 x\r\nA: ${'b'.repeat(300_000)}\r\n\r\n`, /more than 262144 bytes/);
  await fails('HTTP/1.1 100 x\r\n\r\n'.repeat(40), /interim/);
  await fails('HTTP/1.1 101 x\r\n\r\n', /switched protocols/);
});

test('a head in single bytes costs little more than the stream that brings them', async () => {
  const size = 150_000;
  const bytes = () => {
    let left = size;
    return new ReadableStream<Uint8Array>({ pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array([98])) : controller.close()) });
  };
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  const plain = await timed(async () => { for (let source = bytes().getReader(); !(await source.read()).done;); });
  const searched = await timed(() => rejection(createByteReader(bytes().getReader()).until('\r\n\r\n', size)));
  assert.ok(searched < 6 * plain + 500, `${searched} ms, and ${plain} ms without the search`); // quadratic: 11 GB of copies
});

test('what was handed out stays as it was while more is read', async () => {
  const pieces = ['ab', 'cd', 'ef', '|', 'gh'];
  const stream = new ReadableStream<Uint8Array>({ pull: (controller) => (pieces.length > 0 ? controller.enqueue(latin1(pieces.shift()!)) : controller.close()) });
  const reader = createByteReader(stream.getReader());
  assert.is(await reader.until('|', 100), 'abcdef');
  const first = await reader.some(1);
  const second = await reader.some(1);
  assert.is(Buffer.concat([first!, second!]).toString(), 'gh');
  assert.is(await reader.some(1), null);
});

test('fuzz: an altered answer is read, or refused as malformed, and never hangs', async () => {
  const random = rng(0x48545450);
  const whole = latin1('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nTransfer-Encoding: chunked\r\n\r\n5;e=f\r\nfirst\r\n0\r\nT: z\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond');
  for (let i = 0; i < 1500; i++) {
    const { connection } = peer(mutate(whole, random), 1 + (i % 50));
    try {
      for (let leg = 0; leg < 3; leg++) {
        const { body, reusable } = await connection.send(GET);
        await text(body);
        if (!reusable) break;
      }
    } catch (error) {
      assert.instance(error, MalformedResponse, `case ${i}: ${String(error)}`);
    }
  }
});

test('a stream that fails is no malformed answer', async () => {
  const reader = createByteReader(new ReadableStream<Uint8Array>({ start(controller) { controller.error(new Error('reset')); } }).getReader());
  assert.is((await rejection(reader.some(1))).message, 'reset');
});

test.run();
