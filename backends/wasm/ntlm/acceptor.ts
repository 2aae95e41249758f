import { gssChannelBindings } from '../../contract/bindings.ts';
import type { AccountSecret, AcceptorData } from '../../contract/credentials.ts';
import { SspiError } from '../../contract/errors.ts';
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS, ASC_REQ_ALLOW_NULL_SESSION, ASC_REQ_DATAGRAM, ASC_REQ_USE_DCE_STYLE, ASC_RET_CONFIDENTIALITY, ASC_RET_IDENTIFY,
  ASC_RET_INTEGRITY, ASC_RET_NULL_SESSION, ASC_RET_REPLAY_DETECT, ASC_RET_SEQUENCE_DETECT, ASC_RET_USED_DCE_STYLE,
} from '../../contract/flags.ts';
import type { Host } from '../../contract/host.ts';
import { hash } from '../core/hash.ts';
import {
  ALLOW_LM, ALLOW_NTLM, buildChallenge, HAS_LM, type Verified, verifyAuthenticate,
} from '../core/ntlm-handshake.ts';
import { keep } from '../core/slab.ts';
import { lmowfv1, moveHash, ntowfv1, ntowfv2 } from '../core/ntlm-hash.ts';
import { type AuthenticateMessage, parseAuthenticate } from '../core/ntlm-parse.ts';
import type { AcceptorRequest, Handshake, HandshakeStep } from '../mechanism.ts';
import {
  AV_FLAG_UNTRUSTED_TARGET, NTLMSSP_NEGOTIATE_128, NTLMSSP_NEGOTIATE_56, NTLMSSP_NEGOTIATE_ALWAYS_SIGN, NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY,
  NTLMSSP_NEGOTIATE_IDENTIFY, NTLMSSP_NEGOTIATE_KEY_EXCH, NTLMSSP_NEGOTIATE_LM_KEY, NTLMSSP_NEGOTIATE_NTLM, NTLMSSP_NEGOTIATE_OEM,
  NTLMSSP_NEGOTIATE_SEAL, NTLMSSP_NEGOTIATE_SIGN, NTLMSSP_NEGOTIATE_UNICODE, NTLMSSP_NEGOTIATE_VERSION, NTLMSSP_REQUEST_NON_NT_SESSION_KEY,
  NTLMSSP_REQUEST_TARGET,
} from './flags.ts';
import { type AccountName, ANONYMOUS_NAME, displayName, readName, upperCase } from './names.ts';
import { NtlmSession } from './session.ts';
import type { ServerNames } from './target-info.ts';

/** What a server knows and allows; shared by all handshakes of a credential. */
export interface ServerPolicy {
  host: Host;
  acceptor: AcceptorData;
  accounts: NonNullable<AcceptorData['accounts']>;
  names: ServerNames;
  /** Null: only NTLMv2, without anybody having asked for a level. */
  level: number | null;
  minimumKeyStrength: number;
  /** Milliseconds. */
  challengeLifetime: number;
}

/** The first state: the client begins. */
export function ntlmAcceptor(policy: ServerPolicy, request: AcceptorRequest): Handshake {
  if ((request.flags & ASC_REQ_DATAGRAM) !== 0) throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'NTLM: ASC_REQ_DATAGRAM is not supported');
  return {
    async step(token) {
      if (token === null) throw new SspiError('SEC_E_INVALID_TOKEN', 'NTLM: a NEGOTIATE was expected, no token came', { offset: 0 });
      const { host, names } = policy;
      const issued = host.now().getTime();
      names.setTimestamp(issued);
      const challenge = buildChallenge({
        negotiate: token, serverChallenge: host.random(8), name: names.name, targetInfo: names.targetInfo,
        supported: supportedFlags(policy), targetType: names.targetType,
      });
      requireStrength(uint32(challenge, 20), policy.minimumKeyStrength, 'NEGOTIATE', 12);
      return { token: challenge, next: new ExpectAuthenticate(policy, request, keep(token), keep(challenge), issued) };
    },
    dispose() {},
  };
}

class ExpectAuthenticate implements Handshake {
  readonly #policy: ServerPolicy;
  readonly #request: AcceptorRequest;
  readonly #negotiate: Uint8Array;
  readonly #challenge: Uint8Array;
  readonly #issued: number;
  /** The token that this challenge was spent on; it may come again only while its own leg is repeated. */
  #answer: Uint8Array | null = null;
  #failed = false;

  constructor(policy: ServerPolicy, request: AcceptorRequest, negotiate: Uint8Array, challenge: Uint8Array, issued: number) {
    this.#policy = policy;
    this.#request = request;
    this.#negotiate = negotiate;
    this.#challenge = challenge;
    this.#issued = issued;
  }

  /*
   * 1. read the names   2. challenge: fresh, unspent   3. find the account   4. proof, MIC, echo   5. bindings, target
   */
  async step(token: Uint8Array | null, signal?: AbortSignal): Promise<HandshakeStep> {
    if (token === null) throw new SspiError('SEC_E_INVALID_TOKEN', 'NTLM: an AUTHENTICATE was expected, no token came', { offset: 0 });
    // 1.
    const message = parseAuthenticate(token);
    const account = this.#account(token, message);
    // 2.
    this.#spend(token);
    try {
      if (isAnonymous(message)) return this.#admitAnonymous(token, message);
      this.#requireNtlmv2(message);
      // 3.
      const secret = await this.#find(account);
      signal?.throwIfAborted();
      // 4.
      const verified = this.#verify(token, account, secret);
      // 5.
      return this.#admit(token, account, verified);
    } catch (error) {
      this.#failed = signal?.aborted !== true || error !== signal.reason;
      throw error;
    }
  }

  dispose(): void {
    this.#answer = null;
  }

  #account(token: Uint8Array, message: AuthenticateMessage): AccountName {
    const unicode = (message.flags & (NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM)) !== NTLMSSP_NEGOTIATE_OEM;
    return { user: readName(token, message.user, unicode), domain: readName(token, message.domain, unicode) };
  }

  /** A challenge is answered once and in time: whoever may try again may guess. */
  #spend(token: Uint8Array): void {
    const age = this.#policy.host.now().getTime() - this.#issued;
    if (Math.abs(age) > this.#policy.challengeLifetime) {
      throw new SspiError('SEC_E_CONTEXT_EXPIRED', `NTLM: the challenge was to be answered within ${this.#policy.challengeLifetime / 1000} s`, {
        remedy: 'Begin a new handshake.',
      });
    }
    const answer = this.#answer;
    if (this.#failed || (answer !== null && (answer.length !== token.length || answer.some((byte, at) => byte !== token[at])))) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'NTLM: this challenge was answered already', { offset: 0, remedy: 'Begin a new handshake.' });
    }
    this.#answer ??= keep(token);
  }

  #admitAnonymous(token: Uint8Array, message: AuthenticateMessage): HandshakeStep {
    const { acceptor } = this.#policy;
    if (acceptor.allowAnonymous !== true && (this.#request.flags & ASC_REQ_ALLOW_NULL_SESSION) === 0) {
      throw new SspiError('SEC_E_LOGON_DENIED', 'NTLM: the client logs on anonymously, which this server does not allow', {
        remedy: 'Give the client credentials, or set allowAnonymous.',
      });
    }
    this.#checkBindings(token, message);
    const flags = (message.flags & uint32(this.#challenge, 20) & ~(NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL)) >>> 0;
    return {
      token: null,
      established: new NtlmSession({
        initiator: false, flags, attributes: this.#achieved(flags) | ASC_RET_NULL_SESSION, names: { client: ANONYMOUS_NAME, target: null },
        exportedSessionKey: new Uint8Array(0), mic: false, channelBindingsVerified: false, clientSpecifiedTarget: null,
      }),
    };
  }

  /** Told apart from a wrong password: it is a property of the message, and says nothing of the account. */
  #requireNtlmv2(message: AuthenticateMessage): void {
    const { level } = this.#policy;
    const { length } = message.ntResponse;
    if (length > 24) return;
    const what = length === 24 ? 'NTLMv1' : 'LM';
    if (level === null || level === 5 || (level === 4 && length !== 24)) {
      throw new SspiError('SEC_E_LOGON_DENIED', `NTLM: the client answers with ${what}, which this server refuses`, {
        remedy: `Let the client use NTLMv2 (LmCompatibilityLevel 3 or more)${level === null ? ', or opt in to less with ntlm.lmCompatibilityLevel' : ''}.`,
      });
    }
  }

  async #find(account: AccountName): Promise<AccountSecret | null> {
    let secret: AccountSecret | null;
    try {
      secret = await this.#policy.accounts({ user: account.user, domain: account.domain });
    } catch (cause) {
      throw new SspiError('SEC_E_INTERNAL_ERROR', 'NTLM: the accounts callback failed', { cause });
    }
    if (secret === null || secret === undefined) return null;
    const { password, ntHash } = secret as { password?: unknown; ntHash?: unknown };
    if (typeof password === 'string' || (ntHash instanceof Uint8Array && ntHash.length === 16)) return secret;
    throw new SspiError('SEC_E_INTERNAL_ERROR', 'NTLM: the accounts callback gave neither a password, nor an NT hash of 16 bytes, nor null');
  }

  /** An unknown account costs the same work and ends in the same words as a wrong password. */
  #verify(token: Uint8Array, account: AccountName, secret: AccountSecret | null): Verified {
    const { level } = this.#policy;
    const password = secret === null ? 'no such account' : (secret as { password?: string }).password ?? null;
    const hashes = new Uint8Array(48);
    let options = level === null || level === 5 ? 0 : level === 4 ? ALLOW_NTLM : ALLOW_NTLM | ALLOW_LM;
    const ntHash = password === null ? new Uint8Array((secret as { ntHash: Uint8Array }).ntHash) : hashPassword(password);
    try {
      hashes.set(ntHash, 16);
      const lm = password === null || options === 0 ? null : lmowfv1(password);
      if (lm !== null) {
        moveHash(lm, hashes, 32);
        options |= HAS_LM;
      }
      let verified: Verified | null = null;
      try {
        // MS-NLMP 3.2.5.1.2: some clients leave the domain out of their hash
        for (const domain of new Set([account.domain, ''])) {
          moveHash(ntowfv2(ntHash, upperCase(account.user), domain), hashes, 0);
          verified = verifyAuthenticate({ negotiate: this.#negotiate, challenge: this.#challenge, authenticate: token, hashes, options });
          if (verified !== null) break;
        }
      } catch (error) {
        if (secret !== null) throw error;
      }
      if (verified === null || secret === null) {
        throw new SspiError('SEC_E_LOGON_DENIED', 'NTLM: user name or password is wrong', {
          remedy: 'Check the user name, its domain and the password; the accounts callback must know the account by the domain that the client gives.',
        });
      }
      return verified;
    } finally {
      hashes.fill(0);
      ntHash.fill(0);
    }
  }

  #admit(token: Uint8Array, account: AccountName, { message, exportedSessionKey }: Verified): HandshakeStep {
    const flags = (message.flags & uint32(this.#challenge, 20)) >>> 0;
    requireStrength(flags, this.#policy.minimumKeyStrength, 'AUTHENTICATE', 60);
    const channelBindingsVerified = this.#checkBindings(token, message);
    const target = message.targetName === null || message.targetName.length === 0 ? null : readName(token, message.targetName, true);
    this.#checkTarget(target, message);
    return {
      token: null,
      established: new NtlmSession({
        initiator: false, flags, attributes: this.#achieved(flags), names: { client: displayName(account), target }, exportedSessionKey,
        mic: message.mic !== null, channelBindingsVerified, clientSpecifiedTarget: target,
      }),
    };
  }

  /** MS-NLMP 3.2.5.2.2: a pair that is absent and one of zeros both say that the client has no bindings. True when they matched. */
  #checkBindings(token: Uint8Array, message: AuthenticateMessage): boolean {
    const policy = this.#policy.acceptor.channelBindingPolicy ?? 'whenSupported';
    if (policy === 'never') return false;
    const required = policy === 'always' && (this.#request.flags & ASC_REQ_ALLOW_MISSING_BINDINGS) === 0;
    const own = this.#request.channelBindings;
    const at = message.channelBindings;
    const came = at === null ? null : token.subarray(at, at + 16);
    if (own === null) {
      if (!required) return false;
      throw new SspiError('SEC_E_BAD_BINDINGS', "NTLM: the channel binding policy is 'always', but the server has no channel bindings to compare", {
        remedy: "Pass the TLS channel's bindings to the acceptor; without TLS that policy can let nobody in.",
      });
    }
    if (came === null || came.every((byte) => byte === 0)) {
      if (!required) return false;
      throw new SspiError('SEC_E_BAD_BINDINGS', 'NTLM: the client sent no channel bindings, which this server requires', {
        remedy: 'Let the client pass tls-server-end-point bindings (Extended Protection for Authentication).',
      });
    }
    const expected = hash('md5', gssChannelBindings(own));
    if (expected.some((byte, index) => byte !== came[index])) {
      throw new SspiError('SEC_E_BAD_BINDINGS', "NTLM: the client's channel bindings are those of another TLS channel", {
        offset: at!, remedy: 'The password was right. Look for a TLS proxy between client and server, or another certificate.',
      });
    }
    return true;
  }

  /**
   * The SPN that the client meant. Windows leaves this check to the service, which asks for SECPKG_ATTR_CLIENT_SPECIFIED_TARGET;
   * SEC_E_WRONG_PRINCIPAL is what it has for a ticket made out to somebody else. A client that names none is let in
   * unless bindings are required too, as with Extended Protection.
   */
  #checkTarget(target: string | null, message: AuthenticateMessage): void {
    const { serviceNames, channelBindingPolicy } = this.#policy.acceptor;
    if (serviceNames === undefined) return;
    const named = target !== null && (message.avFlags & AV_FLAG_UNTRUSTED_TARGET) === 0 ? target : null;
    if (named === null && channelBindingPolicy !== 'always') return;
    if (named !== null && serviceNames.some((name) => name.toLowerCase() === named.toLowerCase())) return;
    throw new SspiError('SEC_E_WRONG_PRINCIPAL', named === null ? 'NTLM: the client names no target, which this server requires' : `NTLM: the client means '${named}', which is not this service`, {
      remedy: `Expected one of: ${serviceNames.join(', ')}.`,
    });
  }

  #achieved(flags: number): number {
    let attributes = 0;
    if ((flags & NTLMSSP_NEGOTIATE_SIGN) !== 0) attributes |= ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
    if ((flags & NTLMSSP_NEGOTIATE_SEAL) !== 0) attributes |= ASC_RET_CONFIDENTIALITY;
    if ((flags & NTLMSSP_NEGOTIATE_IDENTIFY) !== 0) attributes |= ASC_RET_IDENTIFY;
    if ((this.#request.flags & ASC_REQ_USE_DCE_STYLE) !== 0) attributes |= ASC_RET_USED_DCE_STYLE;
    return attributes;
  }
}

function isAnonymous(message: AuthenticateMessage): boolean {
  return message.user.length === 0 && message.ntResponse.length === 0 && message.lmResponse.length <= 1;
}

function hashPassword(password: string): Uint8Array {
  try {
    return ntowfv1(password);
  } catch (cause) {
    throw new SspiError('SEC_E_INTERNAL_ERROR', 'NTLM: the accounts callback gave a password that cannot be hashed', { cause });
  }
}

/** Keys of the old LM kind only where NTLMv1 was opted for. */
function supportedFlags({ level }: ServerPolicy): number {
  const old = level === null || level === 5 ? 0 : NTLMSSP_NEGOTIATE_LM_KEY | NTLMSSP_REQUEST_NON_NT_SESSION_KEY;
  return SUPPORTED | old;
}

/** NtlmMinServerSec: where messages will be protected, keys must have the length that the server wants. */
function requireStrength(flags: number, minimum: number, message: string, offset: number): void {
  if ((flags & (NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL)) === 0) return;
  const strong = minimum === 40 || (flags & NTLMSSP_NEGOTIATE_128) !== 0 || (minimum === 56 && (flags & NTLMSSP_NEGOTIATE_56) !== 0);
  if (strong) return;
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `NTLM ${message}: the client knows no keys of ${minimum} bits, which this server requires`, {
    offset, remedy: 'Let the client use 128-bit keys, or lower ntlm.minimumKeyStrength.',
  });
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

const SUPPORTED = NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM | NTLMSSP_REQUEST_TARGET | NTLMSSP_NEGOTIATE_SIGN | NTLMSSP_NEGOTIATE_SEAL
  | NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_NEGOTIATE_ALWAYS_SIGN | NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_IDENTIFY
  | NTLMSSP_NEGOTIATE_VERSION | NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_KEY_EXCH | NTLMSSP_NEGOTIATE_56;
