// Raw NTLM against gss-ntlmssp and pyspnego, in both roles.
import * as assert from 'uvu/assert';
import { hash } from '../../../backends/wasm/core/hash.ts';
import {
  ASC_REQ_CONFIDENTIALITY, ASC_REQ_INTEGRITY, createAcceptor, createInitiator, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
} from '../../../src/index.ts';
import { accountsFile, ContextPeer, gssapi, pyspnego, type Flag, type Implementation } from '../lab/context-peer.ts';
import { handshake, peerRefuses, refuses, sameKey, sealedMessages, signatures, wrappedMessages } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';

const DOMAIN = 'LAB';
const USER = 'alice';
const PASSWORD = 'S3cret! Pässwörd';
const TARGET = 'HTTP@web.lab.test';
const initiating = { user: `${DOMAIN}\\${USER}`, password: PASSWORD, target: TARGET };
const credential = { user: USER, domain: DOMAIN, password: PASSWORD };
const accounts = ({ user }: { user: string }): { password: string } | null => user === USER ? { password: PASSWORD } : null;

const INITIATOR_FLAGS: [name: string, flags: number][] = [
  ['no protection', 0],
  ['integrity', ISC_REQ_INTEGRITY],
  ['replay and sequence detection', ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT],
  ['confidentiality', ISC_REQ_CONFIDENTIALITY],
  ['all', ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT],
];

const PEER_FLAGS: Flag[][] = [
  [], ['integrity'], ['replay_detection', 'out_of_sequence_detection', 'integrity'], ['confidentiality'], ['integrity', 'confidentiality'],
  ['mutual_authentication', 'replay_detection', 'out_of_sequence_detection', 'confidentiality', 'integrity'],
];

for (const implementation of [gssapi, pyspnego]) suiteWith(implementation);

function suiteWith(implementation: Implementation): void {
  const ntlm = peerSuite(`NTLM with ${implementation.name}`, implementation);
  let peer: ContextPeer;
  let goodAccounts: string;
  ntlm.before(() => {
    peer = new ContextPeer(implementation);
    goodAccounts = accountsFile(`${DOMAIN}:${USER}:${PASSWORD}`);
  });
  ntlm.after(() => peer.stop());

  for (const [name, flags] of INITIATOR_FLAGS) {
    ntlm(`we as client, ${name}`, async () => {
      const ours = await createInitiator({ package: 'NTLM', target: 'HTTP/web.lab.test', credential, flags });
      const theirs = await peer.accept({ mechanism: 'ntlm', accounts: goodAccounts });
      await handshake(ours, theirs);
      assert.is(ours.package, 'NTLM');
      const { initiator } = await theirs.describe();
      assert.match(initiator, /^LAB\\alice\0?$/);
      await sameKey(ours, theirs);
      if (flags & ISC_REQ_CONFIDENTIALITY) await sealedMessages(ours, theirs);
      if (flags !== 0) await signatures(ours, theirs);
      if (flags & ISC_REQ_INTEGRITY && !(flags & ISC_REQ_CONFIDENTIALITY)) await wrappedMessages(ours, theirs);
    });
  }

  for (const flags of PEER_FLAGS) {
    ntlm(`we as server, ${flags.join(', ') || 'no protection'}`, async () => {
      const theirs = await peer.initiate({ mechanism: 'ntlm', ...initiating, flags });
      const ours = await createAcceptor({ package: 'NTLM', credential: { accounts }, flags: ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY });
      await handshake(theirs, ours);
      assert.is(ours.package, 'NTLM');
      assert.is(ours.peer, `${DOMAIN}\\${USER}`);
      await sameKey(ours, theirs);
      if (sealing(implementation, flags)) await sealedMessages(ours, theirs);
      if (flags.length > 0) await signatures(ours, theirs);
      if (flags.includes('integrity') && !flags.includes('confidentiality')) await wrappedMessages(ours, theirs);
    });
  }

  ntlm('a message altered on the way is refused, the next one is not', async () => {
    const ours = await createInitiator({ package: 'NTLM', target: 'HTTP/web.lab.test', credential });
    const theirs = await peer.accept({ mechanism: 'ntlm', accounts: goodAccounts });
    await handshake(ours, theirs);
    const token = await theirs.wrap(Buffer.from('attack at dawn'), true);
    const altered = Buffer.from(token);
    altered[altered.length - 1]! ^= 1;
    await refuses(() => ours.unwrap(altered), 'SEC_E_MESSAGE_ALTERED');
    assert.is(Buffer.from(ours.unwrap(token).message).toString(), 'attack at dawn');
    await sealedMessages(ours, theirs);
  });

  ntlm('a message that comes twice is refused, the next one is not', async () => {
    const theirs = await peer.initiate({ mechanism: 'ntlm', ...initiating, flags: ['integrity', 'confidentiality'] });
    const ours = await createAcceptor({ package: 'NTLM', credential: { accounts } });
    await handshake(theirs, ours);
    const token = await theirs.wrap(Buffer.from('pay 100'), true);
    ours.unwrap(token);
    await refuses(() => ours.unwrap(token), 'SEC_E_MESSAGE_ALTERED', 'SEC_E_OUT_OF_SEQUENCE');
    await sealedMessages(ours, theirs);
  });

  ntlm('a password hash serves as well as a password', async () => {
    const ntHash = hash('md4', Buffer.from(PASSWORD, 'utf16le'));
    const client = await createInitiator({ package: 'NTLM', target: 'HTTP/web.lab.test', credential: { user: USER, domain: DOMAIN, ntHash } });
    const acceptor = await peer.accept({ mechanism: 'ntlm', accounts: goodAccounts });
    await handshake(client, acceptor);
    await sameKey(client, acceptor);
    const initiator = await peer.initiate({ mechanism: 'ntlm', ...initiating, flags: ['integrity'] });
    const server = await createAcceptor({ package: 'NTLM', credential: { accounts: () => ({ ntHash }) } });
    await handshake(initiator, server);
    await sameKey(server, initiator);
  });

  ntlm('we as client with a wrong password: the server refuses', async () => {
    const ours = await createInitiator({ package: 'NTLM', target: 'HTTP/web.lab.test', credential: { user: USER, domain: DOMAIN, password: 'wrong' } });
    const theirs = await peer.accept({ mechanism: 'ntlm', accounts: goodAccounts });
    const challenge = await theirs.step(await ours.step(null));
    const authenticate = await ours.step(challenge);
    await peerRefuses(() => theirs.step(authenticate));
  });

  ntlm('we as server: a wrong password and an unknown user are SEC_E_LOGON_DENIED', async () => {
    for (const [user, password] of [[USER, 'wrong'], ['mallory', PASSWORD]] as const) {
      const theirs = await peer.initiate({ mechanism: 'ntlm', user: `${DOMAIN}\\${user}`, password, target: TARGET, flags: ['integrity'] });
      const ours = await createAcceptor({ package: 'NTLM', credential: { accounts } });
      const authenticate = await theirs.step(await ours.step(await theirs.step(null)));
      await refuses(() => ours.step(authenticate), 'SEC_E_LOGON_DENIED');
      assert.is(ours.complete, false);
      assert.is(ours.peer, null);
    }
  });

  ntlm.run();
}

/** Without SIGN pyspnego leaves the dummy signature on what it seals; MS-NLMP 3.4.3 does not, nor does gss-ntlmssp. */
function sealing(implementation: Implementation, flags: Flag[]): boolean {
  return flags.includes('confidentiality') && (implementation === gssapi || flags.includes('integrity'));
}
