import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SspiError } from '../../backends/contract/errors.ts';
import { fakeAuth, fakeFetch, rejection } from './support/clients.ts';
import { bodyOf, echo, guarded, serve } from './support/servers.ts';

const test = suite('http: requests and responses');

const bodies: [name: string, make: () => RequestInit['body'], expected: RegExp, type: RegExp | null][] = [
  ['string', () => 'text: ä', /^text: Ã¤$/, /^text\/plain;charset=UTF-8$/i],
  ['URLSearchParams', () => new URLSearchParams({ a: '1', b: 'ü' }), /^a=1&b=%C3%BC$/, /^application\/x-www-form-urlencoded/],
  ['Blob', () => new Blob(['blob'], { type: 'x/y' }), /^blob$/, /^x\/y$/],
  ['FormData', () => { const form = new FormData(); form.set('f', 'v'); return form; }, /name="f"\r\n\r\nv\r\n/, /^multipart\/form-data; boundary=/],
  ['bytes', () => new Uint8Array([1, 2, 255]), /^\x01\x02\xff$/, null],
  ['ArrayBuffer', () => new Uint8Array([7, 8]).buffer, /^\x07\x08$/, null],
  ['ReadableStream', () => new Blob(['streamed']).stream(), /^streamed$/, null],
  ['a megabyte', () => 'm'.repeat(1 << 20), /^m{1048576}$/, /^text\/plain/],
];

for (const [name, make, expected, type] of bodies) {
  test(`the body is sent again with each leg: ${name}`, async () => {
    const received: number[] = [];
    const { middleware } = fakeAuth();
    await using server = await serve((req, res) => {
      received.push(Number(req.headers['content-length']));
      guarded(middleware, echo)(req, res);
    });
    const { fetch } = fakeFetch();
    const response = await fetch(server.url, { method: 'POST', body: make(), duplex: 'half' } as RequestInit);
    const answer = await response.json() as { body: string; user: string; type: string | null; method: string };
    assert.is(answer.method, 'POST');
    assert.is(answer.user, 'alice');
    assert.match(answer.body, expected);
    if (type === null) assert.is(answer.type, null);
    else assert.match(answer.type ?? '', type);
    assert.is(new Set(received).size, 1);
    assert.is(server.sockets.length, 1);
  });
}

test('a body that never ends is given up with its request, before anything is sent', async () => {
  await using server = await serve(echo);
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => void (controller.desiredSize! > 0 && controller.enqueue(new Uint8Array(10))), cancel: (reason) => { cancelled = reason; } }, { highWaterMark: 3 });
  const controller = new AbortController();
  const waiting = fakeFetch().fetch(server.url, { method: 'POST', body: new ReadableStream({ start() {}, cancel: (reason) => { cancelled = reason; } }), signal: controller.signal, duplex: 'half' } as RequestInit);
  setTimeout(() => controller.abort(new Error('enough')), 20);
  assert.is((await rejection(waiting)).message, 'enough');
  assert.is((cancelled as Error).message, 'enough');

  cancelled = undefined;
  const error = await rejection(fakeFetch({ maxBodySize: 1000 }).fetch(server.url, { method: 'POST', body, duplex: 'half' } as RequestInit));
  assert.is(error.code, 'SEC_E_INSUFFICIENT_MEMORY');
  assert.match(error.message, 'more than 1000 bytes');
  assert.match((error as SspiError).remedy!, 'maxBodySize');
  assert.ok(cancelled);
  assert.is(server.seen.length, 0);
});

test('maxBodySize: what is as long as it may be is sent; a body that fails is the reason', async () => {
  await using server = await serve(echo);
  const { fetch } = fakeFetch({ maxBodySize: 1000 });
  assert.is((await (await fetch(server.url, { method: 'POST', body: 'x'.repeat(1000) })).json() as { body: string }).body.length, 1000);
  assert.is((await rejection(fetch(server.url, { method: 'POST', body: 'x'.repeat(1001) }))).code, 'SEC_E_INSUFFICIENT_MEMORY');
  const failing = new ReadableStream({ pull(controller) { controller.error(new Error('the disk')); } });
  assert.is((await rejection(fetch(server.url, { method: 'POST', body: failing, duplex: 'half' } as RequestInit))).message, 'the disk');
  const strings = new ReadableStream({ start: (controller) => controller.enqueue('text') });
  assert.instance(await rejection(fetch(server.url, { method: 'POST', body: strings, duplex: 'half' } as RequestInit)), TypeError);
  assert.throws(() => fakeFetch({ maxBodySize: -1 }), (error: unknown) => error instanceof RangeError);
});

test('a Request and its headers are taken as fetch takes them', async () => {
  await using server = await serve(guarded(fakeAuth().middleware, async (req, res) => {
    await bodyOf(req);
    res.end(JSON.stringify([req.method, req.headers['x-a'], req.headers['content-length'], req.headers.connection]));
  }));
  const { fetch } = fakeFetch();
  const request = new Request(server.url, { method: 'PUT', headers: { 'x-a': '1', 'content-length': '77', connection: 'close' }, body: 'abc' });
  assert.equal(await (await fetch(request)).json(), ['PUT', '1', '3', 'keep-alive']);
  assert.is(request.bodyUsed, true);
  assert.equal(await (await fetch(server.url, { method: 'POST' })).json(), ['POST', null, '0', 'keep-alive']);
  const error = await rejection(fetch('http://user:pass@127.0.0.1/'));
  assert.instance(error, TypeError);
  assert.instance(await rejection(fetch(server.url, { integrity: 'sha256-x' })), TypeError);
});

test('data: URLs go to the platform', async () => {
  assert.is(await (await fakeFetch().fetch('data:,hi')).text(), 'hi');
});

test('content codings are decoded', async () => {
  const text = 'squeezed '.repeat(1000);
  const variants: [string, Buffer][] = [
    ['gzip', gzipSync(text)], ['deflate', deflateSync(text)], ['deflate', deflateRawSync(text)], ['br', brotliCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))], ['identity', Buffer.from(text)], ['X-GZip', gzipSync(text)],
  ];
  await using server = await serve((req, res) => {
    const [coding, body] = variants[Number(req.url!.slice(1))]!;
    res.writeHead(200, { 'content-encoding': coding }).end(body);
  });
  const { fetch } = fakeFetch();
  for (let at = 0; at < variants.length; at++) {
    const response = await fetch(`${server.url}/${at}`);
    assert.is(await response.text(), text, variants[at]![0]);
    assert.is(response.headers.get('content-encoding'), variants[at]![0]);
  }
  assert.is(server.sockets.length, 1);
  const head = await fetch(`${server.url}/0`, { method: 'HEAD' });
  assert.is(await head.text(), '');
});

test('several Set-Cookie stay several; 204 has no body', async () => {
  await using server = await serve((req, res) => {
    res.setHeader('set-cookie', ['a=1', 'b=2']);
    res.writeHead(req.url === '/204' ? 204 : 200).end();
  });
  const { fetch } = fakeFetch();
  const response = await fetch(server.url);
  assert.equal(response.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.is((await fetch(`${server.url}/204`)).body, null);
});

test('a clone keeps url and redirected', async () => {
  await using server = await serve((req, res) => (req.url === '/to' ? void res.end('x') : void res.writeHead(302, { location: '/to' }).end()));
  const response = await fakeFetch().fetch(server.url);
  const clone = response.clone();
  for (const one of [response, clone]) {
    assert.is(one.url, `${server.url}/to`);
    assert.is(one.redirected, true);
    assert.is(one.type, 'basic');
    assert.is(await one.text(), 'x');
  }
});

test('a body that breaks off is an error', async () => {
  await using server = await serve((_req, res) => {
    res.writeHead(200, { 'content-length': '100' });
    res.write('half');
    setTimeout(() => res.destroy(), 20);
  });
  const response = await fakeFetch().fetch(server.url);
  assert.instance(await rejection(response.text()), TypeError);
});

test.run();
