import { sameBytes } from '../../contract/bytes.ts';
import { SspiError } from '../../contract/errors.ts';
import { decodeNegotiationToken } from '../core/spnego.ts';
import type { NegTokenResp } from '../core/spnego.ts';
import type { MechanismCredential } from '../mechanism.ts';
import { describeOid } from './oids.ts';

/** What both sides' states need to read a token and to say what was wrong with it. */

/** Reads a NegTokenResp; a NegTokenInit in its place is SEC_E_INVALID_TOKEN. */
export function readNegTokenResp(token: Uint8Array | null): NegTokenResp {
  const resp = decodeNegotiationToken(token ?? EMPTY);
  if (resp.kind !== 'NegTokenResp') throw malformed('a NegTokenResp expected, a NegTokenInit came');
  // Windows 2000 repeats the token in place of the mechListMIC.
  const repeated = resp.mechListMic && resp.responseToken && sameBytes(resp.mechListMic, resp.responseToken);
  return repeated ? { ...resp, mechListMic: null } : resp;
}

/** Gives up what a step made when using it fails. */
export function keeping<T>(made: { dispose(): void }, use: () => T): T {
  try {
    return use();
  } catch (error) {
    made.dispose();
    throw error;
  }
}

export function missingMic(came: string): SspiError {
  return malformed(`a mechListMIC expected, ${came} came without one`, {
    remedy: 'The choice of mechanism is not protected: somebody may have changed it on the way.',
  });
}

export function malformed(message: string, details: { offset?: number; remedy?: string } = {}): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `SPNEGO: ${message}`, details);
}

export function isEmpty(token: Uint8Array | null): boolean {
  return token === null || token.length === 0;
}

export function stateName(negState: number | null): string {
  return negState === null ? 'no negState' : ['accept-complete', 'accept-incomplete', 'reject', 'request-mic'][negState]!;
}

export function names(mechanisms: readonly MechanismCredential[]): string {
  return mechanisms.map(({ name }) => name).join(', ');
}

export function describeOids(oids: readonly Uint8Array[]): string {
  return oids.map(describeOid).join(', ');
}

const EMPTY = new Uint8Array();
