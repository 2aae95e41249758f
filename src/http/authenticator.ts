import { SspiError } from '../../backends/contract/errors.ts';
import { ISC_RET_MUTUAL_AUTH } from '../../backends/contract/flags.ts';
import type { Authentication } from './authentication.ts';
import { encodeToken } from './base64.ts';
import { parseChallenges, requireToken, type Challenge } from './challenge.ts';
import type { HandshakeContext, InitiatorSource, Scheme } from './context-source.ts';

/** The client's side of a handshake with one party: the origin (401) or a proxy (407). */
export interface Authenticator {
  /** What goes into Authorization or Proxy-Authorization of the next leg. */
  readonly credentials: string | null;
  /** Makes the first token before anyone asked for it; what cannot be made is left for the challenge. */
  preempt(): Promise<void>;
  /** Takes the fields of a 401 or 407: `again` when another leg can answer it, `final` when it is the outcome. */
  challenged(lines: readonly string[]): Promise<'again' | 'final'>;
  /** Takes the fields of any other status; verifies the last token. Null where nothing was asked. */
  accepted(lines: readonly string[], status: number): Promise<Authentication | null>;
  /** Begins once more, for another connection. */
  restart(channelBindings: Uint8Array | null): Promise<void>;
  /** What came of it so far; null before the first challenge. */
  readonly outcome: Authentication | null;
  dispose(): void;
}

export interface AuthenticatorOptions {
  source: InitiatorSource;
  target: string;
  flags: number;
  channelBindings: Uint8Array | null;
  signal: AbortSignal;
  /** 'WWW-Authenticate' or 'Proxy-Authenticate', for messages. */
  header: string;
  /** Whether an answer without the last token is an error. A proxy may let a client pass that it remembers. */
  mustComplete: boolean;
}

/*
 *  401 Negotiate ──▶ token 1 ──▶ 401 token ──▶ token 2 ──▶ 200 token      the context is complete here, or never
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { source, target, flags, signal, header, mustComplete } = options;
  let channelBindings = options.channelBindings;
  let scheme: Scheme | null = null;
  let context: HandshakeContext | null = null;
  let credentials: string | null = null;
  let outcome: Authentication | null = null;
  let legs = 0;
  let unasked = false;

  const describe = (complete: boolean): Authentication => {
    const mutual = complete && ((context?.attributes ?? 0) & ISC_RET_MUTUAL_AUTH) !== 0;
    return {
      scheme: scheme!, package: context?.package ?? null, fallbackFrom: context?.fallbackFrom ?? null, target, peer: mutual ? context!.peer : null,
      complete, mutual, channelBindings: channelBindings !== null, reused: false,
    };
  };

  const settle = (complete: boolean): Authentication => {
    outcome = describe(complete);
    credentials = null;
    context?.dispose();
    context = null;
    return outcome;
  };

  const begin = async (serverFirst: Uint8Array | null) => {
    context?.dispose();
    context = null;
    context = await source.initiator({ package: scheme!, target, flags, channelBindings });
    legs = 0;
    outcome = null;
    await advance(serverFirst);
  };

  const advance = async (token: Uint8Array | null): Promise<boolean> => {
    if (++legs > MAX_LEGS) throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `${header}: no end of the handshake after ${MAX_LEGS} legs`);
    const answer = await context!.step(token, { signal });
    credentials = answer === null ? null : `${scheme} ${encodeToken(answer)}`;
    return answer !== null;
  };

  return {
    get credentials() {
      return credentials;
    },
    get outcome() {
      return outcome;
    },
    async preempt() {
      scheme = source.schemes[0] ?? null;
      unasked = true;
      try {
        if (scheme !== null) await begin(null);
      } catch (error) {
        if (!(error instanceof SspiError)) throw error;
        this.dispose();
        scheme = credentials = null;
      }
    },
    async challenged(lines) {
      const challenges = parseChallenges(lines);
      // A token that nobody asked for was a guess, which a server that speaks the other scheme alone has not refused.
      if (unasked && context !== null && !challenges.some((challenge) => challenge.scheme === scheme!.toLowerCase())) {
        this.dispose();
        credentials = null;
      }
      unasked = false;
      if (context === null) {
        if (outcome !== null) return 'final'; // refused, or authenticated and forbidden all the same
        scheme = choose(challenges, source.schemes, header);
        if (scheme === null) return 'final';
        await begin(serverFirstToken(challenges, scheme, header));
        return 'again';
      }
      const token68 = tokenOf(challenges, scheme!);
      if (context.complete || token68 === null) {
        settle(false);
        return 'final';
      }
      try {
        if (await advance(requireToken(token68, header))) return 'again';
      } catch (error) {
        if (!(error instanceof SspiError) || error.code !== 'SEC_E_LOGON_DENIED') throw error;
        settle(false); // SPNEGO's reject: the server's word on the credentials, as a 401 without a token is
        return 'final';
      }
      // context was narrowed above; step() may have completed it since.
      if (!(context as HandshakeContext).complete) throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `${header}: the handshake came to a halt in the middle`);
      settle(true);
      return 'final';
    },
    async accepted(lines, status) {
      if (context === null) return outcome;
      if (!context.complete) {
        const token68 = tokenOf(parseChallenges(lines), scheme!);
        if (token68 !== null && await advance(requireToken(token68, header))) {
          throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `${header}: the server answered ${status} while the handshake has a leg to go`);
        }
      }
      if (!context.complete && unasked) { // it asked for nothing, and was told without need
        this.dispose();
        credentials = null;
        return null;
      }
      if (!context.complete && mustComplete) {
        throw new SspiError('SEC_E_INCOMPLETE_MESSAGE', `the server answered ${status} without the token that ends the handshake, so it has proven nothing`, {
          remedy: status >= 500 ? 'The server failed: its own log says why.' : 'The server, or what stands in front of it, must pass on the WWW-Authenticate field of its final response.',
        });
      }
      return settle(context.complete);
    },
    async restart(bindings) {
      channelBindings = bindings;
      if (scheme !== null) await begin(null);
    },
    dispose() {
      context?.dispose();
      context = null;
    },
  };
}

function choose(challenges: readonly Challenge[], schemes: readonly Scheme[], header: string): Scheme | null {
  const offered = new Set(challenges.map((challenge) => challenge.scheme));
  const chosen = schemes.find((scheme) => offered.has(scheme.toLowerCase()));
  if (chosen !== undefined) return chosen;
  if (offered.has('ntlm')) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${header}: the server offers NTLM and not Negotiate, which packageList or the credential forbids`, {
      remedy: 'Let the server offer Negotiate, or allow NTLM: in packageList, and with a user and a password in place of a handle for Negotiate.',
    });
  }
  return null;
}

function tokenOf(challenges: readonly Challenge[], scheme: Scheme): string | null {
  return challenges.find((challenge) => challenge.scheme === scheme.toLowerCase() && challenge.token68 !== null)?.token68 ?? null;
}

/** MS-SPNG 3.2.5.2: a server may speak first, with a NegTokenInit2. Any other token on a first challenge is of an earlier handshake. */
function serverFirstToken(challenges: readonly Challenge[], scheme: Scheme, header: string): Uint8Array | null {
  const token68 = scheme === 'Negotiate' ? tokenOf(challenges, scheme) : null;
  const token = token68 === null ? null : requireToken(token68, header);
  return token !== null && token[0] === GSS_FRAME ? token : null;
}

// SPNEGO with NTLM takes three legs; Kerberos by user-to-user or with a second service leg a few more.
const MAX_LEGS = 10;
const GSS_FRAME = 0x60;
