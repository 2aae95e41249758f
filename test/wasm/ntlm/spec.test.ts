import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ISC_REQ_CONFIDENTIALITY } from '../../../backends/contract/flags.ts';
import { createRc4 } from '../../../backends/wasm/core/cipher.ts';
import { buildAuthenticate, NTLM_V2 } from '../../../backends/wasm/core/ntlm-handshake.ts';
import { kxkey, lmowfv1, ntowfv1, ntowfv2 } from '../../../backends/wasm/core/ntlm-hash.ts';
import { createNtlmCredential, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { upperCase } from '../../../backends/wasm/ntlm/names.ts';
import { NtlmSession } from '../../../backends/wasm/ntlm/session.ts';
import { bytes, hex, testHost, utf16le } from './support.ts';

const spec = JSON.parse(readFileSync(new URL('../../vectors/ntlm-spec.json', import.meta.url), 'utf8'));
const random = bytes(spec.clientChallenge + spec.randomSessionKey);
const ownFlags = 0xe20882b7;

/** The AUTHENTICATE that a client of this level answers to a CHALLENGE of 4.2. */
async function answer(level: 0 | 1 | 2, challenge: string): Promise<{ token: Uint8Array; session: NtlmSession }> {
  const credential = createNtlmCredential({
    authData: { user: spec.user, domain: spec.domain, password: spec.password },
    ntlm: { lmCompatibilityLevel: level, workstation: spec.workstation, minimumKeyStrength: 40 },
    host: testHost([new Uint8Array(32), random]),
  });
  const first = await credential.initiator({ targetName: null, flags: ISC_REQ_CONFIDENTIALITY, channelBindings: null, insideNegotiate: false }).step(null);
  const last = await first.next!.step(bytes(challenge));
  return { token: last.token!, session: last.established as NtlmSession };
}

function field(token: Uint8Array, name: 'lmResponse' | 'ntResponse' | 'sessionKey'): string {
  const message = parseNtlmMessage(token);
  if (message.kind !== 'AUTHENTICATE') throw new Error(message.kind);
  const { offset, length } = message[name];
  return hex(token.subarray(offset, offset + length));
}

const test = suite('MS-NLMP 4.2');

test('LMOWFv1, NTOWFv1, NTOWFv2', () => {
  assert.is(hex(lmowfv1(spec.password)!), spec.lmowfv1);
  assert.is(hex(ntowfv1(spec.password)), spec.ntowfv1);
  assert.is(hex(ntowfv2(ntowfv1(spec.password), upperCase(spec.user), spec.domain)), spec.ntowfv2);
});

for (const { name, flags, key } of spec.kxkey) {
  test(`KXKEY of NTLMv1: ${name}`, () => {
    const hashes = { ntowfv1: bytes(spec.ntowfv1), lmowfv1: bytes(spec.lmowfv1) };
    assert.is(hex(kxkey(Number(flags), hashes, bytes(spec.serverChallenge), bytes(spec.ntlmv1.lmResponse))), key);
  });
}

test('KXKEY of NTLMv1 with extended session security', () => {
  const hashes = { ntowfv1: bytes(spec.ntowfv1), lmowfv1: bytes(spec.lmowfv1) };
  const { lmResponse, keyExchangeKey } = spec.ntlmv1Extended;
  assert.is(hex(kxkey(0x00080000, hashes, bytes(spec.serverChallenge), bytes(lmResponse))), keyExchangeKey);
});

test('NTLMv1: the AUTHENTICATE behind its header, and GSS_WrapEx', async () => {
  const { token, session } = await answer(0, spec.ntlmv1.challenge);
  assert.is(hex(token.subarray(88)), spec.ntlmv1.payload);
  assert.is(hex(token.subarray(72, 88)), '00'.repeat(16), 'no MIC');
  assert.is(hex(session.wrap(bytes(spec.plaintext), true)), spec.ntlmv1.signature + spec.ntlmv1.sealed);
});

test('NTLMv1 without an LM response sends the NT response twice', async () => {
  const { token } = await answer(2, spec.ntlmv1.challenge);
  assert.is(field(token, 'lmResponse'), spec.ntlmv1.ntResponse);
  assert.is(field(token, 'ntResponse'), spec.ntlmv1.ntResponse);
});

for (const { flags, key } of spec.encryptedSessionKey) {
  test(`the encrypted session key with ${flags}`, () => {
    const { key: keyExchangeKey } = spec.kxkey.find((entry: { flags: string }) => entry.flags === flags);
    assert.is(hex(createRc4(bytes(keyExchangeKey)).update(bytes(spec.randomSessionKey))), key);
  });
}

test('a client that is granted LM_KEY exchanges keys under it', async () => {
  const challenge = bytes(spec.ntlmv1.challenge);
  new DataView(challenge.buffer).setUint32(20, 0xe20282b3, true);
  const { token } = await answer(0, hex(challenge));
  assert.is(field(token, 'sessionKey'), spec.encryptedSessionKey[2].key);
});

test('NTLMv1 with extended session security: responses, and GSS_WrapEx under 56 bits without key exchange', async () => {
  const vector = spec.ntlmv1Extended;
  const { token, session } = await answer(1, vector.challenge);
  assert.is(field(token, 'lmResponse'), vector.lmResponse);
  assert.is(field(token, 'ntResponse'), vector.ntResponse);
  assert.is(field(token, 'sessionKey'), '');
  assert.is(hex(session.sessionKey), vector.keyExchangeKey);
  assert.is(hex(session.wrap(bytes(spec.plaintext), true)), vector.signature + vector.sealed);
});

test('NTLMv2: the AUTHENTICATE behind its header, and GSS_WrapEx', () => {
  const hashes = new Uint8Array(48);
  hashes.set(bytes(spec.ntowfv2));
  const built = buildAuthenticate({
    negotiate: new Uint8Array(40), challenge: bytes(spec.ntlmv2.challenge), names: utf16le(spec.user + spec.domain + spec.workstation),
    userLength: 8, domainLength: 12, workstationLength: 16, target: new Uint8Array(0), hashes, random, time: -11644473600000,
    bindings: null, singleHost: null, ownFlags, required: 0, requiredToProtect: 0, options: NTLM_V2,
  });
  assert.is(hex(built.token.subarray(88)), spec.ntlmv2.payload);
  assert.is(hex(built.exportedSessionKey), spec.randomSessionKey);
  assert.is(built.mic, false, 'no timestamp, no MIC');
  const session = new NtlmSession({
    initiator: true, flags: built.flags, attributes: 0, names: { client: '', target: null }, exportedSessionKey: built.exportedSessionKey, mic: false,
    channelBindingsVerified: false, clientSpecifiedTarget: null,
  });
  assert.is(hex(session.wrap(bytes(spec.plaintext), true)), spec.ntlmv2.signature + spec.ntlmv2.sealed);
});

test.run();
