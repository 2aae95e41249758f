// Channel bindings against gss-ntlmssp and pyspnego: matching, differing and absent, raw and in SPNEGO, in both roles.
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { accountsFile, ContextPeer, gssapi, pyspnego, type Implementation } from '../lab/context-peer.ts';
import { handshake, peerRefuses, refuses, sameKey } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';

const PASSWORD = 'S3cret!';
const credential = { user: 'alice', domain: 'LAB', password: PASSWORD };
const accounts = ({ user }: { user: string }): { password: string } | null => user === 'alice' ? { password: PASSWORD } : null;
const bindings = (fill: number): Uint8Array => Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, fill)]);

for (const implementation of [gssapi, pyspnego]) suiteWith(implementation);

function suiteWith(implementation: Implementation): void {
  const check = peerSuite(`Channel bindings with ${implementation.name}`, implementation);
  let peer: ContextPeer;
  let goodAccounts: string;
  check.before(() => {
    peer = new ContextPeer(implementation);
    goodAccounts = accountsFile(`LAB:alice:${PASSWORD}`);
  });
  check.after(() => peer.stop());

  for (const [mechanism, packageName] of [['ntlm', 'NTLM'], ['spnego', 'Negotiate']] as const) {
    const client = (channelBindings?: Uint8Array) => createInitiator({ package: packageName, target: 'HTTP/web.lab.test', credential, channelBindings });
    const server = (channelBindings?: Uint8Array, channelBindingPolicy?: 'never' | 'whenSupported' | 'always') =>
      createAcceptor({ package: packageName, credential: { accounts, channelBindingPolicy }, channelBindings });
    const theirClient = (given?: Uint8Array) =>
      peer.initiate({ mechanism, user: 'LAB\\alice', password: PASSWORD, target: 'HTTP@web.lab.test', flags: ['integrity'], bindings: given });
    const theirServer = (given?: Uint8Array) => peer.accept({ mechanism, accounts: goodAccounts, bindings: given });

    check(`${mechanism}, we as client: what the server accepts`, async () => {
      for (const [ours, theirs] of [[bindings(1), bindings(1)], [bindings(1), undefined], [undefined, implementation === gssapi ? bindings(1) : undefined]]) {
        const initiator = await client(ours);
        const acceptor = await theirServer(theirs);
        await handshake(initiator, acceptor);
        await sameKey(initiator, acceptor);
      }
    });

    check(`${mechanism}, we as client: other bindings are refused by the server`, async () => {
      const initiator = await client(bindings(1));
      const acceptor = await theirServer(bindings(2));
      const authenticate = await initiator.step(await acceptor.step(await initiator.step(null)));
      await peerRefuses(() => acceptor.step(authenticate));
    });

    check(`${mechanism}, we as server: what we accept`, async () => {
      for (const [theirs, ours, policy] of [
        [bindings(1), bindings(1), 'whenSupported'], [bindings(1), bindings(1), 'always'], [undefined, bindings(1), 'whenSupported'],
        [bindings(1), undefined, 'whenSupported'], [bindings(2), bindings(1), 'never'],
      ] as const) {
        const initiator = await theirClient(theirs);
        const acceptor = await server(ours, policy);
        await handshake(initiator, acceptor);
        await sameKey(acceptor, initiator);
      }
    });

    check(`${mechanism}, we as server: other bindings, and none where they are demanded, are SEC_E_BAD_BINDINGS`, async () => {
      for (const [theirs, ours, policy] of [[bindings(2), bindings(1), 'whenSupported'], [undefined, bindings(1), 'always']] as const) {
        const initiator = await theirClient(theirs);
        const acceptor = await server(ours, policy);
        const authenticate = await initiator.step(await acceptor.step(await initiator.step(null)));
        await refuses(() => acceptor.step(authenticate), 'SEC_E_BAD_BINDINGS');
        assert.is(acceptor.complete, false);
      }
    });
  }

  check.run();
}
