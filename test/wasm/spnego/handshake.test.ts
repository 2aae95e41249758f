import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OctetString } from '@peculiar/asn1-schema';
import { SspiError } from '../../../backends/contract/errors.ts';
import { ISC_REQ_NO_INTEGRITY, ISC_REQ_USE_DCE_STYLE } from '../../../backends/contract/flags.ts';
import { decodeNegotiationToken, encodeMechTypes, encodeNegTokenInit, encodeNegTokenResp } from '../../../backends/wasm/core/spnego.ts';
import type { InitiatorRequest } from '../../../backends/wasm/mechanism.ts';
import { createSpnegoInitiator } from '../../../backends/wasm/spnego/initiator.ts';
import { KRB5, KRB5_DRAFT, MS_KRB5, NEGOEX, NTLMSSP } from '../../../backends/wasm/spnego/oids.ts';
import { encodeChoice, NegTokenInit } from './asn1.ts';
import { acceptor, altered, describe, exchange, initiator } from './exchange.ts';
import { fakeKerberos, fakeNtlm, fakeToken } from './fake-mechanism.ts';
import type { FakeMechanism, FakeOptions } from './fake-mechanism.ts';

const test = suite('SPNEGO handshakes');
const hex = (data: Uint8Array | null | undefined) => (data ? Buffer.from(data).toString('hex') : null);

const oneAlive = (mechanism: FakeMechanism) => assert.is(mechanism.live.size, 1, `${mechanism.name} leaks ${mechanism.live.size - 1}`);
const noneAlive = (mechanism: FakeMechanism) => assert.is(mechanism.live.size, 0, `${mechanism.name} leaks ${mechanism.live.size}`);

/** Client and server with mechanisms of their own; what went over the wire. */
async function run(
  client: { kerberos?: FakeOptions | null; ntlm?: FakeOptions | null }, server: { kerberos?: FakeOptions | null; ntlm?: FakeOptions | null },
  options: { serverBegins?: boolean } = {},
) {
  const make = ({ kerberos, ntlm }: typeof client) => [
    ...(kerberos === null ? [] : [fakeKerberos(kerberos)]), ...(ntlm === null ? [] : [fakeNtlm(ntlm)]),
  ];
  const [clientSide, serverSide] = [make(client), make(server)];
  const outcome = await exchange(initiator(clientSide), acceptor(serverSide), options);
  // Whatever was made on the way is gone, and the two contexts live.
  for (const side of [clientSide, serverSide]) assert.is(side.reduce((sum, { live }) => sum + live.size, 0), 1);
  outcome.client.dispose();
  outcome.server.dispose();
  return outcome;
}

test('Kerberos first, mutual: two tokens, no mechListMIC, as Windows does', async () => {
  const { wire, client, server, clientFallback } = await run({}, {});
  assert.equal(wire, ['client: init 3 Kerberos#1', 'server: complete mech Kerberos#2']);
  assert.is(client.mechanism, 'Kerberos');
  assert.is(server.mechanism, 'Kerberos');
  assert.is(clientFallback, undefined);
});

test('Kerberos first, not mutual: the server still says accept-complete', async () => {
  const { wire } = await run({ kerberos: { legs: 1 } }, { kerberos: { legs: 1 } });
  assert.equal(wire, ['client: init 3 Kerberos#1', 'server: complete mech']);
});

test('NTLM alone, without a MIC of its own', async () => {
  const { wire } = await run({ kerberos: null }, { kerberos: null });
  assert.equal(wire, ['client: init 1 NTLM#1', 'server: incomplete mech NTLM#2', 'client: incomplete NTLM#3', 'server: complete']);
});

test('NTLM alone, with a MIC of its own: mechListMIC both ways, as Windows does', async () => {
  const { wire } = await run({ kerberos: null, ntlm: { micRequired: true } }, { kerberos: null, ntlm: { micRequired: true } });
  assert.equal(wire, ['client: init 1 NTLM#1', 'server: incomplete mech NTLM#2', 'client: incomplete NTLM#3 MIC', 'server: complete MIC']);
});

test('a server that knows only NTLM reselects and asks for the mechListMIC', async () => {
  const { wire, client, clientFallback } = await run({}, { kerberos: null });
  assert.equal(wire, [
    'client: init 3 Kerberos#1', 'server: request-mic mech', 'client: incomplete NTLM#1', 'server: incomplete NTLM#2',
    'client: incomplete NTLM#3 MIC', 'server: complete MIC',
  ]);
  assert.is(client.mechanism, 'NTLM');
  assert.match(clientFallback!.message, /chose NTLM, though Kerberos was offered first/);
});

test('a reselected mechanism whose last token is the server\'s has the extra leg that carries the MIC', async () => {
  const first = fakeNtlm();
  const [kerberosClient, kerberosServer] = [fakeKerberos(), fakeKerberos()];
  const { wire, client } = await exchange(initiator([first, kerberosClient]), acceptor([kerberosServer]));
  assert.equal(wire, [
    'client: init 3 NTLM#1', 'server: request-mic mech', 'client: incomplete Kerberos#1', 'server: incomplete Kerberos#2 MIC', 'client: complete MIC',
  ]);
  assert.is(client.mechanism, 'Kerberos');
  noneAlive(first);
  oneAlive(kerberosClient);
  oneAlive(kerberosServer);
});

test('a reselected mechanism of one token sends its MIC with it', async () => {
  const { wire } = await exchange(initiator([fakeNtlm(), fakeKerberos({ legs: 1 })]), acceptor([fakeKerberos({ legs: 1 })]));
  assert.equal(wire, ['client: init 3 NTLM#1', 'server: request-mic mech', 'client: incomplete Kerberos#1 MIC', 'server: complete MIC']);
});

test('a first choice that needs a mechListMIC (DCE style): with three tokens, and with two', async () => {
  const three: FakeOptions = { legs: 3, micRequired: true };
  assert.equal((await run({ kerberos: three }, { kerberos: three })).wire, [
    'client: init 3 Kerberos#1', 'server: incomplete mech Kerberos#2', 'client: incomplete Kerberos#3 MIC', 'server: complete MIC',
  ]);
  const two: FakeOptions = { legs: 2, micRequired: true };
  assert.equal((await run({ kerberos: two }, { kerberos: two })).wire, [
    'client: init 3 Kerberos#1', 'server: incomplete mech Kerberos#2 MIC', 'client: complete MIC',
  ]);
  const one: FakeOptions = { legs: 1, micRequired: true };
  assert.equal((await run({ kerberos: one }, { kerberos: one })).wire, ['client: init 3 Kerberos#1', 'server: incomplete mech MIC', 'client: complete MIC']);
});

test('a client in DCE style sends its mechListMIC and wants one, whatever the mechanism says', async () => {
  const { wire } = await exchange(initiator([fakeKerberos({ legs: 3 })], { flags: ISC_REQ_USE_DCE_STYLE }), acceptor([fakeKerberos({ legs: 3 })]));
  assert.equal(wire, ['client: init 2 Kerberos#1', 'server: incomplete mech Kerberos#2', 'client: incomplete Kerberos#3 MIC', 'server: complete MIC']);
});

test('four and five legs, and mechanisms that wait', async () => {
  assert.equal((await run({ ntlm: { legs: 4 }, kerberos: null }, { ntlm: { legs: 4 }, kerberos: null })).wire.length, 4);
  const slowly: FakeOptions = { legs: 5, slow: true };
  const cannotStart = new SspiError('SEC_E_NO_CREDENTIALS', 'x');
  assert.equal((await run({ ntlm: slowly, kerberos: { cannotStart, slow: true } }, { ntlm: slowly })).wire.length, 6);
});

test('one side needs the mechListMIC, the other does not: whoever gets one answers with one', async () => {
  const ntlm = await run({ kerberos: null, ntlm: { micRequired: true } }, { kerberos: null });
  assert.equal(ntlm.wire.slice(2), ['client: incomplete NTLM#3 MIC', 'server: complete MIC']);
  assert.equal((await run({ kerberos: { legs: 2 } }, { kerberos: { legs: 2, micRequired: true } })).wire, [
    'client: init 3 Kerberos#1', 'server: incomplete mech Kerberos#2 MIC', 'client: complete MIC',
  ]);
  assert.equal((await run({ kerberos: { legs: 1 } }, { kerberos: { legs: 1, micRequired: true } })).wire, [
    'client: init 3 Kerberos#1', 'server: incomplete mech MIC', 'client: complete MIC',
  ]);
});

test('the server begins: its NegTokenInit2 says what it takes, our order stays', async () => {
  const { wire } = await run({}, {}, { serverBegins: true });
  assert.equal(wire, ['server: init 3 hint', 'client: init 3 Kerberos#1', 'server: complete mech Kerberos#2']);
  const onlyNtlm = await run({}, { kerberos: null }, { serverBegins: true });
  assert.equal(onlyNtlm.wire.slice(0, 3), ['server: init 1 hint', 'client: init 1 NTLM#1', 'server: incomplete mech NTLM#2']);
  assert.match(onlyNtlm.clientFallback!.message, /does not offer Kerberos/);
});

test('the NegTokenInit2 is the one of Windows but for the list', async () => {
  const step = await acceptor([fakeKerberos(), fakeNtlm()]).step(null);
  const decoded = decodeNegotiationToken(step.token!);
  assert.is(decoded.kind === 'NegTokenInit' && decoded.hintName, 'not_defined_in_RFC4178@please_ignore');
  const mechTypes = encodeMechTypes([MS_KRB5, KRB5, NTLMSSP]);
  assert.is(hex(step.token), hex(encodeNegTokenInit({ mechTypes, hintName: 'not_defined_in_RFC4178@please_ignore' })));
});

test('a client may answer the NegTokenInit2 with a raw token', async () => {
  const ntlm = fakeNtlm();
  const hinted = await acceptor([fakeKerberos(), ntlm]).step(null);
  const challenge = await hinted.next!.step(fakeToken('NTLM', 1));
  assert.is(describe(challenge.token!), 'NTLM#2');
  const last = await challenge.next!.step(fakeToken('NTLM', 3));
  assert.is(last.established!.mechanism, 'NTLM');
});

test('raw tokens are answered raw', async () => {
  const ntlm = fakeNtlm();
  const server = acceptor([fakeKerberos(), ntlm]);
  const client = fakeNtlm().initiator({ targetName: null, flags: 0, channelBindings: null, insideNegotiate: false });
  const { wire, server: established } = await exchange(client, server);
  assert.equal(wire, ['client: NTLM#1', 'server: NTLM#2', 'client: NTLM#3']);
  assert.equal(ntlm.inside, [false]);
  established.dispose();
  noneAlive(ntlm);
});

test('mechanisms inside know that they are inside', async () => {
  const [kerberos, ntlm] = [fakeKerberos(), fakeNtlm()];
  await exchange(initiator([kerberos]), acceptor([ntlm, fakeKerberos()]));
  assert.equal(kerberos.inside, [true]);
});

test('the list offered: Microsoft\'s Kerberos first, the draft\'s OID never', async () => {
  const step = await initiator([fakeKerberos(), fakeNtlm()]).step(null);
  const init = decodeNegotiationToken(step.token!);
  assert.is(init.kind === 'NegTokenInit' && hex(init.mechTypes), hex(encodeMechTypes([MS_KRB5, KRB5, NTLMSSP])));
});

for (const [name, oid] of [['Microsoft\'s', MS_KRB5], ['the standard', KRB5], ['the draft\'s', KRB5_DRAFT]] as const) {
  test(`the acceptor echoes ${name} OID of Kerberos where the client listed it first`, async () => {
    const init = encodeNegTokenInit({ mechTypes: encodeMechTypes([oid, NTLMSSP]), mechToken: fakeToken('Kerberos', 1) });
    const step = await acceptor([fakeKerberos(), fakeNtlm()]).step(init);
    const resp = decodeNegotiationToken(step.token!);
    assert.is(resp.kind === 'NegTokenResp' && hex(resp.supportedMech), hex(oid));
    assert.is(describe(step.token!), 'complete mech Kerberos#2');
  });

  test(`the initiator takes ${name} OID of Kerberos for its own`, async () => {
    const first = await initiator([fakeKerberos(), fakeNtlm()]).step(null);
    const last = await first.next!.step(encodeNegTokenResp({ negState: 0, supportedMech: oid, responseToken: fakeToken('Kerberos', 2) }));
    assert.is(last.established!.mechanism, 'Kerberos');
    assert.is(last.token, null);
  });
}

test('a missing supportedMech in the first reply is the optimistic mechanism', async () => {
  const first = await initiator([fakeKerberos(), fakeNtlm()]).step(null);
  const last = await first.next!.step(encodeNegTokenResp({ negState: 0, responseToken: fakeToken('Kerberos', 2) }));
  assert.is(last.established!.mechanism, 'Kerberos');
});

test('continuation without negState, as Samba sends it', async () => {
  const ntlm: FakeOptions = { micRequired: true };
  const { wire } = await exchange(initiator([fakeNtlm(ntlm)]), acceptor([fakeNtlm(ntlm)]), {
    change: (token, index) => (index === 1 || index === 2 ? altered(token, { negState: null }) : token),
  });
  assert.equal(wire, ['client: init 1 NTLM#1', 'server: none mech NTLM#2', 'client: none NTLM#3 MIC', 'server: complete MIC']);
});

test('the first mechanism of the client is NEGOEX: it is passed over, and the next one is a reselection', async () => {
  const server = fakeNtlm();
  const list = encodeMechTypes([NEGOEX, NTLMSSP]);
  const step = await acceptor([fakeKerberos(), server]).step(encodeNegTokenInit({ mechTypes: list, mechToken: new Uint8Array(40) }));
  assert.is(describe(step.token!), 'request-mic mech');
});

test('NEGOEX between the client\'s mechanisms changes nothing', async () => {
  const list = encodeMechTypes([MS_KRB5, KRB5, NEGOEX, NTLMSSP]);
  const step = await acceptor([fakeKerberos(), fakeNtlm()]).step(encodeNegTokenInit({ mechTypes: list, mechToken: fakeToken('Kerberos', 1) }));
  assert.is(describe(step.token!), 'complete mech Kerberos#2');
});

test('a client that sends no optimistic token is told the mechanism and sends it then', async () => {
  const ntlm = fakeNtlm();
  const step = await acceptor([ntlm]).step(encodeNegTokenInit({ mechTypes: encodeMechTypes([NTLMSSP]) }));
  assert.is(describe(step.token!), 'incomplete mech');
  const challenge = await step.next!.step(encodeNegTokenResp({ negState: 1, responseToken: fakeToken('NTLM', 1) }));
  assert.is(describe(challenge.token!), 'incomplete NTLM#2');
});

test('a NegTokenInit without a list is taken by its token', async () => {
  const init = new NegTokenInit();
  init.mechToken = new OctetString(fakeToken('NTLM', 1));
  const step = await acceptor([fakeKerberos(), fakeNtlm()]).step(encodeChoice(init));
  assert.is(describe(step.token!), 'incomplete mech NTLM#2');
});

test('a mechListMIC equal to the token is ignored (Windows 2000)', async () => {
  const first = await initiator([fakeNtlm()]).step(null);
  const challenge = fakeToken('NTLM', 2);
  const step = await first.next!.step(encodeNegTokenResp({ negState: 1, supportedMech: NTLMSSP, responseToken: challenge, mechListMic: challenge }));
  assert.is(describe(step.token!), 'incomplete NTLM#3');
});

test('an NTLM reselected with accept-incomplete, as Windows 2003 does; its mechListMIC is required all the same', async () => {
  const { wire } = await exchange(initiator([fakeKerberos(), fakeNtlm()]), acceptor([fakeNtlm()]), {
    change: (token, index) => (index === 1 ? altered(token, { negState: 1 }) : token),
  });
  assert.equal(wire.slice(1), [
    'server: incomplete mech', 'client: incomplete NTLM#1', 'server: incomplete NTLM#2', 'client: incomplete NTLM#3 MIC', 'server: complete MIC',
  ]);
});

test('a mechanism that cannot sign needs no mechListMIC, once the caller gave integrity up', async () => {
  const unsigned: FakeOptions = { micPossible: false, micRequired: true };
  const client = initiator([fakeKerberos(), fakeNtlm(unsigned)], { flags: ISC_REQ_NO_INTEGRITY });
  const { wire } = await exchange(client, acceptor([fakeNtlm(unsigned)]));
  assert.equal(wire.slice(1), [
    'server: request-mic mech', 'client: incomplete NTLM#1', 'server: incomplete NTLM#2', 'client: incomplete NTLM#3', 'server: complete',
  ]);
});

test('a mechanism that cannot make its first token is not offered, and its reason is kept', async () => {
  const reason = new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC of AD.TEST answers');
  const { wire, clientFallback, client } = await run({ kerberos: { cannotStart: reason } }, {});
  assert.equal(wire, ['client: init 1 NTLM#1', 'server: incomplete mech NTLM#2', 'client: incomplete NTLM#3', 'server: complete']);
  assert.is(clientFallback, reason);
  assert.is(client.mechanism, 'NTLM');
});

test('an acceptor whose Kerberos lacks the key goes on with NTLM, protected by the mechListMIC', async () => {
  const reason = new SspiError('SEC_E_NO_KERB_KEY', 'the keytab has no key for HTTP/other');
  const { wire, serverFallback } = await run({}, { kerberos: { refusesClient: reason } });
  assert.equal(wire.slice(0, 2), ['client: init 3 Kerberos#1', 'server: request-mic mech']);
  assert.is(serverFallback, reason);
});

test('a state and what its last step gave may be given up in either order', async () => {
  const [client, server] = [fakeKerberos({ legs: 1 }), fakeKerberos({ legs: 1, micRequired: true })];
  const init = await initiator([client]).step(null);
  const reply = await acceptor([server]).step(init.token);
  assert.is(describe(reply.token!), 'incomplete mech MIC');
  const step = await init.next!.step(reply.token);
  init.next!.dispose();
  oneAlive(client);
  step.established!.dispose();
  noneAlive(client);
  const last = await reply.next!.step(step.token);
  reply.next!.dispose();
  oneAlive(server);
  last.established!.dispose();
  noneAlive(server);
  for (const stateFirst of [true, false]) {
    const begun = await initiator([client]).step(null);
    const given = await begun.next!.step(reply.token);
    for (const one of stateFirst ? [begun.next!, given.established!] : [given.established!, begun.next!]) one.dispose();
    noneAlive(client);
  }
});

test('channel bindings that come on a later leg reach the mechanism', async () => {
  const seen: (() => Uint8Array | null)[] = [];
  const ntlm = fakeNtlm();
  const spy = { ...ntlm, initiator: (request: InitiatorRequest) => (seen.push(() => request.channelBindings), ntlm.initiator(request)) };
  const request = { targetName: null, flags: 0, channelBindings: null as Uint8Array | null, insideNegotiate: true, extendedError: false };
  await createSpnegoInitiator([spy], request).step(null);
  assert.is(seen[0]!(), null);
  request.channelBindings = new Uint8Array([1]);
  assert.equal(seen[0]!(), new Uint8Array([1]));
});

test('an abandoned negotiation keeps nothing, whichever state it was left in', async () => {
  for (let legs = 1; legs <= 5; legs++) {
    const [client, server] = [fakeNtlm({ micRequired: true }), fakeNtlm({ micRequired: true })];
    let states = { a: initiator([client]), b: acceptor([server]) };
    let token: Uint8Array | null = null;
    for (let leg = 0; leg < legs; leg++) {
      const step = await states.a.step(token);
      states.a.dispose();
      token = step.token;
      if (!step.next) {
        step.established!.dispose();
        break;
      }
      states = { a: states.b, b: step.next };
    }
    states.a.dispose();
    states.b.dispose();
    states.b.dispose();
    noneAlive(client);
    noneAlive(server);
  }
});

test.run();
