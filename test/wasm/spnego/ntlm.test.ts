import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { SspiErrorCode } from '../../../backends/contract/errors.ts';
import { ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_NO_INTEGRITY } from '../../../backends/contract/flags.ts';
import { decodeNegotiationToken, encodeMechTypes, encodeNegTokenInit, encodeNegTokenResp } from '../../../backends/wasm/core/spnego.ts';
import { createNtlmCredential, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { NtlmSession } from '../../../backends/wasm/ntlm/session.ts';
import { NEGOEX, NTLMSSP } from '../../../backends/wasm/spnego/oids.ts';
import { ALICE, ascii, bytes, hex, testHost } from '../ntlm/support.ts';
import { acceptor, altered, exchange, initiator } from './exchange.ts';
import type { Outcome } from './exchange.ts';
import { fakeKerberos } from './fake-mechanism.ts';

const test = suite('NTLM inside SPNEGO');

const captures = JSON.parse(readFileSync(new URL('../../vectors/spnego-captures.json', import.meta.url), 'utf8')).ntlmInSmb;
const SEALING = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY;

const clientNtlm = (password = 'P@ssw0rd!') => createNtlmCredential({ authData: { ...ALICE, password }, host: testHost() });
const serverNtlm = () => createNtlmCredential({
  acceptor: { accounts: ({ user }) => (user === 'alice' ? { password: 'P@ssw0rd!' } : null) },
  ntlm: { netbiosDomainName: 'ADTEST', netbiosComputerName: 'DC1', dnsDomainName: 'ad.test' }, host: testHost(),
});

/** What each token is: the SPNEGO around it, and the NTLM message in it. */
function shape(token: Uint8Array): string {
  const decoded = decodeNegotiationToken(token);
  const inner = decoded.kind === 'NegTokenInit' ? decoded.mechToken : decoded.responseToken;
  const state = decoded.kind === 'NegTokenInit' ? 'init' : String(decoded.negState);
  const message = inner === null ? null : inner[0] === 0x4e ? `type ${inner[8]}` : 'other';
  return [state, message, decoded.mechListMic && `MIC ${decoded.mechListMic.length}`].filter(Boolean).join(' ');
}

async function negotiate(client: Parameters<typeof exchange>[0], server: Parameters<typeof exchange>[1], options: Parameters<typeof exchange>[2] = {}) {
  const shapes: string[] = [];
  const change = (token: Uint8Array, index: number) => {
    const sent = options.change?.(token, index) ?? token;
    shapes.push(shape(sent));
    return sent;
  };
  return { ...(await exchange(client, server, { ...options, change })), shapes };
}

/** Both sides speak, with the numbers that follow the mechListMIC's. */
function talk({ client, server }: Outcome, firstNumber: number): void {
  assert.is(hex(client.sessionKey), hex(server.sessionKey));
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const token = from.wrap(ascii('a message'), true);
    assert.is(token[12], firstNumber);
    assert.is(Buffer.from(to.unwrap(token).message).toString(), 'a message');
    to.verifySignature([ascii('signed')], from.makeSignature([ascii('signed')], 0));
  }
}

async function refused(run: Promise<unknown>, code: SspiErrorCode): Promise<SspiError> {
  try {
    await run;
  } catch (error) {
    assert.instance(error, SspiError, String(error));
    assert.is((error as SspiError).code, code, (error as Error).message);
    return error as SspiError;
  }
  throw new Error(`${code} expected`);
}

test('the whole handshake, with the mechListMIC of both sides, in the shapes of Windows', async () => {
  const outcome = await negotiate(initiator([clientNtlm()], { flags: SEALING }), acceptor([serverNtlm()]));
  assert.equal(outcome.shapes, ['init type 1', '1 type 2', '1 type 3 MIC 16', '0 MIC 16']);
  assert.is(outcome.server.names.client, 'ADTEST\\alice');
  assert.is(outcome.server.clientSpecifiedTarget, 'HTTP/web.ad.test');
  // The mechListMIC has number 0, the first message 1, under an RC4 state that is the first again (MS-SPNG 3.3.5.1).
  talk(outcome, 1);
});

test('Windows\'s own mechListMICs, from its session key', () => {
  const { flags } = parseNtlmMessage(bytes(captures.authenticate));
  const session = (isInitiator: boolean) => new NtlmSession({
    initiator: isInitiator, flags, attributes: 0, names: { client: '', target: null }, exportedSessionKey: bytes(captures.exportedSessionKey), mic: true,
    channelBindingsVerified: false, clientSpecifiedTarget: null,
  });
  const [client, server] = [session(true), session(false)];
  assert.ok(client.mechListMicPossible);
  assert.is(hex(client.makeMechListMic(bytes(captures.mechTypes))), captures.clientMechListMic);
  server.verifyMechListMic(bytes(captures.mechTypes), bytes(captures.clientMechListMic));
  assert.is(hex(server.makeMechListMic(bytes(captures.mechTypes))), captures.serverMechListMic);
  client.verifyMechListMic(bytes(captures.mechTypes), bytes(captures.serverMechListMic));
});

test('without sign or seal asked for, inside SPNEGO there is still a key for the mechListMIC', async () => {
  const outcome = await negotiate(initiator([clientNtlm()]), acceptor([serverNtlm()]));
  assert.equal(outcome.shapes, ['init type 1', '1 type 2', '1 type 3 MIC 16', '0 MIC 16']);
  assert.ok(outcome.client.mechListMicPossible);
});

test('ISC_REQ_NO_INTEGRITY: no key to sign with, no mechListMIC, even after a reselection', async () => {
  const flags = ISC_REQ_NO_INTEGRITY;
  assert.equal((await negotiate(initiator([clientNtlm()], { flags }), acceptor([serverNtlm()]))).shapes, ['init type 1', '1 type 2', '1 type 3', '0']);
  const reselected = await negotiate(initiator([fakeKerberos(), clientNtlm()], { flags }), acceptor([serverNtlm()]));
  assert.equal(reselected.shapes, ['init other', '3', '1 type 1', '1 type 2', '1 type 3', '0']);
  assert.is(reselected.client.mechListMicPossible, false);
});

test('the server begins, and reselection: both end with the mechListMICs', async () => {
  const begun = await negotiate(initiator([fakeKerberos(), clientNtlm()], { flags: SEALING }), acceptor([serverNtlm()]), { serverBegins: true });
  assert.equal(begun.shapes, ['init', 'init type 1', '1 type 2', '1 type 3 MIC 16', '0 MIC 16']);
  talk(begun, 1);
  const reselected = await negotiate(initiator([fakeKerberos(), clientNtlm()], { flags: SEALING }), acceptor([serverNtlm()]));
  assert.equal(reselected.shapes, ['init other', '3', '1 type 1', '1 type 2', '1 type 3 MIC 16', '0 MIC 16']);
  talk(reselected, 1);
  assert.match(reselected.clientFallback!.message, /chose NTLM/);
});

test('a client that lists NEGOEX first is asked for NTLM\'s own first token', async () => {
  const list = encodeMechTypes([NEGOEX, NTLMSSP]);
  const step = await acceptor([serverNtlm()]).step(encodeNegTokenInit({ mechTypes: list, mechToken: ascii('NEGOEXTS') }));
  assert.is(shape(step.token!), '3');
});

test('raw NTLM is answered with raw NTLM, on the first call and after the server began', async () => {
  for (const begin of [false, true]) {
    const client = clientNtlm().initiator({ targetName: 'HTTP/web.ad.test', flags: SEALING, channelBindings: null, insideNegotiate: false });
    let server = acceptor([serverNtlm()]);
    if (begin) server = (await server.step(null)).next!;
    const first = await client.step(null);
    const challenge = await server.step(first.token);
    assert.is(challenge.token![8], 2);
    const authenticate = await first.next!.step(challenge.token);
    const last = await challenge.next!.step(authenticate.token);
    assert.is(last.token, null);
    talk({ client: authenticate.established!, server: last.established! } as Outcome, 0);
  }
});

test('any leg can be repeated, and the last one\'s keys are those of the peer', async () => {
  const twice = async (handshake: ReturnType<typeof initiator>, token: Uint8Array | null) => {
    const discarded = await handshake.step(token);
    discarded.next?.dispose();
    discarded.established?.dispose();
    const step = await handshake.step(token);
    handshake.dispose();
    return step;
  };
  const init = await twice(initiator([clientNtlm()], { flags: SEALING }), null);
  const challenge = await twice(acceptor([serverNtlm()]), init.token);
  const authenticate = await twice(init.next!, challenge.token);
  const end = await twice(challenge.next!, authenticate.token);
  const last = await authenticate.next!.step(end.token);
  authenticate.next!.dispose();
  talk({ client: last.established!, server: end.established! } as Outcome, 1);
});

test('a wrong password is SEC_E_LOGON_DENIED, and with EXTENDED_ERROR the client learns of it', async () => {
  const server = acceptor([serverNtlm()], { extendedError: true });
  const first = await initiator([clientNtlm('wrong')]).step(null);
  const challenge = await server.step(first.token);
  const authenticate = await first.next!.step(challenge.token);
  const error = await refused(challenge.next!.step(authenticate.token), 'SEC_E_LOGON_DENIED');
  assert.is(shape(error.token!), '2');
  await refused(authenticate.next!.step(error.token!), 'SEC_E_LOGON_DENIED');
});

test('each mechListMIC changed or taken out on its way is refused', async () => {
  const run = (index: number, change: (mic: Uint8Array) => Uint8Array | null) => exchange(initiator([clientNtlm()]), acceptor([serverNtlm()]), {
    change(token, at) {
      const decoded = decodeNegotiationToken(token);
      return at === index && decoded.mechListMic ? altered(token, { mechListMic: change(decoded.mechListMic) }) : token;
    },
  });
  const flipped = (at: number) => (mic: Uint8Array) => mic.map((byte, index) => (index === at ? byte ^ 1 : byte));
  for (const leg of [2, 3]) {
    for (const at of [4, 11]) await refused(run(leg, flipped(at)), 'SEC_E_MESSAGE_ALTERED');
    await refused(run(leg, flipped(12)), 'SEC_E_OUT_OF_SEQUENCE');
    await refused(run(leg, () => null), 'SEC_E_INVALID_TOKEN');
    await refused(run(leg, () => ascii('x')), 'SEC_E_INVALID_TOKEN');
  }
});

test('a list that lost Kerberos on its way is refused', async () => {
  const change = (token: Uint8Array, index: number) => {
    if (index !== 0) return token;
    return encodeNegTokenInit({ mechTypes: encodeMechTypes([NTLMSSP]) });
  };
  await refused(exchange(initiator([fakeKerberos(), clientNtlm()]), acceptor([fakeKerberos(), serverNtlm()]), { change }), 'SEC_E_MESSAGE_ALTERED');
  // Kerberos' and NTLM's tokens swapped by somebody who plays both sides: accept-complete ends it without the MIC.
  await refused(exchange(initiator([fakeKerberos(), clientNtlm()]), acceptor([serverNtlm()]), {
    change: (token, index) => (index === 5 ? encodeNegTokenResp({ negState: 0 }) : token),
  }), 'SEC_E_INVALID_TOKEN');
});

test.run();
