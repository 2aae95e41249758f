import { gssChannelBindings } from '../../contract/bindings.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ISC_REQ_CONFIDENTIALITY, ISC_REQ_DATAGRAM, ISC_REQ_IDENTIFY, ISC_REQ_INTEGRITY, ISC_REQ_NO_INTEGRITY, ISC_REQ_NULL_SESSION,
  ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, ISC_REQ_UNVERIFIED_TARGET_NAME, ISC_REQ_USE_DCE_STYLE, ISC_RET_CONFIDENTIALITY, ISC_RET_IDENTIFY,
  ISC_RET_INTEGRITY, ISC_RET_NULL_SESSION, ISC_RET_REPLAY_DETECT, ISC_RET_SEQUENCE_DETECT, ISC_RET_USED_DCE_STYLE,
} from '../../contract/flags.ts';
import type { Host } from '../../contract/host.ts';
import { hash } from '../core/hash.ts';
import {
  ANONYMOUS_LOGON, AT_LEAST_56, buildAuthenticate, CHANNEL_BINDINGS, NTLM_V2, SEND_LM, SINGLE_HOST, TARGET_NAME, UNTRUSTED_TARGET,
} from '../core/ntlm-handshake.ts';
import type { Handshake, HandshakeStep, InitiatorRequest } from '../mechanism.ts';
import {
  NTLMSSP_NEGOTIATE_128, NTLMSSP_NEGOTIATE_56, NTLMSSP_NEGOTIATE_ALWAYS_SIGN, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, NTLMSSP_NEGOTIATE_IDENTIFY,
  NTLMSSP_NEGOTIATE_KEY_EXCH, NTLMSSP_NEGOTIATE_LM_KEY, NTLMSSP_NEGOTIATE_NTLM, NTLMSSP_NEGOTIATE_OEM, NTLMSSP_NEGOTIATE_SEAL, NTLMSSP_NEGOTIATE_SIGN,
  NTLMSSP_NEGOTIATE_UNICODE, NTLMSSP_NEGOTIATE_VERSION, NTLMSSP_REQUEST_TARGET,
} from './flags.ts';
import { ANONYMOUS_NAME, utf16 } from './names.ts';
import { NtlmSession } from './session.ts';

/** Who logs on, as the messages and the core want it; shared by all handshakes of a credential. */
export interface Identity {
  host: Host;
  /** How a person reads it. */
  name: string;
  anonymous: boolean;
  /** User, domain and workstation in UTF-16LE, one behind the other. */
  names: Uint8Array;
  userLength: number;
  domainLength: number;
  workstationLength: number;
  /** NTOWFv2, NTOWFv1, LMOWFv1: 48 bytes; secret. */
  hashes: Uint8Array;
  hasLm: boolean;
  /** Single_Host_Data (MS-NLMP 2.2.2.2), 48 bytes. */
  singleHost: Uint8Array;
  level: number;
  minimumKeyStrength: number;
  /** Send MsvAvChannelBindings of zeros where the caller gave none, as Windows does. */
  emptyChannelBindings: boolean;
}

/** The first state: nothing was sent yet. */
export function ntlmInitiator(identity: Identity, request: InitiatorRequest): Handshake {
  if ((request.flags & ISC_REQ_DATAGRAM) !== 0) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'NTLM: ISC_REQ_DATAGRAM is not supported');
  if (request.targetName !== null && request.targetName.length > MAX_TARGET) {
    throw new SspiError('SEC_E_TARGET_UNKNOWN', `NTLM: a target name has at most ${MAX_TARGET} characters, ${request.targetName.length} came`);
  }
  const anonymous = identity.anonymous || (request.flags & ISC_REQ_NULL_SESSION) !== 0;
  const flags = offeredFlags(identity, request, anonymous);
  const negotiate = negotiateMessage(flags);
  return {
    async step(token) {
      if (token !== null && token.length > 0) {
        throw new SspiError('SEC_E_INVALID_TOKEN', `NTLM: the client begins, but a token of ${token.length} bytes came before its NEGOTIATE`, { offset: 0 });
      }
      return { token: negotiate.slice(), next: new ExpectChallenge(identity, request, flags, negotiate, anonymous) };
    },
    dispose() {},
  };
}

class ExpectChallenge implements Handshake {
  readonly #identity: Identity;
  readonly #request: InitiatorRequest;
  readonly #flags: number;
  readonly #negotiate: Uint8Array;
  readonly #anonymous: boolean;

  constructor(identity: Identity, request: InitiatorRequest, flags: number, negotiate: Uint8Array, anonymous: boolean) {
    this.#identity = identity;
    this.#request = request;
    this.#flags = flags;
    this.#negotiate = negotiate;
    this.#anonymous = anonymous;
  }

  async step(token: Uint8Array | null): Promise<HandshakeStep> {
    if (token === null) throw new SspiError('SEC_E_INVALID_TOKEN', 'NTLM: a CHALLENGE was expected, no token came', { offset: 0 });
    const identity = this.#identity;
    const { host } = identity;
    const { targetName, flags: asked } = this.#request;
    const bindings = this.#bindings();
    const random = host.random(24);
    const anonymous = this.#anonymous;
    const authenticate = buildAuthenticate({
      negotiate: this.#negotiate,
      challenge: token,
      names: anonymous ? identity.names.subarray(identity.userLength + identity.domainLength) : identity.names,
      userLength: anonymous ? 0 : identity.userLength,
      domainLength: anonymous ? 0 : identity.domainLength,
      workstationLength: identity.workstationLength,
      target: targetBytes(targetName),
      hashes: identity.hashes,
      random,
      time: host.now().getTime(),
      bindings,
      singleHost: identity.singleHost,
      ownFlags: this.#flags,
      required: anonymous ? 0 : requiredFlags(asked),
      requiredToProtect: requiredToProtect(identity),
      options: (anonymous ? ANONYMOUS_LOGON : 0) | (identity.level >= 3 ? NTLM_V2 : 0) | (identity.level <= 1 && identity.hasLm ? SEND_LM : 0)
        | (bindings !== null ? CHANNEL_BINDINGS : 0) | SINGLE_HOST | TARGET_NAME
        | (targetName !== null && (asked & ISC_REQ_UNVERIFIED_TARGET_NAME) !== 0 ? UNTRUSTED_TARGET : 0)
        | (identity.minimumKeyStrength === 56 ? AT_LEAST_56 : 0),
    });
    random.fill(0);
    const established = new NtlmSession({
      initiator: true,
      flags: authenticate.flags,
      attributes: achieved(authenticate.flags, asked, anonymous),
      names: { client: anonymous ? ANONYMOUS_NAME : identity.name, target: targetName },
      exportedSessionKey: anonymous ? NO_KEY : authenticate.exportedSessionKey,
      mic: authenticate.mic,
      channelBindingsVerified: false,
      clientSpecifiedTarget: targetName,
    });
    return { token: authenticate.token, established };
  }

  dispose(): void {}

  /** MD5 of the structure that the application data stands in; it may have come as late as this leg. */
  #bindings(): Uint8Array | null {
    const { channelBindings } = this.#request;
    if (channelBindings !== null) return hash('md5', gssChannelBindings(channelBindings));
    return this.#identity.emptyChannelBindings ? new Uint8Array(16) : null;
  }
}

/** MS-NLMP 3.1.1.2 and 3.2.1.2, with what Windows adds to them: LM_KEY beside KEY_EXCH, both key lengths always. */
function offeredFlags({ level }: Identity, { flags, insideNegotiate }: InitiatorRequest, anonymous: boolean): number {
  let offered = NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM | NTLMSSP_REQUEST_TARGET | NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_NEGOTIATE_ALWAYS_SIGN
    | NTLMSSP_NEGOTIATE_VERSION | NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_56;
  if (level > 0) offered |= NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY;
  if ((flags & ISC_REQ_IDENTIFY) !== 0) offered |= NTLMSSP_NEGOTIATE_IDENTIFY;
  // an anonymous logon proves nothing, so no key comes of it
  if (anonymous) return offered >>> 0;
  // inside SPNEGO the mechListMIC needs a key
  if (wantsSign(flags) || (insideNegotiate && (flags & ISC_REQ_NO_INTEGRITY) === 0)) {
    offered |= NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_KEY_EXCH | NTLMSSP_NEGOTIATE_LM_KEY;
  }
  if ((flags & ISC_REQ_CONFIDENTIALITY) !== 0) offered |= NTLMSSP_NEGOTIATE_SEAL;
  return offered >>> 0;
}

function wantsSign(flags: number): boolean {
  return (flags & (ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY)) !== 0;
}

/** What the caller asked for must still stand in the CHALLENGE. */
function requiredFlags(flags: number): number {
  return (wantsSign(flags) ? NTLMSSP_NEGOTIATE_SIGN : 0) | ((flags & ISC_REQ_CONFIDENTIALITY) !== 0 ? NTLMSSP_NEGOTIATE_SEAL : 0);
}

/** Once there are messages to protect: no CRC and no short keys, unless they were opted for. */
function requiredToProtect({ level, minimumKeyStrength }: Identity): number {
  return (level >= 3 ? NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY : 0) | (minimumKeyStrength === 128 ? NTLMSSP_NEGOTIATE_128 : 0);
}

function achieved(flags: number, asked: number, anonymous: boolean): number {
  let attributes = 0;
  // a signature's sequence number finds replayed and missing messages, whether that was asked for or not
  if ((flags & NTLMSSP_NEGOTIATE_SIGN) !== 0) attributes |= ISC_RET_INTEGRITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT;
  if ((flags & NTLMSSP_NEGOTIATE_SEAL) !== 0) attributes |= ISC_RET_CONFIDENTIALITY;
  if ((flags & NTLMSSP_NEGOTIATE_IDENTIFY) !== 0) attributes |= ISC_RET_IDENTIFY;
  if ((asked & ISC_REQ_USE_DCE_STYLE) !== 0) attributes |= ISC_RET_USED_DCE_STYLE;
  if (anonymous) attributes |= ISC_RET_NULL_SESSION;
  return attributes;
}

/*
 *    0 signature, type 1   12 flags   16 no domain   24 no workstation   32 Version
 */
function negotiateMessage(flags: number): Uint8Array {
  const message = NEGOTIATE.slice();
  message[12] = flags;
  message[13] = flags >>> 8;
  message[14] = flags >>> 16;
  message[15] = flags >>> 24;
  return message;
}

let lastTarget: { name: string; bytes: Uint8Array } | null = null;

/** A client mostly speaks to one server, again and again. */
function targetBytes(name: string | null): Uint8Array {
  if (name === null) return NO_TARGET;
  if (lastTarget?.name !== name) lastTarget = { name, bytes: utf16(name) };
  return lastTarget.bytes;
}

const MAX_TARGET = 2048;
const NO_TARGET = new Uint8Array(0);
const NO_KEY = new Uint8Array(0);
// 10.0.17763, NTLMSSP_REVISION_W2K3 (MS-NLMP 2.2.2.10); both names empty, their offsets too, as Windows sends them
const NEGOTIATE = Uint8Array.of(
  0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0, 0x63, 0x45, 0, 0, 0, 0x0f,
);
