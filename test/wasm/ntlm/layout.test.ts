import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hmac } from '../../../backends/wasm/core/mac.ts';
import type { Established } from '../../../backends/wasm/mechanism.ts';
import { type AuthenticateMessage, avPairs, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { ascii, fails, handshake, hex, parties, type Realm, utf16le } from './support.ts';

/*
 * MS-NLMP 2.2.1: fields may lie anywhere behind the header, in any order; 2.2.2.1: so may AvPairs. A message that another client
 * would lay out otherwise is made out of ours, and its MIC made anew under the key that both sides have.
 */
const test = suite('NTLM layouts');

const MIC = 72, HEADER = 88;
const FIELDS = [12, 20, 28, 36, 44, 52];

interface Laid { negotiate: Uint8Array; challenge: Uint8Array; authenticate: Uint8Array; client: Established }

/** Lets the server read what `change` makes of the client's AUTHENTICATE; the client answers what `seen` makes of the CHALLENGE. */
async function accepts(change: (laid: Laid) => Uint8Array, seen = (challenge: Uint8Array) => challenge, realm: Realm = {}): Promise<Established> {
  const { client, server } = parties(realm);
  const first = await client.step(null);
  const second = await server.step(first.token);
  const third = await first.next!.step(seen(second.token!));
  const laid = { negotiate: first.token!, challenge: second.token!, authenticate: third.token!, client: third.established! };
  const message = change(laid);
  message.fill(0, MIC, HEADER);
  message.set(hmac('md5', laid.client.sessionKey, laid.negotiate, laid.challenge, message), MIC);
  const { established } = await second.next!.step(message);
  const sealed = laid.client.wrap(ascii('sealed'), true);
  assert.is(hex(established!.unwrap(sealed).message), hex(ascii('sealed')));
  return established!;
}

function describe(message: Uint8Array, at: number, length: number, offset: number): void {
  const view = new DataView(message.buffer);
  view.setUint16(at, length, true);
  view.setUint16(at + 2, length, true);
  view.setUint32(at + 4, offset, true);
}

function fieldAt(message: Uint8Array, at: number): Uint8Array {
  const view = new DataView(message.buffer, message.byteOffset);
  const offset = view.getUint32(at + 4, true);
  return message.subarray(offset, offset + view.getUint16(at, true));
}

/** The same fields behind the header in this order, `gap` bytes between them. */
function laidOut(message: Uint8Array, order: readonly number[], gap = 0): Uint8Array {
  const pieces = order.map((at) => fieldAt(message, at));
  const whole = new Uint8Array(HEADER + pieces.reduce((sum, { length }) => sum + length + gap, 0)).fill(0xee);
  whole.set(message.subarray(0, HEADER));
  let to = HEADER;
  pieces.forEach((piece, i) => {
    to += gap;
    describe(whole, order[i]!, piece.length, to);
    whole.set(piece, to);
    to += piece.length;
  });
  return whole;
}

test('the fields of an AUTHENTICATE in any order, with gaps, and at odd offsets', async () => {
  for (const [order, gap] of [[FIELDS.toReversed(), 0], [[52, 20, 36, 12, 44, 28], 0], [FIELDS, 1], [FIELDS.toReversed(), 7]] as const) {
    const server = await accepts(({ authenticate }) => laidOut(authenticate, order, gap));
    assert.is(server.names.client, 'ADTEST\\alice');
    assert.is(server.names.target, 'HTTP/web.ad.test');
  }
});

test('fields that share their bytes', async () => {
  const server = await accepts(({ authenticate }) => {
    const message = laidOut(authenticate, FIELDS);
    const domain = fieldAt(message, 28);
    describe(message, 44, domain.length, domain.byteOffset); // a workstation that is called as the domain is
    return message;
  });
  assert.is(server.names.client, 'ADTEST\\alice');
});

test('a field of no length lies nowhere, whatever its offset says', async () => {
  for (const offset of [0, 1, 0x7fffffff, 0xffffffff]) {
    await accepts(({ authenticate }) => {
      const message = authenticate.slice();
      describe(message, 44, 0, offset);
      return message;
    });
  }
  const { client, server } = parties();
  const first = await client.step(null);
  const negotiate = first.token!.slice();
  describe(negotiate, 16, 0, 0xffffffff);
  describe(negotiate, 24, 0, 0xdeadbeef);
  const challenge = (await server.step(negotiate)).token!.slice();
  describe(challenge, 12, 0, 0xffffffff);
  assert.ok((await first.next!.step(challenge)).established);
});

test('a field that ends one byte past the message, and one whose end overflows', async () => {
  const { authenticate } = await handshake();
  for (const at of FIELDS) {
    const { length } = fieldAt(authenticate, at);
    for (const offset of [authenticate.length - length + 1, 0xffffffff - length + 1, 0x80000000]) {
      const message = authenticate.slice();
      describe(message, at, length, offset);
      assert.is((await fails('SEC_E_INVALID_TOKEN', () => parseNtlmMessage(message))).offset, at);
    }
  }
});

test('AvPairs in another order than they were sent in', async () => {
  const reversed = (challenge: Uint8Array) => {
    const parsed = parseNtlmMessage(challenge);
    if (parsed.kind !== 'CHALLENGE') throw new Error(parsed.kind);
    const pairs = [...avPairs(challenge, parsed.targetInfo)].map(({ offset, value }) => challenge.slice(offset - 4, offset + value.length));
    const copy = challenge.slice();
    copy.set(Buffer.concat(pairs.toReversed()), parsed.targetInfo.offset);
    return copy;
  };
  const ids: number[] = [];
  await accepts(({ authenticate }) => {
    ids.push(...[...avPairs(authenticate, (parseNtlmMessage(authenticate) as AuthenticateMessage).targetInfo)].map(({ id }) => id));
    return authenticate.slice();
  }, reversed);
  assert.equal(ids, [7, 3, 4, 1, 2, 6, 8, 9]);
});

test('names as long as a message can carry', async () => {
  const user = 'ü'.repeat(1000), domain = 'D'.repeat(1000);
  const { server, authenticate } = await handshake({
    client: { user, domain, password: 'x'.repeat(5000) }, server: { accounts: () => ({ password: 'x'.repeat(5000) }) }, request: { targetName: `HTTP/${'w'.repeat(2000)}` },
  });
  assert.is(server.names.client, `${domain}\\${user}`);
  assert.is(server.clientSpecifiedTarget!.length, 2005);
  assert.is(hex(fieldAt(authenticate, 36)), hex(utf16le(user)));
});

test.run();
