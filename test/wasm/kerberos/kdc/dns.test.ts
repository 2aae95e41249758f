import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KerberosConfig } from '../../../../backends/contract/credentials.ts';
import { SspiError } from '../../../../backends/contract/errors.ts';
import type { Host } from '../../../../backends/contract/host.ts';
import { formatKdcAddress, parseKdcUri } from '../../../../backends/wasm/kerberos/kdc/address.ts';
import { decodeSrvAnswer, decodeUriAnswer, DNS_TYPE, encodeDnsQuery } from '../../../../backends/wasm/kerberos/kdc/dns-message.ts';
import { locateKdcs } from '../../../../backends/wasm/kerberos/kdc/locate.ts';
import { createNetworkTransport } from '../../../../backends/wasm/kerberos/kdc/transport.ts';
import { mutate, rng } from '../../../fuzz.ts';
import { rejection } from '../../../http/support/clients.ts';

const test = suite('DNS over HTTPS');
const DOH = 'https://dns.example/dns-query';

/** A name in labels. */
function name(text: string): number[] {
  return [...text.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}
const u16 = (value: number) => [value >> 8, value & 0xff];

/** An answer to a query: its question, and these records with a pointer to it. */
function answer(query: Uint8Array, records: { type: number; data: number[] }[], rcode = 0): Uint8Array {
  const body = records.flatMap(({ type, data }) => [0xc0, 12, ...u16(type), ...u16(1), 0, 0, 0, 60, ...u16(data.length), ...data]);
  return Uint8Array.from([0, 0, 0x81, 0x80 | rcode, ...u16(1), ...u16(records.length), 0, 0, 0, 0, ...query.subarray(12), ...body]);
}
const srv = (priority: number, weight: number, port: number, target: string) => ({ type: 33, data: [...u16(priority), ...u16(weight), ...u16(port), ...name(target)] });
const uri = (priority: number, target: string) => ({ type: 256, data: [...u16(priority), ...u16(1), ...Buffer.from(target)] });

/** A resolver that knows these names. */
function resolver(zone: Record<string, { type: number; data: number[] }[]>) {
  const asked: string[] = [];
  const post: NonNullable<Host['post']> = async (url, contentType, body) => {
    assert.is(url, DOH);
    assert.is(contentType, 'application/dns-message');
    const labels: string[] = [];
    let at = 12;
    for (; body[at] !== 0; at += 1 + body[at]!) labels.push(Buffer.from(body.subarray(at + 1, at + 1 + body[at]!)).toString());
    const type = (body[at + 1]! << 8) | body[at + 2]!;
    asked.push(`${labels.join('.')} ${type}`);
    const records = (zone[labels.join('.')] ?? []).filter((record) => record.type === type);
    return answer(body, records, records.length === 0 ? 3 : 0);
  };
  return { asked, host: { now: () => new Date(), random: (length: number) => new Uint8Array(length), post } satisfies Host };
}
const locate = async (host: Host, config: KerberosConfig = { dnsOverHttps: DOH }, service: 'kdc' | 'kpasswd' = 'kdc') => (
  (await locateKdcs('AD.TEST', { service, config, krb5Conf: null, host })).map(formatKdcAddress)
);

test('a query as RFC 8484 §4.1 wants it, with ID 0', () => {
  const query = encodeDnsQuery('_kerberos._udp.AD.TEST.', DNS_TYPE.SRV)!;
  assert.is(Buffer.from(query).toString('hex'), `000001000001000000000000${Buffer.from(name('_kerberos._udp.AD.TEST')).toString('hex')}00210001`);
  // RFC 8484 §4.1.1's own example, www.example.com, with the type A
  assert.is(Buffer.from(encodeDnsQuery('www.example.com', 1)!).toString('base64url'), 'AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB');
  for (const bad of ['', 'a..b', `${'x'.repeat(64)}.test`, 'ä.test', 'a b.test', `${'x.'.repeat(130)}test`]) assert.is(encodeDnsQuery(bad, 33), null, bad);
});

test('SRV records, with names in full and by pointer; other records between them', () => {
  const query = encodeDnsQuery('_kerberos._tcp.AD.TEST', DNS_TYPE.SRV)!;
  const whole = answer(query, [srv(0, 100, 88, 'dc1.ad.test'), { type: 5, data: name('elsewhere.test') }, { type: 33, data: [0, 1, 0, 0, 0, 88, 3, 0x64, 0x63, 0x32, 0xc0, 12 + 10 + 5] }]);
  assert.equal(decodeSrvAnswer(whole), [
    { priority: 0, weight: 100, port: 88, name: 'dc1.ad.test' }, { priority: 1, weight: 0, port: 88, name: 'dc2.AD.TEST' },
  ]);
  assert.equal(decodeSrvAnswer(answer(query, [], 3)), []);
  assert.equal(decodeUriAnswer(answer(query, [uri(5, 'krb5srv:m:kkdcp:https://gw/KdcProxy')])), [{ priority: 5, weight: 1, target: 'krb5srv:m:kkdcp:https://gw/KdcProxy' }]);
});

test('what is no answer, and a name that leads in a circle', () => {
  const query = encodeDnsQuery('a.test', DNS_TYPE.SRV)!;
  const whole = answer(query, [srv(0, 0, 88, 'dc1.ad.test')]);
  const circle = answer(query, [{ type: 33, data: [0, 0, 0, 0, 0, 88, 0xc0, whole.length] }]);
  circle.set([0xc0, query.length + 12 + 6], query.length + 12 + 6);
  for (const bad of [new Uint8Array(0), new Uint8Array(11), query, circle, whole.subarray(0, whole.length - 1), whole.subarray(0, 20), answer(query, [], 2), answer(query, [{ type: 33, data: [0, 0] }])]) {
    assert.throws(() => decodeSrvAnswer(bad), (error: unknown) => error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN');
  }
});

test('fuzz: an altered answer is read or refused', () => {
  const random = rng(0x444e53);
  const query = encodeDnsQuery('_kerberos._tcp.AD.TEST', DNS_TYPE.SRV)!;
  const whole = answer(query, [srv(0, 100, 88, 'dc1.ad.test'), srv(1, 0, 88, 'dc2.ad.test'), uri(1, 'krb5srv:m:kkdcp:https://gw/KdcProxy')]);
  for (let i = 0; i < 5000; i++) {
    const bytes = mutate(whole, random);
    for (const decode of [decodeSrvAnswer, decodeUriAnswer]) {
      try {
        decode(bytes);
      } catch (error) {
        assert.instance(error, SspiError, `case ${i}`);
      }
    }
  }
});

test('a KDC by SRV; where there are no datagrams it is asked by TCP', async () => {
  const zone = { '_kerberos._udp.AD.TEST': [srv(0, 1, 88, 'dc1.ad.test')], '_kerberos._tcp.AD.TEST': [srv(1, 1, 88, 'dc2.ad.test')] };
  const { host, asked } = resolver(zone);
  assert.equal(await locate(host), ['dc1.ad.test:88', 'tcp://dc2.ad.test:88']);
  assert.equal(asked, ['_kerberos.AD.TEST 256', '_kerberos._udp.AD.TEST 33', '_kerberos._tcp.AD.TEST 33']);
  assert.equal(await locate({ ...host, exchangeUdp: async () => new Uint8Array(0) }), ['udp://dc1.ad.test:88', 'tcp://dc2.ad.test:88']);
});

test('a KDC proxy by URI, before SRV; what names none is passed over', async () => {
  const { host, asked } = resolver({ '_kerberos.AD.TEST': [uri(2, 'krb5srv::tcp:dc1.ad.test'), uri(1, 'krb5srv:m:kkdcp:https://gw.ad.test/KdcProxy'), uri(0, 'krb5srv:m:kkdcp:http://gw.ad.test/'), uri(0, 'mailto:x')] });
  assert.equal(await locate(host), ['https://gw.ad.test/KdcProxy', 'tcp://dc1.ad.test:88']);
  assert.is(asked.length, 1);
  for (const target of ['krb5srv:m:kkdcp:dc1', 'krb5srv:m:tcp:https://gw', 'krb5srv:m:tcp:', 'krb5srv:m:sctp:dc1', '']) assert.is(parseKdcUri(target, 88), null, target);
  assert.equal(parseKdcUri('krb5srv:m:udp:dc1.ad.test', 464), { protocol: 'udp', host: 'dc1.ad.test', port: 464 });
});

test('nothing found, a resolver that fails, one that is none', async () => {
  const { host } = resolver({});
  const none = await rejection(locate(host)) as unknown as SspiError;
  assert.is(none.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.match(none.message, /DNS has no SRV record _kerberos\._udp\.AD\.TEST/);
  const failing = await rejection(locate({ ...host, post: async () => { throw new TypeError('fetch failed'); } }, undefined, 'kpasswd')) as unknown as SspiError;
  assert.match(failing.message, /DNS could not be asked: fetch failed/);
  const wrong = await rejection(locate(host, { dnsOverHttps: 'http://dns.example/' })) as unknown as SspiError;
  assert.match(wrong.message, /an https URL was expected/);
  const bare = await rejection(locate({ now: host.now, random: host.random }, {})) as unknown as SspiError;
  assert.match(bare.message, /this runtime has no DNS/);
  assert.match(bare.remedy!, /dnsOverHttps/);
});

test('what a runtime withheld is in the remedy', async () => {
  const { host } = resolver({});
  const withheld = await rejection(locate({ ...host, lookupSrv: async () => [], withheld: () => ['--allow-env=COMPUTERNAME', '--allow-read=/etc/krb5.conf'] }, {})) as unknown as SspiError;
  assert.match(withheld.remedy!, /^Permit what was not looked at: --allow-read=\/etc\/krb5\.conf\. Or pass/);
  const denied = new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Deno does not permit net access to 1.1.1.1:53', { remedy: 'Run it with --allow-net=1.1.1.1:53.' });
  const refused = await rejection(locate({ ...host, lookupSrv: async () => { throw denied; } }, {})) as unknown as SspiError;
  assert.match(refused.remedy!, /^Run it with --allow-net=1\.1\.1\.1:53\. Or pass/);
  assert.is(refused.cause, denied);
});

test('what a runtime lacks is said, with what to give in its place', async () => {
  const { host } = resolver({});
  const send = async (kdc: string, own: Partial<Host> = {}) => {
    const transport = createNetworkTransport({ config: { realms: { 'AD.TEST': { kdc: [kdc] } } }, krb5Conf: async () => null, host: { ...host, ...own }, isTooBig: () => false });
    return await rejection(transport.send('AD.TEST', new Uint8Array(9), {})) as unknown as SspiError;
  };
  const udp = await send('udp://dc1.ad.test:88', { exchangeTcp: async () => new Uint8Array(0) });
  assert.is(udp.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.match(udp.message, /no datagrams \(UDP\)/);
  assert.match(udp.remedy!, /tcp:\/\/dc1\.ad\.test:88/);
  const tcp = await send('dc1.ad.test');
  assert.match(tcp.message, /no TCP sockets/);
  assert.match(tcp.remedy!, /KdcProxy/);
  const proxy = await send('https://gw.ad.test/KdcProxy', { post: async () => { throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 10.0.0.1:443') }); } });
  assert.match(proxy.message, /fetch failed: connect ECONNREFUSED/);
  assert.match(proxy.remedy!, /KDC proxy is up and reachable.*CORS/);
});

test.run();
