// Messages that only Kerberos has: signed and readable, and in DCE style.
import * as assert from 'uvu/assert';
import { decryptMessage, encryptMessage, queryContextAttributes, SECBUFFER_DATA, SECBUFFER_TOKEN, SECPKG_ATTR_SIZES, type SecurityContext } from '../../../src/index.ts';
import type { PeerContext } from '../lab/context-peer.ts';
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

/** GSS_WrapEx with EncryptMessage's buffers (MS-KILE 3.4.5.4). */
export async function inPlace(ours: SecurityContext, theirs: PeerContext): Promise<void> {
  const { securityTrailer } = queryContextAttributes(ours.handle, SECPKG_ATTR_SIZES);
  for (const message of theirs.messages.filter(({ length }) => length > 0)) {
    const buffers = [{ type: SECBUFFER_TOKEN, data: new Uint8Array(securityTrailer) }, { type: SECBUFFER_DATA, data: new Uint8Array(message) }];
    encryptMessage(ours.handle, { buffers });
    assert.is(buffers[1]!.data.length, message.length);
    assert.is(hex(await theirs.unwrapIov(buffers[0]!.data, buffers[1]!.data)), hex(message));
    const answer = await theirs.wrapIov(message);
    const received = [{ type: SECBUFFER_TOKEN, data: new Uint8Array(answer.token) }, { type: SECBUFFER_DATA, data: new Uint8Array(answer.message) }];
    decryptMessage(ours.handle, { buffers: received });
    assert.is(hex(received[1]!.data), hex(message));
  }
}
