import { concat } from '../../../contract/bytes.ts';
import { SspiError } from '../../../contract/errors.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { etypeInfo } from '../etypes/index.ts';
import { spread, type MessageTokens, type TokenKey } from './message-tokens.ts';
import { decryptMixed, encryptMixed } from './mixed.ts';

/*
 * Per-message tokens of RFC 4121 §4.2.6, big-endian:
 *
 *   MIC   04 04 flags ff ff ff ff ff  SND_SEQ (8)                checksum(message | header)
 *   Wrap  05 04 flags ff EC (2) RRC (2) SND_SEQ (8)
 *           sealed:  rotate(encrypt(message | EC bytes of filler | header with RRC = 0), RRC)
 *           signed:  rotate(message | checksum(message | header with EC = RRC = 0), RRC)      EC = the checksum's length
 *
 * Written as Windows writes them: rotated so that everything but the message's own bytes stands in front of it, which is
 * what lets EncryptMessage keep the message in place.
 */
const HEADER = 16;
const CONFOUNDER = 16;
const SENT_BY_ACCEPTOR = 1;
const SEALED = 2;
const ACCEPTOR_SUBKEY = 4;
const KNOWN_FLAGS = 7;

export function rfc4121Tokens({ key, acceptor, acceptorSubkey, dceStyle }: TokenKey, random: (length: number) => Uint8Array): MessageTokens {
  const checksumLength = etypeInfo(key.etype)!.checksumLength;
  const ownFlags = (acceptor ? SENT_BY_ACCEPTOR : 0) | (acceptorSubkey ? ACCEPTOR_SUBKEY : 0);
  const peerFlags = (acceptor ? 0 : SENT_BY_ACCEPTOR) | (acceptorSubkey ? ACCEPTOR_SUBKEY : 0);
  const usage = usages(acceptor);
  const peerUsage = usages(!acceptor);
  const filler = dceStyle ? CONFOUNDER : 0; // DCE style: the trailer is a whole number of blocks
  const sealedOverhead = HEADER + CONFOUNDER + filler + HEADER + checksumLength;

  function header(tokenId: number, flags: number, extra: number, rotation: number, number: bigint): Uint8Array {
    const bytes = new Uint8Array(HEADER);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, tokenId);
    bytes[2] = flags;
    bytes[3] = 0xff;
    view.setUint16(4, extra);
    view.setUint16(6, rotation);
    view.setBigUint64(8, number);
    return bytes;
  }

  /** Parses what both kinds share and tells what is wrong with it. */
  function readHeader(token: Uint8Array, tokenId: number, name: string, least: number): DataView {
    if (token.length < least) refuse(`a ${name} token has ${least} bytes at least, ${token.length} came`, token.length);
    const view = new DataView(token.buffer, token.byteOffset, token.byteLength);
    if (view.getUint16(0) !== tokenId) refuse(`a ${name} token begins with ${hex16(tokenId)}, ${hex16(view.getUint16(0))} came`, 0);
    const flags = token[2]! & KNOWN_FLAGS; // RFC 4121 §4.2.2: others are ignored
    if ((flags & ~SEALED) !== peerFlags) {
      if (((flags ^ peerFlags) & SENT_BY_ACCEPTOR) !== 0) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'the message is our own, sent back to us');
      refuse(`the flags 0x${flags.toString(16)} do not fit this context, 0x${peerFlags.toString(16)} expected`, 2);
    }
    if (token[3] !== 0xff) refuse('a filler of ff expected', 3);
    return view;
  }

  return {
    bits: 64,
    micLength: HEADER + checksumLength,
    overhead: sealedOverhead,
    trailer: 0,
    partsDiffer: false,

    mic(message, number) {
      const head = header(0x0404, ownFlags, 0xffff, 0xffff, number);
      return concat(head, key.checksum(usage.sign, concat(message, head)));
    },
    readMic(token) {
      const view = readHeader(token, 0x0404, 'MIC', HEADER + checksumLength);
      if (view.getUint32(4) !== 0xffffffff) refuse('a filler of ff expected', 4);
      return view.getBigUint64(8);
    },
    verifyMic(message, token) {
      return key.verifyChecksum(peerUsage.sign, concat(message, token.subarray(0, HEADER)), token.subarray(HEADER));
    },

    wrap(message, encrypt, number) {
      if (!encrypt) {
        const head = header(0x0504, ownFlags, 0, 0, number);
        const checksum = key.checksum(usage.seal, concat(message, head));
        const view = new DataView(head.buffer);
        view.setUint16(4, checksumLength);
        view.setUint16(6, checksumLength);
        return concat(head, checksum, message);
      }
      const whole = key.wrapToken?.(usage.seal, message, ownFlags | SEALED, filler, number);
      if (whole !== undefined) return whole;
      const rotation = HEADER + filler + checksumLength;
      const head = header(0x0504, ownFlags | SEALED, filler, 0, number);
      const plain = new Uint8Array(message.length + filler + HEADER);
      plain.set(message);
      plain.set(head, message.length + filler);
      const sealed = key.encrypt(usage.seal, plain);
      plain.fill(0);
      const token = new Uint8Array(HEADER + sealed.length);
      // RFC 4121 §4.2.4: the copy that is encrypted carries RRC = 0. MS-KILE 3.4.5.4.1: Windows turns by EC + RRC in DCE style.
      new DataView(head.buffer).setUint16(6, rotation - filler);
      token.set(head);
      token.set(sealed.subarray(sealed.length - rotation), HEADER);
      token.set(sealed.subarray(0, sealed.length - rotation), HEADER + rotation);
      return token;
    },
    readWrap(token) {
      const view = readHeader(token, 0x0504, 'Wrap', HEADER);
      const encrypted = (token[2]! & SEALED) !== 0;
      return { number: view.getBigUint64(8), encrypted };
    },
    unwrap(token) {
      const view = new DataView(token.buffer, token.byteOffset, token.byteLength);
      const extra = view.getUint16(4);
      const sealed = (token[2]! & SEALED) !== 0;
      const rotation = view.getUint16(6) + (dceStyle && sealed ? extra : 0);
      if (sealed && token.length >= HEADER + CONFOUNDER + HEADER + checksumLength) {
        const whole = key.unwrapToken?.(peerUsage.seal, token, rotation % (token.length - HEADER), extra);
        if (whole === 'short') refuse(`EC is ${extra}, and less was sealed`, 4);
        if (whole !== undefined) return whole;
      }
      const body = rotateLeft(token.subarray(HEADER), rotation);
      const head = token.slice(0, HEADER);
      if (!sealed) {
        if (extra !== checksumLength || body.length < extra) refuse(`EC is ${extra}; a checksum has ${checksumLength} bytes and ${body.length} are there`, 4);
        const message = body.slice(0, body.length - extra);
        head.fill(0, 4, 8);
        return key.verifyChecksum(peerUsage.seal, concat(message, head), body.subarray(body.length - extra)) ? message : null;
      }
      if (body.length < CONFOUNDER + HEADER + checksumLength) refuse(`a sealed Wrap token has ${HEADER + CONFOUNDER + HEADER + checksumLength} bytes at least, ${token.length} came`, token.length);
      let plain: Uint8Array;
      try {
        plain = key.decrypt(peerUsage.seal, body);
      } catch (error) {
        if (error instanceof SspiError && error.code === 'SEC_E_DECRYPT_FAILURE') return null;
        throw error;
      }
      if (plain.length < HEADER + extra) refuse(`EC is ${extra}, and ${plain.length - HEADER} bytes were sealed`, 4);
      const inner = plain.subarray(plain.length - HEADER);
      head.fill(0, 6, 8);
      // The header outside is not encrypted; the copy inside is what binds it.
      if (!inner.every((byte, i) => byte === head[i])) return null;
      return plain.slice(0, plain.length - HEADER - extra);
    },
    headerLength(token) {
      return Math.min(token.length, (token[2]! & SEALED) !== 0 ? sealedOverhead : HEADER + checksumLength);
    },

    wrapParts(parts, number) {
      const rotation = HEADER + filler + checksumLength;
      const head = header(0x0504, ownFlags | SEALED, filler, 0, number);
      const trailer = { data: concat(new Uint8Array(filler), head), encrypt: true };
      const { sealed, checksum } = encryptMixed(key, usage.seal, random(CONFOUNDER), [...parts, trailer]);
      const end = sealed.length - trailer.data.length;
      spread(sealed.subarray(CONFOUNDER, end), parts);
      new DataView(head.buffer).setUint16(6, rotation - filler);
      return concat(head, sealed.subarray(end), checksum, sealed.subarray(0, CONFOUNDER));
    },
    unwrapParts(parts, token) {
      if (token.length < HEADER) refuse(`a Wrap token has ${HEADER} bytes at least, ${token.length} came`, token.length);
      const view = new DataView(token.buffer, token.byteOffset, token.byteLength);
      const extra = view.getUint16(4);
      const sealedParts = parts.filter(({ encrypt }) => encrypt).map(({ data }) => data);
      const body = rotateLeft(concat(token.subarray(HEADER), ...sealedParts), view.getUint16(6) + (dceStyle ? extra : 0));
      const length = sealedParts.reduce((sum, data) => sum + data.length, 0);
      const least = CONFOUNDER + length + extra + HEADER + checksumLength;
      if (body.length !== least) refuse(`beside ${length} sealed bytes a token of ${HEADER + least - length} bytes expected, ${token.length} came`, token.length);
      const sealed = body.subarray(0, body.length - checksumLength);
      const trailer = { data: new Uint8Array(extra + HEADER), encrypt: true };
      const plain = decryptMixed(key, peerUsage.seal, sealed, body.subarray(sealed.length), [...parts, trailer]);
      if (plain === null) return false;
      const inner = plain.subarray(plain.length - HEADER);
      const intact = inner.every((byte, i) => byte === (i === 6 || i === 7 ? 0 : token[i]));
      if (intact) spread(plain, parts);
      plain.fill(0);
      return intact;
    },
    dispose: () => key.dispose(),
  };
}

function usages(acceptor: boolean): { sign: number; seal: number } {
  return acceptor
    ? { sign: KEY_USAGE.GSS_ACCEPTOR_SIGN, seal: KEY_USAGE.GSS_ACCEPTOR_SEAL }
    : { sign: KEY_USAGE.GSS_INITIATOR_SIGN, seal: KEY_USAGE.GSS_INITIATOR_SEAL };
}

/** RFC 4121 §4.2.5: a count past the end turns more than once. */
function rotateLeft(bytes: Uint8Array, count: number): Uint8Array {
  const turn = bytes.length === 0 ? 0 : count % bytes.length;
  return turn === 0 ? bytes : concat(bytes.subarray(turn), bytes.subarray(0, turn));
}

function refuse(why: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', why, { offset });
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0').replace(/(..)(..)/, '$1 $2');
}
