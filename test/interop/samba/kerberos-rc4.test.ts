// Messages of RC4 keys (RFC 4757) with MIT's GSSAPI, both roles, on tickets of a Samba AD controller; and what RC4 keys refuse.
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, type SecurityContext } from '../../../src/index.ts';
import { ContextPeer, gssapi, type Flag, type PeerContext } from '../lab/context-peer.ts';
import { handshake, hex, peerRefuses, refuses, sameKey, sealedMessages, signatures } from '../lab/handshake.ts';
import { peerSuite } from '../lab/peer.ts';
import { run, temporaryFolder } from '../lab/processes.ts';
import { domainController, samba, type DomainController } from '../lab/samba.ts';
import { signedMessages } from '../kerberos-mit/messages.ts';

const check = peerSuite('RC4 tickets of Samba, with MIT\'s GSSAPI', samba, gssapi);
const SPN = 'HTTP/old.ad.test';
const FLAGS: Flag[] = ['mutual_authentication', 'replay_detection', 'out_of_sequence_detection', 'confidentiality', 'integrity'];
const ISC_FLAGS = ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
let dc: DomainController;
let peer: ContextPeer;
let ccache: string;

check.before(async () => {
  dc = await domainController();
  ccache = join(temporaryFolder('rc4'), 'ccache');
  const env = { ...process.env, KRB5_CONFIG: dc.krb5Conf };
  const { code, stderr } = await run('kinit', ['-c', ccache, 'alice@AD.TEST'], { env, input: `${dc.password}\n` });
  assert.is(code, 0, stderr);
  peer = new ContextPeer(gssapi, { KRB5_CONFIG: dc.krb5Conf });
});
check.after(() => peer.stop());

async function ourClient(packageName: 'Kerberos' | 'Negotiate'): Promise<{ ours: SecurityContext; theirs: PeerContext }> {
  const ours = await createInitiator({
    package: packageName, packageList: 'Kerberos,!NTLM', target: SPN, flags: ISC_FLAGS,
    credential: { user: 'alice@AD.TEST', password: dc.password }, kerberos: { krb5Conf: dc.krb5ConfText, allowWeakCrypto: true },
  });
  const theirs = await peer.acceptKerberos({ mechanism: packageName === 'Kerberos' ? 'krb5' : 'spnego', keytab: dc.keytab });
  await handshake(ours, theirs);
  return { ours, theirs };
}

async function ourServer(packageName: 'Kerberos' | 'Negotiate'): Promise<{ ours: SecurityContext; theirs: PeerContext }> {
  const theirs = await peer.initiateKerberos({ mechanism: packageName === 'Kerberos' ? 'krb5' : 'spnego', ccache, target: SPN.replace('/', '@'), flags: FLAGS });
  const ours = await createAcceptor({ package: packageName, credential: { keytab: dc.keytab }, kerberos: { allowWeakCrypto: true } });
  await handshake(theirs, ours);
  return { ours, theirs };
}

for (const [role, establish] of [['client', ourClient], ['server', ourServer]] as const) {
  for (const packageName of ['Kerberos', 'Negotiate'] as const) {
    check(`${packageName}, we as ${role}: session key, Wrap and MIC both ways`, async () => {
      const { ours, theirs } = await establish(packageName);
      assert.is(ours.package, 'Kerberos');
      assert.is((await theirs.describe()).initiator, 'alice@AD.TEST');
      if (role === 'server') {
        assert.is(ours.peer, 'alice@AD.TEST');
        assert.is(ours.userSid, dc.directory.userSid);
      }
      assert.is(ours.sessionKey.length, 16);
      assert.is(hex(ours.wrap(Buffer.from('x'))).slice(0, 2), '60', 'a token of RFC 4757, which is framed');
      await sameKey(ours, theirs);
    });

    check(`${packageName}, we as ${role}: messages of every length`, async () => {
      const { ours, theirs } = await establish(packageName);
      await sealedMessages(ours, theirs);
      await signatures(ours, theirs);
      await signedMessages(ours, theirs);
    });
  }

  check(`we as ${role}: altered and repeated messages are refused`, async () => {
    const { ours, theirs } = await establish('Kerberos');
    const altered = (token: Uint8Array): Uint8Array => Uint8Array.from(token, (byte, index) => (index === token.length - 1 ? byte ^ 1 : byte));
    for (const encrypt of [true, false]) {
      const token = await theirs.wrap(Buffer.from('hello'), encrypt);
      await refuses(() => ours.unwrap(altered(token)), 'SEC_E_MESSAGE_ALTERED');
      assert.is(Buffer.from(ours.unwrap(token).message).toString(), 'hello');
      await refuses(() => ours.unwrap(token), 'SEC_E_OUT_OF_SEQUENCE');
      await refuses(() => ours.unwrap(ours.wrap(Buffer.from('reflected'))), 'SEC_E_OUT_OF_SEQUENCE', 'SEC_E_MESSAGE_ALTERED');
    }
    const mic = await theirs.sign(Buffer.from('hello'));
    await refuses(() => ours.verify(Buffer.from('hallo'), mic), 'SEC_E_MESSAGE_ALTERED');
    await refuses(() => ours.verify(Buffer.from('hello'), altered(mic)), 'SEC_E_MESSAGE_ALTERED');
    ours.verify(Buffer.from('hello'), mic);
    const own = ours.wrap(Buffer.from('to MIT'));
    await peerRefuses(() => theirs.unwrap(altered(own)));
  });
}

check('our acceptor takes no RC4 ticket of MIT\'s without allowWeakCrypto, and its KRB-ERROR is told to MIT', async () => {
  const theirs = await peer.initiateKerberos({ mechanism: 'krb5', ccache, target: SPN.replace('/', '@'), flags: FLAGS });
  const ours = await createAcceptor({ package: 'Kerberos', credential: { keytab: dc.keytab } });
  const token = await theirs.step(null);
  const error = await refuses(() => ours.step(token), 'SEC_E_KDC_UNKNOWN_ETYPE');
  assert.match(error.remedy!, 'allowWeakCrypto');
  await peerRefuses(() => theirs.step(error.token!));
});

check.run();
