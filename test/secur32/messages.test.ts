// Messages and attributes through the structures, for NTLM and for Kerberos, with pointers of both widths.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BackendContext } from '../../backends/contract/backend.ts';
import type { PointerSize } from '../../backends/secur32/structs.ts';
import * as sspi from '../../src/index.ts';
import {
  type CtxtHandle, decryptMessage, encryptMessage, exportSecurityContext, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT,
  makeSignature, queryContextAttributes, queryCredentialsAttributes, SEC_E_MESSAGE_ALTERED, SECBUFFER_DATA, SECBUFFER_PADDING, SECBUFFER_READONLY_WITH_CHECKSUM, SECBUFFER_STREAM,
  SECBUFFER_TOKEN, SECPKG_ATTR_SIZES, SECQOP_WRAP_NO_ENCRYPT, verifySignature,
} from '../../src/index.ts';
import { newCtxtHandle, openContext } from '../../src/sspi/handles.ts';
import { createTestRealm } from '../../src/testing/index.ts';
import { handshake } from '../contract/drive.ts';
import { ALICE, TARGET } from '../contract/in-memory.ts';
import { failure, hex, token, utf8 } from '../contract/support.ts';
import type { FakeLibrary, FakeOptions } from './fake-library.ts';
import { bench, type Bench } from './support.ts';

const test = suite('secur32: messages and attributes');
const FLAGS = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
const realm = await createTestRealm({ realm: 'AD.TEST', users: { alice: ALICE.password }, services: [TARGET] });

interface Established extends Bench {
  client: CtxtHandle;
  server: CtxtHandle;
  /** Behind the handles. */
  a: BackendContext;
  b: BackendContext;
}

async function established(name: 'NTLM' | 'Kerberos', options: FakeOptions = {}, contextReq = FLAGS): Promise<Established> {
  const kerberos = name === 'Kerberos';
  const it = bench({ ...options, ...(kerberos ? { kerberos: realm.kerberos, acceptor: { keytab: realm.keytab(TARGET) } } : {}) });
  const pair = await it.pair({ package: name, ...(kerberos ? { authData: { user: 'alice@AD.TEST', password: ALICE.password } } : {}) });
  const { client, server } = await handshake(pair, { initialize: { contextReq, targetName: TARGET } });
  return { ...it, client, server, a: openContext(client).context, b: openContext(server).context };
}

const WIDTHS: readonly PointerSize[] = [4, 8];

for (const name of ['NTLM', 'Kerberos'] as const) {
  for (const pointerSize of WIDTHS) {
    const title = `${name}, ${pointerSize}-byte pointers`;

    test(`${title}: the message verbs, in place, both ways`, async () => {
      const { client, server } = await established(name, { pointerSize });
      const { securityTrailer, maxSignature, blockSize } = queryContextAttributes(client, SECPKG_ATTR_SIZES);
      for (const [from, to] of [[client, server], [server, client]] as const) {
        for (const length of [0, 1, 1000, 70_000]) {
          const plain = new Uint8Array(length).map((_, at) => at * 7);
          const room = plain.slice();
          const buffers = [token(new Uint8Array(securityTrailer)), { type: SECBUFFER_DATA, data: room }, { type: SECBUFFER_PADDING, data: new Uint8Array(blockSize) }];
          encryptMessage(from, { buffers });
          if (length > 1) assert.is.not(hex(room), hex(plain));
          assert.is(buffers[1]!.data.buffer, room.buffer);
          assert.is(decryptMessage(to, { buffers }), 0);
          assert.is(hex(buffers[1]!.data), hex(plain));
        }
        const signed = [{ type: SECBUFFER_DATA, data: utf8('signed') }, token(new Uint8Array(maxSignature + 8))];
        makeSignature(from, { buffers: signed });
        assert.ok(signed[1]!.data.length <= maxSignature);
        verifySignature(to, { buffers: signed });
      }
    });

    test(`${title}: a header that is signed and not encrypted stays as it is`, async () => {
      const { client, server } = await established(name, { pointerSize });
      const { securityTrailer } = queryContextAttributes(client, SECPKG_ATTR_SIZES);
      const header = utf8('header');
      const buffers = [token(new Uint8Array(securityTrailer)), { type: SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, data: header }, { type: SECBUFFER_DATA, data: utf8('secret') }];
      encryptMessage(client, { buffers });
      assert.is(hex(header), hex(utf8('header')));
      decryptMessage(server, { buffers });
      assert.is(hex(buffers[2]!.data), hex(utf8('secret')));
    });

    test(`${title}: a stream is decrypted where it lies`, async () => {
      const { a, server } = await established(name, { pointerSize });
      const stream = { type: SECBUFFER_STREAM, data: new Uint8Array(a.wrap(utf8('in one piece'), true)) };
      const plain = { type: SECBUFFER_DATA, data: new Uint8Array(0) };
      decryptMessage(server, { buffers: [stream, plain] });
      assert.is(hex(plain.data), hex(utf8('in one piece')));
      assert.is(plain.data.buffer, stream.data.buffer);
      await failure('SEC_E_INVALID_TOKEN', () => decryptMessage(server, { buffers: [stream] }));
    });

    test(`${title}: wrap, unwrap, sign and verify, both ways`, async () => {
      const { a, b } = await established(name, { pointerSize });
      for (const [from, to] of [[a, b], [b, a]] as const) {
        for (const encrypt of [true, false]) {
          for (const length of [0, 1, 65_536]) {
            const message = new Uint8Array(length).fill(0x41);
            const encrypted = encrypt || (name === 'NTLM' && length === 0); // of nothing, sealed and signed look alike
            assert.equal(to.unwrap(from.wrap(message, encrypt)), { message, encrypted }, `${encrypt} ${length}`);
          }
        }
        const mic = from.sign(utf8('a message'));
        to.verify(utf8('a message'), mic);
        await failure('SEC_E_MESSAGE_ALTERED', () => to.verify(utf8('another'), from.sign(utf8('one'))));
      }
    });

    test(`${title}: every attribute, as the engine behind the DLL knows it`, async () => {
      const { library, client, server } = await established(name, { pointerSize });
      const behind = [...library.contexts.values()];
      for (const [handle, context] of [[client, behind[0]!], [server, behind[1]!]] as const) {
        for (const attribute of ATTRIBUTES) {
          const expected = context.queryAttribute(sspi[attribute]) as Record<string, unknown>;
          if (attribute === 'SECPKG_ATTR_NATIVE_NAMES') expected['serverName'] ??= null;
          assert.equal(queryContextAttributes(handle, sspi[attribute] as number), expected, attribute);
        }
      }
      assert.equal(queryContextAttributes(server, sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET), behind[1]!.queryAttribute(sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET));
      await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(client, sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET));
      await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(client, sspi.SECPKG_ATTR_DCE_INFO));
      assert.is(library.memory.heap.size, 0);
    });

    test(`${title}: the client's access token`, async () => {
      const { library, client, server } = await established(name, { pointerSize });
      const sids = ['S-1-5-21-1-2-3-513', 'S-1-5-32-545'];
      assert.equal(queryContextAttributes(server, sspi.SECPKG_ATTR_ACCESS_TOKEN), { userSid: 'S-1-5-21-1-2-3-1104', groups: sids, upn: null, delegatedCredential: null });
      library.extraGroups = Array.from({ length: 300 }, (_, index) => 2000 + index);
      assert.is(queryContextAttributes(server, sspi.SECPKG_ATTR_ACCESS_TOKEN).groups.length, 302);
      await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryContextAttributes(client, sspi.SECPKG_ATTR_ACCESS_TOKEN));
      const held = sspi.querySecurityContextToken(server);
      assert.ok(library.tokens.has(Number(held.handle)));
      held.close();
      held.close();
      assert.is(library.tokens.size, 0);
      sspi.impersonateSecurityContext(server);
      assert.ok(library.impersonated);
      sspi.revertSecurityContext(server);
      assert.not.ok(library.impersonated);
    });

    test(`${title}: an exported context goes on where it is imported`, async () => {
      const { backend, library, client, b } = await established(name, { pointerSize });
      const packed = exportSecurityContext(client);
      assert.is(hex(packed.subarray(0, 4)), hex(utf8('SSPN')));
      assert.is(library.memory.heap.size, 0);
      await failure('SEC_E_INVALID_HANDLE', () => makeSignature(client, { buffers: [token(new Uint8Array(64))] }));
      await failure('SEC_E_INVALID_TOKEN', () => backend.importContext('Negotiate', packed));
      const calls = library.calls.length;
      for (const bent of [packed.subarray(0, 15), packed.subarray(1), packed.subarray(0, 16), packed.subarray(0, -1), Uint8Array.of(...packed, 0)]) await failure('SEC_E_INVALID_TOKEN', () => backend.importContext(undefined, bent));
      assert.is(library.calls.length, calls); // a package follows the offsets in what it packed
      const moved = backend.importContext(name, packed);
      assert.is(hex(b.unwrap(moved.wrap(utf8('moved'), true)).message), hex(utf8('moved')));
      const handle = newCtxtHandle(moved, null);
      sspi.deleteSecurityContext(handle);
      sspi.deleteSecurityContext(client);
      assert.is(library.contexts.size, 1);
    });
  }
}

test('what the DLL refuses leaves the caller\'s buffers as they were', async () => {
  const { library, client, server } = await established('NTLM');
  const buffers = [token(new Uint8Array(16)), { type: SECBUFFER_DATA, data: utf8('sealed') }];
  encryptMessage(client, { buffers });
  const before = buffers.map(({ data }) => hex(data));
  library.replace.DecryptMessage = (_context, message) => {
    for (const buffer of library.memory.buffers(message!)) buffer.data.fill(0x55);
    return SEC_E_MESSAGE_ALTERED;
  };
  await failure('SEC_E_MESSAGE_ALTERED', () => decryptMessage(server, { buffers }));
  assert.equal(buffers.map(({ data }) => hex(data)), before);
});

test('a TOKEN buffer that is too short, or none, never reaches the DLL', async () => {
  const { library, client } = await established('NTLM');
  queryContextAttributes(client, SECPKG_ATTR_SIZES);
  for (const verb of [encryptMessage, makeSignature]) {
    assert.match((await failure('SEC_E_BUFFER_TOO_SMALL', () => verb(client, { buffers: [token(new Uint8Array(15))] }))).message, /16 bytes.*15/);
    await failure('SEC_E_INVALID_TOKEN', () => verb(client, { buffers: [{ type: SECBUFFER_DATA, data: utf8('x') }] }));
  }
  assert.not.ok(library.names.includes('EncryptMessage') || library.names.includes('MakeSignature'));
});

test('Kerberos: what wrap and unwrap give the DLL', async () => {
  const { library, a, b } = await established('Kerberos');
  const seen: string[] = [];
  for (const name of ['EncryptMessage', 'DecryptMessage'] as const) {
    const whole = library.implementation(name);
    library.replace[name] = (...values) => {
      const buffers = library.memory.buffers(values[name === 'EncryptMessage' ? 2 : 1]!);
      seen.push(`${name} ${name === 'EncryptMessage' ? values[1]!.toString(16) : '-'} ${buffers.map(({ type, data }) => `${type}[${data.length}]`).join(' ')}`);
      return whole(...values);
    };
  }
  const { securityTrailer, blockSize } = a.queryAttribute(SECPKG_ATTR_SIZES) as sspi.ContextSizes;
  const sealed = a.wrap(utf8('hello'), true);
  b.unwrap(sealed);
  const signed = a.wrap(utf8('hello'), false);
  b.unwrap(signed);
  assert.is(hex(sealed.subarray(0, 2)), '0504'); // RFC 4121 §4.2.6.2
  assert.equal(seen, [
    `EncryptMessage 0 ${SECBUFFER_TOKEN}[${securityTrailer}] ${SECBUFFER_DATA}[5] ${SECBUFFER_PADDING}[${blockSize}]`, `DecryptMessage - ${SECBUFFER_STREAM}[${sealed.length}] ${SECBUFFER_DATA}[0]`,
    `EncryptMessage ${SECQOP_WRAP_NO_ENCRYPT.toString(16)} ${SECBUFFER_TOKEN}[${securityTrailer}] ${SECBUFFER_DATA}[5] ${SECBUFFER_PADDING}[${blockSize}]`,
    `DecryptMessage - ${SECBUFFER_STREAM}[${signed.length}] ${SECBUFFER_DATA}[0]`,
  ]);
});

for (const contextReq of [FLAGS, ISC_REQ_INTEGRITY]) {
  const negotiated = contextReq === FLAGS ? 'sealing' : 'signing alone';

  test(`NTLM with ${negotiated}, as Windows does it: wrap and unwrap are EncryptMessage and DecryptMessage, once each, and what is wrapped is sealed`, async () => {
    const { library, client, server } = await established('NTLM', {}, contextReq);
    const [a, b] = [openContext(client).context, openContext(server).context];
    const [ours, theirs] = [...library.contexts.values()];
    const seen: string[] = [];
    // Windows looks at neither the negotiated flags nor fQOP, and reports fQOP 0
    library.replace.EncryptMessage = (_context, qop, message) => {
      const [first, second] = library.memory.buffers(message!);
      const wrapped = ours!.wrap(second!.data.slice(), true);
      library.memory.fill(first!, wrapped.subarray(0, 16));
      second!.data.set(wrapped.subarray(16));
      seen.push(`EncryptMessage ${qop!.toString(16)} ${first!.type}[${first!.data.length}] ${second!.type}[${second!.data.length}]`);
      return 0;
    };
    library.replace.DecryptMessage = (_context, message, _sequence, qop) => {
      const [first, second] = library.memory.buffers(message!);
      seen.push(`DecryptMessage ${first!.type}[${first!.data.length}] ${second!.type}[${second!.data.length}]`);
      try {
        library.memory.fill(second!, theirs!.unwrap(new Uint8Array(Buffer.concat([first!.data, second!.data]))).message);
      } catch {
        return SEC_E_MESSAGE_ALTERED;
      }
      library.memory.setUint32(qop!, 0);
      return 0;
    };
    for (const encrypt of [true, false]) {
      const wrapped = a.wrap(utf8('hello'), encrypt);
      assert.is(wrapped.length, 21);
      assert.not.ok(hex(wrapped).includes(hex(utf8('hello'))));
      assert.equal(b.unwrap(wrapped), { message: utf8('hello'), encrypted: true });
    }
    const round = [`DecryptMessage ${SECBUFFER_TOKEN}[16] ${SECBUFFER_DATA}[5]`];
    assert.equal(seen, [
      `EncryptMessage 0 ${SECBUFFER_TOKEN}[16] ${SECBUFFER_DATA}[5]`, ...round, `EncryptMessage ${SECQOP_WRAP_NO_ENCRYPT.toString(16)} ${SECBUFFER_TOKEN}[16] ${SECBUFFER_DATA}[5]`, ...round,
    ]);

    // one that is refused is not tried again in another way
    const bent = a.wrap(utf8('bent'), true);
    bent[17]! ^= 1;
    seen.length = 0;
    await failure('SEC_E_MESSAGE_ALTERED', () => b.unwrap(bent));
    assert.is(seen.length, 1);
    assert.not.ok(library.names.includes('VerifySignature') || library.names.includes('MakeSignature'));
  });
}

test('Kerberos on Wine: the trailer stands behind the message, and no stream is decrypted', async () => {
  const { library, a, b } = await established('Kerberos', { isWine: true });
  // as Wine does: the library's token is cut behind the message's length
  library.replace.EncryptMessage = (_context, _qop, message) => {
    const [first, second] = library.memory.buffers(message!);
    const whole = [...library.contexts.values()][0]!.wrap(second!.data.slice(), true);
    second!.data.set(whole.subarray(0, second!.data.length));
    library.memory.fill(first!, whole.subarray(second!.data.length));
    return 0;
  };
  library.replace.DecryptMessage = (_context, message) => {
    const buffers = library.memory.buffers(message!);
    assert.equal(buffers.map(({ type }) => type), [SECBUFFER_DATA, SECBUFFER_TOKEN]);
    const { message: plain } = [...library.contexts.values()][1]!.unwrap(new Uint8Array(Buffer.concat(buffers.map(({ data }) => data))));
    library.memory.fill(buffers[0]!, plain);
    return 0;
  };
  const wrapped = a.wrap(utf8('hello, wine'), true);
  assert.is(hex(wrapped.subarray(0, 2)), '0504');
  assert.equal(b.unwrap(wrapped), { message: utf8('hello, wine'), encrypted: true });
});

test('what a package does not tell is asked for elsewhere, or known', async () => {
  const { library, client, server } = await established('NTLM');
  const whole = library.implementation('QueryContextAttributesW');
  library.replace.QueryContextAttributesW = (context, attribute, value) => ([
    sspi.SECPKG_ATTR_PACKAGE_INFO, sspi.SECPKG_ATTR_NATIVE_NAMES, sspi.SECPKG_ATTR_NEGOTIATION_INFO, sspi.SECPKG_ATTR_TARGET, sspi.SECPKG_ATTR_NEGO_STATUS, sspi.SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  ] as number[]).includes(attribute!) ? sspi.SEC_E_UNSUPPORTED_FUNCTION : whole(context!, attribute!, value!);
  assert.is(queryContextAttributes(client, sspi.SECPKG_ATTR_PACKAGE_INFO).packageInfo.name, 'NTLM');
  assert.is(queryContextAttributes(client, sspi.SECPKG_ATTR_NEGOTIATION_INFO).negotiationState, 0);
  assert.equal(queryContextAttributes(client, sspi.SECPKG_ATTR_NATIVE_NAMES), { clientName: 'ADTEST\\alice', serverName: TARGET });
  assert.equal(queryContextAttributes(client, sspi.SECPKG_ATTR_TARGET), { target: TARGET });
  assert.equal(queryContextAttributes(server, sspi.SECPKG_ATTR_NATIVE_NAMES), { clientName: 'ADTEST\\alice', serverName: null });
  assert.equal(queryContextAttributes(server, sspi.SECPKG_ATTR_NEGO_STATUS), { lastStatus: 0, reason: null });
});

test('Negotiate that names no package yet: NULL is not followed', async () => {
  for (const pointerSize of WIDTHS) {
    const { library, pair } = bench({ pointerSize });
    const { clientCredential } = await pair();
    const { context } = await sspi.initializeSecurityContext({ credential: clientCredential, targetName: TARGET });
    library.replace.QueryContextAttributesW = (_context, attribute, value) => {
      assert.is(attribute, sspi.SECPKG_ATTR_NEGOTIATION_INFO);
      library.memory.setPointer(value!, 0);
      return 0;
    };
    const { packageInfo, negotiationState } = queryContextAttributes(context, sspi.SECPKG_ATTR_NEGOTIATION_INFO);
    assert.equal([packageInfo.name, negotiationState], ['Negotiate', sspi.SECPKG_NEGOTIATION_IN_PROGRESS]);
    assert.is(library.memory.heap.size, 0);
  }
});

test('the target, in whatever encoding a package writes it', async () => {
  for (const [text, encoding] of [[TARGET, 'utf8'], [`${TARGET}\0`, 'utf8'], [TARGET, 'utf16le'], [`${TARGET}\0`, 'utf16le'], ['HTTP/wéb.ad.test', 'utf8']] as const) {
    const { library, client } = await established('NTLM');
    library.replace.QueryContextAttributesW = (_context, attribute, value) => {
      assert.is(attribute, sspi.SECPKG_ATTR_TARGET);
      const bytes = new Uint8Array(Buffer.from(text, encoding));
      library.memory.setUint32(value!, bytes.length);
      library.memory.setPointer(value! + library.memory.layouts.SecPkgContext_Target.Target, library.memory.give(bytes));
      return 0;
    };
    assert.equal(queryContextAttributes(client, sspi.SECPKG_ATTR_TARGET), { target: text.replace('\0', '') });
    assert.is(library.memory.heap.size, 0);
  }
});

test('credential attributes: the name, and a KDC proxy as SecPkgCredentials_KdcProxySettingsW', async () => {
  const { library, acquire } = bench();
  const credential = await acquire();
  assert.equal(queryCredentialsAttributes(credential, sspi.SECPKG_CRED_ATTR_NAMES), { userName: 'ADTEST\\alice' });
  await failure('SEC_E_UNSUPPORTED_FUNCTION', () => queryCredentialsAttributes(credential, 77));
  const untold = bench();
  untold.library.replace.QueryCredentialsAttributesW = () => sspi.SEC_E_UNSUPPORTED_FUNCTION;
  for (const [authData, userName] of [
    [ALICE, 'ADTEST\\alice'], [{ user: 'ADTEST\\alice', password: 'x' }, 'ADTEST\\alice'], [{ user: 'ADTEST\\alice', domain: 'OTHER', password: 'x' }, 'OTHER\\alice'],
    [{ user: 'alice@AD.TEST', password: 'x' }, 'alice@AD.TEST'],
  ] as const) assert.equal(queryCredentialsAttributes(await untold.acquire({ authData }), sspi.SECPKG_CRED_ATTR_NAMES), { userName });
  let seen = '';
  library.replace.SetCredentialsAttributesW = (_credential, attribute, value, length) => {
    assert.is(attribute, sspi.SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS);
    seen = hex(library.memory.at(value!, length!));
    return 0;
  };
  sspi.setCredentialsAttributes(credential, sspi.SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, { proxyServer: 'gw:443:K', force: true });
  assert.is(seen, `01000000${'01000000'}${'1000'}${'1000'}00000000${Buffer.from('gw:443:K', 'utf16le').toString('hex')}`);
  await failure('SEC_E_UNSUPPORTED_FUNCTION', () => sspi.setCredentialsAttributes(credential, 77, new Uint8Array(4)));
});

test('CompleteAuthToken and ApplyControlToken', async () => {
  const { library, client } = await established('NTLM');
  const buffer = token(Uint8Array.of(0x0f, 0xf0));
  await failure('SEC_E_UNSUPPORTED_FUNCTION', sspi.completeAuthToken(client, [buffer]));
  library.replace.CompleteAuthToken = (_context, tokens) => {
    for (const one of library.memory.buffers(tokens!)) library.memory.fill(one, one.data.map((byte) => byte ^ 0xff));
    return 0;
  };
  assert.is(await sspi.completeAuthToken(client, [buffer]), 0);
  assert.is(hex(buffer.data), 'f00f');
  assert.ok(library.calls.at(-1)!.isAsync);
  await failure('SEC_E_UNSUPPORTED_FUNCTION', () => sspi.applyControlToken(client, [buffer]));
  library.replace.ApplyControlToken = () => 0;
  assert.is(sspi.applyControlToken(client, [buffer]), 0);
});

test('a context completes by itself what has to be completed: COMPLETE_AND_CONTINUE before the token is sent, COMPLETE_NEEDED at the end', async () => {
  const { library, acquire, pair } = bench();
  const { clientCredential, serverCredential } = await pair({ package: 'NTLM' });
  // a package that leaves each token bent until CompleteAuthToken has seen it
  for (const name of ['InitializeSecurityContextW', 'AcceptSecurityContext'] as const) {
    const whole = library.implementation(name);
    library.replace[name] = async (...values) => {
      const status = await whole(...values);
      flip(library, values[name === 'AcceptSecurityContext' ? 6 : 9]!);
      return status === sspi.SEC_E_OK ? sspi.SEC_I_COMPLETE_NEEDED : sspi.SEC_I_COMPLETE_AND_CONTINUE;
    };
  }
  library.replace.CompleteAuthToken = (_context, tokens) => { flip(library, tokens!); return 0; };
  const client = await sspi.createInitiator({ credential: clientCredential, target: TARGET });
  const server = await sspi.createAcceptor({ credential: serverCredential });
  const challenge = await server.step(await client.step());
  assert.not.ok(client.complete || server.complete);
  assert.is(await server.step(await client.step(challenge)), null);
  assert.ok(client.complete && server.complete);
  assert.is(library.names.filter((name) => name === 'CompleteAuthToken').length, 4);
  assert.is(hex(server.unwrap(client.wrap(utf8('hello'))).message), hex(utf8('hello')));

  library.replace.CompleteAuthToken = () => sspi.SEC_E_INVALID_TOKEN;
  const refused = await sspi.createInitiator({ credential: await acquire({ package: 'NTLM' }), target: TARGET });
  await failure('SEC_E_INVALID_TOKEN', refused.step());
  assert.not.ok(refused.complete);
});

function flip(library: FakeLibrary, desc: number): void {
  for (const { data } of library.memory.buffers(desc)) data.forEach((byte, at) => { data[at] = byte ^ 0xff; });
}

test('packages: those that this API speaks, in Windows\'s words', async () => {
  for (const pointerSize of WIDTHS) {
    const { library, backend } = bench({ pointerSize });
    const packages = await backend.enumerateSecurityPackages();
    assert.equal(packages.map(({ name }) => name), ['Negotiate', 'Kerberos', 'NTLM']);
    assert.equal(packages[1], { capabilities: 0x12b3b3, version: 1, rpcId: 16, maxToken: 48000, name: 'Kerberos', comment: 'Kerberos of a fake' });
    assert.is(library.memory.heap.size, 0);
  }
});

test('ChangeAccountPasswordW: off the event loop, wiped', async () => {
  const { library, backend } = bench();
  const { memory } = library;
  let seen: unknown[] = [];
  library.replace.ChangeAccountPasswordW = (name, domain, user, old, fresh, impersonating, reserved, output) => {
    seen = [...[name, domain, user, old, fresh].map((at) => memory.string(at!)), impersonating, reserved, memory.buffers(output!).map(({ type }) => type)];
    return 0;
  };
  await backend.changeAccountPassword({ user: 'ADTEST\\alice', domain: 'AD.TEST', oldPassword: 'old', newPassword: 'new' });
  assert.equal(seen, ['Negotiate', 'AD.TEST', 'alice', 'old', 'new', 0, 0, [15]]);
  assert.ok(library.calls.at(-1)!.isAsync);
  for (const { bytes } of memory.blocks) assert.ok(bytes.every((byte) => byte === 0));
  for (const [user, domain, expected] of [
    ['alice@AD.TEST', '', ['AD.TEST', 'alice']], ['alice@AD.TEST', 'ADTEST', ['ADTEST', 'alice@AD.TEST']], ['ADTEST\\alice', '', ['ADTEST', 'alice']], ['alice', '', ['', 'alice']],
  ] as const) {
    await backend.changeAccountPassword({ user, domain, oldPassword: 'old', newPassword: 'new' });
    assert.equal(seen.slice(1, 3), expected, user);
  }
  // LSA's own statuses come through, as NTSTATUS or HRESULT
  for (const [status, code, message, remedy] of [
    [0xc000006a, 'SEC_E_LOGON_DENIED', /STATUS_WRONG_PASSWORD/, /password/], [0xc000006c | 0, 'SEC_E_INVALID_PARAMETER', /STATUS_PASSWORD_RESTRICTION/, /longer one/],
    [0x8007052d, 'SEC_E_INVALID_PARAMETER', /ERROR_PASSWORD_RESTRICTION/, /longer one/], [0xc0000234, 'SEC_E_LOGON_DENIED', /STATUS_ACCOUNT_LOCKED_OUT/, /unlock/],
    [0xc0000224, 'SEC_E_LOGON_DENIED', /STATUS_PASSWORD_MUST_CHANGE/, /changeAccountPassword/], [0xc0000418, 'SEC_E_LOGON_DENIED', /STATUS_NTLM_BLOCKED/, /policy forbids NTLM/],
    [0xc00000df, 'SEC_E_NO_AUTHENTICATING_AUTHORITY', /STATUS_NO_SUCH_DOMAIN/, /nltest/], [0xc0009999, 'SEC_E_INTERNAL_ERROR', /0xc0009999/, undefined],
  ] as const) {
    library.replace.ChangeAccountPasswordW = () => status;
    const error = await failure(code, backend.changeAccountPassword({ user: 'alice', domain: 'AD.TEST', oldPassword: 'old', newPassword: 'new' }));
    assert.match(error.message, message);
    if (remedy === undefined) assert.is(error.remedy, undefined);
    else assert.match(error.remedy!, remedy);
  }
  await failure('SEC_E_UNSUPPORTED_FUNCTION', backend.changeAccountPassword({ user: 'alice', domain: 'AD.TEST', oldPassword: 'old', newPassword: 'new', kerberos: { defaultRealm: 'AD.TEST' } }));
});

const ATTRIBUTES = [
  'SECPKG_ATTR_SIZES', 'SECPKG_ATTR_NAMES', 'SECPKG_ATTR_LIFESPAN', 'SECPKG_ATTR_STREAM_SIZES', 'SECPKG_ATTR_KEY_INFO', 'SECPKG_ATTR_SESSION_KEY', 'SECPKG_ATTR_PACKAGE_INFO',
  'SECPKG_ATTR_NEGOTIATION_INFO', 'SECPKG_ATTR_NATIVE_NAMES', 'SECPKG_ATTR_FLAGS', 'SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS', 'SECPKG_ATTR_NEGO_STATUS',
] as const;

test.run();
