import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import type { Host, SrvRecord } from '../../../../backends/contract/host.ts';
import { nodeNetwork } from '../../../../backends/wasm/host/node-network.ts';
import { formatKdcAddress, parseKdcAddress } from '../../../../backends/wasm/kerberos/kdc/address.ts';
import { readKdcProxyRequest, unwrapKdcProxyMessage, wrapKdcProxyMessage } from '../../../../backends/wasm/kerberos/kdc/kdc-proxy.ts';
import { locateKdcs, orderSrv } from '../../../../backends/wasm/kerberos/kdc/locate.ts';
import { createNetworkTransport } from '../../../../backends/wasm/kerberos/kdc/transport.ts';
import { readKrb5Conf } from '../../../../backends/wasm/kerberos/store/krb5-conf.ts';

const test = suite('reaching a KDC');

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const open: (Socket | Server)[] = [];
test.after(() => open.forEach((one) => one.close()));

const host: Host = { now: () => new Date(), random: (length) => crypto.getRandomValues(new Uint8Array(length)), ...nodeNetwork };

/** A KDC of the test's own on UDP and TCP at one port; `answer` null stays silent. */
async function fakeKdc(answer: (message: string, protocol: 'udp' | 'tcp') => string | null): Promise<number> {
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  udp.on('message', (message, from) => {
    const reply = answer(decode(message), 'udp');
    if (reply !== null) udp.send(reply, from.port, from.address);
  });
  const port = udp.address().port;
  const tcp = createServer((socket) => socket.on('error', () => {}).on('data', (data) => {
    const reply = answer(decode(data.subarray(4)), 'tcp');
    if (reply === null) return;
    const framed = Buffer.alloc(4 + reply.length);
    framed.writeUInt32BE(reply.length);
    framed.write(reply, 4);
    socket.write(framed.subarray(0, 3)); // a length that arrives in two pieces
    setTimeout(() => socket.write(framed.subarray(3)), 5);
  }));
  const bound = await new Promise<boolean>((resolve) => tcp.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
  open.push(udp);
  if (!bound) return fakeKdc(answer); // the port is free for UDP alone
  open.push(tcp);
  return port;
}

/** A port at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const transport = (kdc: string[], more: { deadline?: number; host?: Host } = {}) => createNetworkTransport({
  config: { realms: { R: { kdc } } }, krb5Conf: async () => null, host, isTooBig: (reply) => decode(reply) === 'too big', ...more,
});

test('a small message goes by UDP', async () => {
  const port = await fakeKdc((message, protocol) => `${protocol} ${message}`);
  assert.is(decode(await transport([`127.0.0.1:${port}`]).send('R', encode('hello'), {})), 'udp hello');
});

test('RESPONSE_TOO_BIG is asked again by TCP', async () => {
  const port = await fakeKdc((message, protocol) => (protocol === 'udp' ? 'too big' : `tcp ${message}`));
  assert.is(decode(await transport([`127.0.0.1:${port}`]).send('R', encode('hello'), {})), 'tcp hello');
});

test('a large message goes by TCP at once', async () => {
  const port = await fakeKdc((message, protocol) => `${protocol} ${message.length}`);
  assert.is(decode(await transport([`127.0.0.1:${port}`]).send('R', encode('x'.repeat(2000)), {})), 'tcp 2000');
});

test('silence on UDP is asked again by TCP', async () => {
  const port = await fakeKdc((_, protocol) => (protocol === 'udp' ? null : 'tcp'));
  assert.is(decode(await transport([`127.0.0.1:${port}`]).send('R', encode('hello'), {})), 'tcp');
});

test('the next KDC answers for one that is down, and the dead one is asked last from then on', async () => {
  const asked: string[] = [];
  const port = await fakeKdc(() => { asked.push('live'); return 'live'; });
  const dead = await closedPort();
  const seen: number[] = [];
  const spying: Host = { ...host, exchangeTcp: (address, ...rest) => { seen.push(address.port); return nodeNetwork.exchangeTcp(address, ...rest); } };
  const both = transport([`tcp://127.0.0.1:${dead}`, `tcp://127.0.0.1:${port}`], { host: spying });
  assert.is(decode(await both.send('R', encode('a'), {})), 'live');
  assert.is(decode(await both.send('R', encode('b'), {})), 'live');
  assert.equal(seen, [dead, port, port]);
});

test('nobody answers: the deadline ends it, and every KDC is named', async () => {
  const port = await fakeKdc(() => null);
  const started = Date.now();
  try {
    await transport([`udp://127.0.0.1:${port}`], { deadline: 300 }).send('R', encode('hello'), {});
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SspiError);
    assert.is((error as SspiError).code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
    assert.match((error as SspiError).message, new RegExp(`no KDC of the realm R answered within 0.3 s: udp://127.0.0.1:${port}: no answer`));
  }
  assert.ok(Date.now() - started < 2000);
});

test('an abort is the caller\'s reason, at once', async () => {
  const port = await fakeKdc(() => null);
  const controller = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 20);
  try {
    await transport([`udp://127.0.0.1:${port}`]).send('R', encode('hello'), { signal: controller.signal });
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test('a caller that leaves in the middle of the search for KDCs takes it from nobody else', async () => {
  const port = await fakeKdc((message, protocol) => `${protocol} ${message}`);
  const lookupSrv = (_name: string, signal?: AbortSignal) => new Promise<SrvRecord[]>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
    setTimeout(() => resolve([{ name: '127.0.0.1', port, priority: 0, weight: 0 }]), 40);
  });
  const network = createNetworkTransport({ config: {}, krb5Conf: async () => null, host: { ...host, lookupSrv }, isTooBig: () => false });
  const controller = new AbortController();
  const left = network.send('R', encode('one'), { signal: controller.signal }).then(() => null, (error: unknown) => error);
  const stays = network.send('R', encode('two'), { signal: new AbortController().signal });
  await new Promise((resolve) => setTimeout(resolve, 10));
  controller.abort(new Error('enough'));
  assert.is(((await left) as Error).message, 'enough');
  assert.is(decode(await stays), 'udp two');
  assert.is(decode(await network.send('R', encode('three'), {})), 'udp three');
});

test('what DNS told is asked again after ten minutes, and at once when nobody of it answers', async () => {
  const ports = [await fakeKdc(() => 'first'), await fakeKdc(() => 'second')];
  const silent = await closedPort();
  let [time, port, lookups] = [Date.now(), ports[0]!, 0];
  const lookupSrv = async () => (lookups++, [{ name: '127.0.0.1', port, priority: 0, weight: 0 }]);
  const network = createNetworkTransport({ config: {}, krb5Conf: async () => null, host: { ...host, now: () => new Date(time), lookupSrv }, isTooBig: () => false });
  const asked = async () => decode(await network.send('R', encode('who'), {}));
  assert.equal([await asked(), await asked(), lookups], ['first', 'first', 2], '_udp and _tcp, once');
  port = ports[1]!;
  time += 599_000;
  assert.equal([await asked(), lookups], ['first', 2]);
  time += 2_000;
  assert.equal([await asked(), lookups], ['second', 4]);

  port = silent;
  time += 601_000;
  assert.match((await asked().catch((error: unknown) => error as Error) as Error).message, /no KDC of the realm R answered/);
  assert.is(lookups, 6, 'what was found just now is not looked for twice');
  port = ports[0]!;
  assert.equal([await asked(), lookups], ['first', 8], 'nobody answered the last time');
});

test('KDCs that moved since they were found are found again within the request', async () => {
  const gone = await closedPort();
  const port = await fakeKdc(() => 'moved');
  let records = [{ name: '127.0.0.1', port, priority: 0, weight: 0 }];
  const refusing: Host = { ...host, exchangeUdp: async ({ port: to }, ...rest) => {
    if (to === port && records[0]!.port === gone) throw new Error('refused');
    return nodeNetwork.exchangeUdp({ host: '127.0.0.1', port: to }, ...rest);
  }, exchangeTcp: async () => { throw new Error('refused'); } };
  const network = createNetworkTransport({ config: {}, krb5Conf: async () => null, host: { ...refusing, lookupSrv: async () => records }, isTooBig: () => false });
  assert.is(decode(await network.send('R', encode('who'), {})), 'moved');
  const second = await fakeKdc(() => 'here');
  records = [{ name: '127.0.0.1', port: gone, priority: 0, weight: 0 }, { name: '127.0.0.1', port: second, priority: 1, weight: 0 }];
  assert.is(decode(await network.send('R', encode('who'), {})), 'here');
});

test('what does not heed its signal holds nobody up', async () => {
  const deaf: Host = { ...host, exchangeUdp: () => new Promise(() => {}), exchangeTcp: () => new Promise(() => {}) };
  const controller = new AbortController();
  const sent = transport(['127.0.0.1:88'], { host: deaf }).send('R', encode('hello'), { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 20);
  const error = await Promise.race([sent.catch((reason: unknown) => reason), new Promise((resolve) => setTimeout(() => resolve(new Error('hangs')), 500))]);
  assert.is((error as Error).message, 'enough');
});

test('a TCP answer that announces too much, or ends early, is refused', async () => {
  for (const [bytes, why] of [[[0x7f, 0xff, 0xff, 0xff, 1], /was announced/], [[0, 0, 0, 9, 1, 2], /closed after 2 of 9 bytes/]] as const) {
    const server = createServer((socket) => socket.end(new Uint8Array(bytes)).on('error', () => {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push(server);
    try {
      await transport([`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`]).send('R', encode('x'), {});
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, why);
    }
  }
});

test('MS-KKDCP wraps the framed message and the realm', async () => {
  let received: ReturnType<typeof readKdcProxyRequest> | undefined;
  const proxied: Host = {
    ...host,
    post: async (url, contentType, body) => {
      assert.is(url, 'https://gateway.test/KdcProxy');
      assert.is(contentType, 'application/kerberos');
      received = readKdcProxyRequest(body);
      return wrapKdcProxyMessage(new Uint8Array([0, 0, 0, 2, 0x6f, 0x6b]));
    },
  };
  assert.is(decode(await transport(['https://gateway.test/KdcProxy'], { host: proxied }).send('R', encode('hi'), {})), 'ok');
  assert.is(received!.targetDomain, 'R');
  assert.equal([...received!.framed], [0, 0, 0, 2, 0x68, 0x69]);
});

test('KDC-PROXY-MESSAGE as MS-KKDCP 2.2.2 lays it out', () => {
  const hex = Buffer.from(wrapKdcProxyMessage(new Uint8Array([0, 0, 0, 1, 0xaa]), 'AD')).toString('hex');
  assert.is(hex, '300f' + 'a007' + '0405' + '00000001aa' + 'a104' + '1b02' + '4144');
  assert.is(Buffer.from(unwrapKdcProxyMessage(Buffer.from(hex, 'hex'))).toString('hex'), '00000001aa');
});

test('addresses are read in every spelling, and wrong ones are refused', () => {
  const cases: [string, string][] = [
    ['dc1.ad.test', 'dc1.ad.test:88'], ['dc1:750', 'dc1:750'], ['[::1]:88', '[::1]:88'], ['[fe80::1]', '[fe80::1]:88'],
    ['udp://dc1', 'udp://dc1:88'], ['tcp/dc1:88', 'tcp://dc1:88'], ['https://gw/KdcProxy', 'https://gw/KdcProxy'],
  ];
  for (const [text, formatted] of cases) assert.is(formatKdcAddress(parseKdcAddress(text)), formatted);
  for (const text of ['', 'a b', 'dc1:0', 'dc1:70000', 'ftp://dc1', 'https://', 'dc1:88:89']) assert.throws(() => parseKdcAddress(text), /SEC_E_INVALID_PARAMETER/, text);
});

test('the caller is asked before krb5.conf, krb5.conf before DNS', async () => {
  const krb5Conf = await readKrb5Conf('[realms]\nR = {\n kdc = file\n admin_server = admin:749\n}\n');
  const srv: SrvRecord[] = [{ name: 'dns.test', port: 88, priority: 0, weight: 0 }];
  const withDns: Host = { ...host, lookupSrv: async () => srv };
  const where = async (realm: string, service: 'kdc' | 'kpasswd', kdc?: string[]) =>
    (await locateKdcs(realm, { service, config: kdc === undefined ? {} : { realms: { [realm]: { kdc } } }, krb5Conf, host: withDns })).map(formatKdcAddress);
  assert.equal(await where('R', 'kdc', ['mine:1']), ['mine:1']);
  assert.equal(await where('R', 'kpasswd', ['mine:1', '[::1]:1']), ['mine:464', '[::1]:464']);
  assert.equal(await where('R', 'kdc'), ['file:88']);
  assert.equal(await where('R', 'kpasswd'), ['admin:464']);
  assert.equal(await where('OTHER', 'kdc'), ['dns.test:88']);
});

test('where nobody is known, the error tells where it looked', async () => {
  const { lookupSrv, ...noDns } = host;
  assert.type(lookupSrv, 'function');
  try {
    await locateKdcs('R', { service: 'kdc', config: {}, krb5Conf: null, host: noDns });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /no KDC is known for the realm R: none was listed, there is no krb5.conf, and this runtime has no DNS/);
  }
});

test('SRV: the lowest priority first, and weights as RFC 2782 draws them', () => {
  const record = (name: string, priority: number, weight: number) => ({ name, priority, weight, port: 88 });
  const records = [record('late', 20, 100), record('heavy', 10, 90), record('light', 10, 10)];
  assert.equal(orderSrv(records, () => 0.5).map(({ name }) => name), ['heavy', 'light', 'late']);
  assert.equal(orderSrv(records, () => 0.05).map(({ name }) => name), ['light', 'heavy', 'late']);
  let firsts = 0;
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
  for (let i = 0; i < 2000; i++) if (orderSrv(records, random)[0]!.name === 'heavy') firsts++;
  assert.ok(firsts > 1700 && firsts < 1900, `heavy came first ${firsts} times of 2000`);
});

test.run();
