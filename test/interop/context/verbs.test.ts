// The verbs of SSPI on one side, GSSAPI's calls on the other: buffers, streams, signatures, an exported context.
import * as assert from 'uvu/assert';
import {
  createAcceptor, createInitiator, decryptMessage, encryptMessage, exportSecurityContext, importSecurityContext, makeSignature, queryContextAttributes,
  SECBUFFER_DATA, SECBUFFER_STREAM, SECBUFFER_TOKEN, SECPKG_ATTR_SIZES, verifySignature, type CtxtHandle, type SecurityContext,
} from '../../../src/index.ts';
import { accountsFile, ContextPeer, gssapi, pyspnego, type Implementation, type PeerContext } from '../lab/context-peer.ts';
import { handshake, hex, refuses } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';

const PASSWORD = 'S3cret!';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

for (const implementation of [gssapi, pyspnego]) suiteWith(implementation);

function suiteWith(implementation: Implementation): void {
  const check = peerSuite(`The verbs with ${implementation.name}`, implementation);
  let peer: ContextPeer;
  check.before(() => { peer = new ContextPeer(implementation); });
  check.after(() => peer.stop());

  const both: [role: string, establish: () => Promise<{ ours: SecurityContext; theirs: PeerContext }>][] = [
    ['client', async () => {
      const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential: { user: 'alice', domain: 'LAB', password: PASSWORD } });
      const theirs = await peer.accept({ mechanism: 'spnego', accounts: accountsFile(`LAB:alice:${PASSWORD}`) });
      await handshake(ours, theirs);
      return { ours, theirs };
    }],
    ['server', async () => {
      const theirs = await peer.initiate({
        mechanism: 'spnego', user: 'LAB\\alice', password: PASSWORD, target: 'HTTP@web.lab.test', flags: ['integrity', 'confidentiality'],
      });
      const ours = await createAcceptor({ credential: { accounts: () => ({ password: PASSWORD }) } });
      await handshake(theirs, ours);
      return { ours, theirs };
    }],
  ];

  for (const [role, establish] of both) {
    check(`we as ${role}: EncryptMessage and DecryptMessage, in buffers and as a stream`, async () => {
      const { ours, theirs } = await establish();
      await encrypted(ours.handle, theirs);
      await decrypted(ours.handle, theirs);
    });

    check(`we as ${role}: MakeSignature and VerifySignature`, async () => {
      const { ours, theirs } = await establish();
      await signed(ours.handle, theirs);
    });

    check(`we as ${role}: an exported context goes on where it was`, async () => {
      const { ours, theirs } = await establish();
      await encrypted(ours.handle, theirs);
      await decrypted(ours.handle, theirs);
      const imported = importSecurityContext({ packed: exportSecurityContext(ours.handle) });
      await encrypted(imported, theirs);
      await signed(imported, theirs);
      await decrypted(imported, theirs);
    });
  }

  check.run();
}

async function encrypted(context: CtxtHandle, theirs: PeerContext): Promise<void> {
  const { securityTrailer } = queryContextAttributes(context, SECPKG_ATTR_SIZES);
  const buffers = [
    { type: SECBUFFER_TOKEN, data: new Uint8Array(securityTrailer) }, { type: SECBUFFER_DATA, data: text('two buffers, ') },
    { type: SECBUFFER_DATA, data: text('one message') },
  ];
  encryptMessage(context, { buffers });
  const { message, encrypted: sealed } = await theirs.unwrap(Buffer.concat(buffers.map(({ data }) => data)));
  assert.is(Buffer.from(message).toString(), 'two buffers, one message');
  assert.is(sealed, true);
}

async function decrypted(context: CtxtHandle, theirs: PeerContext): Promise<void> {
  const token = new Uint8Array(await theirs.wrap(text('in two buffers'), true));
  const buffers = [{ type: SECBUFFER_TOKEN, data: token.subarray(0, 16) }, { type: SECBUFFER_DATA, data: token.subarray(16) }];
  assert.is(decryptMessage(context, { buffers }), 0);
  assert.is(Buffer.from(buffers[1]!.data).toString(), 'in two buffers');

  const bent = new Uint8Array(await theirs.wrap(text('as a stream'), true));
  bent[20]! ^= 1;
  const stream = () => [{ type: SECBUFFER_STREAM, data: bent }, { type: SECBUFFER_DATA, data: new Uint8Array() }];
  await refuses(() => decryptMessage(context, { buffers: stream() }), 'SEC_E_MESSAGE_ALTERED');
  bent[20]! ^= 1;
  const whole = stream();
  decryptMessage(context, { buffers: whole });
  assert.is(Buffer.from(whole[1]!.data).toString(), 'as a stream');
}

async function signed(context: CtxtHandle, theirs: PeerContext): Promise<void> {
  const { maxSignature } = queryContextAttributes(context, SECPKG_ATTR_SIZES);
  const message = text('signed');
  const buffers = [{ type: SECBUFFER_DATA, data: message }, { type: SECBUFFER_TOKEN, data: new Uint8Array(maxSignature) }];
  makeSignature(context, { buffers });
  await theirs.verify(message, buffers[1]!.data);
  const mic = await theirs.sign(message);
  assert.is(verifySignature(context, { buffers: [{ type: SECBUFFER_DATA, data: message }, { type: SECBUFFER_TOKEN, data: new Uint8Array(mic) }] }), 0);
  await refuses(
    () => verifySignature(context, { buffers: [{ type: SECBUFFER_DATA, data: text('signet') }, { type: SECBUFFER_TOKEN, data: new Uint8Array(mic) }] }),
    'SEC_E_MESSAGE_ALTERED', 'SEC_E_OUT_OF_SEQUENCE');
  assert.is(hex(message), hex(text('signed')), 'what is signed stays as it is');
}
