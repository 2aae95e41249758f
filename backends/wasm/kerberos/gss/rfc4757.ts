import { concat } from '../../../contract/bytes.ts';
import { SspiError } from '../../../contract/errors.ts';
import { createRc4 } from '../../core/cipher.ts';
import { hash } from '../../core/hash.ts';
import { constantTimeEqual, hmac } from '../../core/mac.ts';
import { frame, KRB5_OID, TOK_MIC_V1, TOK_WRAP_V1, unframe } from './framing.ts';
import type { MessageTokens, TokenKey } from './message-tokens.ts';

/*
 * Per-message tokens of RC4 keys (RFC 4757 §7), inside the framing of RFC 2743 §3.1 (60 length, OID):
 *
 *   MIC   01 01  11 00  ff ff ff ff        SND_SEQ (8)  SGN_CKSUM (8)
 *   Wrap  02 01  11 00  10 00 | ff ff  ff ff  SND_SEQ (8)  SGN_CKSUM (8)  Confounder (8)  message, 01
 *                       sealed| signed                                     └── RC4 when sealed ──┘
 */
const HEADER = 8;
const BODY = HEADER + 16;
const CONFOUNDER = 8;
const MIC_USAGE = 15;
const WRAP_USAGE = 13;

export function rfc4757Tokens({ key, acceptor, dceStyle }: TokenKey, random: (length: number) => Uint8Array): MessageTokens {
  const signKey = hmac('md5', key.bytes, SIGNATURE_KEY);
  const sequenceKey = hmac('md5', key.bytes, ZERO);
  const localKey = hmac('md5', key.bytes.map((byte) => byte ^ 0xf0), ZERO);

  function checksum(usage: number, header: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    return hmac('md5', signKey, hash('md5', littleEndian(usage), header, ...parts)).subarray(0, 8);
  }
  /** The number in the clear: four bytes big-endian, four that tell the sender. */
  function sealNumber(number: bigint, check: Uint8Array): Uint8Array {
    const plain = new Uint8Array(8).fill(acceptor ? 0xff : 0, 4);
    new DataView(plain.buffer).setUint32(0, Number(number));
    return rc4(hmac('md5', sequenceKey, check), plain);
  }
  function openNumber(body: Uint8Array): bigint {
    const plain = rc4(hmac('md5', sequenceKey, body.subarray(16, 24)), body.subarray(8, 16));
    const peer = acceptor ? 0 : 0xff;
    if (!plain.subarray(4).every((byte) => byte === peer)) {
      if (plain.subarray(4).every((byte) => byte === 0xff - peer)) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the message is our own, sent back to us');
      throw new SspiError('SEC_E_MESSAGE_ALTERED', 'the sequence number does not decrypt');
    }
    return BigInt(new DataView(plain.buffer, plain.byteOffset).getUint32(0));
  }
  function contentsKey(number: bigint): Uint8Array {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, Number(number));
    return hmac('md5', localKey, bytes);
  }
  /** The token's own bytes from TOK_ID on. */
  function open(token: Uint8Array, tokenId: number, least: number): Uint8Array {
    const { tokenId: id, start } = unframe(token);
    if (id !== tokenId) refuse(`the token id ${hex16(tokenId)} expected, ${hex16(id)} came`, start - 2);
    const body = token.subarray(start - 2); // SSPI's framing leaves the message out of its length
    if (body.length < least) refuse(`${least} bytes expected behind the OID, ${body.length} came`, token.length);
    if (body[2] !== 0x11 || body[3] !== 0) refuse('SGN_ALG 11 00 (HMAC) expected', start);
    return body;
  }

  return {
    bits: 32,
    micLength: FRAME + BODY,
    overhead: FRAME + LONGER + BODY + CONFOUNDER,
    trailer: dceStyle ? 0 : 1,
    partsDiffer: dceStyle,

    mic(message, number) {
      const body = new Uint8Array(BODY);
      body.set([1, 1, 0x11, 0, 0xff, 0xff, 0xff, 0xff]);
      const check = checksum(MIC_USAGE, body.subarray(0, HEADER), message);
      body.set(sealNumber(number, check), 8);
      body.set(check, 16);
      return frame(TOK_MIC_V1, body.subarray(2));
    },
    readMic: (token) => openNumber(open(token, TOK_MIC_V1, BODY)),
    verifyMic(message, token) {
      const body = open(token, TOK_MIC_V1, BODY);
      return constantTimeEqual(body.subarray(16, 24), checksum(MIC_USAGE, body.subarray(0, HEADER), message));
    },

    wrap(message, encrypt, number) {
      const contents = new Uint8Array(CONFOUNDER + message.length + 1);
      contents.set(random(CONFOUNDER));
      contents.set(message, CONFOUNDER);
      contents[contents.length - 1] = 1;
      const head = new Uint8Array(BODY);
      head.set([2, 1, 0x11, 0, encrypt ? 0x10 : 0xff, encrypt ? 0 : 0xff, 0xff, 0xff]);
      const check = checksum(WRAP_USAGE, head.subarray(0, HEADER), contents);
      head.set(sealNumber(number, check), 8);
      head.set(check, 16);
      const body = new Uint8Array(BODY + contents.length);
      body.set(head);
      body.set(encrypt ? rc4(contentsKey(number), contents) : contents, BODY);
      contents.fill(0);
      return frame(TOK_WRAP_V1, body.subarray(2));
    },
    readWrap(token) {
      const body = open(token, TOK_WRAP_V1, BODY + CONFOUNDER + 1);
      const encrypted = body[4] === 0x10 && body[5] === 0;
      if (!encrypted && !(body[4] === 0xff && body[5] === 0xff)) refuse('SEAL_ALG 10 00 (RC4) or ff ff expected', token.length - body.length + 4);
      return { number: openNumber(body), encrypted };
    },
    unwrap(token) {
      const body = open(token, TOK_WRAP_V1, BODY + CONFOUNDER + 1);
      const sealed = body.subarray(BODY);
      const contents = body[4] === 0x10 ? rc4(contentsKey(openNumber(body)), sealed) : sealed;
      if (!constantTimeEqual(body.subarray(16, 24), checksum(WRAP_USAGE, body.subarray(0, HEADER), contents))) {
        return null;
      }
      const padding = contents[contents.length - 1]!;
      if (padding < 1 || padding > 8 || padding > contents.length - CONFOUNDER) refuse(`a padding of 1 to 8 bytes expected, ${padding} came`, token.length - 1);
      return contents.slice(CONFOUNDER, contents.length - padding);
    },
    headerLength(token) {
      return token.length - open(token, TOK_WRAP_V1, BODY + CONFOUNDER + 1).length + BODY + CONFOUNDER;
    },

    wrapParts(parts, number, padding) {
      padding.fill(1);
      const confounder = random(CONFOUNDER);
      const head = new Uint8Array(BODY);
      head.set([2, 1, 0x11, 0, 0x10, 0, 0xff, 0xff]);
      const check = checksum(WRAP_USAGE, head.subarray(0, HEADER), confounder, ...parts.map(({ data }) => data), padding);
      head.set(sealNumber(number, check), 8);
      head.set(check, 16);
      const sealed = streamOf(contentsKey(number));
      const front = sealed.update(confounder);
      for (const { data, encrypt } of parts) if (encrypt) sealed.updateInPlace(data);
      sealed.updateInPlace(padding);
      sealed.dispose();
      // The frame counts what is sealed, not what is only signed, and in DCE style neither (MS-KILE 4.5, and MIT).
      const beside = dceStyle ? 0 : parts.reduce((length, { data, encrypt }) => (encrypt ? length + data.length : length), padding.length);
      return frame(TOK_WRAP_V1, concat(head.subarray(2), front), beside);
    },
    unwrapParts(parts, token) {
      const whole = concat(token, ...parts.filter(({ encrypt }) => encrypt).map(({ data }) => data));
      const body = open(whole, TOK_WRAP_V1, BODY + CONFOUNDER);
      const front = whole.length - body.length + BODY + CONFOUNDER;
      if (front !== token.length) refuse(`a token of ${front} bytes expected, ${token.length} came`, token.length);
      const stream = streamOf(contentsKey(openNumber(body)));
      const confounder = stream.update(body.subarray(BODY, BODY + CONFOUNDER));
      const plain = parts.map(({ data, encrypt }) => (encrypt ? stream.update(data) : data));
      stream.dispose();
      const intact = constantTimeEqual(body.subarray(16, 24), checksum(WRAP_USAGE, body.subarray(0, HEADER), confounder, ...plain));
      parts.forEach(({ data, encrypt }, i) => {
        if (!encrypt) return;
        if (intact) data.set(plain[i]!);
        plain[i]!.fill(0);
      });
      return intact;
    },
    dispose() {
      for (const secret of [signKey, sequenceKey, localKey]) secret.fill(0);
      key.dispose();
    },
  };
}

function rc4(key: Uint8Array, data: Uint8Array): Uint8Array {
  const stream = streamOf(key);
  const result = stream.update(data);
  stream.dispose();
  return result;
}

/** Wipes the key, which the stream has taken in. */
function streamOf(key: Uint8Array): ReturnType<typeof createRc4> {
  const stream = createRc4(key);
  key.fill(0);
  return stream;
}

function littleEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function refuse(why: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', `RC4 token: ${why}`, { offset });
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0').replace(/(..)(..)/, '$1 $2');
}

/** 60, a length of one byte, the OID; a long message has a length of up to LONGER bytes more. */
const FRAME = 2 + 2 + KRB5_OID.length;
const LONGER = 4;
const ZERO = new Uint8Array(4);
const SIGNATURE_KEY = new TextEncoder().encode('signaturekey\0');
