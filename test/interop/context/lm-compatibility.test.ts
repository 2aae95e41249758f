// NTLMv1, with and without extended session security, where both sides opt in (LmCompatibilityLevel 0 to 2), in both roles.
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { accountsFile, ContextPeer, gssapi, pyspnego, type Implementation } from '../lab/context-peer.ts';
import { handshake, refuses, sameKey, sealedMessages, signatures } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';

const PASSWORD = 'S3cret!'; // an LM hash has no letters beyond the OEM code page
const credential = { user: 'alice', domain: 'LAB', password: PASSWORD };
const accounts = ({ user }: { user: string }): { password: string } | null => user === 'alice' ? { password: PASSWORD } : null;

for (const implementation of [gssapi, pyspnego]) suiteWith(implementation);

function suiteWith(implementation: Implementation): void {
  const check = peerSuite(`NTLMv1 with ${implementation.name}`, implementation);
  const peers = new Map<number, ContextPeer>();
  const goodAccounts = (): string => accountsFile(`LAB:alice:${PASSWORD}`);
  check.before(() => {
    for (const level of [0, 1, 2]) peers.set(level, new ContextPeer(implementation, { LM_COMPAT_LEVEL: String(level) }));
  });
  check.after(() => {
    for (const peer of peers.values()) peer.stop();
  });

  for (const level of [0, 1, 2] as const) {
    check(`level ${level}, we as client`, async () => {
      const ours = await createInitiator({ package: 'NTLM', target: 'HTTP/web.lab.test', credential, ntlm: { lmCompatibilityLevel: level } });
      const theirs = await peers.get(level)!.accept({ mechanism: 'ntlm', accounts: goodAccounts() });
      const tokens = await handshake(ours, theirs);
      assert.is(ntResponseLength(tokens[2]!), 24, 'NTLMv1');
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signatures(ours, theirs);
    });

    check(`level ${level}, we as server`, async () => {
      const theirs = await peers.get(level)!.initiate({
        mechanism: 'ntlm', user: 'LAB\\alice', password: PASSWORD, target: 'HTTP@web.lab.test', flags: ['integrity', 'confidentiality'],
      });
      const ours = await createAcceptor({ package: 'NTLM', credential: { accounts }, ntlm: { lmCompatibilityLevel: level } });
      const tokens = await handshake(theirs, ours);
      assert.is(ntResponseLength(tokens[2]!), 24, 'NTLMv1');
      assert.is(ours.peer, 'LAB\\alice');
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signatures(ours, theirs);
    });
  }

  check('we as server with our defaults refuse it', async () => {
    const theirs = await peers.get(1)!.initiate({
      mechanism: 'ntlm', user: 'LAB\\alice', password: PASSWORD, target: 'HTTP@web.lab.test', flags: ['integrity'],
    });
    const ours = await createAcceptor({ package: 'NTLM', credential: { accounts } });
    const authenticate = await theirs.step(await ours.step(await theirs.step(null)));
    await refuses(() => ours.step(authenticate), 'SEC_E_LOGON_DENIED', 'SEC_E_UNSUPPORTED_FUNCTION');
  });

  check.run();
}

/** NtChallengeResponseFields.Len of an AUTHENTICATE_MESSAGE. */
function ntResponseLength(authenticate: Uint8Array): number {
  return Buffer.from(authenticate).readUInt16LE(20);
}
