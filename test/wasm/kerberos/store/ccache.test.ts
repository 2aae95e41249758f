import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { readCcache, writeCcache } from '../../../../backends/wasm/kerberos/store/ccache.ts';
import { formatPrincipal } from '../../../../backends/wasm/kerberos/store/principal.ts';

const test = suite('credential cache');

const fixture = (version: number) => new Uint8Array(readFileSync(new URL(`../../../vectors/kerberos/ccache-v${version}.bin`, import.meta.url)));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

// What MIT's klist -A -C -f -e prints of each file: they were written by kinit and kvno with ccache_type 1 to 4.
for (const version of [1, 2, 3, 4]) {
  test(`reads version ${version}`, () => {
    const cache = readCcache(fixture(version));
    assert.is(cache.version, version);
    assert.is(formatPrincipal(cache.principal), 'alice@EXAMPLE.TEST');
    assert.equal(cache.config.map(({ key, principal, value }) => `${key}(${principal}) = ${new TextDecoder().decode(value)}`), [
      'fast_avail(krbtgt/EXAMPLE.TEST@EXAMPLE.TEST) = yes',
    ]);
    assert.equal(cache.credentials.map(({ client, server, etype }) => `${formatPrincipal(client)} ${formatPrincipal(server)} ${etype}`), [
      'alice@EXAMPLE.TEST krbtgt/EXAMPLE.TEST@EXAMPLE.TEST 18',
      'alice@EXAMPLE.TEST HTTP/web.example.test@EXAMPLE.TEST 18',
    ]);
    const [tgt] = cache.credentials;
    assert.is(new Date(tgt!.authtime * 1000).toISOString(), '2026-11-23T02:31:10.000Z');
    assert.is(new Date(tgt!.endtime * 1000).toISOString(), '2026-11-24T02:31:10.000Z');
    assert.is(tgt!.flags >>> 0 & 0x40c00000, 0x40c00000, 'F, R and I: forwardable, renewable, initial');
    assert.is(tgt!.key.length, 32);
    assert.is(tgt!.ticket[0], 0x61);
  });
}

test('writes the bytes that MIT wrote', () => {
  assert.is(hex(writeCcache(readCcache(fixture(4)))), hex(fixture(4)));
});

test('an older version is written as version 4 and says the same', () => {
  const old = readCcache(fixture(2));
  const { version, ...again } = readCcache(writeCcache(old));
  assert.is(version, 4);
  assert.equal(again.credentials.map(({ ticket }) => hex(ticket)), old.credentials.map(({ ticket }) => hex(ticket)));
  assert.equal(again.config, old.config);
});

test('keeps the offset of the KDC, negative too', () => {
  const cache = readCcache(fixture(4));
  for (const kdcOffset of [0, 3_600_000_001, -7_500_000]) assert.is(readCcache(writeCcache({ ...cache, kdcOffset })).kdcOffset, kdcOffset);
});

test('a credential that MIT removed is gone', () => {
  const cache = readCcache(fixture(4));
  const [tgt, service] = cache.credentials;
  const written = writeCcache({ ...cache, credentials: [tgt!, { ...service!, endtime: 0, authtime: 0xffffffff }] });
  assert.is(readCcache(written).credentials.length, 1);
});

test('every truncation is an SspiError with an offset, or a shorter cache', () => {
  for (const version of [1, 2, 3, 4]) {
    const whole = fixture(version);
    for (let length = 0; length < whole.length; length++) {
      try {
        assert.ok(readCcache(whole.subarray(0, length)).credentials.length < 2);
      } catch (error) {
        assert.instance(error, SspiError);
        assert.is((error as SspiError).code, 'SEC_E_UNKNOWN_CREDENTIALS');
        assert.type((error as SspiError).offset, 'number');
      }
    }
  }
});

test('a count that no file could hold is refused at once', () => {
  const bytes = fixture(4).slice();
  new DataView(bytes.buffer).setUint32(20, 0xffffffff);
  assert.throws(() => readCcache(bytes), /cannot have 4294967295 components/);
});

test.run();
