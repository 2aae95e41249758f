import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { core } from '../../../backends/wasm/core/instance.ts';
import { createNtlmCredential, parseNtlmMessage } from '../../../backends/wasm/ntlm/index.ts';
import { importNtlmContext } from '../../../backends/wasm/ntlm/session.ts';
import { mutate, rng } from '../../fuzz.ts';
import { ALICE, ascii, handshake, hex, parties, SEALING, testHost } from './support.ts';

const SEED = 20260102;
const QUICK = 15_000;

/** Every outcome is success or an SspiError; anything else is told with the case that brought it. */
async function fuzz(cases: number, seed: number, corpus: readonly Uint8Array[], decode: (token: Uint8Array) => unknown): Promise<{ passed: number; refused: number }> {
  const random = rng(seed);
  const outcome = { passed: 0, refused: 0 };
  for (let i = 0; i < cases; i++) {
    const token = mutate(random.pick(corpus), random);
    try {
      await decode(token);
      outcome.passed++;
    } catch (error) {
      if (!(error instanceof SspiError)) throw new Error(`seed ${seed}, case ${i}: ${hex(token)}`, { cause: error });
      assert.type(error.message, 'string');
      if (error.offset !== undefined) assert.ok(error.offset >= 0 && error.offset <= token.length, `seed ${seed}, case ${i}: offset ${error.offset} of ${token.length}`);
      outcome.refused++;
    }
  }
  assert.ok(outcome.refused > cases / 4, `${outcome.refused} of ${cases} refused: is anything checked?`);
  return outcome;
}

/** Draws the same bytes each time, so that one AUTHENTICATE answers every CHALLENGE. */
const fixedHost = () => ({ now: () => new Date(Date.UTC(2026, 0, 2)), random: (length: number) => new Uint8Array(length).fill(0x5a) });

const levels = [
  { clientHost: fixedHost(), serverHost: fixedHost() },
  { clientHost: fixedHost(), serverHost: fixedHost(), request: { channelBindings: ascii('bound') }, accept: { channelBindings: ascii('bound') } },
  { clientHost: fixedHost(), serverHost: fixedHost(), clientNtlm: { lmCompatibilityLevel: 0 }, serverNtlm: { lmCompatibilityLevel: 0 } },
  { clientHost: fixedHost(), serverHost: fixedHost(), clientNtlm: { lmCompatibilityLevel: 2 }, serverNtlm: { lmCompatibilityLevel: 0 } },
  { clientHost: fixedHost(), serverHost: fixedHost(), client: { anonymous: true }, server: { allowAnonymous: true } },
] as const;

const test = suite('NTLM fuzzing');

test('NEGOTIATE, at a server', async () => {
  const { negotiate } = await handshake();
  const named = new Uint8Array(50);
  named.set(negotiate);
  named.set([6, 0, 6, 0, 40, 0, 0, 0, 4, 0, 4, 0, 46, 0, 0, 0], 16);
  const { serverCredential } = parties();
  const { passed } = await fuzz(QUICK, SEED, [negotiate, negotiate.slice(0, 16), named], (token) => (
    serverCredential.acceptor({ flags: 0, channelBindings: null, insideNegotiate: false }).step(token)
  ));
  assert.ok(passed > 0);
});

test('CHALLENGE, at a client', async () => {
  const corpus = await Promise.all(levels.map(async (realm) => (await handshake(realm)).challenge));
  const modern = createNtlmCredential({ authData: ALICE, host: testHost() });
  const old = createNtlmCredential({ authData: ALICE, ntlm: { lmCompatibilityLevel: 1, minimumKeyStrength: 56 }, host: testHost() });
  const request = { targetName: 'HTTP/web.ad.test', flags: 0, channelBindings: ascii('bound'), insideNegotiate: false };
  const states = [
    (await modern.initiator(request).step(null)).next!, (await modern.initiator({ ...request, flags: SEALING }).step(null)).next!,
    (await old.initiator({ ...request, flags: SEALING }).step(null)).next!,
  ];
  let turn = 0;
  const { passed } = await fuzz(2 * QUICK, SEED + 1, corpus, (token) => states[turn++ % states.length]!.step(token));
  assert.ok(passed > 0);
});

test('AUTHENTICATE, at a server', async () => {
  for (const [index, realm] of levels.entries()) {
    const { negotiate, authenticate } = await handshake(realm);
    const { serverCredential } = parties({ ...realm, server: { allowAnonymous: true, accounts: () => ({ password: 'P@ssw0rd!' }) } });
    const accept = async (token: Uint8Array) => {
      const second = await serverCredential.acceptor({ flags: 0, channelBindings: ascii('bound'), insideNegotiate: false }).step(negotiate);
      return second.next!.step(token);
    };
    if (index !== 0) await accept(authenticate);
    await fuzz(QUICK / 3, SEED + 2 + index, [authenticate], accept);
  }
});

test('any message, parsed for inspection', async () => {
  const corpus = await Promise.all(levels.map(async (realm) => {
    const { negotiate, challenge, authenticate } = await handshake(realm);
    return [negotiate, challenge, authenticate];
  }));
  await fuzz(2 * QUICK, SEED + 10, corpus.flat(), parseNtlmMessage);
});

const MESSAGE = ascii('a message that is long enough to be hit in its middle');

/** What `session` could send next, in every form; the session itself does not move. */
function nextTokens(packed: Uint8Array): { wrapped: Uint8Array[]; signature: Uint8Array; trailer: Uint8Array; sealed: Uint8Array } {
  const session = () => importNtlmContext(packed);
  const sealed = MESSAGE.slice();
  return {
    wrapped: [session().wrap(MESSAGE, true), session().wrap(MESSAGE, false)],
    signature: session().makeSignature([MESSAGE], 0),
    trailer: session().encrypt([{ data: sealed, encrypt: true }], 0),
    sealed,
  };
}

test('wrapped messages, signatures, trailers and mechListMICs: none passes, and none moves the session', async () => {
  for (const [index, realm] of levels.slice(0, 2).entries()) {
    const { client, server } = await handshake(realm);
    const { wrapped, signature, trailer, sealed } = nextTokens(client.export());
    const before = hex(server.export());
    const refusing = (cases: number, seed: number, corpus: readonly Uint8Array[], check: (token: Uint8Array) => unknown) => fuzz(cases, seed, corpus, (token) => {
      if (corpus.some((one) => hex(one) === hex(token))) return;
      check(token);
      assert.unreachable(`accepted: ${hex(token)}`);
    });
    await refusing(QUICK / 3, SEED + 20 + index, wrapped, (token) => server.unwrap(token));
    await refusing(QUICK / 3, SEED + 30 + index, [signature], (token) => server.verifySignature([MESSAGE], token));
    await refusing(QUICK / 3, SEED + 40 + index, [trailer], (token) => server.decrypt([{ data: sealed.slice(), encrypt: true }], token));
    await refusing(QUICK / 10, SEED + 50 + index, [signature], (token) => server.verifyMechListMic(MESSAGE, token));
    assert.is(hex(server.export()), before);
    assert.is(hex(server.unwrap(client.wrap(MESSAGE, true)).message), hex(MESSAGE));
  }
});

test('the same without extended session security, whose random pad nothing covers', async () => {
  const { client, server } = await handshake({ ...levels[2], request: { flags: SEALING } });
  const { wrapped, signature } = nextTokens(client.export());
  const packed = server.export();
  await fuzz(QUICK / 3, SEED + 70, wrapped, (token) => importNtlmContext(packed).unwrap(token));
  await fuzz(QUICK / 3, SEED + 71, [signature], (token) => importNtlmContext(packed).verifySignature([MESSAGE], token));
});

test('exported sessions', async () => {
  const corpus = await Promise.all(levels.map(async (realm) => (await handshake(realm)).server.export()));
  const message = ascii('message');
  await fuzz(QUICK, SEED + 60, corpus, (packed) => {
    const session = importNtlmContext(packed);
    session.makeSignature([message], 0);
    session.unwrap(session.wrap(message, true));
  });
});

test('nothing stays in the windows', () => {
  const { input, output, key } = core();
  for (const window of [input, output, key]) assert.is(window.findIndex((byte) => byte !== 0), -1);
});

test.run();
