import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { createKerberosKey, type KerberosKey } from '../../../backends/wasm/kerberos/etypes/index.ts';
import { rfc4121Tokens } from '../../../backends/wasm/kerberos/gss/rfc4121.ts';
import { leavesNoTrace } from './support.ts';

/* A whole token in one call beside the general way, which builds it of its parts. */

const test = suite('Wrap tokens in one call');
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

/** Confounders that can be foretold. */
function fixedRandom() {
  const next = numbers(3);
  return (length: number) => Uint8Array.from({ length }, () => next(256));
}

function byParts(etype: number, bytes: Uint8Array): KerberosKey {
  return Object.assign(createKerberosKey(etype, bytes, fixedRandom()), { wrapToken: () => undefined, unwrapToken: () => undefined });
}

const KEY_LENGTHS = [[17, 16], [18, 32], [19, 16], [20, 32]] as const;

function pair(etype: number, length: number, dceStyle: boolean) {
  const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + etype);
  const shared = { acceptor: false, acceptorSubkey: true, dceStyle };
  const peer = { ...shared, acceptor: true };
  return {
    whole: rfc4121Tokens({ ...shared, key: createKerberosKey(etype, bytes, fixedRandom()) }, random),
    parts: rfc4121Tokens({ ...shared, key: byParts(etype, bytes) }, random),
    wholePeer: rfc4121Tokens({ ...peer, key: createKerberosKey(etype, bytes) }, random),
    partsPeer: rfc4121Tokens({ ...peer, key: byParts(etype, bytes) }, random),
  };
}

for (const [etype, keyLength] of KEY_LENGTHS) {
  for (const dceStyle of [false, true]) {
    test(`etype ${etype}${dceStyle ? ', DCE style' : ''}: the same bytes, and each reads the other's`, () => {
      const { whole, parts, wholePeer, partsPeer } = pair(etype, keyLength, dceStyle);
      const next = numbers(etype);
      const lengths = [0, 1, 15, 16, 17, 31, 32, 33, 64, 900, 1024, 0xfff0, 0x10000, 0x10001, ...Array.from({ length: 20 }, () => next(3000))];
      for (const length of lengths) {
        const message = Uint8Array.from({ length }, () => next(256));
        const number = (BigInt(next(0x7fffff)) << 40n) | BigInt(next(0x7fffff));
        const token = whole.wrap(message, true, number);
        assert.is(hex(token), hex(parts.wrap(message, true, number)), `${length} bytes`);
        assert.is(hex(wholePeer.unwrap(token)!), hex(message));
        assert.is(hex(partsPeer.unwrap(token)!), hex(message));
        assert.is(wholePeer.readWrap(token).number, number);
      }
    });
  }

  test(`etype ${etype}: any RRC`, () => {
    const { whole, wholePeer, partsPeer } = pair(etype, keyLength, false);
    const message = Uint8Array.from({ length: 100 }, (_, i) => i);
    const token = whole.wrap(message, true, 5n);
    const written = (token[6]! << 8) | token[7]!;
    const body = token.subarray(16);
    const straight = new Uint8Array([...body.subarray(written), ...body.subarray(0, written)]);
    for (const rotation of [0, 1, 12, 28, straight.length - 1, straight.length, straight.length + 3, 0xffff]) {
      const turn = straight.length - (rotation % straight.length);
      const turned = new Uint8Array([...token.subarray(0, 16), ...straight.subarray(turn), ...straight.subarray(0, turn)]);
      turned[6] = rotation >> 8;
      turned[7] = rotation & 0xff;
      assert.is(hex(wholePeer.unwrap(turned)!), hex(message), `RRC ${rotation}`);
      assert.is(hex(partsPeer.unwrap(turned)!), hex(message), `RRC ${rotation}`);
    }
  });

  test(`etype ${etype}: every altered byte and every truncation is refused`, () => {
    const { whole, wholePeer, partsPeer } = pair(etype, keyLength, false);
    const token = whole.wrap(new Uint8Array(40), true, 9n);
    for (let at = 4; at < token.length; at++) {
      const altered = token.slice();
      altered[at]! ^= 0x10;
      for (const peer of [wholePeer, partsPeer]) assert.is(verdict(() => leavesNoTrace(() => peer.unwrap(altered))), 'refused', `byte ${at}`);
    }
    for (let length = 16; length < token.length; length++) {
      assert.is(verdict(() => wholePeer.unwrap(token.subarray(0, length))), 'refused', `${length} bytes`);
    }
  });

  test(`etype ${etype}: EC beyond what was sealed`, () => {
    const bytes = new Uint8Array(keyLength).fill(1);
    const key = createKerberosKey(etype, bytes);
    const header = new Uint8Array([5, 4, 6, 0xff, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const token = new Uint8Array([...header, ...key.encrypt(24, new Uint8Array([1, 2, 3, 4, ...header]))]);
    const peer = rfc4121Tokens({ key, acceptor: true, acceptorSubkey: true, dceStyle: false }, random);
    assert.throws(() => peer.unwrap(token), (error: SspiError) => error.code === 'SEC_E_INVALID_TOKEN' && error.offset === 4);
  });
}

test('nothing stays in memory', () => {
  const { whole, wholePeer } = pair(18, 32, true);
  wholePeer.unwrap(whole.wrap(new Uint8Array(1), true, 0n)); // the keys
  const token = leavesNoTrace(() => whole.wrap(new Uint8Array(77).fill(0x55), true, 1n));
  assert.is(leavesNoTrace(() => wholePeer.unwrap(token))!.length, 77);
});

function verdict(unwrap: () => Uint8Array | null): string {
  try {
    return unwrap() === null ? 'refused' : 'accepted';
  } catch (error) {
    if (error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN') return 'refused';
    throw error;
  }
}

test.run();
