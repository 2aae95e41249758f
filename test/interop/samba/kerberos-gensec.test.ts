// Samba's own Kerberos and SPNEGO (gensec over Heimdal) without a protocol around it: as client of our acceptor, and as server.
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import {
  ASC_RET_USED_DCE_STYLE, createAcceptor, createInitiator, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT, ISC_REQ_USE_DCE_STYLE, ISC_RET_USED_DCE_STYLE, type SecurityContext,
} from '../../../src/index.ts';
import { ContextPeer, PeerContext } from '../lab/context-peer.ts';
import { handshake, hex, peerRefuses } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';
import { PYTHON } from '../lab/processes.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';

const check = peerSuite('Samba\'s gensec', samba);
const SIGNED = ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
let dc: DomainController;
let peer: ContextPeer;
check.before(async () => {
  dc = await domainController();
  const driver = fileURLToPath(new URL('../lab/gensec_peer.py', import.meta.url));
  peer = new ContextPeer({ ...samba, driver: [PYTHON, driver, dc.configuration], emptyMessages: true }, { KRB5_CONFIG: dc.krb5Conf });
});
check.after(() => peer.stop());

const theirClient = async (options: { mechanism: 'krb5' | 'spnego'; seal: boolean; host: string; dce?: boolean }): Promise<PeerContext> =>
  new PeerContext(peer, await peer.call('initiate', { user: 'alice', password: dc.password, service: 'HTTP', dce: false, ...options }) as number);
const theirServer = async (options: { mechanism: 'krb5' | 'spnego'; seal: boolean; dce?: boolean }): Promise<PeerContext> =>
  new PeerContext(peer, await peer.call('accept', { dce: false, ...options }) as number);

async function messages(ours: SecurityContext, theirs: PeerContext, seal: boolean): Promise<void> {
  assert.is(hex(ours.sessionKey), (await theirs.describe()).key);
  for (const length of [0, 1, 15, 16, 17, 100, 4096, 60_000]) {
    const message = Buffer.from(Array.from({ length }, (_, index) => index & 0xff));
    assert.is(hex((await theirs.unwrap(ours.wrap(message, { encrypt: seal }))).message), hex(message));
    const answer = ours.unwrap(await theirs.wrap(message, seal));
    assert.is(hex(answer.message), hex(message));
    assert.is(answer.encrypted, seal);
  }
  const altered = Uint8Array.from(ours.wrap(Buffer.from('hello'), { encrypt: seal }));
  altered[altered.length - 1]! ^= 1;
  await peerRefuses(() => theirs.unwrap(altered));
}

for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
  for (const seal of [true, false]) {
    const name = `${mechanism}, ${seal ? 'sealed' : 'signed only'}`;
    for (const host of ['web.ad.test', 'old.ad.test']) {
      check(`${name}: their client, our acceptor as HTTP/${host}`, async () => {
        const theirs = await theirClient({ mechanism, seal, host });
        const ours = await createAcceptor({ package: packageName, credential: { keytab: dc.keytab }, kerberos: { allowWeakCrypto: host === 'old.ad.test' } });
        await handshake(theirs, ours);
        assert.is(ours.package, 'Kerberos');
        assert.is(ours.peer, 'alice@AD.TEST');
        assert.is(ours.userSid, dc.directory.userSid);
        await messages(ours, theirs, seal);
      });
    }
    for (const etype of ['aes256-cts-hmac-sha1-96', 'aes128-cts-hmac-sha1-96', 'rc4-hmac']) {
      check(`${name}: our client with ${etype}, their acceptor`, async () => {
        const ours = await createInitiator({
          package: packageName, packageList: 'Kerberos,!NTLM', target: `host/${dc.host}`, flags: seal ? SIGNED | ISC_REQ_CONFIDENTIALITY : SIGNED,
          credential: { user: 'alice@AD.TEST', password: dc.password }, kerberos: { krb5Conf: dc.krb5ConfText, etypes: [etype], allowWeakCrypto: etype === 'rc4-hmac' },
        });
        const theirs = await theirServer({ mechanism, seal });
        await handshake(ours, theirs);
        assert.is(ours.package, 'Kerberos');
        await messages(ours, theirs, seal);
      });
    }
  }
}

for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
  check(`${mechanism}, DCE style: both roles, both sides have the same key`, async () => {
    const theirs = await theirClient({ mechanism, seal: true, dce: true, host: 'web.ad.test' });
    const ours = await createAcceptor({ package: packageName, credential: { keytab: dc.keytab } });
    await handshake(theirs, ours);
    assert.is(ours.attributes & ASC_RET_USED_DCE_STYLE, ASC_RET_USED_DCE_STYLE);
    assert.is(hex(ours.sessionKey), (await theirs.describe()).key);

    const client = await createInitiator({
      package: packageName, packageList: 'Kerberos,!NTLM', target: `host/${dc.host}`, flags: SIGNED | ISC_REQ_CONFIDENTIALITY | ISC_REQ_USE_DCE_STYLE,
      credential: { user: 'alice@AD.TEST', password: dc.password }, kerberos: { krb5Conf: dc.krb5ConfText, allowWeakCrypto: false },
    });
    const server = await theirServer({ mechanism, seal: true, dce: true });
    await handshake(client, server);
    assert.is(client.attributes & ISC_RET_USED_DCE_STYLE, ISC_RET_USED_DCE_STYLE);
    assert.is(hex(client.sessionKey), (await server.describe()).key);
  });
}

check.run();
