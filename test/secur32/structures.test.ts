// What goes through the structures of secur32.dll, byte by byte, with pointers of 4 and of 8 bytes.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  acceptSecurityContext, initializeSecurityContext, ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, packChannelBindings, SEC_E_OK, SEC_I_CONTINUE_NEEDED,
  SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP,
} from '../../src/index.ts';
import type { PointerSize } from '../../backends/secur32/structs.ts';
import { failure, hex, token, utf8 } from '../contract/support.ts';
import { bench } from './support.ts';

const test = suite('secur32: structures');

/** Little-endian, as wide as a pointer. */
function pointer(value: number, size: PointerSize): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.toString('hex', 0, size);
}
const ulong = (value: number) => Buffer.from(Uint32Array.of(value).buffer).toString('hex');
const padding = (size: PointerSize) => (size === 8 ? '00000000' : '');

for (const pointerSize of [4, 8] as const) {
  test(`AcquireCredentialsHandleW, ${pointerSize}-byte pointers: SEC_WINNT_AUTH_IDENTITY_W`, async () => {
    const { library, acquire } = bench({ pointerSize });
    let seen = '';
    library.replace.AcquireCredentialsHandleW = (principal, name, use, logonId, identity, getKey, argument, handle, expiry) => {
      const { memory } = library;
      const { size } = memory.layouts.SEC_WINNT_AUTH_IDENTITY_W;
      const [user, domain, password] = ['alice', 'ADTEST', 'Pässw0rd!'].map((text) => [text, text.length] as const);
      const at = [0, 1, 2].map((index) => memory.pointer(identity! + index * (pointerSize === 8 ? 16 : 8)));
      seen = hex(memory.at(identity!, size));
      assert.is(seen, [
        pointer(at[0]!, pointerSize), ulong(user![1]), padding(pointerSize), pointer(at[1]!, pointerSize), ulong(domain![1]), padding(pointerSize),
        pointer(at[2]!, pointerSize), ulong(password![1]), ulong(2),
      ].join(''));
      [user, domain, password].forEach((text, index) => assert.is(memory.string(at[index]!), text![0]));
      assert.equal([principal, logonId, getKey, argument, use], [0, 0, 0, 0, SECPKG_CRED_OUTBOUND]);
      assert.is(memory.string(name!), 'Negotiate');
      memory.setPointer(handle!, 7);
      memory.setUint32(expiry!, 0);
      return SEC_E_OK;
    };
    await acquire();
    assert.is(seen.length, pointerSize === 8 ? 96 : 56);
    assert.ok(library.calls.find(({ name }) => name === 'AcquireCredentialsHandleW')!.isAsync);
  });

  test(`AcquireCredentialsHandleW, ${pointerSize}-byte pointers: SEC_WINNT_AUTH_IDENTITY_EXW with a package list, and no user for the default credential`, async () => {
    const { library, acquire } = bench({ pointerSize });
    const { memory } = library;
    const seen: string[] = [];
    library.replace.AcquireCredentialsHandleW = (_principal, _name, _use, _logonId, identity) => {
      const { SEC_WINNT_AUTH_IDENTITY_EXW: layout } = memory.layouts;
      seen.push(hex(memory.at(identity!, layout.size)));
      assert.is(memory.string(memory.pointer(identity! + layout.PackageList)), 'Kerberos,!NTLM');
      return SEC_E_OK;
    };
    await acquire({ packageList: 'Kerberos, ! NTLM,' });
    await acquire({ packageList: 'Kerberos,!NTLM', authData: undefined });
    const size = pointerSize === 8 ? 72 : 44;
    for (const structure of seen) assert.is(structure.slice(0, 16), ulong(0x200) + ulong(size));
    const list = seen[1]!.slice(pointerSize === 8 ? 112 : 72);
    assert.is(seen[1], [ulong(0x200), ulong(size), '00'.repeat(pointerSize === 8 ? 44 : 24), ulong(2), list].join(''));
    assert.is(list.slice(2 * pointerSize), ulong(14) + padding(pointerSize));
    assert.is(seen[0]!.slice(16 + 2 * pointerSize, 24 + 2 * pointerSize), ulong(5));
  });

  test(`SPNEGO, ${pointerSize}-byte pointers: every parameter and buffer of three legs`, async () => {
    const { library, pair } = bench({ pointerSize });
    const { memory } = library;
    const { clientCredential, serverCredential } = await pair();
    const contextReq = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
    const bindings = packChannelBindings(utf8('tls-server-end-point:abc'));
    const trace: string[] = [];
    const whole = { initialize: library.implementation('InitializeSecurityContextW'), accept: library.implementation('AcceptSecurityContext') };
    const describe = (desc: number) => {
      if (desc === 0) return 'NULL';
      const { SecBufferDesc, SecBuffer } = memory.layouts;
      const array = memory.pointer(desc + SecBufferDesc.pBuffers);
      const buffers = memory.buffers(desc);
      assert.is(hex(memory.at(desc, SecBufferDesc.size)), ulong(0) + ulong(buffers.length) + pointer(array, pointerSize));
      return buffers.map(({ at, type, pointer: bytes, data }) => {
        assert.is(hex(memory.at(at, SecBuffer.size)), ulong(data.length) + ulong(type) + pointer(bytes, pointerSize));
        return `${type}[${data.length}]`;
      }).join(' ');
    };
    library.replace.InitializeSecurityContextW = (...values) => {
      const [, context, target, flags, reserved1, drep, input, reserved2, newContext, output] = values as [number, number, number, number, number, number, number, number, number, number];
      trace.push(`ISC ${context === 0 ? 'NULL' : context === newContext ? 'same' : 'another'} ${memory.string(target)} ${flags.toString(16)} ${reserved1} ${drep} ${describe(input)} ${reserved2} > ${describe(output)}`);
      return whole.initialize(...values);
    };
    library.replace.AcceptSecurityContext = (...values) => {
      const [, context, input, flags, drep, newContext, output] = values as [number, number, number, number, number, number, number];
      trace.push(`ASC ${context === 0 ? 'NULL' : context === newContext ? 'same' : 'another'} ${describe(input)} ${flags.toString(16)} ${drep} > ${describe(output)}`);
      return whole.accept(...values);
    };
    const bound = { type: SECBUFFER_CHANNEL_BINDINGS, data: bindings };
    const first = await initializeSecurityContext({ credential: clientCredential, targetName: 'HTTP/web.ad.test', contextReq, input: [bound], targetDataRep: SECURITY_NATIVE_DREP });
    const challenge = await acceptSecurityContext({ credential: serverCredential, input: [token(first.output[0]!.data), bound] });
    const proof = await initializeSecurityContext({
      credential: clientCredential, context: first.context, targetName: 'HTTP/web.ad.test', contextReq: contextReq | ISC_REQ_ALLOCATE_MEMORY, input: [token(challenge.output[0]!.data), bound],
    });
    const last = await acceptSecurityContext({ credential: serverCredential, context: challenge.context, input: [token(proof.output[0]!.data), bound] });
    const done = await initializeSecurityContext({ credential: clientCredential, context: first.context, targetName: 'HTTP/web.ad.test', contextReq, input: [token(last.output[0]!.data)] });
    assert.equal([first.status, challenge.status, proof.status, last.status, done.status], [SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED, SEC_E_OK, SEC_E_OK]);
    // SPNEGO's own tokens: NegTokenInit behind its OID, then NegTokenResps
    assert.match(hex(first.output[0]!.data), /^60.*06062b0601050502a0/);
    for (const leg of [challenge, proof, last]) assert.match(hex(leg.output[0]!.data), /^a1/);
    const lengths = [first, challenge, proof, last].map(({ output }) => output[0]!.data.length);
    const [room, allowMissing] = [65791, 0x1000_0000];
    assert.equal(trace, [
      `ISC NULL HTTP/web.ad.test 10010 0 16 14[${bindings.length}] 0 > 2[${room}]`,
      `ASC NULL 2[${lengths[0]}] 14[${bindings.length}] ${allowMissing.toString(16)} 0 > 2[${room}]`,
      `ISC same HTTP/web.ad.test 10010 0 0 2[${lengths[1]}] 14[${bindings.length}] 0 > 2[${room}]`,
      `ASC same 2[${lengths[2]}] 14[${bindings.length}] ${allowMissing.toString(16)} 0 > 2[${room}]`,
      `ISC same HTTP/web.ad.test 10010 0 0 2[${lengths[3]}] 0 > 2[${room}]`,
    ]);
  });
}

test('an acceptor that begins asks with an empty token, an initiator with no input at all', async () => {
  const { library, pair } = bench();
  const { clientCredential, serverCredential } = await pair();
  await acceptSecurityContext({ credential: serverCredential });
  const accept = library.calls.find(({ name }) => name === 'AcceptSecurityContext')!;
  await initializeSecurityContext({ credential: clientCredential, input: [token(new Uint8Array(0))] });
  const initialize = library.calls.find(({ name }) => name === 'InitializeSecurityContextW')!;
  assert.is.not(accept.values[2], 0);
  assert.equal([initialize.values[2], initialize.values[6]], [0, 0]);
});

test('the policy of channel bindings: ASC_REQ_ALLOW_MISSING_BINDINGS by default, nothing for always, no bindings for never', async () => {
  const bound = { type: SECBUFFER_CHANNEL_BINDINGS, data: packChannelBindings(utf8('tls-server-end-point:abc')) };
  const seen: unknown[] = [];
  for (const channelBindingPolicy of ['whenSupported', 'always', 'never'] as const) {
    const { library, acquire } = bench();
    const clientCredential = await acquire();
    const credential = await acquire({ credentialUse: SECPKG_CRED_INBOUND, authData: { channelBindingPolicy } });
    const whole = library.implementation('AcceptSecurityContext');
    library.replace.AcceptSecurityContext = (...values) => {
      seen.push([channelBindingPolicy, values[3], library.memory.buffers(values[2]!).map(({ type }) => type)]);
      return whole(...values);
    };
    const { output } = await initializeSecurityContext({ credential: clientCredential, targetName: 'HTTP/web.ad.test' });
    await acceptSecurityContext({ credential, input: [token(output[0]!.data), bound] });
  }
  assert.equal(seen, [
    ['whenSupported', 0x1000_0000, [SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS]], ['always', 0, [SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS]], ['never', 0, [SECBUFFER_TOKEN]],
  ]);
});

test('on Wine a package list becomes the package that it leaves: Wine knows no SEC_WINNT_AUTH_IDENTITY_EXW', async () => {
  const { library, acquire } = bench({ isWine: true });
  const seen: string[] = [];
  library.replace.AcquireCredentialsHandleW = (_p, name, _u, _l, identity) => {
    const { memory } = library;
    seen.push(memory.string(name!));
    assert.is(memory.string(memory.pointer(identity! + memory.layouts.SEC_WINNT_AUTH_IDENTITY_W.User)), 'alice');
    return SEC_E_OK;
  };
  for (const packageList of ['NTLM', '!Kerberos', 'Kerberos', '!NTLM,Kerberos', 'Kerberos,NTLM', ' ']) await acquire({ packageList });
  assert.equal(seen, ['NTLM', 'NTLM', 'Kerberos', 'Kerberos', 'Negotiate', 'Negotiate']);
  await failure('SEC_E_NO_CREDENTIALS', acquire({ packageList: '!NTLM,!Kerberos' }));
});

test('how a user is written: UPNs stay whole, DOMAIN\\user is taken apart, a domain beside it wins', async () => {
  const { library, acquire } = bench();
  const { memory } = library;
  const seen: string[] = [];
  library.replace.AcquireCredentialsHandleW = (_p, _n, _u, _l, identity) => {
    const layout = memory.layouts.SEC_WINNT_AUTH_IDENTITY_W;
    seen.push(`${memory.string(memory.pointer(identity! + layout.Domain))}|${memory.string(memory.pointer(identity! + layout.User))}`);
    return SEC_E_OK;
  };
  for (const [user, domain] of [['alice'], ['alice@AD.TEST'], ['ADTEST\\alice'], ['OTHER\\alice', 'ADTEST'], ['alice', 'ADTEST']] as [string, string?][]) await acquire({ authData: { user, domain, password: 'x' } });
  assert.equal(seen, ['|alice', '|alice@AD.TEST', 'ADTEST|alice', 'ADTEST|alice', 'ADTEST|alice']);
});

test.run();
