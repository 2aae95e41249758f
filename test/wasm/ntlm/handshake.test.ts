import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NtlmConfig } from '../../../backends/contract/credentials.ts';
import {
  ISC_REQ_CONFIDENTIALITY, ISC_REQ_DATAGRAM, ISC_REQ_IDENTIFY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_NO_INTEGRITY, ISC_REQ_NULL_SESSION,
  ISC_REQ_REPLAY_DETECT, ISC_REQ_UNVERIFIED_TARGET_NAME, ISC_REQ_USE_DCE_STYLE, ISC_RET_CONFIDENTIALITY, ISC_RET_IDENTIFY, ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH, ISC_RET_NULL_SESSION, ISC_RET_REPLAY_DETECT, ISC_RET_SEQUENCE_DETECT, ISC_RET_USED_DCE_STYLE, ASC_RET_CONFIDENTIALITY,
  ASC_RET_INTEGRITY, ASC_RET_IDENTIFY, ASC_RET_NULL_SESSION, ASC_RET_REPLAY_DETECT, ASC_RET_SEQUENCE_DETECT,
} from '../../../backends/contract/flags.ts';
import { core } from '../../../backends/wasm/core/instance.ts';
import { buildAuthenticate, NTLM_V2 } from '../../../backends/wasm/core/ntlm-handshake.ts';
import { ntowfv1, ntowfv2 } from '../../../backends/wasm/core/ntlm-hash.ts';
import type { Established } from '../../../backends/wasm/mechanism.ts';
import { avPairs, createNtlmCredential, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import type { AuthenticateMessage } from '../../../backends/wasm/ntlm/index.ts';
import { NtlmSession } from '../../../backends/wasm/ntlm/session.ts';
import type { Realm } from './support.ts';
import { ALICE, ascii, fails, handshake, hex, parties, SEALING, testHost, utf16le } from './support.ts';

const UNICODE = 1, OEM = 2, SIGN = 0x10, SEAL = 0x20, LM_KEY = 0x80, ESS = 0x80000, TARGET_INFO = 0x800000, VERSION = 0x2000000;
const KEY_128 = 0x20000000, KEY_EXCH = 0x40000000, KEY_56 = 0x80000000;

function parsed(token: Uint8Array): AuthenticateMessage {
  const message = parseNtlmMessage(token);
  if (message.kind !== 'AUTHENTICATE') throw new Error(message.kind);
  return message;
}

const flagsAt = (token: Uint8Array, at: number) => new DataView(token.buffer, token.byteOffset).getUint32(at, true);
/** Changes a message's flags on its way. */
const without = (at: number, ...bits: number[]) => (token: Uint8Array) => setFlags(token, at, (flags) => bits.reduce((left, bit) => left & ~bit, flags));
function setFlags(token: Uint8Array, at: number, change: (flags: number) => number): Uint8Array {
  const copy = token.slice();
  new DataView(copy.buffer).setUint32(at, change(flagsAt(copy, at)) >>> 0, true);
  return copy;
}

const test = suite('NTLM handshakes');

test('the default: sealed, with MIC, both sides alike', async () => {
  const { client, server, authenticate } = await handshake({ request: { flags: SEALING | ISC_REQ_MUTUAL_AUTH } });
  assert.is(hex(client.sessionKey), hex(server.sessionKey));
  assert.is(client.sessionKey.length, 16);
  assert.is(client.attributes, ISC_RET_INTEGRITY | ISC_RET_CONFIDENTIALITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT);
  assert.is(client.attributes & ISC_RET_MUTUAL_AUTH, 0, 'NTLM proves no server');
  assert.is(server.attributes, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT);
  assert.equal(server.names, { client: 'ADTEST\\alice', target: 'HTTP/web.ad.test' });
  assert.equal(client.names, { client: 'ADTEST\\alice', target: 'HTTP/web.ad.test' });
  assert.is(server.clientSpecifiedTarget, 'HTTP/web.ad.test');
  assert.is(client.mechListMicRequired, true);
  assert.is(server.mechListMicRequired, true);
  const message = parsed(authenticate);
  assert.is(message.mic, 72);
  assert.is(hex(authenticate.subarray(message.lmResponse.offset, message.lmResponse.offset + 24)), '00'.repeat(24));
  assert.is(Buffer.from(server.unwrap(client.wrap(ascii('hello'), true)).message).toString(), 'hello');
});

test('the pairs stand in the order of Windows, and what is not asked for is absent', async () => {
  const { authenticate } = await handshake();
  const message = parsed(authenticate);
  assert.equal([...avPairs(authenticate, message.targetInfo)].map(({ id }) => id), [2, 1, 4, 3, 7, 6, 8, 9]);
  const end = message.targetInfo.offset + message.targetInfo.length;
  assert.is(hex(authenticate.subarray(end, message.ntResponse.offset + message.ntResponse.length)), '00'.repeat(8), 'MsvAvEOL and four zero bytes');
  const bound = await handshake({ request: { channelBindings: ascii('tls-server-end-point:x') }, accept: { channelBindings: ascii('tls-server-end-point:x') } });
  assert.equal([...avPairs(bound.authenticate, parsed(bound.authenticate).targetInfo)].map(({ id }) => id), [2, 1, 4, 3, 7, 6, 8, 10, 9]);
  assert.is(bound.server.channelBindingsVerified, true);
  const zeros = await handshake({ clientNtlm: { emptyChannelBindings: true } });
  const at = parsed(zeros.authenticate).channelBindings!;
  assert.is(hex(zeros.authenticate.subarray(at, at + 16)), '00'.repeat(16));
});

test('bindings that come only with the second leg still count', async () => {
  const request = { targetName: 'x', flags: 0, channelBindings: null as Uint8Array | null, insideNegotiate: false };
  const credential = createNtlmCredential({ authData: ALICE, host: testHost() });
  const first = await credential.initiator(request).step(null);
  const { server } = parties();
  const { token } = await server.step(first.token);
  request.channelBindings = ascii('tls-server-end-point:late');
  const last = await first.next!.step(token);
  assert.is.not(parsed(last.token!).channelBindings, null);
});

test('the flags that are offered', async () => {
  const offered = async (flags: number, insideNegotiate = false, ntlm: NtlmConfig = {}, authData = ALICE) => {
    const { token } = await createNtlmCredential({ authData, ntlm, host: testHost() }).initiator({ targetName: null, flags, channelBindings: null, insideNegotiate }).step(null);
    assert.is(token!.length, 40);
    return flagsAt(token!, 12).toString(16);
  };
  assert.is(await offered(0), 'a2088207', "Internet Explorer's");
  assert.is(await offered(ISC_REQ_INTEGRITY), 'e2088297', "Windows's over Negotiate");
  assert.is(await offered(0, true), 'e2088297', 'a mechListMIC needs a key');
  assert.is(await offered(ISC_REQ_NO_INTEGRITY, true), 'a2088207');
  assert.is(await offered(ISC_REQ_CONFIDENTIALITY), 'e20882b7');
  assert.is(await offered(ISC_REQ_REPLAY_DETECT), 'e2088297');
  assert.is(await offered(ISC_REQ_IDENTIFY), 'a2188207');
  assert.is(await offered(0, false, { lmCompatibilityLevel: 0 }), 'a2008207');
  assert.is(await offered(SEALING, false, {}, { anonymous: true }), 'a2088207', 'an anonymous logon makes no keys');
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => offered(ISC_REQ_DATAGRAM));
});

test('the flags that a server chooses, and those that come back', async () => {
  const { challenge, authenticate } = await handshake();
  assert.is(flagsAt(challenge, 20), 0xe2898235);
  assert.is(flagsAt(authenticate, 60), 0xe2888235, 'TARGET_TYPE bits taken out');
  const plain = await handshake({ request: { flags: 0 } });
  assert.is(flagsAt(plain.challenge, 20) & KEY_128, 0, '128 is confirmed only with SIGN or SEAL');
  assert.is(plain.client.attributes, 0);
  const alone = await handshake({ serverNtlm: { netbiosDomainName: undefined } });
  assert.is(flagsAt(alone.challenge, 20) & 0x70000, 0x20000, 'a server without a domain');
});

test('attributes: SIGN inside Negotiate shows, IDENTIFY and DCE style too', async () => {
  const inside = await handshake({ request: { flags: 0, insideNegotiate: true } });
  assert.is(inside.client.attributes, ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT);
  const identify = await handshake({ request: { flags: ISC_REQ_IDENTIFY | ISC_REQ_USE_DCE_STYLE } });
  assert.is(identify.client.attributes, ISC_RET_IDENTIFY | ISC_RET_USED_DCE_STYLE);
  assert.is(identify.server.attributes & ASC_RET_IDENTIFY, ASC_RET_IDENTIFY);
});

test('KEY_EXCH with neither SIGN nor SEAL: the exported key is KXKEY, and none is sent', async () => {
  const keyed = (at: number) => (token: Uint8Array) => setFlags(token, at, (flags) => flags | KEY_EXCH);
  const { client, server } = parties({ request: { flags: 0 } });
  const first = await client.step(null);
  const second = await server.step(keyed(12)(first.token!));
  assert.ok(flagsAt(second.token!, 20) & KEY_EXCH);
  const third = await first.next!.step(second.token!);
  assert.is(parsed(third.token!).sessionKey.length, 0);
  // the MIC covers the NEGOTIATE as the client sent it, so the server is told of the change
  await fails('SEC_E_MESSAGE_ALTERED', () => second.next!.step(third.token!));
});

test('a server that drops what was required is a downgrade', async () => {
  for (const bit of [SIGN, SEAL, ESS, KEY_128]) {
    const error = await fails('SEC_E_UNSUPPORTED_FUNCTION', () => handshake({}, { challenge: without(20, bit) }));
    assert.is(error.offset, 20);
  }
  // 56 bits by choice
  const { client } = parties({ clientNtlm: { minimumKeyStrength: 56 } });
  const { server } = parties({ serverNtlm: { minimumKeyStrength: 56 } });
  const first = await client.step(null);
  const { token } = await server.step(first.token);
  assert.is((await first.next!.step(without(20, KEY_128)(token!))).established!.keyInfo.keySize, 56);
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => first.next!.step(without(20, KEY_128, KEY_56)(token!)));
  // what was not asked for may be missing
  await fails('SEC_E_MESSAGE_ALTERED', () => handshake({ request: { flags: 0 } }, { challenge: without(20, ESS, KEY_56) }));
});

test('a client inside Negotiate goes on without a key when the server knows no signing', async () => {
  const { client, server } = parties({ request: { flags: 0, insideNegotiate: true } });
  const first = await client.step(null);
  const { token } = await server.step(first.token);
  const last = await first.next!.step(without(20, SIGN)(token!));
  assert.is(last.established!.attributes, 0);
  assert.is(last.established!.mechListMicPossible, false);
  assert.is(last.established!.mechListMicRequired, false);
});

/** A client that offers exactly these flags, as other implementations do, against our server. */
async function handshakeOffering(offered: number, realm: Realm, hashedDomain = 'ADTEST'): Promise<{ client: NtlmSession; server: Established; token: Uint8Array }> {
  const { client: starter, server } = parties(realm);
  const negotiate = setFlags((await starter.step(null)).token!, 12, () => offered);
  const second = await server.step(negotiate);
  const names = utf16le('aliceADTESTWS');
  const hashes = new Uint8Array(48);
  hashes.set(ntowfv2(ntowfv1('P@ssw0rd!'), 'ALICE', hashedDomain));
  const built = buildAuthenticate({
    negotiate, challenge: second.token!, names, userLength: 10, domainLength: 12, workstationLength: 4, target: new Uint8Array(0), hashes,
    random: new Uint8Array(24).fill(9), time: 0, bindings: null, singleHost: null, ownFlags: offered, required: 0, requiredToProtect: 0, options: NTLM_V2,
  });
  const last = await second.next!.step(built.token);
  const client = new NtlmSession({
    initiator: true, flags: built.flags, attributes: 0, names: { client: '', target: null }, exportedSessionKey: built.exportedSessionKey, mic: built.mic,
    channelBindingsVerified: false, clientSpecifiedTarget: null,
  });
  return { client, server: last.established!, token: built.token };
}

for (const ess of [ESS, 0]) {
  for (const [strength, bits] of [[128, KEY_128 | KEY_56], [56, KEY_56], [40, 0]] as const) {
    for (const exchange of [KEY_EXCH, 0]) {
      test(`NTLMv2 with ${strength} bits, ${ess ? 'with' : 'without'} extended session security, ${exchange ? 'with' : 'without'} key exchange`, async () => {
        const offered = 0x8205 | SIGN | SEAL | ess | bits | exchange;
        const { client, server, token } = await handshakeOffering(offered, { serverNtlm: { minimumKeyStrength: strength } });
        assert.is(hex(client.sessionKey), hex(server.sessionKey));
        assert.is(server.keyInfo.keySize, ess ? strength : 128);
        assert.is(parsed(token).sessionKey.length, exchange ? 16 : 0);
        assert.is(Buffer.from(server.unwrap(client.wrap(ascii('to the server'), true)).message).toString(), 'to the server');
        assert.is(Buffer.from(client.unwrap(server.wrap(ascii('to the client'), true)).message).toString(), 'to the client');
        if (strength > 40) {
          const tooStrong = strength === 56 ? 128 : 56;
          const weaker = strength === 56 ? offered : offered & ~(KEY_128 | KEY_56);
          await fails('SEC_E_UNSUPPORTED_FUNCTION', () => handshakeOffering(weaker, { serverNtlm: { minimumKeyStrength: tooStrong } }));
        }
      });
    }
  }
}

test('SEAL alone protects messages as SIGN does', async () => {
  const { client, server } = await handshakeOffering(0x8205 | SEAL | ESS | KEY_128 | KEY_EXCH, {});
  assert.is(hex(client.sessionKey), hex(server.sessionKey));
  assert.is(server.attributes, ASC_RET_CONFIDENTIALITY);
  server.unwrap(client.wrap(ascii('x'), true));
});

test('a server wants strong keys too', async () => {
  const error = await fails('SEC_E_UNSUPPORTED_FUNCTION', () => handshake({}, { negotiate: without(12, KEY_128) }));
  assert.is(error.offset, 12);
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => handshake({ serverNtlm: { minimumKeyStrength: 56 } }, { negotiate: without(12, KEY_128, KEY_56) }));
  await fails('SEC_E_MESSAGE_ALTERED', () => handshake({}, { authenticate: without(60, KEY_128) })); // the MIC speaks first
});

test('user names: alone, as UPN, with a domain in front or beside', async () => {
  for (const [user, domain, expected] of [
    ['alice', undefined, 'alice'], ['alice@AD.TEST', undefined, 'alice@AD.TEST'], ['ADTEST\\alice', undefined, 'ADTEST\\alice'],
    ['alice', 'ADTEST', 'ADTEST\\alice'], ['OTHER\\alice', 'ADTEST', 'ADTEST\\alice'],
  ] as const) {
    const asked: string[] = [];
    const { client, server, authenticate } = await handshake({
      client: { user, password: 'secret', ...(domain === undefined ? {} : { domain }) },
      server: { accounts: (account) => { asked.push(`${account.domain}|${account.user}`); return { password: 'secret' }; } },
    });
    assert.is(client.names.client, expected);
    assert.is(server.names.client, expected);
    const message = parsed(authenticate);
    const domainSent = Buffer.from(authenticate.subarray(message.domain.offset, message.domain.offset + message.domain.length)).toString('utf16le');
    assert.equal(asked, [`${domainSent}|${expected.split('\\').at(-1)}`]);
  }
});

test('clients that leave the domain that they name out of their hash (MS-NLMP 3.2.5.1.2)', async () => {
  const { client, server } = await handshakeOffering(0x8205 | SIGN | SEAL | ESS | KEY_128 | KEY_EXCH, {}, '');
  assert.is(server.names.client, 'ADTEST\\alice');
  assert.is(Buffer.from(server.unwrap(client.wrap(ascii('sealed'), true)).message).toString(), 'sealed');
  await fails('SEC_E_LOGON_DENIED', () => handshakeOffering(0x8205 | SIGN | SEAL | ESS | KEY_128 | KEY_EXCH, {}, 'OTHER'));
});

test('an empty password is a password, and none but the right one', async () => {
  const accounts = () => ({ password: '' });
  await handshake({ client: { user: 'alice', password: '' }, server: { accounts } });
  await fails('SEC_E_LOGON_DENIED', () => handshake({ client: { user: 'alice', password: ' ' }, server: { accounts } }));
  await fails('SEC_E_LOGON_DENIED', () => handshake({ client: { user: 'alice', password: '' } }));
});

test('an NT hash serves as well as the password', async () => {
  const ntHash = Buffer.from('8846f7eaee8fb117ad06bdd830b7586c', 'hex'); // MD4 of 'password' in UTF-16LE
  await handshake({ client: { user: 'alice', ntHash }, server: { accounts: () => ({ password: 'password' }) } });
  await handshake({ client: { user: 'alice', password: 'password' }, server: { accounts: () => ({ ntHash }) } });
  assert.is(ntHash.toString('hex'), '8846f7eaee8fb117ad06bdd830b7586c', "the caller's hash stays");
  for (const wrong of [new Uint8Array(15), 'text', undefined]) {
    assert.throws(() => createNtlmCredential({ authData: { user: 'alice', ntHash: wrong as Uint8Array }, host: testHost() }), (error: unknown) => error instanceof TypeError);
  }
});

test('names and passwords outside ASCII', async () => {
  for (const user of ['alice-ÄÖÜß', 'alice-Ωμεγα', 'alice-😀', 'alice-ışık']) {
    await handshake({ client: { user, domain: 'Дом', password: '\ud800pässwörd😀' }, server: { accounts: () => ({ password: '\ud800pässwörd😀' }) } });
  }
});

test('OEM: a peer without Unicode', async () => {
  const names = (token: Uint8Array) => {
    const { user, domain, workstation } = parsed(token);
    return [domain, user, workstation].map(({ offset, length }) => Buffer.from(token.subarray(offset, offset + length)).toString('latin1'));
  };
  const { clientCredential, serverCredential } = parties({ request: { flags: 0 } });
  const first = await clientCredential.initiator({ targetName: null, flags: 0, channelBindings: null, insideNegotiate: false }).step(null);
  const second = await serverCredential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(without(12, UNICODE)(first.token!));
  const flags = flagsAt(second.token!, 20);
  assert.is(flags & (UNICODE | OEM), OEM);
  assert.is(Buffer.from(second.token!.subarray(56, 62)).toString('latin1'), 'ADTEST');
  const third = await first.next!.step(second.token!);
  assert.equal(names(third.token!), ['ADTEST', 'alice', 'WORKSTATION']);
  await fails('SEC_E_MESSAGE_ALTERED', () => second.next!.step(third.token!)); // only the MIC objects

  const umlaut = createNtlmCredential({ authData: { user: 'älice', password: 'x' }, host: testHost() });
  const start = await umlaut.initiator({ targetName: null, flags: 0, channelBindings: null, insideNegotiate: false }).step(null);
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => start.next!.step(second.token!));
  await fails('SEC_E_INVALID_TOKEN', () => start.next!.step(without(20, OEM)(second.token!)));
});

test('NEGOTIATE messages of 16, 32 and 40 bytes, and with names', async () => {
  const { serverCredential } = parties();
  const accept = async (token: Uint8Array) => serverCredential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(token);
  const { token } = await parties({ request: { flags: 0 } }).client.step(null);
  for (const length of [16, 32, 40]) assert.is((await accept(without(12, VERSION)(token!.slice(0, length)))).token![8], 2);
  await fails('SEC_E_INVALID_TOKEN', () => accept(token!.slice(0, 15)));
  const named = new Uint8Array(50);
  named.set(token!);
  named.set(ascii('DOMAINWORK'), 40);
  named.set([6, 0, 6, 0, 40, 0, 0, 0, 4, 0, 4, 0, 46, 0, 0, 0], 16);
  assert.is((await accept(named)).token![8], 2);
  const message = parseNtlmMessage(named);
  assert.equal(message.kind === 'NEGOTIATE' && [message.domain, message.workstation], [{ offset: 40, length: 6 }, { offset: 46, length: 4 }]);
  named[20] = 45;
  assert.is((await fails('SEC_E_INVALID_TOKEN', () => accept(named))).offset, 16);
  await fails('SEC_E_INVALID_TOKEN', () => accept(new Uint8Array(0x2000)));
});

/** A CHALLENGE as older servers send it. */
function oldChallenge(options: { header: number; flags: number; name?: string; info?: Uint8Array }): Uint8Array {
  const name = utf16le(options.name ?? 'OLD');
  const info = options.info ?? new Uint8Array(0);
  const token = new Uint8Array(options.header + name.length + info.length);
  const view = new DataView(token.buffer);
  token.set(ascii('NTLMSSP\0\x02'));
  view.setUint16(12, name.length, true);
  view.setUint16(14, name.length, true);
  view.setUint32(16, options.header, true);
  view.setUint32(20, options.flags, true);
  token.set(ascii('\x01\x02\x03\x04\x05\x06\x07\x08'), 24);
  if (options.header >= 48) {
    view.setUint16(40, info.length, true);
    view.setUint16(42, info.length, true);
    view.setUint32(44, options.header + name.length, true);
  }
  token.set(name, options.header);
  token.set(info, options.header + name.length);
  return token;
}

test('CHALLENGE headers of 32, 48 and 56 bytes; without a timestamp LMv2 instead of a MIC', async () => {
  const answer = async (challenge: Uint8Array) => {
    const first = await createNtlmCredential({ authData: ALICE, host: testHost() }).initiator({ targetName: 'x', flags: 0, channelBindings: null, insideNegotiate: false }).step(null);
    const { token, established } = await first.next!.step(challenge);
    return { token: token!, message: parsed(token!), established: established! };
  };
  const info = Uint8Array.of(2, 0, 2, 0, 0x41, 0, 0, 0, 0, 0);
  for (const [header, flags, ids] of [[32, 0x8201, []], [48, 0x8201 | TARGET_INFO, [2, 8, 9]], [56, 0x8201 | TARGET_INFO | VERSION, [2, 8, 9]]] as const) {
    const { token, message, established } = await answer(oldChallenge({ header, flags, ...(header > 32 ? { info } : {}) }));
    assert.equal([...avPairs(token, message.targetInfo)].map(({ id }) => id), ids);
    assert.is(message.mic, null);
    assert.is(established.mechListMicRequired, false);
    const lm = token.subarray(message.lmResponse.offset, message.lmResponse.offset + 24);
    assert.is.not(hex(lm.subarray(0, 16)), '00'.repeat(16), 'LMv2');
    assert.is(hex(lm.subarray(16)), hex(token.subarray(message.ntResponse.offset + 32, message.ntResponse.offset + 40)), "LMv2 ends with the client's challenge");
  }
  await fails('SEC_E_INVALID_TOKEN', () => answer(oldChallenge({ header: 32, flags: 0x8201 | TARGET_INFO, name: '' })));
  // the server's MsvAvFlags are merged, its client-only pairs dropped, unknown pairs kept
  const flagged = Uint8Array.of(6, 0, 4, 0, 1, 0, 0, 0, 7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x77, 0, 1, 0, 0xee, 9, 0, 2, 0, 0x41, 0, 10, 0, 16, 0, ...new Uint8Array(16).fill(5), 0, 0, 0, 0);
  const { token, message } = await answer(oldChallenge({ header: 48, flags: 0x8201 | TARGET_INFO, info: flagged }));
  assert.is(message.avFlags, 3);
  assert.is(message.mic, 72);
  assert.equal([...avPairs(token, message.targetInfo)].map(({ id }) => id), [6, 7, 0x77, 8, 9]);
  assert.is(hex(token.subarray(message.ntResponse.offset + 24, message.ntResponse.offset + 32)), '0102030405060708', "the server's time");
});

test('a server without its names protects no messages under NTLMv2 (MS-NLMP 3.1.5.1.2)', async () => {
  const name = (id: number) => [id, 0, 2, 0, 0x41, 0];
  const end = [0, 0, 0, 0];
  const answer = async (info: number[], flags: number, lmCompatibilityLevel: 2 | 3 = 3) => {
    const first = await createNtlmCredential({ authData: ALICE, ntlm: { lmCompatibilityLevel, minimumKeyStrength: 40 }, host: testHost() })
      .initiator({ targetName: 'x', flags, channelBindings: null, insideNegotiate: true }).step(null);
    return first.next!.step(oldChallenge({ header: 48, flags: 0x8235 | ESS | TARGET_INFO, info: Uint8Array.from(info) }));
  };
  for (const info of [[], end, [...name(1), ...end], [...name(2), ...end], [...name(3), ...name(4), ...end]]) {
    for (const flags of [ISC_REQ_INTEGRITY, ISC_REQ_CONFIDENTIALITY]) await fails('SEC_E_LOGON_DENIED', () => answer(info, flags));
    assert.ok((await answer(info, 0)).established, 'nobody asked for protection');
    assert.ok((await answer(info, SEALING, 2)).established, 'NTLMv1 has no use for them');
  }
  assert.ok((await answer([...name(2), ...name(3), ...name(1), ...end], SEALING)).established);
});

test('an unverified target name is marked', async () => {
  const { authenticate } = await handshake({ request: { flags: ISC_REQ_UNVERIFIED_TARGET_NAME } });
  assert.is(parsed(authenticate).avFlags, 2 | 4);
});

test('levels 0 to 2: NTLMv1 and LM between a client and a server that opted in', async () => {
  for (const [clientLevel, serverLevel] of [[0, 0], [0, 3], [1, 2], [2, 3], [2, 4], [1, 4], [3, 5], [5, 0]] as const) {
    for (const flags of [0, SEALING]) {
      const { client, server, authenticate } = await handshake({
        clientNtlm: { lmCompatibilityLevel: clientLevel }, serverNtlm: { lmCompatibilityLevel: serverLevel }, request: { flags },
      });
      assert.is(hex(client.sessionKey), hex(server.sessionKey));
      assert.is(parsed(authenticate).ntResponse.length > 24, clientLevel >= 3);
      if (flags !== 0) {
        assert.is(flagsAt(authenticate, 60) & ESS, clientLevel === 0 ? 0 : ESS);
        assert.is(flagsAt(authenticate, 60) & LM_KEY, clientLevel === 0 ? LM_KEY : 0, 'extended session security beats LM_KEY');
        assert.is(Buffer.from(server.unwrap(client.wrap(ascii('x'), true)).message).toString(), 'x');
        assert.is(Buffer.from(client.unwrap(server.wrap(ascii('y'), true)).message).toString(), 'y');
      }
    }
  }
  for (const [clientLevel, serverLevel] of [[0, 5], [1, 5], [2, 5], [2, undefined]] as const) {
    const serverNtlm = serverLevel === undefined ? {} : { lmCompatibilityLevel: serverLevel };
    const error = await fails('SEC_E_LOGON_DENIED', () => handshake({ clientNtlm: { lmCompatibilityLevel: clientLevel }, serverNtlm }));
    assert.match(error.message, /NTLMv1/);
  }
});

test('an LM response alone: accepted to level 3, refused from 4', async () => {
  // the NT response is taken out, the LM response stays
  const lmOnly = (token: Uint8Array) => {
    const copy = token.slice();
    copy.fill(0, 20, 24);
    return copy;
  };
  const realm = (level: 0 | 1 | 2 | 3 | 4 | 5) => ({ clientNtlm: { lmCompatibilityLevel: 0 as const }, serverNtlm: { lmCompatibilityLevel: level }, request: { flags: 0 } });
  const { server } = await handshake(realm(3), { authenticate: lmOnly });
  assert.is(server.names.client, 'ADTEST\\alice');
  for (const level of [4, 5] as const) {
    const error = await fails('SEC_E_LOGON_DENIED', () => handshake(realm(level), { authenticate: lmOnly }));
    assert.match(error.message, /with LM/);
  }
  await fails('SEC_E_LOGON_DENIED', () => handshake({ ...realm(3), server: { accounts: () => ({ password: 'another' }) } }, { authenticate: lmOnly }));
  await fails('SEC_E_LOGON_DENIED', () => handshake({ ...realm(3), server: { accounts: () => ({ password: 'longer than fourteen' }) } }, { authenticate: lmOnly }));
});

test('anonymous: only where it is allowed, and without keys', async () => {
  for (const realm of [{ client: { anonymous: true as const } }, { request: { flags: SEALING | ISC_REQ_NULL_SESSION } }, { client: { user: '', password: '' } }]) {
    await fails('SEC_E_LOGON_DENIED', () => handshake(realm));
    const { client, server, authenticate } = await handshake({ ...realm, server: { allowAnonymous: true } });
    assert.is(client.attributes, ISC_RET_NULL_SESSION);
    assert.is(server.attributes, ASC_RET_NULL_SESSION);
    assert.is(server.names.client, 'NT AUTHORITY\\ANONYMOUS LOGON');
    assert.is(client.sessionKey.length, 0);
    assert.is(server.sessionKey.length, 0);
    const message = parsed(authenticate);
    assert.equal([message.user.length, message.domain.length, message.lmResponse.length, message.ntResponse.length], [0, 0, 1, 0]);
    assert.ok(message.flags & 0x800);
    await fails('SEC_E_UNSUPPORTED_FUNCTION', () => client.wrap(ascii('x'), true));
    assert.is(server.mechListMicPossible, false);
  }
});

test('credentials that NTLM cannot use', async () => {
  const request = { targetName: null, flags: 0, channelBindings: null, insideNegotiate: false };
  for (const authData of [undefined, { keytab: new Uint8Array(0) }, { ccache: 'x' }]) {
    const credential = createNtlmCredential({ ...(authData === undefined ? {} : { authData }), host: testHost() });
    await fails('SEC_E_NO_CREDENTIALS', () => credential.initiator(request));
    await fails('SEC_E_NO_CREDENTIALS', () => credential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }));
    await credential.initiator({ ...request, flags: ISC_REQ_NULL_SESSION }).step(null);
  }
  await createNtlmCredential({ allowNullDefault: true, host: testHost() }).initiator(request).step(null);

  const credential = createNtlmCredential({ authData: ALICE, host: testHost() });
  credential.free();
  credential.free();
  await fails('SEC_E_INVALID_HANDLE', () => credential.initiator(request));
});

test('wrong configurations are told at once', () => {
  const make = (ntlm: object) => () => createNtlmCredential({ authData: ALICE, ntlm: ntlm as NtlmConfig, host: testHost() });
  for (const ntlm of [{ lmCompatibilityLevel: 6 }, { minimumKeyStrength: 64 }, { challengeLifetime: 0 }, { workstation: 'x'.repeat(256) }]) {
    assert.throws(make(ntlm), (error: unknown) => error instanceof RangeError);
  }
  assert.throws(make({ workstation: 5 }), (error: unknown) => error instanceof TypeError);
  assert.throws(() => createNtlmCredential({ authData: { user: 5 as unknown as string, password: 'x' }, host: testHost() }), (error: unknown) => error instanceof TypeError);
  assert.throws(() => createNtlmCredential({ authData: { user: 'a', password: 5 as unknown as string }, host: testHost() }), (error: unknown) => error instanceof TypeError);
  assert.throws(() => createNtlmCredential({ authData: { user: 'a'.repeat(3000), password: 'x' }, host: testHost() }), (error: unknown) => error instanceof RangeError);
});

test('what a client cannot answer', async () => {
  const { client } = parties();
  await fails('SEC_E_INVALID_TOKEN', () => client.step(Uint8Array.of(1)));
  const first = await client.step(null);
  await fails('SEC_E_INVALID_TOKEN', () => first.next!.step(null));
  assert.is((await fails('SEC_E_INVALID_TOKEN', () => first.next!.step(new Uint8Array(0)))).offset, 0);
  await fails('SEC_E_INVALID_TOKEN', () => first.next!.step(new Uint8Array(0x10000)));
  assert.is((await fails('SEC_E_INVALID_TOKEN', () => first.next!.step(first.token!))).offset, 8);
  const huge = oldChallenge({ header: 48, flags: 0xe2898235, name: '', info: Uint8Array.of(0x50, 0, 0xf0, 0xff, ...new Uint8Array(0xfff0), 0, 0, 0, 0) });
  await fails('SEC_E_INVALID_TOKEN', () => first.next!.step(huge.subarray(0, 0xffff)));
  const credential = createNtlmCredential({ authData: ALICE, host: testHost() });
  await fails('SEC_E_TARGET_UNKNOWN', () => credential.initiator({ targetName: 'x'.repeat(5000), flags: 0, channelBindings: null, insideNegotiate: false }));
});

test('a leg can be repeated, and states do not share what they hand out', async () => {
  const { client, server } = parties();
  const first = await client.step(null);
  first.token!.fill(0);
  const again = await client.step(null);
  const { token } = await server.step(again.token);
  const one = await again.next!.step(token);
  const two = await again.next!.step(token);
  assert.is(one.token!.length, two.token!.length);
  assert.is.not(hex(one.token!), hex(two.token!), 'fresh random bytes');
});

test('no hash and no message stays in the windows', async () => {
  await handshake();
  await fails('SEC_E_MESSAGE_ALTERED', () => handshake({}, { authenticate: without(60, SEAL) }));
  const { input, output, key } = core();
  for (const window of [input, output, key]) assert.is(window.findIndex((byte) => byte !== 0), -1);
});

test.run();
