import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../backends/contract/errors.ts';
import { decodeNegotiationToken } from '../../../backends/wasm/core/spnego.ts';
import type { Handshake, HandshakeStep } from '../../../backends/wasm/mechanism.ts';
import { createNtlmCredential } from '../../../backends/wasm/ntlm/index.ts';
import { mutate, rng } from '../../fuzz.ts';
import { ALICE, testHost } from '../ntlm/support.ts';
import { acceptor, initiator } from './exchange.ts';
import { fakeKerberos, fakeNtlm } from './fake-mechanism.ts';
import type { FakeMechanism } from './fake-mechanism.ts';

const test = suite('SPNEGO under mutation');

const DECODED = 120_000;
const STEPPED = 30_000;
const WITH_NTLM = 8_000;

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const captures: { tokens: { token: string }[] } = JSON.parse(readFileSync(new URL('../../vectors/spnego-captures.json', import.meta.url), 'utf8'));
const tokens = captures.tokens.map(({ token }) => bytes(token));

test(`${DECODED} mutated tokens decode, or are SEC_E_INVALID_TOKEN within their bounds`, () => {
  const random = rng(4178);
  let decoded = 0;
  for (let n = 0; n < DECODED; n++) {
    const token = mutate(tokens[n % tokens.length]!, random);
    try {
      const result = decodeNegotiationToken(token);
      decoded++;
      const views = result.kind === 'NegTokenInit' ? [result.mechToken, result.mechListMic] : [result.responseToken, result.mechListMic];
      for (const view of views) if (view && view.length > token.length) throw new Error('longer than the token');
    } catch (error) {
      const ours = error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN' && error.offset! >= 0 && error.offset! <= token.length;
      if (!ours) assert.unreachable(`case ${n}: ${Buffer.from(token).toString('hex')}: ${error}`);
    }
  }
  // Neither everything nor nothing: the mutations reach both ends.
  assert.ok(decoded > DECODED / 20 && decoded < (DECODED * 19) / 20, `${decoded} of ${DECODED} decoded`);
});

test(`${STEPPED} handshakes with a mutated token end established, waiting or with an SspiError, and nothing leaks`, async () => {
  const random = rng(2_478);
  const outcomes = { established: 0, refused: 0, waiting: 0 };
  for (let n = 0; n < STEPPED; n++) {
    const kerberos = { legs: 1 + random.below(3), micRequired: random.below(4) === 0 };
    const ntlm = { micRequired: random.below(2) === 0 };
    const clientSide = [fakeKerberos(kerberos), fakeNtlm(ntlm)];
    const serverSide = random.below(2) ? [fakeKerberos(kerberos), fakeNtlm(ntlm)] : [fakeNtlm(ntlm)];
    const hit = random.below(5);
    const extendedError = n % 2 === 0;
    let [active, waiting]: [Handshake | null, Handshake | null] = [initiator(clientSide, { extendedError }), acceptor(serverSide, { extendedError })];
    let token: Uint8Array | null = null;
    const results: HandshakeStep[] = [];
    try {
      for (let leg = 0; leg < 10 && active; leg++) {
        const step: HandshakeStep = await active.step(token);
        active.dispose();
        results.push(step);
        token = step.token;
        active = step.next ?? null;
        if (token === null) break;
        if (leg === hit) token = mutate(token, random);
        [active, waiting] = [waiting, active];
      }
      outcomes[results.filter((step) => step.established).length === 2 ? 'established' : 'waiting']++;
    } catch (error) {
      if (!(error instanceof SspiError)) assert.unreachable(`case ${n}: ${error instanceof Error ? error.stack : error}`);
      outcomes.refused++;
    }
    active?.dispose();
    waiting?.dispose();
    for (const step of results) step.established?.dispose();
    const alive = [...clientSide, ...serverSide].reduce((sum: number, side: FakeMechanism) => sum + side.live.size, 0);
    if (alive > 0) assert.unreachable(`case ${n}: ${alive} handshakes or contexts leak`);
  }
  assert.ok(outcomes.established > STEPPED / 50 && outcomes.refused > STEPPED / 10, JSON.stringify(outcomes));
});

test(`${WITH_NTLM} handshakes of NTLM with a mutated token end the same three ways`, async () => {
  const random = rng(4559);
  const client = createNtlmCredential({ authData: ALICE, host: testHost() });
  const server = createNtlmCredential({ acceptor: { accounts: () => ({ password: 'P@ssw0rd!' }) }, ntlm: { netbiosDomainName: 'ADTEST' }, host: testHost() });
  const outcomes = { established: 0, refused: 0, waiting: 0 };
  for (let n = 0; n < WITH_NTLM; n++) {
    const hit = random.below(4);
    let [active, waiting]: [Handshake | null, Handshake | null] = [initiator([client]), acceptor([server])];
    let token: Uint8Array | null = null;
    let established = 0;
    try {
      for (let leg = 0; leg < 6 && active; leg++) {
        const step: HandshakeStep = await active.step(token);
        if (step.established) established++;
        token = step.token;
        active = step.next ?? null;
        if (token === null) break;
        if (leg === hit) token = mutate(token, random);
        [active, waiting] = [waiting, active];
      }
      outcomes[established === 2 ? 'established' : 'waiting']++;
    } catch (error) {
      if (!(error instanceof SspiError)) assert.unreachable(`case ${n}: ${error instanceof Error ? error.stack : error}`);
      outcomes.refused++;
    }
  }
  assert.ok(outcomes.refused > WITH_NTLM / 2 && outcomes.established > 0, JSON.stringify(outcomes));
});

test.run();
