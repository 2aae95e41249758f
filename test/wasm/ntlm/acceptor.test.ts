import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AcceptorData } from '../../../backends/contract/credentials.ts';
import { ASC_REQ_ALLOW_MISSING_BINDINGS, ASC_REQ_ALLOW_NULL_SESSION, ASC_REQ_DATAGRAM, ISC_REQ_UNVERIFIED_TARGET_NAME } from '../../../backends/contract/flags.ts';
import { avPairs, createNtlmCredential, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { SspiError } from '../../../backends/contract/errors.ts';
import { ALICE, ascii, fails, handshake, parties, testHost } from './support.ts';

const BINDINGS = ascii('tls-server-end-point:0123456789abcdef');

const flip = (at: number) => (token: Uint8Array) => {
  const copy = token.slice();
  copy[at]! ^= 1;
  return copy;
};

/** Takes one pair out of a message's target info, as an attacker in the middle would. */
function withoutPair(id: number) {
  return (token: Uint8Array): Uint8Array => {
    const message = parseNtlmMessage(token);
    if (message.kind !== 'CHALLENGE') throw new Error(message.kind);
    const pair = [...avPairs(token, message.targetInfo)].find((one) => one.id === id)!;
    const from = pair.offset - 4;
    const to = pair.offset + pair.value.length;
    const shorter = new Uint8Array(token.length - (to - from));
    shorter.set(token.subarray(0, from));
    shorter.set(token.subarray(to), from);
    const view = new DataView(shorter.buffer);
    view.setUint16(40, view.getUint16(40, true) - (to - from), true);
    view.setUint16(42, view.getUint16(42, true) - (to - from), true);
    return shorter;
  };
}

const test = suite('NTLM acceptor');

test('a wrong password and an unknown user fail alike', async () => {
  const wrong = await fails('SEC_E_LOGON_DENIED', () => handshake({ client: { ...ALICE, password: 'wrong' } as typeof ALICE }));
  const unknown = await fails('SEC_E_LOGON_DENIED', () => handshake({ client: { user: 'mallory', domain: 'ADTEST', password: 'P@ssw0rd!' } }));
  assert.is(wrong.message, unknown.message);
  assert.is(wrong.remedy, unknown.remedy);
  assert.is(wrong.offset, unknown.offset);
  // whoever knows what an unknown account is checked against is still not let in
  await fails('SEC_E_LOGON_DENIED', () => handshake({ client: { user: 'mallory', password: 'no such account' } }));
  await fails('SEC_E_LOGON_DENIED', () => handshake({ client: { user: 'mallory', ntHash: new Uint8Array(16) } }));
});

test('accounts may take their time, and may fail', async () => {
  await handshake({ server: { accounts: async () => { await new Promise((resolve) => setTimeout(resolve, 5)); return { password: 'P@ssw0rd!' }; } } });
  const cause = new Error('the directory is down');
  const error = await fails('SEC_E_INTERNAL_ERROR', () => handshake({ server: { accounts: () => { throw cause; } } }));
  assert.is(error.cause, cause);
  assert.is((await fails('SEC_E_INTERNAL_ERROR', () => handshake({ server: { accounts: () => Promise.reject(cause) } }))).cause, cause);
  for (const answer of [{}, { ntHash: new Uint8Array(15) }, { password: 5 }, { ntHash: 'x' }]) {
    const accounts = (() => answer) as unknown as AcceptorData['accounts'] & object;
    await fails('SEC_E_INTERNAL_ERROR', () => handshake({ server: { accounts } }));
  }
  await fails('SEC_E_INTERNAL_ERROR', () => handshake({ server: { accounts: () => ({ password: 'x'.repeat(40_000) }) } }));
});

test('an aborted handshake stops after the lookup, and can be repeated', async () => {
  const { client, server } = parties({ server: { accounts: async () => ({ password: 'P@ssw0rd!' }) } });
  const first = await client.step(null);
  const second = await server.step(first.token);
  const { token } = await first.next!.step(second.token);
  const controller = new AbortController();
  const running = second.next!.step(token, controller.signal);
  controller.abort();
  try {
    await running;
    assert.unreachable();
  } catch (error) {
    assert.is(error, controller.signal.reason);
  }
  assert.ok((await second.next!.step(token)).established);
});

test('every field of the three messages is covered', async () => {
  const { negotiate, challenge, authenticate } = await handshake();
  const statuses = async (message: 'negotiate' | 'challenge' | 'authenticate', length: number) => {
    const seen = new Set<string>();
    for (let at = 0; at < length; at++) {
      try {
        await handshake({}, { [message]: flip(at) });
        seen.add(`${message} byte ${at} may change`);
      } catch (error) {
        if (!(error instanceof SspiError)) throw error;
        seen.add(error.code);
      }
    }
    return [...seen].sort();
  };
  assert.equal(await statuses('negotiate', negotiate.length), ['SEC_E_INVALID_TOKEN', 'SEC_E_MESSAGE_ALTERED']);
  assert.equal(await statuses('challenge', challenge.length), ['SEC_E_INVALID_TOKEN', 'SEC_E_LOGON_DENIED', 'SEC_E_MESSAGE_ALTERED']);
  assert.equal(await statuses('authenticate', authenticate.length), ['SEC_E_INVALID_TOKEN', 'SEC_E_LOGON_DENIED', 'SEC_E_MESSAGE_ALTERED']);
});

test('a broken MIC is not a wrong password', async () => {
  const error = await fails('SEC_E_MESSAGE_ALTERED', () => handshake({}, { authenticate: flip(75) }));
  assert.match(error.message, /MIC/);
  assert.is(error.offset, 72);
});

test('a CHALLENGE whose timestamp was taken out does not get around the MIC', async () => {
  for (const id of [7, 3]) await fails('SEC_E_MESSAGE_ALTERED', () => handshake({}, { challenge: withoutPair(id) }));
  for (const id of [2, 1]) await fails('SEC_E_MESSAGE_ALTERED', () => handshake({ request: { flags: 0 } }, { challenge: withoutPair(id) }));
  const error = await fails('SEC_E_MESSAGE_ALTERED', () => handshake({}, { challenge: withoutPair(7) }));
  assert.match(error.message, /target info that this server did not send/);
});

test('the MIC stands at 64 where a client sends no Version', async () => {
  // our own AUTHENTICATE, its Version taken out: every payload moves up by eight, and the MIC is made anew by the core's own rule
  const { client, server } = parties();
  const first = await client.step(null);
  const second = await server.step(first.token);
  const { token } = await first.next!.step(second.token);
  const moved = new Uint8Array(token!.length - 8);
  moved.set(token!.subarray(0, 64));
  moved.set(token!.subarray(72), 64);
  const view = new DataView(moved.buffer);
  for (let at = 12; at < 60; at += 8) view.setUint32(at + 4, view.getUint32(at + 4, true) - 8, true);
  view.setUint32(60, view.getUint32(60, true) & ~0x02000000, true);
  const message = parseNtlmMessage(moved);
  assert.is(message.kind === 'AUTHENTICATE' && message.mic, 64);
  const error = await fails('SEC_E_MESSAGE_ALTERED', () => second.next!.step(moved));
  assert.is(error.offset, 64);
});

test('a challenge lives five minutes', async () => {
  for (const [minutes, lives] of [[4.9, true], [5.1, false], [-4.9, true], [-5.1, false]] as const) {
    const serverHost = testHost();
    const { client, server } = parties({ serverHost });
    const first = await client.step(null);
    const second = await server.step(first.token);
    const { token } = await first.next!.step(second.token);
    serverHost.time += minutes * 60_000;
    if (lives) assert.ok((await second.next!.step(token)).established);
    else await fails('SEC_E_CONTEXT_EXPIRED', () => second.next!.step(token));
  }
  const serverHost = testHost();
  const { client, server } = parties({ serverHost, serverNtlm: { challengeLifetime: 1000 } });
  const first = await client.step(null);
  const second = await server.step(first.token);
  serverHost.time += 1001;
  await fails('SEC_E_CONTEXT_EXPIRED', async () => second.next!.step((await first.next!.step(second.token)).token));
});

test('a challenge is answered once', async () => {
  const guess = createNtlmCredential({ authData: { ...ALICE, password: 'guess' } as typeof ALICE, host: testHost() });
  const { client, server } = parties();
  const first = await client.step(null);
  const second = await server.step(first.token);
  const right = (await first.next!.step(second.token)).token;
  const request = { targetName: 'HTTP/web.ad.test', flags: 0x10010, channelBindings: null, insideNegotiate: false };
  const wrong = (await (await guess.initiator(request).step(null)).next!.step(second.token)).token;
  await fails('SEC_E_LOGON_DENIED', () => second.next!.step(wrong));
  const error = await fails('SEC_E_INVALID_TOKEN', () => second.next!.step(right));
  assert.match(error.message, /answered already/);

  // the leg itself may be repeated, for instance when its output did not fit
  const other = parties();
  const one = await other.client.step(null);
  const two = await other.server.step(one.token);
  const { token } = await one.next!.step(two.token);
  assert.ok((await two.next!.step(token)).established);
  assert.ok((await two.next!.step(token)).established);
  const another = (await one.next!.step(two.token)).token;
  await fails('SEC_E_INVALID_TOKEN', () => two.next!.step(another));
});

test('channel bindings by policy', async () => {
  const other = ascii('tls-server-end-point:another');
  const policies = ['never', 'whenSupported', 'always'] as const;
  // client, server, then the outcome under each policy
  const table = [
    [BINDINGS, BINDINGS, [false, true, true]],
    [other, BINDINGS, [false, 'bad', 'bad']],
    [null, BINDINGS, [false, false, 'bad']],
    ['zeros', BINDINGS, [false, false, 'bad']],
    [BINDINGS, null, [false, false, 'bad']],
    [null, null, [false, false, 'bad']],
  ] as const;
  for (const [client, server, outcomes] of table) {
    for (const [index, channelBindingPolicy] of policies.entries()) {
      const run = () => handshake({
        clientNtlm: { emptyChannelBindings: client === 'zeros' },
        request: { channelBindings: client === 'zeros' ? null : client }, server: { channelBindingPolicy }, accept: { channelBindings: server },
      });
      const expected = outcomes[index];
      if (expected === 'bad') await fails('SEC_E_BAD_BINDINGS', run);
      else assert.is((await run()).server.channelBindingsVerified, expected, `${channelBindingPolicy}`);
    }
  }
  const lenient = await handshake({ server: { channelBindingPolicy: 'always' }, accept: { channelBindings: BINDINGS, flags: ASC_REQ_ALLOW_MISSING_BINDINGS } });
  assert.is(lenient.server.channelBindingsVerified, false);
  // NTLMv1 has no place for them
  await fails('SEC_E_BAD_BINDINGS', () => handshake({
    clientNtlm: { lmCompatibilityLevel: 2 }, serverNtlm: { lmCompatibilityLevel: 2 }, server: { channelBindingPolicy: 'always' }, accept: { channelBindings: BINDINGS },
  }));
});

test('the target that the client means', async () => {
  const serviceNames = ['HTTP/web.ad.test', 'HTTP/web'];
  await handshake({ server: { serviceNames } });
  await handshake({ server: { serviceNames }, request: { targetName: 'http/WEB.ad.test' } });
  const error = await fails('SEC_E_WRONG_PRINCIPAL', () => handshake({ server: { serviceNames }, request: { targetName: 'HTTP/evil.test' } }));
  assert.match(error.message, /HTTP\/evil\.test/);
  // a client without one is let in unless protection is required
  const none = await handshake({ server: { serviceNames }, request: { targetName: null } });
  assert.is(none.server.clientSpecifiedTarget, null);
  const strict = { server: { serviceNames, channelBindingPolicy: 'always' as const }, accept: { channelBindings: BINDINGS } };
  await handshake({ ...strict, request: { channelBindings: BINDINGS } });
  await fails('SEC_E_WRONG_PRINCIPAL', () => handshake({ ...strict, request: { channelBindings: BINDINGS, targetName: null } }));
  await fails('SEC_E_WRONG_PRINCIPAL', () => handshake({ ...strict, request: { channelBindings: BINDINGS, flags: ISC_REQ_UNVERIFIED_TARGET_NAME } }));
});

test('anonymous clients by ASC_REQ_ALLOW_NULL_SESSION, or without any account at all', async () => {
  const client = { anonymous: true as const };
  await handshake({ client, accept: { flags: ASC_REQ_ALLOW_NULL_SESSION } });
  const acceptor = createNtlmCredential({ acceptor: { allowAnonymous: true }, host: testHost() }).acceptor({ flags: 0, channelBindings: null, insideNegotiate: false });
  const first = await parties({ client }).client.step(null);
  const second = await acceptor.step(first.token);
  assert.ok((await second.next!.step((await first.next!.step(second.token)).token)).established);
  // nobody else gets in there
  const start = await parties().client.step(null);
  const other = await createNtlmCredential({ acceptor: { allowAnonymous: true }, host: testHost() }).acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(start.token);
  await fails('SEC_E_LOGON_DENIED', async () => other.next!.step((await start.next!.step(other.token)).token));
  await fails('SEC_E_BAD_BINDINGS', () => handshake({ client, server: { allowAnonymous: true, channelBindingPolicy: 'always' }, accept: { channelBindings: BINDINGS } }));
});

test('what a server cannot take', async () => {
  const { serverCredential } = parties();
  const begin = () => serverCredential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false });
  await fails('SEC_E_INVALID_TOKEN', () => begin().step(null));
  await fails('SEC_E_INVALID_TOKEN', () => begin().step(new Uint8Array(0)));
  await fails('SEC_E_UNSUPPORTED_FUNCTION', () => serverCredential.acceptor({ flags: ASC_REQ_DATAGRAM, channelBindings: null, insideNegotiate: false }));
  const { negotiate, authenticate } = await handshake();
  const second = await begin().step(negotiate);
  await fails('SEC_E_INVALID_TOKEN', () => second.next!.step(null));
  assert.is((await fails('SEC_E_INVALID_TOKEN', () => second.next!.step(negotiate))).offset, 8);
  await fails('SEC_E_INVALID_TOKEN', () => second.next!.step(authenticate.subarray(0, 63)));
  await fails('SEC_E_INVALID_TOKEN', () => second.next!.step(new Uint8Array(0x10000)));
  // an offset that would overflow
  for (let at = 12; at < 60; at += 8) {
    const broken = authenticate.slice();
    broken.set([0xff, 0xff, 0xff, 0xff], at + 4);
    if (broken[at] === 0) broken[at] = 2;
    assert.is((await fails('SEC_E_INVALID_TOKEN', () => second.next!.step(broken))).offset, at);
  }
  assert.is(serverCredential.recognizes(negotiate), true);
  assert.is(serverCredential.recognizes(negotiate.subarray(0, 7)), false);
  assert.is(serverCredential.recognizes(Uint8Array.of(0x60, 0x40)), false);
});

test('the names of a server nobody configured', async () => {
  const first = await parties().client.step(null);
  const host = { ...testHost(), environment: (name: string) => (name === 'HOSTNAME' ? 'box.example.org' : undefined) };
  const challengeOf = async (options: Parameters<typeof createNtlmCredential>[0]) => {
    const { token } = await createNtlmCredential(options).acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(first.token);
    const message = parseNtlmMessage(token!);
    if (message.kind !== 'CHALLENGE') throw new Error(message.kind);
    return [...avPairs(token!, message.targetInfo)].filter(({ id }) => id !== 7).map(({ id, value }) => `${id} ${Buffer.from(value).toString('utf16le')}`);
  };
  assert.equal(await challengeOf({ acceptor: { accounts: () => null }, host: testHost() }), ['2 WORKGROUP', '1 LOCALHOST', '3 localhost']);
  assert.equal(await challengeOf({ acceptor: { accounts: () => null }, host }), ['2 WORKGROUP', '1 BOX', '3 box']);
  assert.equal(
    await challengeOf({ acceptor: { accounts: () => null }, ntlm: { netbiosDomainName: 'AD', dnsDomainName: 'ad.test', dnsTreeName: 'test' }, host }),
    ['2 AD', '1 BOX', '4 ad.test', '3 box.ad.test', '5 test'],
  );
});

test.run();
