// Drives two handshakes against each other, as an application does, and tells what went over the wire.
import { decodeNegotiationToken, encodeNegTokenResp, looksLikeSpnego } from '../../../backends/wasm/core/spnego.ts';
import type { NegTokenResp } from '../../../backends/wasm/core/spnego.ts';
import { createSpnegoAcceptor } from '../../../backends/wasm/spnego/acceptor.ts';
import { createSpnegoInitiator } from '../../../backends/wasm/spnego/initiator.ts';
import type { Established, Handshake, HandshakeStep, MechanismCredential } from '../../../backends/wasm/mechanism.ts';
import type { SspiError } from '../../../backends/contract/errors.ts';
import '../bring-parts.ts';

export const initiator = (mechanisms: readonly MechanismCredential[], more: { flags?: number; extendedError?: boolean; targetName?: string | null } = {}) =>
  createSpnegoInitiator(mechanisms, { targetName: 'HTTP/web.ad.test', flags: 0, channelBindings: null, insideNegotiate: false, extendedError: false, ...more });

export const acceptor = (mechanisms: readonly MechanismCredential[], more: { extendedError?: boolean } = {}) =>
  createSpnegoAcceptor(mechanisms, { flags: 0, channelBindings: null, insideNegotiate: false, extendedError: false, ...more });

export interface Outcome {
  client: Established;
  server: Established;
  clientFallback: SspiError | undefined;
  serverFallback: SspiError | undefined;
  /** One line a token: who sent it and what is in it. */
  wire: string[];
}

/** Steps both sides until both are established. `change` may alter a token on its way. */
export async function exchange(
  client: Handshake, server: Handshake, options: { serverBegins?: boolean; change?: (token: Uint8Array, index: number) => Uint8Array } = {},
): Promise<Outcome> {
  const wire: string[] = [];
  const side = (handshake: Handshake) => ({ handshake, result: undefined as HandshakeStep | undefined });
  const sides = { client: side(client), server: side(server) };
  let turn: 'client' | 'server' = options.serverBegins ? 'server' : 'client';
  let token: Uint8Array | null = null;
  for (let leg = 0; leg < 12; leg++) {
    const mine = sides[turn];
    if (mine.result?.established) {
      if (token === null) break;
      throw new Error(`the ${turn} is done, but another token came: ${wire.at(-1)}`);
    }
    const step: HandshakeStep = await mine.handshake.step(token);
    mine.handshake.dispose();
    mine.result = step;
    if (step.next) mine.handshake = step.next;
    token = step.token && step.token.length > 0 ? step.token : null;
    if (token) {
      token = options.change?.(token, wire.length) ?? token;
      wire.push(`${turn}: ${describe(token)}`);
    }
    if (sides.client.result?.established && sides.server.result?.established && token === null) break;
    turn = turn === 'client' ? 'server' : 'client';
    if (token === null && !sides[turn].result?.established) throw new Error(`nobody has anything to send: ${wire.join(' | ')}`);
  }
  const [c, s] = [sides.client.result, sides.server.result];
  if (!c?.established || !s?.established) throw new Error(`not established: ${wire.join(' | ')}`);
  return { client: c.established, server: s.established, clientFallback: c.fallbackFrom, serverFallback: s.fallbackFrom, wire };
}

export function describe(token: Uint8Array): string {
  if (!looksLikeSpnego(token)) return new TextDecoder('latin1').decode(token);
  const decoded = decodeNegotiationToken(token);
  const text = (data: Uint8Array | null) => data && new TextDecoder('latin1').decode(data);
  if (decoded.kind === 'NegTokenInit') {
    return [`init ${decoded.mechs.length}`, text(decoded.mechToken), decoded.mechListMic && 'MIC', decoded.hintName && 'hint'].filter(Boolean).join(' ');
  }
  const state = decoded.negState === null ? 'none' : ['complete', 'incomplete', 'reject', 'request-mic'][decoded.negState];
  return [state, decoded.supportedMech && 'mech', text(decoded.responseToken), decoded.mechListMic && 'MIC'].filter(Boolean).join(' ');
}

/** A NegTokenResp with some fields replaced. */
export function altered(token: Uint8Array, fields: Partial<NegTokenResp>): Uint8Array {
  const decoded = decodeNegotiationToken(token);
  if (decoded.kind !== 'NegTokenResp') throw new Error('a NegTokenResp expected');
  return encodeNegTokenResp({ ...decoded, ...fields });
}
