import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { KEY_USAGE } from '../../../../backends/wasm/kerberos/codes/key-usage.ts';
import { kerberosEstablished, importKerberosContext, type KerberosFacts } from '../../../../backends/wasm/kerberos/established.ts';
import { createKerberosKey } from '../../../../backends/wasm/kerberos/etypes/index.ts';
import { etypeInfo } from '../../../../backends/wasm/kerberos/etypes/table.ts';
import { OrderWindow } from '../../../../backends/wasm/kerberos/gss/order.ts';
import { rfc4757Tokens } from '../../../../backends/wasm/kerberos/gss/rfc4757.ts';
import { rng } from '../../../fuzz.ts';

const test = suite('Kerberos messages');

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const utf8 = (text: string) => new TextEncoder().encode(text);
const message = utf8('the quick brown fox jumps over the lazy dog');
const extras = { createKey: (etype: number, key: Uint8Array) => createKerberosKey(etype, key), random };
const source = rng(4121);
const KEYS = new Map([17, 18, 19, 20, 23].map((etype) => [etype, source.bytes(etypeInfo(etype)!.keyLength)]));

function established(etype: number, acceptor: boolean, more: Partial<KerberosFacts> = {}) {
  const key = KEYS.get(etype)!;
  return kerberosEstablished({
    acceptor, attributes: 0, expiry: null, client: 'alice@TEST.REALM', target: null, etype, key: key.slice(), acceptorSubkey: false, sessionKey: key.slice(), sendNumber: 7n, receiveNumber: 7n,
    replay: true, sequence: true, dceStyle: false, channelBindingsVerified: false, clientSpecifiedTarget: null, ...more,
  }, extras);
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.instance(error, SspiError, String(error));
    return (error as SspiError).code;
  }
  return 'SEC_E_OK';
}

/** A Wrap token built from RFC 4121 §4.2.4 alone, so that EC and RRC can be any. */
function wrapToken(etype: number, { encrypt, ec = 0, rrc = 0, number = 7n, flags = 0, dce = false }: { encrypt: boolean; ec?: number; rrc?: number; number?: bigint; flags?: number; dce?: boolean }): Uint8Array {
  const key = createKerberosKey(etype, KEYS.get(etype)!);
  const head = new Uint8Array(16);
  const view = new DataView(head.buffer);
  head.set([5, 4, flags | (encrypt ? 2 : 0), 0xff]);
  view.setBigUint64(8, number);
  if (encrypt) view.setUint16(4, ec);
  const body = encrypt
    ? key.encrypt(KEY_USAGE.GSS_INITIATOR_SEAL, Buffer.concat([message, random(ec), head]))
    : Buffer.concat([message, key.checksum(KEY_USAGE.GSS_INITIATOR_SEAL, Buffer.concat([message, head]))]);
  if (!encrypt) view.setUint16(4, etypeInfo(etype)!.checksumLength);
  view.setUint16(6, rrc);
  const turn = (rrc + (dce && encrypt ? ec : 0)) % body.length;
  return new Uint8Array(Buffer.concat([head, body.subarray(body.length - turn), body.subarray(0, body.length - turn)]));
}

for (const etype of [17, 18, 19, 20]) {
  for (const encrypt of [true, false]) {
    test(`etype ${etype}, ${encrypt ? 'sealed' : 'signed'}: any RRC, and any EC when sealed`, () => {
      for (const rrc of [0, 1, 12, 28, 44, 500, 65535]) {
        for (const ec of encrypt ? [0, 1, 16, 300] : [0]) {
          const opened = established(etype, true).unwrap(wrapToken(etype, { encrypt, rrc, ec }));
          assert.is(hex(opened.message), hex(message));
          assert.is(opened.encrypted, encrypt);
        }
      }
    });
  }
}

test('DCE style turns by EC too (MS-KILE 3.4.5.4.1)', () => {
  const token = wrapToken(18, { encrypt: true, ec: 16, rrc: 28, dce: true });
  assert.is(hex(established(18, true, { dceStyle: true }).unwrap(token).message), hex(message));
  const own = established(18, false, { dceStyle: true }).wrap(message, true);
  assert.is(own.length, 16 + 16 + message.length + 16 + 16 + 12);
  const view = new DataView(own.buffer);
  assert.is(view.getUint16(4), 16);
  assert.is(view.getUint16(6), 28);
  assert.is(hex(established(18, true, { dceStyle: true }).unwrap(own).message), hex(message));
});

test('an EC past the end, and one that was changed', () => {
  const token = wrapToken(18, { encrypt: true, ec: 16 });
  for (const ec of [0xffff, message.length + 17, 0, 15]) {
    const changed = token.slice();
    new DataView(changed.buffer).setUint16(4, ec);
    assert.ok(['SEC_E_INVALID_TOKEN', 'SEC_E_MESSAGE_ALTERED'].includes(code(() => established(18, true).unwrap(changed))));
  }
  const signed = wrapToken(18, { encrypt: false });
  new DataView(signed.buffer).setUint16(4, 13);
  assert.is(code(() => established(18, true).unwrap(signed)), 'SEC_E_INVALID_TOKEN');
});

test('every byte counts, and every length is met', () => {
  for (const encrypt of [true, false]) {
    const token = wrapToken(18, { encrypt, rrc: 28 });
    for (let at = 0; at < token.length; at++) {
      if (at === 2) continue; // flags: below
      assert.is.not(code(() => established(18, true).unwrap(token.with(at, token[at]! ^ 0x40))), 'SEC_E_OK', `byte ${at}`);
    }
    for (let length = 0; length < token.length; length++) assert.is.not(code(() => established(18, true).unwrap(token.subarray(0, length))), 'SEC_E_OK');
    assert.is.not(code(() => established(18, true).unwrap(new Uint8Array([...token, 0]))), 'SEC_E_OK');
  }
});

test('flags: a stranger is ignored where it was signed, the subkey must fit, our own message is told as such', () => {
  assert.is(code(() => established(18, true).unwrap(wrapToken(18, { encrypt: true, flags: 0x40 }))), 'SEC_E_OK');
  assert.is(code(() => established(18, true).unwrap(wrapToken(18, { encrypt: true, flags: 4 }))), 'SEC_E_INVALID_TOKEN');
  for (const etype of KEYS.keys()) {
    const initiator = established(etype, false);
    assert.is(code(() => initiator.unwrap(initiator.wrap(message, true))), 'SEC_E_OUT_OF_SEQUENCE');
    assert.is(code(() => initiator.verifySignature([message], initiator.makeSignature([message], 0))), 'SEC_E_OUT_OF_SEQUENCE');
  }
});

// The order of messages.

const take = (window: OrderWindow, number: bigint) => code(() => { window.check(number); window.accept(number); });

test('sequence: the next one only; replay: each one once; neither: all', () => {
  const sequence = new OrderWindow(5n, { replay: true, sequence: true });
  assert.equal([5n, 7n, 5n, 6n, 6n, 7n].map((number) => take(sequence, number)), ['SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OK']);
  const replay = new OrderWindow(5n, { replay: true, sequence: false });
  assert.equal([5n, 8n, 6n, 6n, 8n, 70n, 6n, 7n, 7n].map((number) => take(replay, number)), ['SEC_E_OK', 'SEC_E_OK', 'SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE']);
  const neither = new OrderWindow(5n, { replay: false, sequence: false });
  for (const number of [9n, 9n, 1n, 5n, 1n << 63n, 0n]) assert.is(take(neither, number), 'SEC_E_OK');
});

test('numbers wrap at 2^64 and at 2^32', () => {
  for (const bits of [64, 32] as const) {
    const last = (1n << BigInt(bits)) - 1n;
    const sequence = new OrderWindow(last, { replay: true, sequence: true, bits });
    assert.equal([last, 0n, 1n, last].map((number) => take(sequence, number)), ['SEC_E_OK', 'SEC_E_OK', 'SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE']);
    const replay = new OrderWindow(last, { replay: true, sequence: false, bits });
    assert.equal([1n, last, 0n, 0n, last].map((number) => take(replay, number)), ['SEC_E_OK', 'SEC_E_OK', 'SEC_E_OK', 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_OUT_OF_SEQUENCE']);
    const [sender, receiver] = [established(bits === 32 ? 23 : 18, false, { sendNumber: last }), established(bits === 32 ? 23 : 18, true, { receiveNumber: last })];
    for (let i = 0; i < 3; i++) assert.is(hex(receiver.unwrap(sender.wrap(message, true)).message), hex(message));
  }
});

test('a leap across half of all numbers is no more than a leap', () => {
  for (const modes of [{ replay: true, sequence: false }, { replay: false, sequence: false }]) {
    const window = new OrderWindow(0n, modes);
    assert.is(take(window, 1n << 62n), 'SEC_E_OK');
    assert.is(take(window, 3n), modes.replay ? 'SEC_E_OUT_OF_SEQUENCE' : 'SEC_E_OK');
    assert.is(take(window, (1n << 62n) + 1n), 'SEC_E_OK');
    assert.ok(window.state.seen < 1n << 64n);
  }
});

test('a refused message spends nothing', () => {
  const receiver = established(18, true);
  assert.is(code(() => receiver.unwrap(wrapToken(18, { encrypt: true, number: 9n }))), 'SEC_E_OUT_OF_SEQUENCE');
  const damaged = wrapToken(18, { encrypt: true });
  damaged[40]! ^= 1;
  assert.is(code(() => receiver.unwrap(damaged)), 'SEC_E_MESSAGE_ALTERED');
  assert.is(code(() => receiver.unwrap(wrapToken(18, { encrypt: true }))), 'SEC_E_OK');
});

// RC4.

test('MS-KILE 4.5: SND_SEQ, SGN_CKSUM and the confounder; the pad of 01 counts in the checksum', () => {
  const { misc }: { misc: Record<string, string>[] } = JSON.parse(readFileSync(new URL('../../../vectors/captures.json', import.meta.url), 'utf8'));
  const vector = misc.find(({ name }) => name!.startsWith('MS-KILE 4.5'))!;
  const tokens = rfc4757Tokens({ key: createKerberosKey(23, bytes(vector.key!)), acceptor: false, acceptorSubkey: false, dceStyle: false }, () => bytes(vector.confounder!));
  const token = tokens.wrap(bytes(vector.plaintext!), true, BigInt(`0x${vector.seq}`));
  const expected = bytes(vector.headerToken!);
  const ours = token.subarray(2); // the length of the frame: ours covers the message, SSPI's the header alone
  assert.is(hex(ours.subarray(0, expected.length - 2)), hex(expected.subarray(2)));
});

test('RC4: every byte of a token counts', () => {
  const sender = established(23, false);
  for (const [token, open] of [
    [sender.wrap(message, true), (bad: Uint8Array) => established(23, true).unwrap(bad)],
    [established(23, false).wrap(message, false), (bad: Uint8Array) => established(23, true).unwrap(bad)],
    [established(23, false).makeSignature([message], 0), (bad: Uint8Array) => established(23, true).verifySignature([message], bad)],
  ] as const) {
    assert.is(code(() => open(token)), 'SEC_E_OK');
    // But for the frame's length, which SSPI writes without the message (MS-KILE 4.5).
    for (let at = 0; at < token.length; at++) if (at !== 1) assert.is.not(code(() => open(token.with(at, token[at]! ^ 1))), 'SEC_E_OK', `byte ${at}`);
    for (let length = 0; length < token.length; length++) assert.is.not(code(() => open(token.subarray(0, length))), 'SEC_E_OK');
  }
});

// EncryptMessage and DecryptMessage.

test('several DATA buffers, sealed and signed only', () => {
  for (const [qop, expected] of [[0, 0], [0x80000001, 0x80000001]] as const) {
    const parts = [message.slice(0, 5), message.slice(5, 5), message.slice(5)].map((data) => ({ data, encrypt: qop === 0 }));
    const token = established(18, false).encrypt(parts, qop);
    assert.is(hex(parts[0]!.data) === hex(message.subarray(0, 5)), qop !== 0);
    assert.is(established(18, true).decrypt(parts, token), expected);
    assert.is(hex(Buffer.concat(parts.map(({ data }) => data))), hex(message));
  }
});

for (const etype of KEYS.keys()) {
  for (const dceStyle of [false, true]) {
    test(`etype ${etype}${dceStyle ? ' in DCE style' : ''}: a header and a trailer that are signed beside sealed data`, () => {
      const sender = established(etype, false, { dceStyle });
      const padding = new Uint8Array(sender.padding ?? 0);
      const parts = [{ data: utf8('header'), encrypt: false }, { data: message.slice(0, 5), encrypt: true }, { data: message.slice(5), encrypt: true }, { data: utf8('trailer'), encrypt: false }];
      const token = sender.encrypt(parts, 0, padding);
      const sent = parts.map(({ data }) => hex(data));
      assert.equal([sent[0], sent[3]], [hex(utf8('header')), hex(utf8('trailer'))]);
      assert.is.not(sent[2], hex(message.subarray(5)));
      const copy = () => parts.map(({ data, encrypt }) => ({ data: data.slice(), encrypt }));

      const received = copy();
      const receiver = established(etype, true, { dceStyle });
      assert.is(receiver.decrypt(received, token, padding.slice()), 0);
      const again = copy();
      assert.is(code(() => receiver.decrypt(again, token, padding.slice())), 'SEC_E_OUT_OF_SEQUENCE');
      assert.equal(again.map(({ data }) => hex(data)), sent, 'a replay is not read');
      assert.equal(received.map(({ data }) => new TextDecoder().decode(data)), ['header', 'the q', 'uick brown fox jumps over the lazy dog', 'trailer']);

      for (let i = 0; i < parts.length; i++) {
        const altered = copy();
        altered[i]!.data[0]! ^= 1;
        const before = altered.map(({ data }) => hex(data));
        assert.is(code(() => established(etype, true, { dceStyle }).decrypt(altered, token, padding)), 'SEC_E_MESSAGE_ALTERED', `part ${i}`);
        assert.equal(altered.map(({ data }) => hex(data)), before, 'nothing unverified is released');
      }
      for (let length = 0; length < token.length; length++) assert.is.not(code(() => established(etype, true, { dceStyle }).decrypt(copy(), token.subarray(0, length), padding)), 'SEC_E_OK', `${length} bytes`);
      assert.is.not(code(() => established(etype, true, { dceStyle }).decrypt(copy(), new Uint8Array([...token, 0]), padding)), 'SEC_E_OK');
      for (let at = 0; at < token.length; at++) {
        if (etype === 23 && at < 4) continue; // the frame's length, which SSPI writes without the message
        const bad = token.with(at, token[at]! ^ 0x20);
        assert.is.not(code(() => established(etype, true, { dceStyle }).decrypt(copy(), bad, padding)), 'SEC_E_OK', `byte ${at}`);
      }
    });
  }
}

test('RC4 appends a byte, which needs its place', () => {
  const parts = () => [{ data: message.slice(), encrypt: true }];
  assert.is(code(() => established(23, false).encrypt(parts(), 0)), 'SEC_E_BUFFER_TOO_SMALL');
  for (const size of [message.length, 200, 70000]) {
    const sealed = [{ data: new Uint8Array(size).fill(7), encrypt: true }];
    const padding = new Uint8Array(1);
    const sender = established(23, false);
    const token = sender.encrypt(sealed, 0, padding);
    assert.ok(token.length <= sender.sizes.securityTrailer, `${token.length}`);
    const whole = new Uint8Array(Buffer.concat([token, sealed[0]!.data, padding]));
    assert.is(hex(established(23, true).unwrap(whole).message), hex(new Uint8Array(size).fill(7)));
    const receiver = established(23, true);
    const front = receiver.streamHeaderLength(whole);
    assert.is(front, token.length);
    const part = { data: whole.slice(front), encrypt: true };
    receiver.decrypt([part], whole.subarray(0, front));
    assert.is(part.data.length, size);
  }
});

test('a stream as MIT makes it (RRC 0), with an EC, and of RC4 with its pad', () => {
  for (const token of [wrapToken(18, { encrypt: true }), wrapToken(18, { encrypt: true, ec: 16 }), wrapToken(18, { encrypt: false }), wrapToken(18, { encrypt: true, rrc: 28 })]) {
    const receiver = established(18, true);
    const header = receiver.streamHeaderLength(token);
    const part = { data: token.slice(header), encrypt: true };
    receiver.decrypt([part], token.subarray(0, header));
    assert.is(hex(part.data), hex(message));
  }
  const receiver = established(23, true);
  const token = established(23, false).wrap(message, true);
  const header = receiver.streamHeaderLength(token);
  const part = { data: token.slice(header), encrypt: true };
  receiver.decrypt([part], token.subarray(0, header));
  assert.is(hex(part.data), hex(message));
});

test('buffers that do not fit the message are refused, and stay as they came', () => {
  const token = wrapToken(18, { encrypt: true, ec: 16 });
  const parts = [token.slice(60, 65), token.slice(65)].map((data) => ({ data, encrypt: true }));
  const before = parts.map(({ data }) => hex(data));
  assert.is(code(() => established(18, true).decrypt(parts, token.subarray(0, 60))), 'SEC_E_INVALID_TOKEN');
  assert.equal(parts.map(({ data }) => hex(data)), before);
});

// Export and import.

test('a context goes on where it was packed: numbers, window, flags', () => {
  for (const etype of KEYS.keys()) {
    const sender = established(etype, false);
    const receiver = established(etype, true, { sequence: false });
    const [one, two, three] = [0, 0, 0].map(() => sender.wrap(message, true));
    receiver.unwrap(one!);
    receiver.unwrap(three!);
    const moved = importKerberosContext(receiver.export(), { random });
    assert.is(code(() => moved.unwrap(one!)), 'SEC_E_OUT_OF_SEQUENCE');
    assert.is(code(() => moved.unwrap(two!)), 'SEC_E_OK');
    assert.is(hex(importKerberosContext(sender.export(), { random }).sessionKey), hex(sender.sessionKey));
    assert.is(code(() => moved.unwrap(importKerberosContext(sender.export(), { random }).wrap(message, true))), 'SEC_E_OK');
  }
});

test('what was packed by someone else', () => {
  const packed = established(18, true, { expiry: new Date(1e12) }).export();
  for (const [at, value] of [[0, 2], [14, 0xff], [15, 99]] as const) assert.is(code(() => importKerberosContext(packed.with(at, value), { random })), 'SEC_E_INVALID_TOKEN');
  for (let length = 0; length < packed.length; length++) assert.is(code(() => importKerberosContext(packed.subarray(0, length), { random })), 'SEC_E_INVALID_TOKEN');
  assert.is(code(() => importKerberosContext(new Uint8Array([...packed, 0]), { random })), 'SEC_E_INVALID_TOKEN');
  const far = packed.slice();
  far.fill(0x7f, 6, 14);
  assert.is(importKerberosContext(far, { random }).expiry!.getTime(), 8.64e15);
});

test('a mechListMIC: signed by whom it should be, with number 0 as Windows has it or with the next one; messages go on with their own', () => {
  for (const etype of KEYS.keys()) {
    const list = Uint8Array.of(0x30, 2, 6, 0);
    for (const sent of [0n, 7n, 0x12345n]) {
      const client = established(etype, false);
      const byNumber = established(etype, true, { sendNumber: sent });
      const mic = byNumber.makeMechListMic(list);
      assert.is(code(() => client.verifyMechListMic(Uint8Array.of(0x30, 3, 6, 0), mic)), 'SEC_E_MESSAGE_ALTERED');
      assert.is.not(code(() => client.verifyMechListMic(list, client.makeMechListMic(list))), 'SEC_E_OK', 'reflected');
      client.verifyMechListMic(list, mic);
      // the messages of the acceptor begin where its AP-REP said, or behind the mechListMIC that took that number
      const server = established(etype, true, { sendNumber: sent === 7n ? 8n : 7n });
      assert.is(code(() => client.verifySignature([list], server.makeSignature([list], 0))), 'SEC_E_OK');
    }
  }
});

test.run();
