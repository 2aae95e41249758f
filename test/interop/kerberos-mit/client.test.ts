// Our initiator against MIT's acceptor: raw Kerberos, and inside SPNEGO.
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  createAcceptor, createInitiator, encryptMessage, exportSecurityContext, importSecurityContext, ISC_REQ_CONFIDENTIALITY, ISC_REQ_DELEGATE,
  ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_REQ_USE_DCE_STYLE, ISC_RET_DELEGATE, ISC_RET_MUTUAL_AUTH,
  queryContextAttributes, SECBUFFER_DATA, SECBUFFER_TOKEN, SECPKG_ATTR_SIZES, type SecurityContext,
} from '../../../src/index.ts';
import { gssapi, type PeerContext } from '../lab/context-peer.ts';
import { handshake, hex, peerRefuses, refuses, sameKey, sealedMessages, signatures } from '../lab/handshake.ts';
import { ETYPES, kdc } from '../lab/kdc.ts';
import type { InitiatorOptions } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { ALICE, openFixture, type Fixture } from './fixture.ts';
import { inPlace, signedMessages } from './messages.ts';

const check = peerSuite('Our client with MIT\'s Kerberos acceptor', gssapi, kdc);
let lab: Fixture;
check.before(async () => { lab = await openFixture(); });
check.after(() => lab.stop());

const SPNEGO = '06062b0601050502';
const PROTECTION = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bindings = (fill: number): Uint8Array => Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, fill)]);
const client = (options: InitiatorOptions = {}): Promise<SecurityContext> =>
  createInitiator({ target: 'HTTP/web.lab.test', credential: lab.credential, kerberos: lab.kerberos, ...options });

for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
  const establish = async (options: InitiatorOptions = {}, given?: Uint8Array): Promise<{ ours: SecurityContext; theirs: PeerContext; tokens: Uint8Array[] }> => {
    const ours = await client({ package: packageName, ...options });
    const theirs = await lab.accept(mechanism, given);
    const tokens = await handshake(ours, theirs);
    assert.is(ours.package, 'Kerberos');
    assert.is(hex(tokens[0]!).includes(SPNEGO), mechanism === 'spnego');
    return { ours, theirs, tokens };
  };

  for (const { etype, name } of ETYPES) {
    check(`${mechanism}, ${name}: session key, Wrap and MIC both ways`, async () => {
      const { ours, theirs } = await establish({ target: `HTTP/e${etype}.lab.test`, kerberos: { ...lab.kerberos, etypes: [name] } });
      assert.is((await theirs.describe()).initiator, ALICE);
      assert.is(ours.peer, `HTTP/e${etype}.lab.test@LAB.TEST`);
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signatures(ours, theirs);
      await signedMessages(ours, theirs);
      await inPlace(ours, theirs);
    });
  }

  check(`${mechanism}: with and without mutual authentication`, async () => {
    for (const mutual of [true, false]) {
      const { ours, theirs, tokens } = await establish({ flags: PROTECTION | (mutual ? ISC_REQ_MUTUAL_AUTH : 0) });
      assert.is((ours.attributes & ISC_RET_MUTUAL_AUTH) !== 0, mutual);
      assert.is((await theirs.describe()).flags.includes('mutual_authentication'), mutual);
      if (mechanism === 'krb5') assert.is(tokens.length, mutual ? 2 : 1);
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signedMessages(ours, theirs);
    }
  });

  check(`${mechanism}: channel bindings that match, or that only one side has, pass; others do not`, async () => {
    for (const [ours, theirs] of [[bindings(1), bindings(1)], [bindings(1), undefined], [undefined, bindings(1)], [undefined, undefined]]) {
      await establish(ours === undefined ? {} : { channelBindings: ours }, theirs);
    }
    const refused = await peerRefuses(() => establish({ channelBindings: bindings(1) }, bindings(2)));
    assert.match(refused.kind, /BadChannelBindings/);
  });

  check(`${mechanism}: order and replay are watched by both`, async () => {
    const { ours, theirs } = await establish();
    const [first, second, third] = ['one', 'two', 'three'].map((word) => ours.wrap(text(word)));
    await theirs.unwrap(first!);
    assert.match((await peerRefuses(() => theirs.unwrap(first!))).kind, /DuplicateToken/);
    await peerRefuses(() => theirs.unwrap(third!));
    await peerRefuses(() => theirs.unwrap(second!));
    const back = [await theirs.wrap(text('one'), true), await theirs.wrap(text('two'), false), await theirs.wrap(text('three'), true)];
    ours.unwrap(back[0]!);
    await refuses(() => ours.unwrap(back[0]!), 'SEC_E_OUT_OF_SEQUENCE');
    await refuses(() => ours.unwrap(back[2]!), 'SEC_E_OUT_OF_SEQUENCE');

    const loose = await establish({ flags: PROTECTION | ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT });
    const tokens = ['one', 'two', 'three'].map((word) => loose.ours.wrap(text(word)));
    for (const index of [2, 0, 1]) await loose.theirs.unwrap(tokens[index]!);
    const answers = [await loose.theirs.wrap(text('one'), true), await loose.theirs.wrap(text('two'), true)];
    for (const index of [1, 0]) loose.ours.unwrap(answers[index]!);
    await refuses(() => loose.ours.unwrap(answers[0]!), 'SEC_E_OUT_OF_SEQUENCE');
  });

  check(`${mechanism}: what was altered is refused by both`, async () => {
    const { ours, theirs } = await establish();
    for (const encrypt of [true, false]) {
      const token = ours.wrap(text('a message'), { encrypt });
      token[token.length - 1]! ^= 1;
      await peerRefuses(() => theirs.unwrap(token));
      const answer = new Uint8Array(await theirs.wrap(text('an answer'), encrypt));
      answer[answer.length - 1]! ^= 1;
      await refuses(() => ours.unwrap(answer), 'SEC_E_MESSAGE_ALTERED');
    }
  });

  check(`${mechanism}: a repeated AP-REQ is refused`, async () => {
    const ours = await client({ package: packageName });
    const token = (await ours.step())!;
    await (await lab.accept(mechanism)).step(token);
    const again = await lab.accept(mechanism);
    assert.match((await peerRefuses(() => again.step(token))).message, /replay/i);
  });

  check(`${mechanism}: delegation, and the ticket used onward by MIT`, async () => {
    const { ours, theirs } = await establish({ flags: PROTECTION | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE });
    assert.ok((ours.attributes & ISC_RET_DELEGATE) !== 0);
    const ccache = join(lab.realms.folder, `delegated-${mechanism}.ccache`);
    assert.is(await theirs.delegated(ccache), ALICE);
    const onward = await lab.initiate(mechanism, ['mutual_authentication', 'integrity'], { ccache });
    const server = await createAcceptor({ package: packageName, credential: { keytab: lab.keytab } });
    await handshake(onward, server);
    assert.is(server.peer, ALICE);
  });

  check(`${mechanism}: nothing is delegated to a service that is not ok_as_delegate`, async () => {
    const { ours, theirs } = await establish({ target: 'HTTP/e18.lab.test', flags: PROTECTION | ISC_REQ_MUTUAL_AUTH | ISC_REQ_DELEGATE });
    assert.is(ours.attributes & ISC_RET_DELEGATE, 0);
    assert.not.ok((await theirs.describe()).flags.includes('delegate_to_peer'));
  });

  check(`${mechanism}: an exported context goes on where it was`, async () => {
    const { ours, theirs } = await establish();
    await sealedMessages(ours, theirs);
    const imported = importSecurityContext({ packed: exportSecurityContext(ours.handle) });
    for (const words of ['after the move', 'and once more']) {
      const { securityTrailer } = queryContextAttributes(imported, SECPKG_ATTR_SIZES);
      const buffers = [{ type: SECBUFFER_TOKEN, data: new Uint8Array(securityTrailer) }, { type: SECBUFFER_DATA, data: text(words) }];
      encryptMessage(imported, { buffers });
      assert.is(Buffer.from((await theirs.unwrap(Buffer.concat(buffers.map(({ data }) => data)))).message).toString(), words);
    }
  });
}

for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
  check(`${mechanism} in DCE style: three legs, and messages with header and data apart`, async () => {
    const flags = PROTECTION | ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_USE_DCE_STYLE;
    const ours = await client({ package: packageName, flags });
    const theirs = await lab.accept(mechanism);
    const tokens = await handshake(ours, theirs);
    if (mechanism === 'krb5') assert.equal(tokens.map((token) => token[0]), [0x6e, 0x6f, 0x6f], 'AP-REQ, AP-REP, AP-REP, without framing');
    assert.ok((await theirs.describe()).flags.includes('dce_style'));
    await sameKey(ours, theirs);
    await signatures(ours, theirs);
    await inPlace(ours, theirs);
  });
}

check('rc4-hmac in DCE style: header and data apart', async () => {
  const flags = PROTECTION | ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_USE_DCE_STYLE;
  const ours = await client({ package: 'Kerberos', flags, target: 'HTTP/e23.lab.test', kerberos: { ...lab.kerberos, allowWeakCrypto: true } });
  const theirs = await lab.peer.acceptKerberos({ mechanism: 'krb5', keytab: lab.weakKeytab });
  await handshake(ours, theirs);
  await signatures(ours, theirs);
  await inPlace(ours, theirs, 0);
});

check('rc4-hmac, where it is allowed: session key, Wrap and MIC both ways', async () => {
  for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
    const ours = await client({ package: packageName, target: 'HTTP/e23.lab.test', kerberos: { ...lab.kerberos, allowWeakCrypto: true } });
    const theirs = await lab.peer.acceptKerberos({ mechanism, keytab: lab.weakKeytab });
    await handshake(ours, theirs);
    assert.is((await theirs.describe()).initiator, ALICE);
    await sameKey(ours, theirs);
    await sealedMessages(ours, theirs);
    await signatures(ours, theirs);
    await signedMessages(ours, theirs);
    await inPlace(ours, theirs, 1);
  }
  const strict = { ...lab.kerberos, allowWeakCrypto: false }; // krb5.conf's allow_rc4 would allow it
  await refuses(async () => (await client({ package: 'Kerberos', target: 'HTTP/e23.lab.test', kerberos: strict })).step(), 'SEC_E_KDC_UNKNOWN_ETYPE');
});

check('a service that the keytab does not hold is an error of the acceptor, with its code', async () => {
  await lab.realms.kadmin('LAB.TEST', 'addprinc -randkey HTTP/other.lab.test');
  const ours = await client({ package: 'Kerberos', target: 'HTTP/other.lab.test' });
  const theirs = await lab.accept('krb5');
  const refused = await peerRefuses(async () => theirs.step((await ours.step())!));
  assert.ok(refused.token !== null, 'MIT sends a KRB-ERROR');
  const error = await refuses(() => ours.step(refused.token), 'SEC_E_WRONG_PRINCIPAL');
  assert.is(error.kerberos?.name, 'KRB_AP_ERR_NOT_US', error.message);
});

check.run();
