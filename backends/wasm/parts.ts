import type { ErrorRequest } from './engine.ts';
import type { AcceptorRequest, Handshake, MechanismCredential } from './mechanism.ts';
import type { NtlmCredentialOptions } from './ntlm/credential.ts';
import type { packing } from './packing.ts';

/**
 * What only some verbs need. Each of those verbs brings its part when it is called, and nothing else refers to it: a program that
 * never calls the verb is bundled without the part.
 */
export interface Parts {
  /** acceptSecurityContext's. */
  acceptors: Acceptors;
  /** ExportSecurityContext's and ImportSecurityContext's. */
  packing: typeof packing;
  /** ChangeAccountPassword's. */
  passwords(): Promise<Pick<typeof import('./kerberos/change-password.ts'), 'changePassword'>>;
}

export interface Acceptors {
  negotiate(mechanisms: readonly MechanismCredential[], request: AcceptorRequest & ErrorRequest): Handshake;
  /** How a credential of NTLM accepts; null where it holds nothing to accept with. */
  ntlm(options: NtlmCredentialOptions): ((request: AcceptorRequest) => Handshake) | null;
  kerberos(): Promise<Pick<typeof import('./kerberos/service.ts'), 'createService'>>;
}

const brought: Partial<Parts> = {};

export function bring(parts: Partial<Parts>): void {
  Object.assign(brought, parts);
}

/** A part whose verb is running, or has run. */
export function part<Name extends keyof Parts>(name: Name): Parts[Name] {
  return brought[name]!;
}
