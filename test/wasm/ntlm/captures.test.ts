import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gssChannelBindings } from '../../../backends/contract/bindings.ts';
import { ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY } from '../../../backends/contract/flags.ts';
import { hash } from '../../../backends/wasm/core/hash.ts';
import { verifyAuthenticate } from '../../../backends/wasm/core/ntlm-handshake.ts';
import { kxkey, ntowfv1, ntowfv2 } from '../../../backends/wasm/core/ntlm-hash.ts';
import { createNtlmCredential, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { upperCase } from '../../../backends/wasm/ntlm/names.ts';
import { NtlmSession } from '../../../backends/wasm/ntlm/session.ts';
import { ascii, bytes, fails, hex, testHost } from './support.ts';

const captures = JSON.parse(readFileSync(new URL('../../vectors/captures.json', import.meta.url), 'utf8'));
const capture = (name: string) => captures.ntlm.find((entry: { name: string }) => entry.name === name);
const misc = (name: string) => captures.misc.find((entry: { name: string }) => entry.name === name);
const windows = capture('sspi_ntlm');
const negotiated = capture('gssapi_negotiate_ntlm_with_ntlm');
const bound = capture('ws2008r2_cbt');

function hashesOf(entry: { password: string; user: string; domain: string }): Uint8Array {
  const hashes = new Uint8Array(48);
  hashes.set(ntowfv2(ntowfv1(entry.password), upperCase(entry.user), entry.domain));
  return hashes;
}

function session(initiator: boolean, flags: number, key: string): NtlmSession {
  return new NtlmSession({
    initiator, flags, attributes: 0, names: { client: '', target: null }, exportedSessionKey: bytes(key), mic: false,
    channelBindingsVerified: false, clientSpecifiedTarget: null,
  });
}

const test = suite('NTLM captures');

test('our client writes the messages of Windows Server 2019 to the byte', async () => {
  const [negotiate, challenge, authenticate] = [1, 2, 3].map((type) => bytes(windows.ntlm_messages[type]));
  const captured = parseNtlmMessage(authenticate!);
  assert.is(captured.kind, 'AUTHENTICATE');
  if (captured.kind !== 'AUTHENTICATE') return;
  const machineId = authenticate!.slice(captured.singleHost!.offset + 16, captured.singleHost!.offset + 48);
  const clientChallenge = authenticate!.slice(captured.ntResponse.offset + 32, captured.ntResponse.offset + 40);
  const random = new Uint8Array(24);
  random.set(clientChallenge);
  random.set(bytes(windows.exportedSessionKey), 8);

  const credential = createNtlmCredential({
    authData: { user: windows.user, password: windows.password },
    ntlm: { workstation: 'SERVER2019', emptyChannelBindings: true },
    host: testHost([machineId, random]),
  });
  const start = credential.initiator({
    targetName: 'HOST\\dc01.domain.local', flags: ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY, channelBindings: null, insideNegotiate: false,
  });
  const first = await start.step(null);
  assert.is(hex(first.token!), hex(negotiate!));
  const last = await first.next!.step(challenge!);
  assert.is(hex(last.token!), hex(authenticate!));
  assert.is(hex(last.established!.sessionKey), windows.exportedSessionKey);
});

test('our server writes the CHALLENGE of a Windows domain controller, but for its version', async () => {
  const captured = bytes(windows.ntlm_messages[2]);
  const parsed = parseNtlmMessage(captured);
  assert.is(parsed.kind, 'CHALLENGE');
  if (parsed.kind !== 'CHALLENGE') return;
  const filetime = new DataView(captured.buffer, captured.byteOffset).getBigUint64(parsed.timestamp!, true);
  const credential = createNtlmCredential({
    acceptor: { accounts: () => null },
    ntlm: {
      netbiosDomainName: 'DOMAIN', netbiosComputerName: 'DC01', dnsDomainName: 'domain.local', dnsComputerName: 'DC01.domain.local', dnsTreeName: 'domain.local',
    },
    host: testHost([captured.slice(24, 32)], Number(filetime / 10000n) - 11644473600000),
  });
  const answer = await credential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(bytes(windows.ntlm_messages[1]));
  const expected = captured.slice();
  expected.set(answer.token!.subarray(48, 56), 48);
  expected.set(answer.token!.subarray(parsed.timestamp!, parsed.timestamp! + 2), parsed.timestamp!); // a Date has milliseconds, not 100 ns
  assert.is(hex(answer.token!), hex(expected));
});

for (const entry of [windows, negotiated]) {
  test(`proof, MIC, echo and keys of ${entry.name}`, () => {
    const [negotiate, challenge, authenticate] = [1, 2, 3].map((type) => bytes(entry.ntlm_messages[type]));
    assert.is(hex(hashesOf(entry).subarray(0, 16)), entry.ntowfv2);
    const order = { negotiate: negotiate!, challenge: challenge!, authenticate: authenticate!, hashes: hashesOf(entry), options: 0 };
    const verified = verifyAuthenticate(order);
    assert.is(verified?.message.mic, entry.micOffset);
    assert.is(hex(verified!.exportedSessionKey), entry.exportedSessionKey);
  });
}

test('mechListMICs of both directions', () => {
  const flags = Number(negotiated.flags);
  const [fromClient, fromServer] = negotiated.mechListMICs.map(bytes);
  const mechTypes = bytes(negotiated.mechTypesDER);
  const client = session(true, flags, negotiated.exportedSessionKey);
  const server = session(false, flags, negotiated.exportedSessionKey);
  assert.is(hex(client.makeMechListMic(mechTypes)), hex(fromClient));
  server.verifyMechListMic(mechTypes, fromClient);
  assert.is(hex(server.makeMechListMic(mechTypes)), hex(fromServer));
  client.verifyMechListMic(mechTypes, fromServer);
  // the handles are as before, the numbers are not
  const token = client.wrap(ascii('after'), true);
  assert.is(token[12], 1);
  assert.is(Buffer.from(server.unwrap(token).message).toString(), 'after');
});

test('Windows 7 with channel bindings: the proof holds, its MIC needs the NEGOTIATE that was not captured', async () => {
  const authenticate = bytes(bound.authenticate);
  const order = { negotiate: new Uint8Array(0), challenge: bytes(bound.challenge), authenticate, hashes: hashesOf(bound), options: 0 };
  const error = await fails('SEC_E_MESSAGE_ALTERED', () => verifyAuthenticate(order));
  assert.is(error.offset, 72);
  const wrong = { ...order, hashes: hashesOf({ ...bound, password: 'P@ssw0rd!' }) };
  assert.is(verifyAuthenticate(wrong), null);

  const message = parseNtlmMessage(authenticate);
  assert.is(message.kind, 'AUTHENTICATE');
  if (message.kind !== 'AUTHENTICATE') return;
  const at = message.channelBindings!;
  const structure = gssChannelBindings(Buffer.concat([ascii('tls-server-end-point:'), bytes(bound.certSha256)]));
  assert.is(hex(structure), bound.gss_channel_bindings_struct);
  assert.is(hex(hash('md5', structure)), hex(authenticate.subarray(at, at + 16)));
});

test('KXKEY by LM_KEY without an LM hash', () => {
  const { lmowf, lmResponse, expectedKXKEY } = misc('ZERO_LMKEY KXKEY');
  const zeros = bytes(lmowf);
  assert.is(hex(kxkey(0x80, { ntowfv1: zeros, lmowfv1: zeros }, new Uint8Array(8), bytes(lmResponse))), expectedKXKEY);
});

test('NTOWFv1 outside the BMP', () => {
  const { password, expected } = misc('NTOWFv1 non-BMP');
  assert.is(hex(ntowfv1(password)), expected);
});

test("Samba's signatures", () => {
  const extended = misc('samba ntlmssp_sign ESS+128');
  const data = bytes(extended.data);
  assert.is(hex(session(true, 0x60080010, extended.sessionKey).makeSignature([data], 0)), extended.expectedSignature);
  assert.is(hex(session(true, 0x20080010, extended.sessionKey).makeSignature([data], 0)), extended.recomputed.noKeyExch);
  // 40 bits by LM_KEY make this session key of the first five bytes of the other
  const plain = misc('samba ntlmssp_sign no ESS');
  assert.ok(extended.sessionKey.startsWith('0102030405') && plain.sessionKey === '0102030405e538b0');
  const signature = session(true, 0x40000090, extended.sessionKey).makeSignature([data], 0);
  assert.is(hex(signature.subarray(8)), plain.expectedSignature.slice(16, 32));
});

test.run();
