// The server takes another mechanism than the client's first: request-mic, and a mechListMIC both ways (RFC 4178 §5).
import * as assert from 'uvu/assert';
import { createNtlmCredential } from '../../../backends/wasm/ntlm/index.ts';
import { resolveHost } from '../../../backends/wasm/host/index.ts';
import type { Established, Handshake, MechanismCredential } from '../../../backends/wasm/mechanism.ts';
import { KRB5, MS_KRB5 } from '../../../backends/wasm/spnego/oids.ts';
import { createSpnegoInitiator } from '../../../backends/wasm/spnego/initiator.ts';
import { createAcceptor, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY } from '../../../src/index.ts';
import { accountsFile, ContextPeer, gssapi } from '../lab/context-peer.ts';
import { handshake, hex, sameKey, sealedMessages, signatures } from '../lab/handshake.ts';
import { kdc, startKdc, type Kdc } from '../lab/kdc.ts';
import { peerSuite } from '../lab/peer.ts';

const PASSWORD = 'S3cret!';
const NTLM = '2b06010401823702020a';

const server = peerSuite('We reselect: MIT begins with Kerberos', gssapi, kdc);
let realm: Kdc;
let initiators: ContextPeer;
server.before(async () => {
  realm = await startKdc({ alice: PASSWORD, 'HTTP/web.lab.test': null });
  initiators = new ContextPeer(gssapi, { KRB5_CONFIG: realm.configuration });
});
server.after(() => {
  initiators.stop();
  realm.stop();
});

server('its Kerberos ticket is ignored, NTLM is chosen, and both mechListMICs are checked', async () => {
  const theirs = await initiators.initiate({
    mechanism: 'spnego', offer: ['krb5', 'ntlm'], user: 'alice@LAB.TEST', password: PASSWORD, target: 'HTTP@web.lab.test',
    flags: ['integrity', 'confidentiality'],
  });
  const ours = await createAcceptor({ credential: { accounts: ({ user }) => user === 'alice' ? { password: PASSWORD } : null } });
  const tokens = (await handshake(theirs, ours)).map(hex);
  assert.match(tokens[0]!, /2a864886f712010202.*6e82/, 'an AP-REQ');
  assert.match(tokens[1]!, `a0030a0103a10c060a${NTLM}`, 'negState request-mic, supportedMech NTLM');
  assert.match(tokens.at(-2)!, /a312041001000000/, 'their mechListMIC');
  assert.match(tokens.at(-1)!, /a312041001000000/, 'our mechListMIC');
  assert.is(ours.package, 'NTLM');
  assert.is(ours.peer, 'LAB.TEST\\alice');
  await sameKey(ours, theirs);
  await sealedMessages(ours, theirs);
  await signatures(ours, theirs);
});
server.run();

// pyspnego cannot be the server here: it hands the first mechanism's token to NTLM.
const client = peerSuite('MIT reselects: we begin with Kerberos', gssapi);
let acceptors: ContextPeer;
client.before(() => { acceptors = new ContextPeer(gssapi); });
client.after(() => acceptors.stop());

client('our first mechanism is not taken, NTLM is, and both mechListMICs are checked', async () => {
  const ntlm = createNtlmCredential({ authData: { user: 'alice', domain: 'LAB', password: PASSWORD }, host: resolveHost() });
  const ours = driven(createSpnegoInitiator([unwanted, ntlm], {
    targetName: 'HTTP/web.lab.test', flags: ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, channelBindings: null, insideNegotiate: true, extendedError: false,
  }));
  const theirs = await acceptors.accept({ mechanism: 'spnego', accounts: accountsFile(`LAB:alice:${PASSWORD}`) });
  const tokens = (await handshake(ours, theirs)).map(hex);
  assert.match(tokens[1]!, `a0030a0103a10c060a${NTLM}`, 'negState request-mic, supportedMech NTLM');
  assert.match(tokens.at(-1)!, /a312041001000000/, 'their mechListMIC');
  const established = ours.established!;
  assert.is(established.mechanism, 'NTLM');
  assert.is(hex(established.sessionKey), (await theirs.describe()).key);
  for (const text of ['one', 'two']) {
    assert.is(Buffer.from((await theirs.unwrap(established.wrap(Buffer.from(text), true))).message).toString(), text);
    assert.is(Buffer.from(established.unwrap(await theirs.wrap(Buffer.from(text), true)).message).toString(), text);
  }
});
client.run();

/** Makes a first token that looks like Kerberos', which a server without Kerberos passes over; it never gets an answer. */
const unwanted: MechanismCredential = {
  name: 'Kerberos',
  oids: [MS_KRB5, KRB5],
  maxToken: 100,
  expiry: null,
  recognizes: () => false,
  initiator: () => ({
    step: async () => ({
      token: Buffer.from('600d06092a864886f7120102020100', 'hex'),
      next: { step: () => { throw new Error('nobody wants this'); }, dispose() {} },
    }),
    dispose() {},
  }),
  acceptor: () => { throw new Error('only an initiator'); },
  free() {},
};

function driven(start: Handshake): { step(token: Uint8Array | null): Promise<Uint8Array | null>; complete: boolean; established: Established | undefined } {
  let state = start;
  return {
    complete: false,
    established: undefined,
    async step(token) {
      const result = await state.step(token);
      if (result.next !== undefined) state = result.next;
      this.established = result.established;
      this.complete = result.established !== undefined;
      return result.token !== null && result.token.length > 0 ? result.token : null;
    },
  };
}
