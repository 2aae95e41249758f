import { sameBytes } from '../../contract/bytes.ts';
import { SspiError } from '../../contract/errors.ts';
import { ISC_REQ_NO_INTEGRITY, ISC_REQ_USE_DCE_STYLE } from '../../contract/flags.ts';
import {
  ACCEPT_COMPLETE, ACCEPT_INCOMPLETE, REJECT, REQUEST_MIC, decodeNegotiationToken, encodeMechTypes, encodeNegTokenInit, encodeNegTokenResp,
} from '../core/spnego.ts';
import type { NegTokenResp } from '../core/spnego.ts';
import type { Established, Handshake, HandshakeStep, InitiatorRequest, MechanismCredential } from '../mechanism.ts';
import { allowsFallback } from './fallback.ts';
import { hold } from './holder.ts';
import type { Holder } from './holder.ts';
import { MechanismRequest } from './mechanism-request.ts';
import { describeOid, includesOid, KRB5_DRAFT } from './oids.ts';
import { PeerKnows, tellPeer } from './peer-error.ts';
import { describeOids, isEmpty, keeping, malformed, missingMic, names, readNegTokenResp, stateName } from './states.ts';

export type SpnegoInitiatorRequest = InitiatorRequest & {
  /** ISC_REQ_EXTENDED_ERROR: an error carries a token for the server. */
  extendedError: boolean;
};

/**
 * The client side of RFC 4178 with MS-SPNG's extensions, over mechanisms in the order in which they are offered.
 *
 *   start ──▶ ExpectSelection ──▶ ExpectNegTokenResp … ──▶ ExpectMechListMic ──▶ established
 *
 * The first call takes null, or the server's NegTokenInit2 where the server began. A mechanism that cannot make its
 * first token is not offered, if its reason allows a fallback; when none can, the first reason is thrown. `fallbackFrom`: why one is not among
 * them at all.
 */
export function createSpnegoInitiator(mechanisms: readonly MechanismCredential[], request: SpnegoInitiatorRequest, fallbackFrom?: SspiError): Handshake {
  return {
    step(token, signal) {
      return token && token.length > 0
        ? tellPeer(request.extendedError, () => offer({ fallbackFrom, ...offeredByServer(mechanisms, token) }, request, signal))
        : offer({ mechanisms, fallbackFrom }, request, signal);
    },
    dispose() {},
  };
}

/** What all states of one negotiation share. */
interface Negotiation {
  readonly request: SpnegoInitiatorRequest;
  readonly offered: readonly MechanismCredential[];
  /** The DER of MechTypeList, as it was sent. */
  readonly mechTypes: Uint8Array;
  readonly fallbackFrom: SspiError | undefined;
}

/** What can be offered, and why it is less than could be. */
interface Candidates {
  readonly mechanisms: readonly MechanismCredential[];
  readonly fallbackFrom?: SspiError | undefined;
}

/** How far the mechanism is: running, or already established on this side. */
type Progress =
  | { readonly handshake: Handshake; readonly holder?: undefined }
  | { readonly holder: Holder; readonly handshake?: undefined };

// MS-SPNG 3.2.5.2: from the server's NegTokenInit2 we take only which mechanisms it offers; the order stays ours.
function offeredByServer(mechanisms: readonly MechanismCredential[], token: Uint8Array): Candidates {
  const hint = decodeNegotiationToken(token);
  if (hint.kind !== 'NegTokenInit') throw malformed('a NegTokenInit2 expected on the first call, a NegTokenResp came');
  if (hint.mechTypes === null) return { mechanisms };
  const common = mechanisms.filter((mechanism) => hint.mechs.some((mech) => includesOid(mechanism.oids, mech)));
  if (common.length === 0) {
    throw malformed(`the server offers ${describeOids(hint.mechs)}, none of them available here`, {
      remedy: `Allow one of the server's mechanisms here, or enable ${names(mechanisms)} on the server.`,
    });
  }
  const dropped = mechanisms[0]!;
  if (common[0] === dropped) return { mechanisms: common };
  return { mechanisms: common, fallbackFrom: new SspiError('SEC_E_SECPKG_NOT_FOUND', `the server does not offer ${dropped.name}`) };
}

async function offer({ mechanisms, fallbackFrom }: Candidates, request: SpnegoInitiatorRequest, signal: AbortSignal | undefined): Promise<HandshakeStep> {
  let first = fallbackFrom;
  let failure: SspiError | undefined;
  for (const [index, mechanism] of mechanisms.entries()) {
    let optimistic: HandshakeStep;
    try {
      optimistic = await firstToken(mechanism, request, signal);
    } catch (error) {
      if (!allowsFallback(error)) throw error instanceof SspiError ? failure ?? error : error;
      failure ??= error;
      first ??= error;
      continue;
    }
    const offered = mechanisms.slice(index);
    const mechTypes = encodeMechTypes(offered.flatMap(({ oids }) => oids.filter((oid) => !sameBytes(oid, KRB5_DRAFT))));
    const negotiation = { request, offered, mechTypes, fallbackFrom: first };
    return { token: encodeNegTokenInit({ mechTypes, mechToken: optimistic.token }), next: expectSelection(negotiation, progressOf(optimistic)), fallbackFrom: first };
  }
  throw failure ?? new SspiError('SEC_E_NO_CREDENTIALS', 'Negotiate has no mechanism to offer', { remedy: 'Give a credential, or widen packageList.' });
}

async function firstToken(mechanism: MechanismCredential, request: SpnegoInitiatorRequest, signal: AbortSignal | undefined): Promise<HandshakeStep> {
  const handshake = mechanism.initiator(new MechanismRequest(request, request.targetName, true));
  try {
    return await handshake.step(null, signal);
  } finally {
    handshake.dispose();
  }
}

/** Awaits the first NegTokenResp, which says which mechanism the server chose (RFC 4178 §4.2.2). */
function expectSelection(negotiation: Negotiation, optimistic: Progress): Handshake {
  return awaiting(negotiation, optimistic, (resp, signal) => {
    const preferred = negotiation.offered[0]!;
    // A missing supportedMech means the optimistic one.
    const chosen = resp.supportedMech === null ? preferred : negotiation.offered.find(({ oids }) => includesOid(oids, resp.supportedMech!));
    if (chosen === undefined) throw malformed(`the server chose ${describeOid(resp.supportedMech!)}, which was not offered`);
    if (chosen !== preferred) return reselect(negotiation, chosen, resp, signal);
    const micRequired = resp.negState === REQUEST_MIC;
    if (optimistic.handshake) return proceed(negotiation, chosen, optimistic.handshake, resp, micRequired, signal);
    const { holder } = optimistic;
    return conclude(negotiation, chosen, holder, resp, { required: needsMic(negotiation, holder.established, micRequired), sent: false });
  });
}

/** Awaits the next token of the mechanism that was chosen. */
function expectNegTokenResp(negotiation: Negotiation, chosen: MechanismCredential, handshake: Handshake, micRequired: boolean): Handshake {
  return awaiting(negotiation, { handshake }, (resp, signal) => {
    refuseChange(chosen, resp);
    return proceed(negotiation, chosen, handshake, resp, micRequired, signal);
  });
}

/** The mechanism is done on this side; awaits the server's accept-complete, with its mechListMIC where one is required. */
function expectMechListMic(negotiation: Negotiation, chosen: MechanismCredential, established: Established, mic: MicState): Handshake {
  const holder = hold(established);
  return awaiting(negotiation, { holder }, (resp) => {
    refuseChange(chosen, resp);
    return conclude(negotiation, chosen, holder, resp, mic);
  });
}

interface MicState {
  /** Without the server's mechListMIC the context is refused. */
  readonly required: boolean;
  /** Ours has gone out. */
  readonly sent: boolean;
}

// RFC 4178 §5: the server chose another mechanism than the first; the optimistic token is void.
async function reselect(negotiation: Negotiation, chosen: MechanismCredential, resp: NegTokenResp, signal: AbortSignal | undefined): Promise<HandshakeStep> {
  // Windows 2003 and older answer accept-incomplete here, and choose only NTLM so.
  const tolerated = chosen.name === 'NTLM' && (resp.negState === ACCEPT_INCOMPLETE || resp.negState === null);
  if (resp.negState !== REQUEST_MIC && !tolerated) throw malformed(`request-mic expected with another mechanism, ${stateName(resp.negState)} came`);
  if (resp.responseToken) throw malformed('no token expected with another mechanism before its first one was sent');
  if (resp.mechListMic) throw malformed('no mechListMIC expected with another mechanism');
  const fallbackFrom = negotiation.fallbackFrom
    ?? new SspiError('SEC_E_SECPKG_NOT_FOUND', `the server chose ${chosen.name}, though ${negotiation.offered[0]!.name} was offered first`, { remedy: "The server lacks a key (keytab) of this service, or is set to NTLM." });
  const reselected = { ...negotiation, fallbackFrom };
  const first = await firstToken(chosen, negotiation.request, signal);
  if (first.next) {
    const token = encodeNegTokenResp({ negState: ACCEPT_INCOMPLETE, responseToken: first.token });
    return { token, next: expectNegTokenResp(reselected, chosen, first.next, true) };
  }
  return keeping(first.established, () => sendLast(reselected, chosen, hold(first.established), first.token, needsMic(reselected, first.established, true)));
}

async function proceed(
  negotiation: Negotiation, chosen: MechanismCredential, handshake: Handshake, resp: NegTokenResp, micRequired: boolean, signal: AbortSignal | undefined,
): Promise<HandshakeStep> {
  if (!resp.responseToken) throw malformed(`a token of ${chosen.name} expected, ${stateName(resp.negState)} came without one`);
  const step = await handshake.step(resp.responseToken, signal);
  if (step.next) {
    return keeping(step.next, () => {
      if (resp.negState === ACCEPT_COMPLETE) throw malformed(`the server says accept-complete, but ${chosen.name} is not done`);
      if (resp.mechListMic) throw malformed(`a mechListMIC came before ${chosen.name} was done`);
      const token = encodeNegTokenResp({ negState: ACCEPT_INCOMPLETE, responseToken: step.token });
      return { token, next: expectNegTokenResp(negotiation, chosen, step.next, micRequired) };
    });
  }
  const { established } = step;
  return keeping(established, () => {
    const required = needsMic(negotiation, established, micRequired);
    if (isEmpty(step.token)) {
      // The server sent the last token of the mechanism, so its mechListMIC had to come with it.
      if (!resp.mechListMic) {
        if (required) throw missingMic(stateName(resp.negState));
        return done(negotiation, hold(established), null);
      }
      return conclude(negotiation, chosen, hold(established), { ...resp, responseToken: null }, { required, sent: false });
    }
    if (resp.negState === ACCEPT_COMPLETE) throw malformed(`the server says accept-complete, but a token of ${chosen.name} is still to be sent`);
    if (!resp.mechListMic) return sendLast(negotiation, chosen, hold(established), step.token, required);
    established.verifyMechListMic(negotiation.mechTypes, resp.mechListMic);
    const mechListMic = established.makeMechListMic(negotiation.mechTypes);
    return done(negotiation, hold(established), encodeNegTokenResp({ negState: ACCEPT_COMPLETE, responseToken: step.token, mechListMic }));
  });
}

/** The last token of the mechanism is ours: our mechListMIC goes with it, and the server has the last word. */
function sendLast(negotiation: Negotiation, chosen: MechanismCredential, holder: Holder, responseToken: Uint8Array | null, required: boolean): HandshakeStep {
  const mechListMic = required ? holder.established.makeMechListMic(negotiation.mechTypes) : null;
  return {
    token: encodeNegTokenResp({ negState: ACCEPT_INCOMPLETE, responseToken, mechListMic }),
    next: expectMechListMic(negotiation, chosen, holder.pass(), { required, sent: required }),
  };
}

/** A reply after the mechanism is done. */
function conclude(negotiation: Negotiation, chosen: MechanismCredential, holder: Holder, resp: NegTokenResp, mic: MicState): HandshakeStep {
  if (resp.responseToken) throw malformed(`no further token of ${chosen.name} expected, it is done`);
  if (resp.mechListMic) {
    holder.established.verifyMechListMic(negotiation.mechTypes, resp.mechListMic);
    if (mic.sent || resp.negState === ACCEPT_COMPLETE) return done(negotiation, holder, null);
    // RFC 4178 §5: who received a mechListMIC answers with one.
    const mechListMic = holder.established.makeMechListMic(negotiation.mechTypes);
    return done(negotiation, holder, encodeNegTokenResp({ negState: ACCEPT_COMPLETE, mechListMic }));
  }
  if (mic.required) {
    if (mic.sent || resp.negState === ACCEPT_COMPLETE) throw missingMic(stateName(resp.negState));
    return sendLast(negotiation, chosen, holder, null, true);
  }
  if (resp.negState !== ACCEPT_COMPLETE) throw malformed(`accept-complete expected, ${stateName(resp.negState)} came`);
  return done(negotiation, holder, null);
}

function done(negotiation: Negotiation, holder: Holder, token: Uint8Array | null): HandshakeStep {
  return { token, established: holder.pass(), ...(negotiation.fallbackFrom && { fallbackFrom: negotiation.fallbackFrom }) };
}

// RFC 4178 §5: after reselection or request-mic; MS-SPNG 3.2.5: whenever the mechanism says so, and with DCE style.
function needsMic({ request }: Negotiation, established: Established, asked: boolean): boolean {
  if (established.mechListMicPossible ?? true) return asked || established.mechListMicRequired || (request.flags & ISC_REQ_USE_DCE_STYLE) !== 0;
  if (asked && (request.flags & ISC_REQ_NO_INTEGRITY) === 0) {
    throw malformed(`the server wants a mechListMIC, but ${established.mechanism} was negotiated without integrity`);
  }
  return false;
}

/** A state that reads a NegTokenResp. It can be stepped again until it is disposed. */
function awaiting(
  { request, offered }: Negotiation, progress: Progress, take: (resp: NegTokenResp, signal: AbortSignal | undefined) => HandshakeStep | Promise<HandshakeStep>,
): Handshake {
  return {
    step(token, signal) {
      return tellPeer(request.extendedError, () => {
        const resp = readNegTokenResp(token);
        if (resp.negState === REJECT) return refusal(resp, progress, offered, signal).then((error) => Promise.reject(new PeerKnows(error)));
        return take(resp, signal);
      });
    },
    dispose() {
      progress.handshake?.dispose();
      progress.holder?.dispose();
    },
  };
}

/** The server said reject: the mechanism explains the token that came with it, where it can. */
async function refusal(resp: NegTokenResp, progress: Progress, offered: readonly MechanismCredential[], signal: AbortSignal | undefined): Promise<SspiError> {
  if (resp.responseToken && progress.handshake) {
    try {
      const step = await progress.handshake.step(resp.responseToken, signal);
      step.next?.dispose();
      step.established?.dispose();
    } catch (error) {
      if (error instanceof SspiError) return error;
      throw error;
    }
  }
  return new SspiError('SEC_E_LOGON_DENIED', `the server refused the negotiation (negState reject); ${names(offered)} was offered`, {
    remedy: 'Check the user name, the password and the target name; the log of the server has the reason.',
  });
}

function refuseChange(chosen: MechanismCredential, resp: NegTokenResp): void {
  if (resp.supportedMech && !includesOid(chosen.oids, resp.supportedMech)) {
    throw malformed(`the server changed from ${chosen.name} to ${describeOid(resp.supportedMech)} in the middle`);
  }
  if (resp.negState === REQUEST_MIC) throw malformed('request-mic is for the first reply of the server alone');
}

function progressOf(step: HandshakeStep): Progress {
  return step.next ? { handshake: step.next } : { holder: hold(step.established) };
}
