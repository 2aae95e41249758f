import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { SspiErrorCode } from '../../../backends/contract/errors.ts';
import {
  ACCEPT_COMPLETE, ACCEPT_INCOMPLETE, REJECT, REQUEST_MIC, decodeNegotiationToken, encodeMechTypes, encodeNegTokenInit as init,
  encodeNegTokenResp as resp,
} from '../../../backends/wasm/core/spnego.ts';
import type { Handshake } from '../../../backends/wasm/mechanism.ts';
import { KRB5, KRB5_USER_TO_USER, MS_KRB5, NEGOEX, NTLMSSP } from '../../../backends/wasm/spnego/oids.ts';
import { acceptor, altered, describe, exchange, initiator } from './exchange.ts';
import { fakeErrorToken, fakeKerberos, fakeMic, fakeNtlm, fakeToken } from './fake-mechanism.ts';
import type { FakeOptions } from './fake-mechanism.ts';

const test = suite('SPNEGO refusals');

const protectedNtlm: FakeOptions = { micRequired: true };
const KERBEROS_AND_NTLM = encodeMechTypes([MS_KRB5, KRB5, NTLMSSP]);

async function refused(run: Promise<unknown>, code: SspiErrorCode, message: RegExp): Promise<SspiError> {
  try {
    await run;
  } catch (error) {
    assert.instance(error, SspiError, String(error));
    assert.is((error as SspiError).code, code, (error as Error).message);
    assert.match((error as SspiError).message, message);
    return error as SspiError;
  }
  throw new Error('it must be refused');
}

const invalid = (run: Promise<unknown>, message: RegExp) => refused(run, 'SEC_E_INVALID_TOKEN', message);

/** An initiator's state after its NegTokenInit. */
async function offered(client: Handshake): Promise<Handshake> {
  return (await client.step(null)).next!;
}

/** An NTLM client that has been told to reselect, and has sent NTLM#1. */
async function reselected(options: FakeOptions = {}): Promise<Handshake> {
  const first = await offered(initiator([fakeKerberos(), fakeNtlm(options)]));
  return (await first.step(resp({ negState: REQUEST_MIC, supportedMech: NTLMSSP }))).next!;
}

/** The same after NTLM#3 with the client's MIC. */
async function awaitingMic(): Promise<Handshake> {
  const state = await reselected();
  const step = await state.step(resp({ negState: ACCEPT_INCOMPLETE, responseToken: fakeToken('NTLM', 2) }));
  assert.is(describe(step.token!), 'incomplete NTLM#3 MIC');
  return step.next!;
}

test('initiator: accept-complete without mechListMIC after request-mic is a downgrade', async () => {
  await invalid((await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE })), /a mechListMIC expected, accept-complete came without one/);
  await invalid((await awaitingMic()).step(resp({ negState: ACCEPT_INCOMPLETE })), /a mechListMIC expected/);
  // The very first choice, when request-mic was asked for and the mechanism ends with the server's token.
  const first = resp({ negState: REQUEST_MIC, supportedMech: KRB5, responseToken: fakeToken('Kerberos', 2) });
  await invalid((await offered(initiator([fakeKerberos()]))).step(first), /a mechListMIC expected, request-mic came without one/);
});

test('initiator: accept-complete without mechListMIC where the mechanism needs one', async () => {
  const first = await offered(initiator([fakeNtlm(protectedNtlm)]));
  const step = await first.step(resp({ negState: ACCEPT_INCOMPLETE, supportedMech: NTLMSSP, responseToken: fakeToken('NTLM', 2) }));
  await invalid(step.next!.step(resp({ negState: ACCEPT_COMPLETE })), /mechListMIC expected/);
  const kerberos = await offered(initiator([fakeKerberos({ legs: 1, micRequired: true })]));
  await invalid(kerberos.step(resp({ negState: ACCEPT_COMPLETE })), /mechListMIC expected/);
});

test('initiator: a mechListMIC that does not match', async () => {
  const error = await refused((await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE, mechListMic: new Uint8Array(16) })), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  assert.is(error.token, undefined);
  // One over another list: the client covers the list that it sent.
  const other = fakeMic('NTLM', false, encodeMechTypes([NTLMSSP]));
  await refused((await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE, mechListMic: other })), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  const own = fakeMic('NTLM', true, KERBEROS_AND_NTLM);
  await refused((await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE, mechListMic: own })), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  const right = fakeMic('NTLM', false, KERBEROS_AND_NTLM);
  assert.ok((await (await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE, mechListMic: right }))).established);
});

test('a list changed on the way is found out by the mechListMIC, on either side', async () => {
  const cut = (token: Uint8Array, index: number) => {
    const offer = decodeNegotiationToken(token);
    return index === 0 && offer.kind === 'NegTokenInit' ? init({ mechTypes: encodeMechTypes([NTLMSSP]) }) : token;
  };
  // The server answers accept-incomplete for NTLM, which is tolerated, but the lists differ under the MIC.
  await refused(exchange(initiator([fakeKerberos(), fakeNtlm()]), acceptor([fakeKerberos(), fakeNtlm()]), { change: cut }), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  // And when the attacker plays request-mic too:
  const both = (token: Uint8Array, index: number) => (index === 1 ? altered(token, { negState: REQUEST_MIC }) : cut(token, index));
  await refused(exchange(initiator([fakeKerberos(), fakeNtlm()]), acceptor([fakeKerberos(), fakeNtlm()]), { change: both }), 'SEC_E_MESSAGE_ALTERED', /MIC/);
});

test('initiator: a mechanism that was not offered', async () => {
  for (const mech of [NTLMSSP, NEGOEX, KRB5_USER_TO_USER]) {
    await invalid((await offered(initiator([fakeKerberos()]))).step(resp({ negState: REQUEST_MIC, supportedMech: mech })), /which was not offered/);
  }
  // One that was dropped because it had no first token is not offered either.
  const dropped = await offered(initiator([fakeKerberos({ cannotStart: new SspiError('SEC_E_TARGET_UNKNOWN', 'x') }), fakeNtlm()]));
  await invalid(dropped.step(resp({ negState: REQUEST_MIC, supportedMech: KRB5 })), /not offered/);
});

test('initiator: reselection in other words than request-mic', async () => {
  const toKerberos = () => offered(initiator([fakeNtlm(), fakeKerberos()]));
  for (const negState of [ACCEPT_INCOMPLETE, ACCEPT_COMPLETE, null]) {
    await invalid((await toKerberos()).step(resp({ negState, supportedMech: KRB5 })), /request-mic expected with another mechanism/);
  }
  const toNtlm = () => offered(initiator([fakeKerberos(), fakeNtlm()]));
  await invalid((await toNtlm()).step(resp({ negState: ACCEPT_COMPLETE, supportedMech: NTLMSSP })), /request-mic expected/);
  await invalid((await toNtlm()).step(resp({ negState: REQUEST_MIC, supportedMech: NTLMSSP, responseToken: fakeToken('NTLM', 2) })), /no token expected/);
  await invalid((await toNtlm()).step(resp({ negState: REQUEST_MIC, supportedMech: NTLMSSP, mechListMic: new Uint8Array(16) })), /no mechListMIC expected/);
});

test('initiator: a mechanism changed twice, or in the middle', async () => {
  const challenge = { negState: ACCEPT_INCOMPLETE, responseToken: fakeToken('NTLM', 2) };
  await invalid((await reselected()).step(resp({ ...challenge, supportedMech: KRB5 })), /changed from NTLM to .*Kerberos/);
  const mechListMic = fakeMic('NTLM', false, KERBEROS_AND_NTLM);
  await invalid((await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE, supportedMech: KRB5, mechListMic })), /changed from NTLM/);
  // The same mechanism named again is what Samba does.
  assert.is(describe((await (await reselected()).step(resp({ ...challenge, supportedMech: NTLMSSP }))).token!), 'incomplete NTLM#3 MIC');
});

test('initiator: request-mic after the first reply', async () => {
  await invalid((await reselected()).step(resp({ negState: REQUEST_MIC, responseToken: fakeToken('NTLM', 2) })), /first reply/);
  await invalid((await awaitingMic()).step(resp({ negState: REQUEST_MIC })), /first reply/);
});

test('initiator: accept-complete before the mechanism is done', async () => {
  const fake = fakeNtlm({ legs: 5 });
  const first = await offered(initiator([fake]));
  await invalid(first.step(resp({ negState: ACCEPT_COMPLETE, supportedMech: NTLMSSP, responseToken: fakeToken('NTLM', 2) })), /NTLM is not done/);
  assert.is(fake.live.size, 1); // the state that still can be stepped
  first.dispose();
  assert.is(fake.live.size, 0);
  const three = await offered(initiator([fakeNtlm()]));
  await invalid(three.step(resp({ negState: ACCEPT_COMPLETE, supportedMech: NTLMSSP, responseToken: fakeToken('NTLM', 2) })), /still to be sent/);
  const none = await offered(initiator([fakeKerberos()]));
  await invalid(none.step(resp({ negState: ACCEPT_COMPLETE, supportedMech: KRB5 })), /a token of Kerberos expected, accept-complete came/);
});

test('initiator: tokens too many, MICs too early, replies with nothing in them', async () => {
  await invalid((await awaitingMic()).step(resp({ negState: ACCEPT_COMPLETE, responseToken: fakeToken('NTLM', 4) })), /no further token of NTLM/);
  const early = await offered(initiator([fakeNtlm({ legs: 5 })]));
  const tooEarly = resp({ negState: ACCEPT_INCOMPLETE, responseToken: fakeToken('NTLM', 2), mechListMic: new Uint8Array(16) });
  await invalid(early.step(tooEarly), /before NTLM was done/);
  await invalid((await offered(initiator([fakeKerberos({ legs: 1 })]))).step(resp({ negState: null })), /accept-complete expected, no negState/);
  await invalid((await offered(initiator([fakeKerberos({ legs: 1 })]))).step(resp({ negState: ACCEPT_INCOMPLETE })), /accept-complete expected/);
  await invalid((await offered(initiator([fakeKerberos()]))).step(null), /the token ends/);
  await invalid((await offered(initiator([fakeKerberos()]))).step(init({ mechTypes: KERBEROS_AND_NTLM })), /NegTokenResp expected/);
  // A raw token in answer to SPNEGO would leave the choice unprotected.
  await invalid((await offered(initiator([fakeNtlm()]))).step(fakeToken('NTLM', 2)), /0x4e came/);
});

test('initiator: a server\'s offer with nothing for us, or that is none', async () => {
  const hint = (...mechs: Uint8Array[]) => init({ mechTypes: encodeMechTypes(mechs), hintName: 'x' });
  await invalid(initiator([fakeKerberos()]).step(hint(NEGOEX, NTLMSSP)), /the server offers .*NEGOEX.*NTLM.*none of them/);
  await invalid(initiator([fakeKerberos()]).step(resp({ negState: 1 })), /NegTokenInit2 expected/);
  await invalid(initiator([fakeKerberos()]).step(fakeToken('NTLM', 2)), /0x4e/);
});

test('initiator: a mechanism without integrity, when a mechListMIC is asked for', async () => {
  const state = await reselected({ micPossible: false });
  await invalid(state.step(resp({ negState: ACCEPT_INCOMPLETE, responseToken: fakeToken('NTLM', 2) })), /negotiated without integrity/);
});

test('initiator: reject is the reason the mechanism finds in its token, or a denied logon', async () => {
  const reject = resp({ negState: REJECT, responseToken: fakeErrorToken('NTLM') });
  const error = await refused((await reselected()).step(reject), 'SEC_E_WRONG_PRINCIPAL', /why it refused/);
  assert.is(error.token, undefined);
  await refused((await reselected()).step(resp({ negState: REJECT })), 'SEC_E_LOGON_DENIED', /negState reject.*Kerberos, NTLM was offered/);
  const fake = fakeNtlm();
  const first = await offered(initiator([fake], { extendedError: true }));
  const plain = await refused(first.step(resp({ negState: REJECT, responseToken: fakeToken('NTLM', 2) })), 'SEC_E_LOGON_DENIED', /reject/);
  assert.is(plain.token, undefined, 'a reject is not answered');
  assert.ok(plain.remedy);
  first.dispose();
  assert.is(fake.live.size, 0);
  await refused((await awaitingMic()).step(resp({ negState: REJECT, responseToken: fakeErrorToken('NTLM') })), 'SEC_E_LOGON_DENIED', /reject/);
});

test('fallback is for mechanisms that are not to be had; a refused logon ends it', async () => {
  const ntlm = fakeNtlm();
  const denied = new SspiError('SEC_E_LOGON_DENIED', 'the KDC says that the password is wrong');
  assert.is(await refused(initiator([fakeKerberos({ cannotStart: denied }), ntlm]).step(null), 'SEC_E_LOGON_DENIED', /password/), denied);
  assert.is(ntlm.started, 0);
  for (const code of ['SEC_E_TIME_SKEW', 'SEC_E_INTERNAL_ERROR', 'SEC_E_WRONG_PRINCIPAL'] as const) {
    await refused(initiator([fakeKerberos({ cannotStart: new SspiError(code, 'x') }), ntlm]).step(null), code, /x/);
  }
  for (const code of ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'SEC_E_TARGET_UNKNOWN', 'SEC_E_NO_CREDENTIALS'] as const) {
    const step = await initiator([fakeKerberos({ cannotStart: new SspiError(code, 'x') }), ntlm]).step(null);
    assert.is(describe(step.token!), 'init 1 NTLM#1');
  }
});

test('when no mechanism has a first token, the first reason is reported', async () => {
  const first = new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC');
  for (const second of [new SspiError('SEC_E_NO_CREDENTIALS', 'no password'), new SspiError('SEC_E_LOGON_DENIED', 'no')]) {
    const client = initiator([fakeKerberos({ cannotStart: first }), fakeNtlm({ cannotStart: second })]);
    assert.is(await refused(client.step(null), 'SEC_E_NO_AUTHENTICATING_AUTHORITY', /no KDC/), first);
  }
  await refused(initiator([]).step(null), 'SEC_E_NO_CREDENTIALS', /no mechanism to offer/);
});

test('acceptor: nothing in common', async () => {
  const offer = init({ mechTypes: encodeMechTypes([NEGOEX, KRB5]), mechToken: fakeToken('Kerberos', 1) });
  const error = await invalid(acceptor([fakeNtlm()]).step(offer), /NEGOEX.*Kerberos.*none is accepted/);
  assert.match(error.remedy!, /Only NTLM/);
  await invalid(acceptor([fakeNtlm()]).step(init({ mechTypes: encodeMechTypes([]) })), /a list of mechanisms/);
  assert.match((await invalid(acceptor([]).step(offer), /none is accepted/)).remedy!, /Give the server a credential/);
});

test('acceptor: wrong first tokens', async () => {
  await invalid(acceptor([fakeNtlm()]).step(resp({ negState: 1 })), /NegTokenInit expected first/);
  await invalid(acceptor([fakeNtlm()]).step(fakeToken('Kerberos', 1)), /0x4b came/);
  const hinted = await acceptor([fakeNtlm()]).step(new Uint8Array());
  await invalid(hinted.next!.step(null), /the token ends/);
});

test('acceptor: a client that leaves out the mechListMIC', async () => {
  const cut = (from: number) => (token: Uint8Array, index: number) => (index === from ? altered(token, { mechListMic: null }) : token);
  await invalid(exchange(initiator([fakeKerberos(), fakeNtlm()]), acceptor([fakeNtlm()]), { change: cut(4) }), /the last token of NTLM came without one/);
  await invalid(exchange(initiator([fakeNtlm(protectedNtlm)]), acceptor([fakeNtlm(protectedNtlm)]), { change: cut(2) }), /mechListMIC expected/);
  await invalid(exchange(initiator([fakeNtlm(), fakeKerberos()]), acceptor([fakeKerberos()]), { change: cut(4) }), /mechListMIC expected, accept-complete/);
});

test('acceptor: a client\'s mechListMIC that does not match, or comes too early', async () => {
  const forge = (from: number) => (token: Uint8Array, index: number) => (index === from ? altered(token, { mechListMic: new Uint8Array(16) }) : token);
  await refused(exchange(initiator([fakeNtlm(protectedNtlm)]), acceptor([fakeNtlm(protectedNtlm)]), { change: forge(2) }), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  await refused(exchange(initiator([fakeNtlm(), fakeKerberos()]), acceptor([fakeKerberos()]), { change: forge(4) }), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  await invalid(exchange(initiator([fakeKerberos(), fakeNtlm()]), acceptor([fakeNtlm()]), { change: forge(2) }), /before NTLM was done/);
  const early = init({ mechTypes: encodeMechTypes([NTLMSSP]), mechToken: fakeToken('NTLM', 1), mechListMic: new Uint8Array(16) });
  await invalid(acceptor([fakeNtlm()]).step(early), /before NTLM was done/);
  // A context of one token can carry it in the NegTokenInit, and then it counts.
  const list = encodeMechTypes([KRB5]);
  const whole = (mic: Uint8Array) => init({ mechTypes: list, mechToken: fakeToken('Kerberos', 1), mechListMic: mic });
  await refused(acceptor([fakeKerberos({ legs: 1 })]).step(whole(new Uint8Array(16))), 'SEC_E_MESSAGE_ALTERED', /MIC/);
  assert.is(describe((await acceptor([fakeKerberos({ legs: 1 })]).step(whole(fakeMic('Kerberos', true, list)))).token!), 'complete mech MIC');
});

test('acceptor: tokens missing or too many, mechanisms changed, a client that gives up', async () => {
  const started = async () => (await acceptor([fakeNtlm()]).step(init({ mechTypes: encodeMechTypes([NTLMSSP]), mechToken: fakeToken('NTLM', 1) }))).next!;
  await invalid((await started()).step(resp({ negState: ACCEPT_INCOMPLETE })), /a token of NTLM expected/);
  await invalid((await started()).step(null), /the token ends/);
  await invalid((await started()).step(resp({ negState: 1, supportedMech: KRB5, responseToken: fakeToken('NTLM', 3) })), /changed from NTLM/);
  await refused((await started()).step(resp({ negState: REJECT })), 'SEC_E_LOGON_DENIED', /gave the negotiation up/);
  await invalid((await started()).step(init({ mechTypes: KERBEROS_AND_NTLM })), /NegTokenResp expected/);
  const kerberos = fakeKerberos({ micRequired: true });
  const first = await acceptor([kerberos]).step(init({ mechTypes: encodeMechTypes([KRB5]), mechToken: fakeToken('Kerberos', 1) }));
  await invalid(first.next!.step(resp({ negState: 0, responseToken: fakeToken('Kerberos', 3) })), /no further token/);
  first.next!.dispose();
  assert.is(kerberos.live.size, 0);
});

test('acceptor: a refused logon is no reason to try the next mechanism', async () => {
  const denied = new SspiError('SEC_E_LOGON_DENIED', 'the ticket is not for us');
  const ntlm = fakeNtlm();
  const offer = init({ mechTypes: KERBEROS_AND_NTLM, mechToken: fakeToken('Kerberos', 1) });
  await refused(acceptor([fakeKerberos({ refusesClient: denied }), ntlm]).step(offer), 'SEC_E_LOGON_DENIED', /not for us/);
  assert.equal(ntlm.inside, []);
});

test('with EXTENDED_ERROR the error carries a NegTokenResp that rejects, around the mechanism\'s own token', async () => {
  const bad = init({ mechTypes: encodeMechTypes([KRB5]), mechToken: fakeToken('Kerberos', 9) });
  const error = await invalid(acceptor([fakeKerberos()], { extendedError: true }).step(bad), /token 1 expected \(at byte 0\)$/);
  assert.is(describe(error.token!), 'reject Kerberos!error');
  assert.is(error.offset, 0);
  const plain = await invalid(acceptor([fakeKerberos()]).step(bad), /token 1 expected \(at byte 0\)$/);
  assert.is(plain.token, undefined);

  const malformed = await invalid(acceptor([fakeKerberos()], { extendedError: true }).step(Buffer.from('a0', 'hex')), /a length/);
  assert.is(describe(malformed.token!), 'reject');
  const client = await offered(initiator([fakeKerberos()], { extendedError: true }));
  const wrong = await invalid(client.step(resp({ negState: 0, responseToken: fakeToken('Kerberos', 4) })), /token 2 expected/);
  assert.is(describe(wrong.token!), 'reject Kerberos!error');
  // What the server then makes of it: the client's reason is not known to SPNEGO, the logon is off.
  const server = (await acceptor([fakeNtlm()]).step(init({ mechTypes: encodeMechTypes([NTLMSSP]), mechToken: fakeToken('NTLM', 1) }))).next!;
  await refused(server.step(wrong.token!), 'SEC_E_LOGON_DENIED', /gave the negotiation up/);
});

test('an error without SPNEGO around it stays so, and obeys EXTENDED_ERROR too', async () => {
  for (const extendedError of [false, true]) {
    const raw = await acceptor([fakeNtlm()], { extendedError }).step(fakeToken('NTLM', 1));
    const error = await invalid(raw.next!.step(fakeToken('NTLM', 9)), /token 3 expected/);
    assert.equal(error.token && Buffer.from(error.token).toString('latin1'), extendedError ? 'NTLM!error' : undefined);
  }
});

test('errors of another class pass unchanged', async () => {
  const bug = new TypeError('not ours');
  const noKdc = new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC');
  for (const mechanisms of [[fakeKerberos({ cannotStart: bug as never })], [fakeKerberos({ cannotStart: noKdc }), fakeNtlm({ cannotStart: bug as never })]]) {
    await initiator(mechanisms).step(null).then(() => assert.unreachable(), (error) => assert.is(error, bug));
  }
});

test.run();
