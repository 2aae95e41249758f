// Our contexts against a peer's: the loop, and what must hold once both sides say that they are done.
import * as assert from 'uvu/assert';
import { SspiError, type SecurityContext, type SspiErrorCode } from '../../../src/index.ts';
import { PeerRefusal, type PeerContext } from './context-peer.ts';

interface Stepping {
  readonly complete: boolean;
  step(token: Uint8Array | null): Promise<Uint8Array | null>;
}

/** Passes tokens until neither side has one; both must be complete then. Returns the tokens, the initiator's first. */
export async function handshake(initiator: Stepping, acceptor: Stepping): Promise<Uint8Array[]> {
  const tokens: Uint8Array[] = [];
  let token = await initiator.step(null);
  for (let turn = 0; token !== null; turn++) {
    assert.ok(turn < 10, 'the handshake does not end');
    tokens.push(token);
    token = await (turn % 2 === 0 ? acceptor : initiator).step(token);
  }
  assert.ok(initiator.complete, 'the initiator waits for a token that does not come');
  assert.ok(acceptor.complete, 'the acceptor waits for a token that does not come');
  return tokens;
}

/** Session keys are equal. */
export async function sameKey(ours: SecurityContext, theirs: PeerContext): Promise<void> {
  assert.is(hex(ours.sessionKey), (await theirs.describe()).key);
}

/** Several sealed messages in a row, both ways, of lengths about the block and window sizes. */
export async function sealedMessages(ours: SecurityContext, theirs: PeerContext): Promise<void> {
  for (const message of theirs.messages) {
    const token = ours.wrap(message);
    assert.ok(message.length < 16 || !Buffer.from(token).includes(message), 'what is sealed cannot be read');
    const received = await theirs.unwrap(token);
    assert.is(hex(received.message), hex(message));
    assert.is(received.encrypted, true);
  }
  for (const message of theirs.messages) {
    const received = ours.unwrap(await theirs.wrap(message, true));
    assert.is(hex(received.message), hex(message));
    assert.is(received.encrypted, true);
  }
}

/** Detached signatures, both ways, mixed so that both sides' sequence numbers move on. */
export async function signatures(ours: SecurityContext, theirs: PeerContext): Promise<void> {
  for (const message of theirs.messages) {
    await theirs.verify(message, ours.sign(message));
    ours.verify(message, await theirs.sign(message));
  }
}

/**
 * GSS_Wrap on a context that negotiated integrity alone: every implementation seals all the same, as Windows does, whatever
 * confidentiality was asked for.
 */
export async function wrappedMessages(ours: SecurityContext, theirs: PeerContext): Promise<void> {
  for (const message of theirs.messages) {
    assert.is(hex((await theirs.unwrap(ours.wrap(message))).message), hex(message));
    assert.is(hex(ours.unwrap(await theirs.wrap(message, false)).message), hex(message));
  }
}

/** Our side refuses with this status; the error is returned for more questions. */
export async function refuses(work: () => Promise<unknown> | unknown, ...codes: SspiErrorCode[]): Promise<SspiError> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, SspiError, `another error: ${error instanceof Error ? error.stack : String(error)}`);
    assert.ok(codes.includes((error as SspiError).code), `${codes.join(' or ')} was expected: ${(error as SspiError).message}`);
    return error as SspiError;
  }
  throw new Error(`${codes.join(' or ')} was expected, but nothing was refused`);
}

/** GSSAPI refuses; what it would tell us, if anything. */
export async function peerRefuses(work: () => Promise<unknown>): Promise<PeerRefusal> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, PeerRefusal, `another error: ${error instanceof Error ? error.stack : String(error)}`);
    return error as PeerRefusal;
  }
  throw new Error('GSSAPI refused nothing');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
