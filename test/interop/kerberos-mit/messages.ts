// Messages that only Kerberos has: signed and readable, and in DCE style.
import * as assert from 'uvu/assert';
import {
  decryptMessage, encryptMessage, queryContextAttributes, SECBUFFER_DATA, SECBUFFER_PADDING, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_TOKEN, SECPKG_ATTR_SIZES, type SecurityContext,
} from '../../../src/index.ts';
import type { IovPart, PeerContext } from '../lab/context-peer.ts';
import { hex } from '../lab/handshake.ts';

/** Signed only: the message can be read, and MIT says that it was not sealed. */
export async function signedMessages(ours: SecurityContext, theirs: PeerContext): Promise<void> {
  for (const message of theirs.messages) {
    const received = await theirs.unwrap(ours.wrap(message, { encrypt: false }));
    assert.is(hex(received.message), hex(message));
    assert.is(received.encrypted, false);
    const answer = ours.unwrap(await theirs.wrap(message, false));
    assert.is(hex(answer.message), hex(message));
    assert.is(answer.encrypted, false);
  }
}

/** GSS_WrapEx with EncryptMessage's buffers (MS-KILE 3.4.5.4): all sealed, and, as DCE RPC has it, sealed between a header and a trailer that are signed. */
export async function inPlace(ours: SecurityContext, theirs: PeerContext, padding = 0): Promise<void> {
  for (const message of theirs.messages.filter(({ length }) => length > 0)) {
    const sealed = { data: message, encrypt: true };
    await bothWays(ours, theirs, padding, [sealed]);
    await bothWays(ours, theirs, padding, [{ data: utf8('header'), encrypt: false }, sealed, { data: utf8('trailer'), encrypt: false }]);
  }
}

async function bothWays(ours: SecurityContext, theirs: PeerContext, padding: number, parts: readonly IovPart[]): Promise<void> {
  const { securityTrailer } = queryContextAttributes(ours.handle, SECPKG_ATTR_SIZES);
  const expected = parts.map(({ data }) => hex(data));
  const buffersOf = (token: Uint8Array, datas: readonly Uint8Array[], behind: Uint8Array) => [
    { type: SECBUFFER_TOKEN, data: new Uint8Array(token) },
    ...datas.map((data, i) => ({ type: SECBUFFER_DATA | (parts[i]!.encrypt ? 0 : SECBUFFER_READONLY_WITH_CHECKSUM), data: new Uint8Array(data) })),
    { type: SECBUFFER_PADDING, data: new Uint8Array(behind) },
  ];

  const buffers = buffersOf(new Uint8Array(securityTrailer), parts.map(({ data }) => data), new Uint8Array(1));
  encryptMessage(ours.handle, { buffers });
  assert.is(buffers.at(-1)!.data.length, padding);
  const sent = parts.map(({ encrypt }, i) => ({ data: buffers[i + 1]!.data, encrypt }));
  assert.equal((await theirs.unwrapIov(buffers[0]!.data, sent, buffers.at(-1)!.data)).map(hex), expected);

  const answer = await theirs.wrapIov(parts, padding > 0);
  assert.is(answer.padding.length, padding);
  const received = buffersOf(answer.token, answer.parts, answer.padding);
  decryptMessage(ours.handle, { buffers: received });
  assert.equal(received.slice(1, -1).map(({ data }) => hex(data)), expected);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
