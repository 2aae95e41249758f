import { sameBytes } from '../../contract/bytes.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ACCEPT_COMPLETE, ACCEPT_INCOMPLETE, REJECT, REQUEST_MIC, decodeNegotiationToken, encodeMechTypes, encodeNegTokenInit, encodeNegTokenResp, looksLikeSpnego,
} from '../core/spnego.ts';
import type { NegTokenInit } from '../core/spnego.ts';
import { withToken } from '../error-token.ts';
import type { AcceptorRequest, Established, Handshake, HandshakeStep, MechanismCredential } from '../mechanism.ts';
import { allowsFallback } from './fallback.ts';
import { hold } from './holder.ts';
import { MechanismRequest } from './mechanism-request.ts';
import { describeOid, includesOid, KRB5_DRAFT } from './oids.ts';
import { PeerKnows, tellPeer } from './peer-error.ts';
import { describeOids, isEmpty, keeping, malformed, missingMic, names, readNegTokenResp, stateName } from './states.ts';

export type SpnegoAcceptorRequest = AcceptorRequest & {
  /** ASC_REQ_EXTENDED_ERROR: an error carries a token for the client. */
  extendedError: boolean;
};

/**
 * The server side of RFC 4178 with MS-SPNG's extensions.
 *
 *   ExpectNegTokenInit ──▶ ExpectMechToken … ──▶ ExpectMechListMic ──▶ established
 *          └──▶ RawMechanism …                                  ──▶ established
 *
 * An empty first token is answered with a NegTokenInit2 that lists what is accepted. A token of a mechanism without
 * SPNEGO around it is answered without SPNEGO. Of the client's list, the first mechanism that is accepted here is taken.
 */
export function createSpnegoAcceptor(mechanisms: readonly MechanismCredential[], request: SpnegoAcceptorRequest): Handshake {
  return expectNegTokenInit(mechanisms, request, false);
}

/** What all states after the NegTokenInit share. */
interface Negotiation {
  readonly request: SpnegoAcceptorRequest;
  readonly chosen: MechanismCredential;
  /** As the client spelled it in its list; goes into the first reply. */
  readonly supportedMech: Uint8Array;
  /** The DER of MechTypeList, as it was received. */
  readonly mechTypes: Uint8Array;
  /** Another than the client's first mechanism was chosen. */
  readonly reselected: boolean;
  readonly fallbackFrom: SspiError | undefined;
}

/** What the client's token brings to a leg, and what our reply must say first. */
interface Leg {
  readonly mechListMic: Uint8Array | null;
  /** The first reply names the mechanism. */
  readonly first: boolean;
}

function expectNegTokenInit(mechanisms: readonly MechanismCredential[], request: SpnegoAcceptorRequest, hinted: boolean): Handshake {
  return {
    step(token, signal) {
      if (token && !isEmpty(token) && !looksLikeSpnego(token)) {
        const mechanism = mechanisms.find((candidate) => candidate.recognizes(token));
        if (mechanism) return stepRaw(mechanism, token, request, signal);
      }
      return tellPeer(request.extendedError, () => {
        if (isEmpty(token) && !hinted) return hint(mechanisms, request);
        const init = decodeNegotiationToken(token ?? new Uint8Array());
        if (init.kind !== 'NegTokenInit') throw malformed('a NegTokenInit expected first, a NegTokenResp came');
        return select(mechanisms, request, init, signal);
      });
    },
    dispose() {},
  };
}

// MS-SPNG 3.2.5.2
function hint(mechanisms: readonly MechanismCredential[], request: SpnegoAcceptorRequest): HandshakeStep {
  const mechTypes = encodeMechTypes(mechanisms.flatMap(({ oids }) => oids.filter((oid) => !sameBytes(oid, KRB5_DRAFT))));
  return { token: encodeNegTokenInit({ mechTypes, hintName: 'not_defined_in_RFC4178@please_ignore' }), next: expectNegTokenInit(mechanisms, request, true) };
}

async function select(
  mechanisms: readonly MechanismCredential[], request: SpnegoAcceptorRequest, init: NegTokenInit, signal: AbortSignal | undefined,
): Promise<HandshakeStep> {
  if (init.mechs.length === 0) return selectByToken(mechanisms, request, init, signal);
  let failure: SspiError | undefined;
  const tried = new Set<MechanismCredential>();
  const first = mechanisms.find(({ oids }) => includesOid(oids, init.mechs[0]!));
  for (const supportedMech of init.mechs) {
    const chosen = mechanisms.find(({ oids }) => includesOid(oids, supportedMech));
    if (chosen === undefined || tried.has(chosen)) continue;
    tried.add(chosen);
    const negotiation: Negotiation = { request, chosen, supportedMech, mechTypes: init.mechTypes!, reselected: chosen !== first, fallbackFrom: failure };
    try {
      return await begin(negotiation, init, signal);
    } catch (error) {
      if (!allowsFallback(error)) throw error;
      failure ??= error;
    }
  }
  throw failure ?? malformed(`the client offers ${describeOids(init.mechs)}, of which none is accepted here`, {
    remedy: mechanisms.length === 0 ? 'Give the server a credential.'
      : `Only ${names(mechanisms)} is accepted: give the server a credential for more, or widen packageList.`,
  });
}

// MS-SPNG 2.2.1 makes mechTypes OPTIONAL; the token then tells its mechanism itself.
function selectByToken(
  mechanisms: readonly MechanismCredential[], request: SpnegoAcceptorRequest, init: NegTokenInit, signal: AbortSignal | undefined,
): HandshakeStep | Promise<HandshakeStep> {
  const chosen = init.mechToken && mechanisms.find((candidate) => candidate.recognizes(init.mechToken!));
  if (!chosen) throw malformed('a list of mechanisms expected, none came');
  const mechTypes = init.mechTypes ?? new Uint8Array();
  return begin({ request, chosen, supportedMech: chosen.oids[0]!, mechTypes, reselected: false, fallbackFrom: undefined }, init, signal);
}

function begin(negotiation: Negotiation, init: NegTokenInit, signal: AbortSignal | undefined): HandshakeStep | Promise<HandshakeStep> {
  const handshake = negotiation.chosen.acceptor(new MechanismRequest(negotiation.request, null, true));
  const { supportedMech } = negotiation;
  // RFC 4178 §4.2.2: with another mechanism than the first the optimistic token is ignored and a mechListMIC is asked for.
  if (negotiation.reselected) {
    return { token: encodeNegTokenResp({ negState: REQUEST_MIC, supportedMech }), next: expectMechToken(negotiation, handshake) };
  }
  if (!init.mechToken) {
    return { token: encodeNegTokenResp({ negState: ACCEPT_INCOMPLETE, supportedMech }), next: expectMechToken(negotiation, handshake) };
  }
  return proceed(negotiation, handshake, init.mechToken, { mechListMic: init.mechListMic, first: true }, signal);
}

/** Awaits a NegTokenResp with the next token of the mechanism. */
function expectMechToken(negotiation: Negotiation, handshake: Handshake): Handshake {
  return {
    step(token, signal) {
      return tellPeer(negotiation.request.extendedError, () => {
        const resp = readClientResp(negotiation, token);
        if (!resp.responseToken) throw malformed(`a token of ${negotiation.chosen.name} expected`);
        return proceed(negotiation, handshake, resp.responseToken, { mechListMic: resp.mechListMic, first: false }, signal);
      });
    },
    dispose() {
      handshake.dispose();
    },
  };
}

/** Awaits the client's mechListMIC, the mechanism being done and ours sent. */
function expectMechListMic(negotiation: Negotiation, established: Established): Handshake {
  const holder = hold(established);
  return {
    step(token) {
      return tellPeer(negotiation.request.extendedError, () => {
        const resp = readClientResp(negotiation, token);
        if (resp.responseToken) throw malformed(`no further token of ${negotiation.chosen.name} expected, it is done`);
        if (!resp.mechListMic) throw missingMic(stateName(resp.negState));
        holder.established.verifyMechListMic(negotiation.mechTypes, resp.mechListMic);
        return done(negotiation, holder.pass(), null);
      });
    },
    dispose() {
      holder.dispose();
    },
  };
}

async function proceed(
  negotiation: Negotiation, handshake: Handshake, mechToken: Uint8Array, leg: Leg, signal: AbortSignal | undefined,
): Promise<HandshakeStep> {
  const { chosen, mechTypes } = negotiation;
  let step: HandshakeStep;
  try {
    step = await handshake.step(mechToken, signal);
  } finally {
    if (leg.first) handshake.dispose();
  }
  const responseToken = step.token;
  const supportedMech = leg.first ? negotiation.supportedMech : null;
  if (step.next) {
    return keeping(step.next, () => {
      if (leg.mechListMic) throw malformed(`a mechListMIC came before ${chosen.name} was done`);
      return { token: encodeNegTokenResp({ negState: ACCEPT_INCOMPLETE, supportedMech, responseToken }), next: expectMechToken(negotiation, step.next) };
    });
  }
  const { established } = step;
  return keeping(established, () => {
    const possible = established.mechListMicPossible ?? true;
    const required = possible && (negotiation.reselected || established.mechListMicRequired);
    if (leg.mechListMic) {
      established.verifyMechListMic(mechTypes, leg.mechListMic);
      // RFC 4178 §5: who received a mechListMIC answers with one.
      const mechListMic = established.makeMechListMic(mechTypes);
      return done(negotiation, established, encodeNegTokenResp({ negState: ACCEPT_COMPLETE, supportedMech, responseToken, mechListMic }));
    }
    if (!required) return done(negotiation, established, encodeNegTokenResp({ negState: ACCEPT_COMPLETE, supportedMech, responseToken }));
    // The client sent the last token of the mechanism, so its mechListMIC had to come with it; a NegTokenInit is sent too early for that.
    if (isEmpty(responseToken) && !leg.first) throw missingMic(`the last token of ${chosen.name}`);
    const mechListMic = established.makeMechListMic(mechTypes);
    return {
      token: encodeNegTokenResp({ negState: ACCEPT_INCOMPLETE, supportedMech, responseToken, mechListMic }),
      next: expectMechListMic(negotiation, established),
    };
  });
}

function done(negotiation: Negotiation, established: Established, token: Uint8Array | null): HandshakeStep {
  return { token, established, ...(negotiation.fallbackFrom && { fallbackFrom: negotiation.fallbackFrom }) };
}

function readClientResp(negotiation: Negotiation, token: Uint8Array | null) {
  const resp = readNegTokenResp(token);
  if (resp.negState === REJECT) {
    throw new PeerKnows(new SspiError('SEC_E_LOGON_DENIED', 'the client gave the negotiation up (negState reject)', {
      remedy: 'The client did not trust what this server sent; its own error has the reason.',
    }));
  }
  if (resp.supportedMech && !includesOid(negotiation.chosen.oids, resp.supportedMech)) {
    throw malformed(`the client changed from ${negotiation.chosen.name} to ${describeOid(resp.supportedMech)} in the middle`);
  }
  return resp;
}

// RFC 4559 and MS-SPNG: a mechanism's token may come without SPNEGO around it; so do all the others then.
async function stepRaw(
  mechanism: MechanismCredential, token: Uint8Array, request: SpnegoAcceptorRequest, signal: AbortSignal | undefined,
): Promise<HandshakeStep> {
  const handshake = rawMechanism(mechanism.acceptor(new MechanismRequest(request, null, false)), request);
  try {
    return await handshake.step(token, signal);
  } finally {
    handshake.dispose();
  }
}

function rawMechanism(handshake: Handshake, request: SpnegoAcceptorRequest): Handshake {
  return {
    async step(token, signal) {
      try {
        const step = await handshake.step(token, signal);
        return step.next ? { token: step.token, next: rawMechanism(step.next, request) } : step;
      } catch (error) {
        throw error instanceof SspiError && !request.extendedError ? withToken(error, undefined) : error;
      }
    },
    dispose() {
      handshake.dispose();
    },
  };
}
