import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CloudflareSockets } from '../../../backends/wasm/host/cloudflare-sockets.ts';
import * as web from '../../../backends/wasm/host/platforms/web.ts';
import * as workerd from '../../../backends/wasm/host/platforms/workerd.ts';
import { exchangeTcp } from '../../../backends/wasm/host/workerd-network.ts';
import { rejection } from '../../http/support/clients.ts';

const test = suite('hosts without Node');
const utf8 = new TextEncoder();

/** connect() to a peer that says these pieces. */
function peer(pieces: readonly string[], { refuses = false, silent = false } = {}) {
  const heard: string[] = [];
  const addresses: unknown[] = [];
  let closed = 0;
  const connect: CloudflareSockets['connect'] = (address, options) => {
    addresses.push([address, options.secureTransport]);
    let fail = (_error: Error) => {};
    const queue = [...pieces];
    return {
      readable: new ReadableStream<Uint8Array>({
        start(controller) { fail = (error) => controller.error(error); },
        pull(controller) {
          const piece = queue.shift();
          if (piece !== undefined) controller.enqueue(utf8.encode(piece));
          else if (!silent) controller.close();
        },
      }),
      writable: new WritableStream<Uint8Array>({ write: (chunk) => void heard.push(new TextDecoder().decode(chunk)) }),
      opened: refuses ? Promise.reject(new Error('connection refused')) : Promise.resolve(),
      closed: refuses ? Promise.reject(new Error('connection refused')) : new Promise(() => {}),
      async close() {
        closed++;
        try { fail(new Error('closed')); } catch { /* it had ended */ }
      },
    };
  };
  return { heard, addresses, closed: () => closed, sockets: async () => ({ connect }) };
}

const ask = (from: ReturnType<typeof peer>, signal = new AbortController().signal) => (
  exchangeTcp({ host: 'kdc.ad.test', port: 88 }, utf8.encode('question'), (received) => received.length >= 6, signal, from.sockets)
);

test('connects, sends, reads until it is whole, and closes', async () => {
  const kdc = peer(['an', 'sw', 'er', 'more']);
  assert.is(new TextDecoder().decode(await ask(kdc)), 'answer');
  assert.equal(kdc.heard, ['question']);
  assert.equal(kdc.addresses, [[{ hostname: 'kdc.ad.test', port: 88 }, 'off']]);
  assert.is(kdc.closed(), 1);
});

test('what came before the end is handed out; a refusal and an abort are errors', async () => {
  assert.is((await ask(peer(['an']))).length, 2);
  const refused = peer([], { refuses: true });
  assert.match((await rejection(ask(refused))).message, /connection refused/);
  assert.is(refused.closed(), 1);
  const controller = new AbortController();
  const asking = ask(peer(['an'], { silent: true }), controller.signal);
  setTimeout(() => controller.abort(new Error('enough')), 5);
  assert.is((await rejection(asking)).message, 'enough');
});

test('what each has: a Worker TCP and fetch, a browser fetch; neither files nor datagrams', () => {
  assert.equal(Object.keys(workerd.hostNetwork()).sort(), ['exchangeTcp', 'post']);
  assert.equal(Object.keys(web.hostNetwork()), ['post']);
  for (const { hostFiles, hostStores } of [workerd, web]) assert.equal([hostFiles(), hostStores()], [{}, {}]);
});

test.run();
