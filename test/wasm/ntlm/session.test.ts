import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SECQOP_WRAP_NO_ENCRYPT } from '../../../backends/contract/constants.ts';
import { core } from '../../../backends/wasm/core/instance.ts';
import { importNtlmContext, NtlmSession } from '../../../backends/wasm/ntlm/session.ts';
import { rng } from '../../fuzz.ts';
import { ascii, bytes, fails, hex } from './support.ts';

const SIGN = 0x10, SEAL = 0x20, LM_KEY = 0x80, ALWAYS_SIGN = 0x8000, ESS = 0x80000, KEY_128 = 0x20000000, KEY_EXCH = 0x40000000, KEY_56 = 0x80000000;
const KEY = '000102030405060708090a0b0c0d0e0f';
const STRONG = SIGN | SEAL | ESS | KEY_128 | KEY_EXCH;

function pair(flags: number): { client: NtlmSession; server: NtlmSession } {
  const session = (initiator: boolean) => new NtlmSession({
    initiator, flags: flags >>> 0, attributes: initiator ? 1 : 2, names: { client: 'ADTEST\\alice', target: 'HTTP/web' }, exportedSessionKey: bytes(KEY), mic: true,
    channelBindingsVerified: !initiator, clientSpecifiedTarget: null,
  });
  return { client: session(true), server: session(false) };
}

const changed = (token: Uint8Array, at: number) => {
  const copy = token.slice();
  copy[at]! ^= 0x40;
  return copy;
};

const test = suite('NTLM sessions');

for (const ess of [ESS, 0]) {
  for (const strength of [KEY_128 | KEY_56, KEY_56, 0]) {
    for (const exchange of [KEY_EXCH, 0]) {
      for (const lmKey of ess ? [0] : [0, LM_KEY]) {
        const flags = SIGN | SEAL | ess | strength | exchange | lmKey;
        test(`flags 0x${(flags >>> 0).toString(16)}: both directions, sealed and signed by turns`, () => {
          const { client, server } = pair(flags);
          const random = rng(flags);
          for (let i = 0; i < 12; i++) {
            const [from, to] = i % 3 === 0 ? [server, client] : [client, server];
            const message = random.bytes([0, 1, 63, 64, 65, 200][i % 6]!);
            const encrypted = i % 4 !== 1;
            const token = from.wrap(message, encrypted);
            assert.is(token.length, 16 + message.length);
            const back = to.unwrap(token);
            assert.is(hex(back.message), hex(message));
            if (message.length > 0) assert.is(back.encrypted, encrypted);
            to.verifySignature([message], from.makeSignature([message], 0));
          }
        });
      }
    }
  }
}

test('key strengths give different keys, and say so', () => {
  const tokens = new Map([
    [128, ESS | KEY_128], [56, ESS | KEY_56], [40, ESS], [128.5, 0], [56.5, LM_KEY | KEY_56], [40.5, LM_KEY],
  ].map(([bits, flags]) => {
    const { client } = pair(SIGN | SEAL | flags!);
    assert.is(client.keyInfo.keySize, Math.floor(bits!));
    assert.is(client.keyInfo.signatureAlgorithmName, bits! % 1 === 0 ? 'HMAC-MD5' : 'RSADSI RC4-CRC32');
    return [hex(client.wrap(ascii('the same message'), true)), bits];
  }));
  assert.is(tokens.size, 6);
});

test('messages longer than the window pass in pieces, alike with and without it', () => {
  const random = rng(7);
  for (const flags of [STRONG, SIGN | SEAL | KEY_EXCH]) {
    const message = random.bytes(200_001);
    const { client, server } = pair(flags);
    const token = client.wrap(message, true);
    // in one part or in many, the bytes are the same
    const parts = [0, 1, 65_536, 131_072, 150_000].map((from, i, all) => ({ data: message.slice(from, all[i + 1] ?? message.length), encrypt: true }));
    const other = pair(flags).client;
    const trailer = other.encrypt(parts, 0);
    assert.is(hex(Buffer.concat([trailer, ...parts.map(({ data }) => data)])), hex(token));

    const bad = changed(token, 190_000);
    assert.throws(() => server.unwrap(bad), /SEC_E_MESSAGE_ALTERED/);
    assert.is(Buffer.compare(server.unwrap(token).message, message), 0);
    server.verifySignature([message], client.makeSignature([message], 0));
  }
});

test('parts that are signed but not encrypted', async () => {
  const { client, server } = pair(STRONG);
  const header = ascii('header'), body = ascii('a body that nobody reads'), trailer = ascii('trailer');
  const parts = [{ data: header.slice(), encrypt: false }, { data: body.slice(), encrypt: true }, { data: trailer.slice(), encrypt: false }];
  const token = client.encrypt(parts, 0);
  assert.is(hex(parts[0]!.data), hex(header));
  assert.is.not(hex(parts[1]!.data), hex(body));
  const sealed = parts.map(({ data, encrypt }) => ({ data: data.slice(), encrypt }));
  sealed[2]!.data[0]! ^= 1;
  const before = sealed.map(({ data }) => hex(data));
  await fails('SEC_E_MESSAGE_ALTERED', () => server.decrypt(sealed, token));
  assert.equal(sealed.map(({ data }) => hex(data)), before, 'the parts are as they came');
  assert.is(server.decrypt(parts, token), 0);
  assert.is(hex(parts[1]!.data), hex(body));
});

test('a failed check leaves the session usable, and the message as it came', async () => {
  for (const flags of [STRONG, STRONG & ~KEY_EXCH, SIGN | SEAL | KEY_EXCH, SIGN | SEAL]) {
    const { client, server } = pair(flags);
    const message = ascii('attack at dawn');
    const data = message.slice();
    const token = client.encrypt([{ data, encrypt: true }], 0);
    for (const at of [0, 8, 11]) {
      const before = hex(data);
      await fails('SEC_E_MESSAGE_ALTERED', () => server.decrypt([{ data, encrypt: true }], changed(token, at)));
      assert.is(hex(data), before);
    }
    const altered = changed(data, 3);
    const before = hex(altered);
    await fails('SEC_E_MESSAGE_ALTERED', () => server.decrypt([{ data: altered, encrypt: true }], token));
    assert.is(hex(altered), before);
    assert.is(server.decrypt([{ data, encrypt: true }], token), 0);
    assert.is(hex(data), hex(message));
  }
});

test('replayed, dropped and reordered messages', async () => {
  const { client, server } = pair(STRONG);
  const [first, second, third] = ['one', 'two', 'three'].map((text) => client.wrap(ascii(text), true));
  await fails('SEC_E_OUT_OF_SEQUENCE', () => server.unwrap(second!));
  server.unwrap(first!);
  const error = await fails('SEC_E_OUT_OF_SEQUENCE', () => server.unwrap(first!));
  assert.match(error.message, /message 1 expected, message 0 came/);
  await fails('SEC_E_OUT_OF_SEQUENCE', () => server.unwrap(third!));
  assert.is(Buffer.from(server.unwrap(second!).message).toString(), 'two');
  assert.is(Buffer.from(server.unwrap(third!).message).toString(), 'three');

  const mic = client.makeSignature([ascii('four')], 0);
  server.verifySignature([ascii('four')], mic);
  await fails('SEC_E_OUT_OF_SEQUENCE', () => server.verifySignature([ascii('four')], mic));

  // without extended session security the number itself is encrypted: a replay reads as an altered message
  const old = pair(SIGN | SEAL);
  const token = old.client.wrap(ascii('one'), true);
  old.server.unwrap(token);
  await fails('SEC_E_MESSAGE_ALTERED', () => old.server.unwrap(token));
});

test('a number that is wrong under the right key stream is out of sequence, without extended session security too', async () => {
  const { client, server } = pair(SIGN | SEAL);
  const token = client.wrap(ascii('message'), true);
  await fails('SEC_E_OUT_OF_SEQUENCE', () => server.unwrap(changed(token, 13)));
  server.unwrap(token);
});

test('without extended session security both directions share one handle and one number, and the random pad is zero', () => {
  const { client, server } = pair(SIGN | SEAL | KEY_EXCH);
  const a = client.wrap(ascii('same'), true);
  server.unwrap(a);
  const b = server.wrap(ascii('same'), true);
  assert.is.not(hex(a), hex(b));
  client.unwrap(b);
  assert.is(hex(b.subarray(0, 8)), '0100000000000000');
  // what another implementation puts there is not looked at
  const c = client.wrap(ascii('same'), true);
  c.set([1, 2, 3, 4], 4);
  server.unwrap(c);
});

test('signed only: a session without SEAL', async () => {
  const { client, server } = pair(SIGN | ESS | KEY_128 | KEY_EXCH);
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => client.encrypt([{ data: ascii('secret'), encrypt: true }], 0));
  // GSS_Wrap is no promise of confidentiality and seals all the same: ntlm-peers.json
  assert.equal(server.unwrap(client.wrap(ascii('secret'), true)), { message: ascii('secret'), encrypted: true });
  const token = client.wrap(ascii('open'), false);
  assert.is(Buffer.from(token.subarray(16)).toString(), 'open');
  assert.equal(server.unwrap(token).encrypted, false);
  const data = ascii('open');
  const trailer = client.encrypt([{ data, encrypt: true }], SECQOP_WRAP_NO_ENCRYPT);
  assert.is(Buffer.from(data).toString(), 'open');
  assert.is(server.decrypt([{ data, encrypt: true }], trailer), SECQOP_WRAP_NO_ENCRYPT);
});

test('SECQOP_WRAP_NO_ENCRYPT in a session that seals is told apart by its signature', async () => {
  const { client, server } = pair(STRONG);
  const data = ascii('open');
  const trailer = client.encrypt([{ data, encrypt: true }], SECQOP_WRAP_NO_ENCRYPT);
  assert.is(server.decrypt([{ data, encrypt: true }], trailer), SECQOP_WRAP_NO_ENCRYPT);
  assert.is(Buffer.from(data).toString(), 'open');
  await fails('SEC_E_QOP_NOT_SUPPORTED', () => client.encrypt([{ data, encrypt: true }], 5));
  await fails('SEC_E_QOP_NOT_SUPPORTED', () => client.makeSignature([data], 5));
});

test('ALWAYS_SIGN without SIGN: the dummy signature', async () => {
  const { client, server } = pair(ALWAYS_SIGN | ESS);
  const signature = client.makeSignature([ascii('x')], 0);
  assert.is(hex(signature), '01000000000000000000000000000000');
  server.verifySignature([ascii('x')], signature);
  await fails('SEC_E_MESSAGE_ALTERED', () => server.verifySignature([ascii('x')], changed(signature, 5)));
  assert.is(Buffer.from(server.unwrap(client.wrap(ascii('x'), false)).message).toString(), 'x');
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => client.wrap(ascii('x'), true));
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => pair(ESS).client.makeSignature([ascii('x')], 0));
  assert.is(client.mechListMicPossible, false);
});

test('mechListMIC: the handle returns, the number does not; a wrong one is refused', async () => {
  const { client, server } = pair(STRONG);
  const mechTypes = bytes('300c060a2b06010401823702020a');
  const mic = client.makeMechListMic(mechTypes);
  await fails('SEC_E_MESSAGE_ALTERED', () => server.verifyMechListMic(mechTypes, changed(mic, 6)));
  await fails('SEC_E_MESSAGE_ALTERED', () => server.verifyMechListMic(mechTypes.slice(1), mic));
  server.verifyMechListMic(mechTypes, mic);
  const token = client.wrap(ascii('first'), true);
  assert.is(token[12], 1);
  server.unwrap(token);
});

test('the numbers wrap around at 2^32, and the handle goes on', async () => {
  for (const flags of [STRONG, SIGN | SEAL | KEY_EXCH]) {
    const { client, server } = pair(flags);
    const [sender, receiver] = [client, server].map((session) => {
      const packed = session.export(); // it ends with the number of the direction that receives; the other stands before the last state
      const view = new DataView(packed.buffer);
      view.setUint32(packed.length - 4, 0xfffffffe);
      if ((flags & ESS) !== 0) view.setUint32(packed.length - 4 - 296, 0xfffffffe);
      return importNtlmContext(packed);
    });
    const numbers = [0, 1, 2, 3].map(() => {
      const token = sender!.wrap(ascii('message'), true);
      assert.is(hex(receiver!.unwrap(token).message), hex(ascii('message')));
      return new DataView(token.buffer, token.byteOffset).getUint32(12, true);
    });
    if ((flags & ESS) !== 0) assert.equal(numbers, [0xfffffffe, 0xffffffff, 0, 1]);
  }
});

test('export and import go on in the middle of a stream', async () => {
  for (const flags of [STRONG, STRONG & ~KEY_EXCH, SIGN | SEAL | KEY_EXCH | KEY_56, ALWAYS_SIGN | ESS]) {
    const { client, server } = pair(flags);
    const seals = (flags & SEAL) !== 0;
    server.unwrap(client.wrap(ascii('before'), seals));
    client.unwrap(server.wrap(ascii('answer'), seals));
    const packed = server.export();
    const moved = importNtlmContext(packed);
    assert.is(hex(moved.export()), hex(packed));
    assert.is(hex(moved.sessionKey), KEY);
    assert.equal(moved.names, server.names);
    assert.is(moved.attributes, 2);
    assert.is(moved.channelBindingsVerified, true);
    assert.is(moved.mechListMicRequired, server.mechListMicRequired);
    assert.is(Buffer.from(moved.unwrap(client.wrap(ascii('after'), seals)).message).toString(), 'after');
    assert.is(Buffer.from(client.unwrap(moved.wrap(ascii('back'), seals)).message).toString(), 'back');
    await fails('SEC_E_INVALID_TOKEN', () => importNtlmContext(packed.slice(0, -1)));
    await fails('SEC_E_INVALID_TOKEN', () => importNtlmContext(Buffer.concat([packed, new Uint8Array(1)])));
    const other = packed.slice();
    other[4] = 2;
    const error = await fails('SEC_E_INVALID_TOKEN', () => importNtlmContext(other));
    assert.is(error.offset, 4);
  }
});

test("Node's Buffers are not written to, nor kept", async () => {
  const { client, server } = pair(STRONG);
  const sealed = Buffer.from(client.wrap(ascii('sealed'), true));
  const signed = Buffer.from(client.wrap(ascii('signed'), false));
  const [sealedHex, signedHex] = [hex(sealed), hex(signed)];
  const { message } = server.unwrap(sealed);
  assert.is(Buffer.from(server.unwrap(signed).message).toString(), 'signed');
  signed.fill(0);
  assert.is(Buffer.from(message).toString(), 'sealed');
  assert.equal([hex(sealed), signedHex.slice(32)], [sealedHex, hex(ascii('signed'))]);
  const packed = Buffer.from(server.export());
  const moved = importNtlmContext(packed);
  packed.fill(0);
  moved.unwrap(client.wrap(ascii('on'), true));
  assert.is(packed.findIndex((byte) => byte !== 0), -1);
  const large = Buffer.from(client.wrap(new Uint8Array(70_000), true));
  const largeHex = hex(large);
  moved.unwrap(large);
  assert.is(hex(large) === largeHex, true);
});

test('tokens too short for a signature', async () => {
  const { client } = pair(STRONG);
  for (const length of [0, 1, 15]) {
    const error = await fails('SEC_E_INVALID_TOKEN', () => client.unwrap(new Uint8Array(length)));
    assert.is(error.offset, length);
    await fails('SEC_E_INVALID_TOKEN', () => client.decrypt([], new Uint8Array(length)));
    await fails('SEC_E_INVALID_TOKEN', () => client.verifySignature([], new Uint8Array(length)));
    await fails('SEC_E_INCOMPLETE_MESSAGE', () => client.streamHeaderLength(new Uint8Array(length)));
  }
  assert.is(client.streamHeaderLength(new Uint8Array(16)), 16);
});

test('nothing secret shows, and nothing stays behind', async () => {
  const { client, server } = pair(STRONG);
  server.unwrap(client.wrap(ascii('secret text'), true));
  client.verifySignature([ascii('more')], server.makeSignature([ascii('more')], 0));
  await fails('SEC_E_MESSAGE_ALTERED', () => server.unwrap(changed(client.wrap(ascii('secret text'), true), 20)));
  client.wrap(new Uint8Array(70_000).fill(1), true);
  const { input, output, key } = core();
  for (const window of [input, output, key]) assert.is(window.findIndex((byte) => byte !== 0), -1);
  const shown = inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client);
  assert.not.match(shown, /exportedSessionKey|directions|state/);

  client.dispose();
  client.dispose();
  await fails('SEC_E_INVALID_HANDLE', () => client.wrap(ascii('x'), true));
  await fails('SEC_E_INVALID_HANDLE', () => client.sessionKey);
  await fails('SEC_E_INVALID_HANDLE', () => client.export());
});

test.run();
