// SPNEGO with NTLM inside, against MIT's (with gss-ntlmssp) and pyspnego's, in both roles.
import * as assert from 'uvu/assert';
import {
  createAcceptor, createInitiator, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT,
} from '../../../src/index.ts';
import { accountsFile, ContextPeer, gssapi, pyspnego, type Flag, type Implementation } from '../lab/context-peer.ts';
import { handshake, hex, peerRefuses, refuses, sameKey, sealedMessages, signatures, wrappedMessages } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';

const DOMAIN = 'LAB';
const USER = 'alice';
const PASSWORD = 'S3cret! Pässwörd';
const TARGET = 'HTTP@web.lab.test';
const credential = { user: USER, domain: DOMAIN, password: PASSWORD };
const accounts = ({ user }: { user: string }): { password: string } | null => user === USER ? { password: PASSWORD } : null;

const INITIATOR_FLAGS: [name: string, flags: number][] = [
  ['integrity', ISC_REQ_INTEGRITY],
  ['confidentiality', ISC_REQ_CONFIDENTIALITY],
  ['all', ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT],
];

const PEER_FLAGS: Flag[][] = [
  ['integrity'], ['confidentiality'], ['mutual_authentication', 'replay_detection', 'out_of_sequence_detection', 'confidentiality', 'integrity'],
];

for (const implementation of [gssapi, pyspnego]) suiteWith(implementation);

function suiteWith(implementation: Implementation): void {
  const spnego = peerSuite(`SPNEGO with ${implementation.name}`, implementation);
  let peer: ContextPeer;
  let goodAccounts: string;
  spnego.before(() => {
    peer = new ContextPeer(implementation);
    goodAccounts = accountsFile(`${DOMAIN}:${USER}:${PASSWORD}`);
  });
  spnego.after(() => peer.stop());

  for (const [name, flags] of INITIATOR_FLAGS) {
    spnego(`we as client, ${name}`, async () => {
      const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential, flags });
      const theirs = await peer.accept({ mechanism: 'spnego', accounts: goodAccounts });
      const tokens = await handshake(ours, theirs);
      assert.is(ours.package, 'NTLM');
      // Both end with accept-completed and a mechListMIC: [1] { SEQUENCE { [0] negState 0, [3] mechListMIC … } }
      assert.match(hex(tokens.at(-1)!), /^a11b3019a0030a0100a312041001000000/);
      await sameKey(ours, theirs);
      // 0 was the mechListMIC's sequence number in both directions; these go on with 1
      if (flags & ISC_REQ_CONFIDENTIALITY) await sealedMessages(ours, theirs);
      else await wrappedMessages(ours, theirs);
      await signatures(ours, theirs);
    });
  }

  for (const flags of PEER_FLAGS) {
    spnego(`we as server, ${flags.join(', ')}`, async () => {
      const theirs = await peer.initiate({ mechanism: 'spnego', user: `${DOMAIN}\\${USER}`, password: PASSWORD, target: TARGET, flags });
      const ours = await createAcceptor({ credential: { accounts } });
      await handshake(theirs, ours);
      assert.is(ours.package, 'NTLM');
      assert.is(ours.peer, `${DOMAIN}\\${USER}`);
      await sameKey(ours, theirs);
      if (sealing(implementation, flags)) await sealedMessages(ours, theirs);
      else if (flags.includes('integrity')) await wrappedMessages(ours, theirs);
      await signatures(ours, theirs);
    });
  }

  spnego('without any protection asked for, both roles still agree', async () => {
    const client = await createInitiator({ target: 'HTTP/web.lab.test', credential, flags: 0 });
    await handshake(client, await peer.accept({ mechanism: 'spnego', accounts: goodAccounts }));
    const theirs = await peer.initiate({ mechanism: 'spnego', user: `${DOMAIN}\\${USER}`, password: PASSWORD, target: TARGET, flags: [] });
    const server = await createAcceptor({ credential: { accounts } });
    await handshake(theirs, server);
    assert.is(server.peer, `${DOMAIN}\\${USER}`);
  });

  spnego('the server speaks first: we take the hints of its NegTokenInit2', async () => {
    const theirs = await peer.accept({ mechanism: 'spnego', accounts: goodAccounts });
    const hints = await theirs.step(null);
    assert.match(hex(hints!), Buffer.from('not_defined_in_RFC4178@please_ignore').toString('hex'));
    const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential });
    let token = await ours.step(hints);
    while (token !== null) {
      const reply = await theirs.step(token);
      token = reply === null ? null : await ours.step(reply);
    }
    assert.ok(ours.complete && theirs.complete);
    await sameKey(ours, theirs);
    await sealedMessages(ours, theirs);
  });

  // MIT's initiator takes no hints
  if (implementation === pyspnego) {
    spnego('the server speaks first: it takes the hints of our NegTokenInit2', async () => {
      const ours = await createAcceptor({ credential: { accounts } });
      const hints = await ours.step(null);
      const theirs = await peer.initiate({
        mechanism: 'spnego', user: `${DOMAIN}\\${USER}`, password: PASSWORD, target: TARGET, flags: ['integrity', 'confidentiality'],
      });
      let token = await theirs.step(hints);
      while (token !== null) {
        const reply = await ours.step(token);
        token = reply === null ? null : await theirs.step(reply);
      }
      assert.ok(ours.complete && theirs.complete);
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
    });
  }

  spnego('a tampered mechListMIC from the server is refused', async () => {
    const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential });
    const theirs = await peer.accept({ mechanism: 'spnego', accounts: goodAccounts });
    const last = await theirs.step(await ours.step(await theirs.step(await ours.step(null))));
    const altered = Buffer.from(last!);
    altered[altered.length - 9]! ^= 1; // in the middle of the MIC
    await refuses(() => ours.step(altered), 'SEC_E_MESSAGE_ALTERED', 'SEC_E_INVALID_TOKEN');
    assert.is(ours.complete, false);
  });

  spnego('an accept-complete whose mechListMIC was cut away is refused', async () => {
    const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential });
    const theirs = await peer.accept({ mechanism: 'spnego', accounts: goodAccounts });
    await theirs.step(await ours.step(await theirs.step(await ours.step(null))));
    await refuses(() => ours.step(Buffer.from('a1073005a0030a0100', 'hex')), 'SEC_E_INVALID_TOKEN', 'SEC_E_MESSAGE_ALTERED');
    assert.is(ours.complete, false);
  });

  spnego('a tampered mechListMIC from the client is refused', async () => {
    const theirs = await peer.initiate({ mechanism: 'spnego', user: `${DOMAIN}\\${USER}`, password: PASSWORD, target: TARGET, flags: ['integrity'] });
    const ours = await createAcceptor({ credential: { accounts } });
    const last = await theirs.step(await ours.step(await theirs.step(null)));
    const altered = Buffer.from(last!);
    altered[altered.length - 9]! ^= 1;
    await refuses(() => ours.step(altered), 'SEC_E_MESSAGE_ALTERED', 'SEC_E_INVALID_TOKEN');
    assert.is(ours.complete, false);
  });

  spnego('a mechListMIC of ours that was altered is refused', async () => {
    const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential });
    const theirs = await peer.accept({ mechanism: 'spnego', accounts: goodAccounts });
    const authenticate = Buffer.from((await ours.step(await theirs.step(await ours.step(null))))!);
    authenticate[authenticate.length - 9]! ^= 1;
    await peerRefuses(() => theirs.step(authenticate));
  });

  spnego('we as client with a wrong password: it rejects, and so do we', async () => {
    const ours = await createInitiator({ target: 'HTTP/web.lab.test', credential: { ...credential, password: 'wrong' } });
    const theirs = await peer.accept({ mechanism: 'spnego', accounts: goodAccounts });
    const authenticate = await ours.step(await theirs.step(await ours.step(null)));
    const { token } = await peerRefuses(() => theirs.step(authenticate));
    if (implementation === gssapi) {
      assert.is(hex(token!), 'a1073005a0030a0102', 'negState reject');
      await refuses(() => ours.step(token), 'SEC_E_LOGON_DENIED');
    }
    assert.is(ours.complete, false);
  });

  spnego('we as server: a wrong password is SEC_E_LOGON_DENIED', async () => {
    const theirs = await peer.initiate({ mechanism: 'spnego', user: `${DOMAIN}\\${USER}`, password: 'wrong', target: TARGET, flags: ['integrity'] });
    const ours = await createAcceptor({ credential: { accounts } });
    const authenticate = await theirs.step(await ours.step(await theirs.step(null)));
    await refuses(() => ours.step(authenticate), 'SEC_E_LOGON_DENIED');
    assert.is(ours.complete, false);
    assert.is(ours.peer, null);
  });

  spnego.run();
}

/** Without SIGN pyspnego leaves the dummy signature on what it seals; MS-NLMP 3.4.3 does not, nor does gss-ntlmssp. */
function sealing(implementation: Implementation, flags: Flag[]): boolean {
  return flags.includes('confidentiality') && (implementation === gssapi || flags.includes('integrity'));
}
