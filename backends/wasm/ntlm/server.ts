import type { AcceptorRequest, Handshake } from '../mechanism.ts';
import { ntlmAcceptor, type ServerPolicy } from './acceptor.ts';
import type { NtlmCredentialOptions } from './credential.ts';
import { serverNames } from './target-info.ts';

/** The server's side of a credential: what its handshakes share. Null without accounts. */
export function createNtlmServer(options: NtlmCredentialOptions): ((request: AcceptorRequest) => Handshake) | null {
  const policy = createPolicy(options);
  return policy === null ? null : (request) => ntlmAcceptor(policy, request);
}

function createPolicy({ acceptor, ntlm, host }: NtlmCredentialOptions): ServerPolicy | null {
  if (acceptor === undefined) return null;
  const accounts = acceptor.accounts ?? (acceptor.allowAnonymous === true ? () => null : undefined);
  if (accounts === undefined) return null;
  return {
    host, acceptor, accounts,
    names: serverNames(ntlm, host),
    level: ntlm?.lmCompatibilityLevel ?? null,
    minimumKeyStrength: ntlm?.minimumKeyStrength ?? 128,
    challengeLifetime: ntlm?.challengeLifetime ?? 5 * 60 * 1000,
  };
}
