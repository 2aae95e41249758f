import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { post } from '../../../backends/wasm/host/post.ts';

const test = suite<{ server: Server; url: string }>('POST to a proxy');

test.before(async (context) => {
  context.server = createServer((req, res) => {
    const size = Number(new URL(req.url!, 'http://localhost').searchParams.get('size'));
    if (size < 0) return void res.writeHead(503).end('later');
    const piece = Buffer.alloc(65536, 7);
    const more = (left: number): void => {
      if (left <= 0 || res.destroyed) return void res.end();
      res.write(piece.subarray(0, left), () => more(left - piece.length));
    };
    req.resume().on('end', () => more(size));
  });
  await new Promise<void>((resolve) => context.server.listen(0, '127.0.0.1', resolve));
  context.url = `http://127.0.0.1:${(context.server.address() as AddressInfo).port}/?size=`;
});
test.after(({ server }) => {
  server.closeAllConnections();
  server.close();
});

const ask = (url: string) => post(url, 'application/kerberos', new Uint8Array([1]), AbortSignal.timeout(10_000));

test('an answer comes whole, in however many pieces', async ({ url }) => {
  for (const size of [0, 1, 200_000, 1 << 20]) {
    const answer = await ask(url + size);
    assert.is(answer.length, size);
    assert.ok(answer.every((byte) => byte === 7));
  }
});

test('an answer without an end is left', async ({ url }) => {
  const error = await ask(`${url}1e12`).then(() => null, (one: Error) => one);
  assert.match(error!.message, /answered more than \d+ bytes$/);
});

test('what is no 200 is an error with its status', async ({ url }) => {
  const error = await ask(`${url}-1`).then(() => null, (one: Error) => one);
  assert.match(error!.message, /answered 503/);
});

test.run();
