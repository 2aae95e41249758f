// MIT's initiator against our acceptor: raw Kerberos, and inside SPNEGO.
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import {
  ASC_RET_CONFIDENTIALITY, ASC_RET_DELEGATE, ASC_RET_MUTUAL_AUTH, ASC_RET_USED_DCE_STYLE, createAcceptor, createInitiator, exportSecurityContext,
  importSecurityContext, makeSignature, SECBUFFER_DATA, SECBUFFER_TOKEN, SECPKG_ATTR_SIZES, queryContextAttributes, verifySignature, type SecurityContext,
} from '../../../src/index.ts';
import { ContextPeer, gssapi, type Flag, type PeerContext } from '../lab/context-peer.ts';
import { handshake, hex, peerRefuses, refuses, sameKey, sealedMessages, signatures } from '../lab/handshake.ts';
import { ETYPES, kdc } from '../lab/kdc.ts';
import { shiftedHost, type AcceptorOptions } from '../lab/kerberos.ts';
import { peerSuite } from '../lab/peer.ts';
import { run } from '../lab/processes.ts';
import { ALICE, ALL_FLAGS, openFixture, type Fixture } from './fixture.ts';
import { inPlace, signedMessages } from './messages.ts';

const check = peerSuite('MIT\'s Kerberos client with our acceptor', gssapi, kdc);
let lab: Fixture;
check.before(async () => { lab = await openFixture(); });
check.after(() => lab.stop());

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const bindings = (fill: number): Uint8Array => Buffer.concat([Buffer.from('tls-server-end-point:'), Buffer.alloc(32, fill)]);

for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
  const server = (options: AcceptorOptions = {}): Promise<SecurityContext> => createAcceptor({ package: packageName, credential: { keytab: lab.keytab }, ...options });
  const establish = async ({ wants = ALL_FLAGS, target, bindings: given, ...options }: AcceptorOptions & { wants?: Flag[]; target?: string; bindings?: Uint8Array | undefined } = {}):
    Promise<{ ours: SecurityContext; theirs: PeerContext; tokens: Uint8Array[] }> => {
    const theirs = await lab.initiate(mechanism, wants, { bindings: given, ...(target !== undefined && { target }) });
    const ours = await server(options);
    const tokens = await handshake(theirs, ours);
    assert.is(ours.package, 'Kerberos');
    assert.is(ours.peer, ALICE);
    assert.is(hex(tokens[0]!).includes(SPNEGO), mechanism === 'spnego');
    return { ours, theirs, tokens };
  };

  for (const { etype, name, keyLength } of ETYPES) {
    check(`${mechanism}, ${name}: session key, Wrap and MIC both ways`, async () => {
      const { ours, theirs } = await establish({ target: `HTTP@e${etype}.lab.test` });
      assert.is(ours.sessionKey.length, keyLength);
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signatures(ours, theirs);
      await signedMessages(ours, theirs);
      await inPlace(ours, theirs);
    });
  }

  check(`${mechanism}: with and without mutual authentication`, async () => {
    for (const mutual of [true, false]) {
      const { ours, theirs } = await establish({ wants: mutual ? ['confidentiality', 'integrity', 'mutual_authentication'] : ['confidentiality', 'integrity'] });
      assert.is((ours.attributes & ASC_RET_MUTUAL_AUTH) !== 0, mutual);
      assert.ok((ours.attributes & ASC_RET_CONFIDENTIALITY) !== 0);
      await sameKey(ours, theirs);
      await sealedMessages(ours, theirs);
      await signedMessages(ours, theirs);
    }
  });

  check(`${mechanism}: channel bindings: matching, differing, absent, demanded`, async () => {
    const always = { credential: { keytab: lab.keytab, channelBindingPolicy: 'always' as const } };
    for (const [theirs, ours] of [[bindings(1), bindings(1)], [bindings(1), undefined], [undefined, bindings(1)], [undefined, undefined]]) {
      await establish({ bindings: theirs, ...(ours !== undefined && { channelBindings: ours }) });
    }
    await establish({ bindings: bindings(1), channelBindings: bindings(1), ...always });
    await refuses(() => establish({ bindings: bindings(2), channelBindings: bindings(1) }), 'SEC_E_BAD_BINDINGS');
    await refuses(() => establish({ channelBindings: bindings(1), ...always }), 'SEC_E_BAD_BINDINGS');
    await establish({ bindings: bindings(2), channelBindings: bindings(1), credential: { keytab: lab.keytab, channelBindingPolicy: 'never' } });
  });

  check(`${mechanism}: a client that knows of channel bindings and sends none is refused where there are some`, async () => {
    const path = join(lab.realms.folder, 'aware.conf');
    writeFileSync(path, `[libdefaults]\nclient_aware_channel_bindings = true\n${lab.realms.krb5Conf}`);
    const aware = new ContextPeer(gssapi, lab.realms.environment({ KRB5_CONFIG: path }));
    const establishAware = async (theirs: Uint8Array | undefined, ours: Uint8Array | undefined) => {
      const initiator = await aware.initiateKerberos({ mechanism, ccache: lab.ccache, target: 'HTTP@web.lab.test', flags: ALL_FLAGS, bindings: theirs });
      await handshake(initiator, await server(ours === undefined ? {} : { channelBindings: ours }));
    };
    await establishAware(bindings(1), bindings(1));
    await establishAware(undefined, undefined);
    await refuses(() => establishAware(undefined, bindings(1)), 'SEC_E_BAD_BINDINGS');
    aware.stop();
  });

  check(`${mechanism}: order and replay are watched by both`, async () => {
    const { ours, theirs } = await establish();
    const back = [await theirs.wrap(text('one'), true), await theirs.wrap(text('two'), false), await theirs.wrap(text('three'), true)];
    ours.unwrap(back[0]!);
    await refuses(() => ours.unwrap(back[0]!), 'SEC_E_OUT_OF_SEQUENCE');
    await refuses(() => ours.unwrap(back[2]!), 'SEC_E_OUT_OF_SEQUENCE');
    const [first, , third] = ['one', 'two', 'three'].map((word) => ours.wrap(text(word)));
    await theirs.unwrap(first!);
    assert.match((await peerRefuses(() => theirs.unwrap(first!))).kind, /DuplicateToken/);
    await peerRefuses(() => theirs.unwrap(third!));
  });

  check(`${mechanism}: what was altered is refused by both`, async () => {
    const { ours, theirs } = await establish();
    for (const encrypted of [true, false]) {
      const token = new Uint8Array(await theirs.wrap(text('a message'), encrypted));
      token[token.length - 1]! ^= 1;
      await refuses(() => ours.unwrap(token), 'SEC_E_MESSAGE_ALTERED');
      const answer = ours.wrap(text('an answer'), { encrypt: encrypted });
      answer[answer.length - 1]! ^= 1;
      await peerRefuses(() => theirs.unwrap(answer));
    }
  });

  check(`${mechanism}: a repeated AP-REQ is refused by another acceptor, too`, async () => {
    const token = (await (await lab.initiate(mechanism)).step(null))!;
    await (await server()).step(token);
    const again = await server();
    const error = await refuses(() => again.step(token), 'SEC_E_LOGON_DENIED', 'SEC_E_INVALID_TOKEN');
    assert.is(error.kerberos?.name, 'KRB_AP_ERR_REPEAT', error.message);
  });

  check(`${mechanism}: delegation, and the ticket used onward by us and by kvno`, async () => {
    const { ours } = await establish({ wants: [...ALL_FLAGS, 'delegate_to_peer'] });
    assert.ok((ours.attributes & ASC_RET_DELEGATE) !== 0);
    const { ccache } = ours.delegatedCredential!;
    const onward = await createInitiator({ package: packageName, target: 'HTTP/e18.lab.test', credential: { ccache }, kerberos: lab.kerberos });
    const theirs = await lab.accept(mechanism);
    await handshake(onward, theirs);
    assert.is((await theirs.describe()).initiator, ALICE);

    const path = join(lab.realms.folder, `handed-over-${mechanism}.ccache`);
    writeFileSync(path, ccache);
    const { code, stdout, stderr } = await run('kvno', ['-c', path, 'HTTP/web.lab.test'], { env: lab.realms.environment() });
    assert.is(code, 0, stdout + stderr);
    assert.is((await establish()).ours.delegatedCredential, null);
  });

  check(`${mechanism}: an exported context goes on where it was`, async () => {
    const { ours, theirs } = await establish();
    await signatures(ours, theirs);
    const imported = importSecurityContext({ packed: exportSecurityContext(ours.handle) });
    for (const words of ['after the move', 'and once more']) {
      const { maxSignature } = queryContextAttributes(imported, SECPKG_ATTR_SIZES);
      const buffers = [{ type: SECBUFFER_DATA, data: text(words) }, { type: SECBUFFER_TOKEN, data: new Uint8Array(maxSignature) }];
      makeSignature(imported, { buffers });
      await theirs.verify(text(words), buffers[1]!.data);
      const mic = new Uint8Array(await theirs.sign(text(words)));
      verifySignature(imported, { buffers: [{ type: SECBUFFER_DATA, data: text(words) }, { type: SECBUFFER_TOKEN, data: mic }] });
    }
  });

  check(`${mechanism}: our clock an hour off is refused, and MIT is told`, async () => {
    const theirs = await lab.initiate(mechanism);
    const token = (await theirs.step(null))!;
    for (const hours of [1, -1]) {
      const ours = await server({ host: shiftedHost(hours * 3_600_000) });
      const error = await refuses(() => ours.step(token), 'SEC_E_TIME_SKEW');
      assert.is(error.kerberos?.name, 'KRB_AP_ERR_SKEW');
      if (hours === 1 && error.token !== undefined) {
        const told = await peerRefuses(() => theirs.step(error.token!));
        assert.match(told.message, /[Cc]lock skew/);
      }
    }
  });

  check(`${mechanism}: a service that the keytab does not hold, and one that the server is not`, async () => {
    const one = await lab.realms.keytab(`one-${mechanism}.keytab`, 'LAB.TEST', 'HTTP/e18.lab.test');
    const token = (await (await lab.initiate(mechanism)).step(null))!;
    const missing = await refuses(async () => (await server({ credential: { keytab: one } })).step(token), 'SEC_E_WRONG_PRINCIPAL', 'SEC_E_NO_KERB_KEY');
    assert.match(missing.message, /HTTP\/e18\.lab\.test@LAB\.TEST/, 'it tells what the keytab holds');
    const other = { keytab: lab.keytab, serviceNames: ['HTTP/e18.lab.test'] };
    assert.match((await refuses(async () => (await server({ credential: other })).step(token), 'SEC_E_WRONG_PRINCIPAL')).message, /web\.lab\.test/);
    await (await server({ credential: { keytab: lab.keytab, serviceNames: ['HTTP/web.lab.test'] } })).step(token);
  });
}

check('rc4-hmac, where it is allowed: session key, Wrap and MIC both ways', async () => {
  for (const [mechanism, packageName] of [['krb5', 'Kerberos'], ['spnego', 'Negotiate']] as const) {
    const theirs = await lab.initiate(mechanism, ALL_FLAGS, { target: 'HTTP@e23.lab.test' });
    const ours = await createAcceptor({ package: packageName, credential: { keytab: lab.weakKeytab }, kerberos: { allowWeakCrypto: true } });
    await handshake(theirs, ours);
    assert.is(ours.peer, ALICE);
    await sameKey(ours, theirs);
    await sealedMessages(ours, theirs);
    await signatures(ours, theirs);
    await signedMessages(ours, theirs);
    await inPlace(ours, theirs, 1);
  }
  const token = (await (await lab.initiate('krb5', ALL_FLAGS, { target: 'HTTP@e23.lab.test' })).step(null))!;
  const strict = await createAcceptor({ package: 'Kerberos', credential: { keytab: lab.weakKeytab } });
  await refuses(() => strict.step(token), 'SEC_E_KDC_UNKNOWN_ETYPE');
});

check('DCE style: three legs, and messages with header and data apart', async () => {
  const theirs = await lab.initiate('krb5', [...ALL_FLAGS, 'dce_style']);
  const ours = await createAcceptor({ package: 'Kerberos', credential: { keytab: lab.keytab } });
  const tokens = await handshake(theirs, ours);
  assert.equal(tokens.map((token) => token[0]), [0x6e, 0x6f, 0x6f]);
  assert.ok((ours.attributes & ASC_RET_USED_DCE_STYLE) !== 0);
  await sameKey(ours, theirs);
  await signatures(ours, theirs);
  await inPlace(ours, theirs);
});

// Windows sends a mechListMIC in DCE style, MIT none where its first mechanism was taken.
check('DCE style in SPNEGO, without a mechListMIC', async () => {
  const theirs = await lab.initiate('spnego', [...ALL_FLAGS, 'dce_style']);
  const ours = await createAcceptor({ credential: { keytab: lab.keytab } });
  await handshake(theirs, ours);
  assert.ok(ours.complete && (ours.attributes & ASC_RET_USED_DCE_STYLE) !== 0);
  await sameKey(ours, theirs);
  await inPlace(ours, theirs);
});

const SPNEGO = '06062b0601050502';
check.run();
