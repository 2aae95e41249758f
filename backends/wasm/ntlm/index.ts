export { createNtlmCredential } from './credential.ts';
export type { NtlmCredentialOptions } from './credential.ts';
export { NTLMSSP as NTLM_OID } from '../spnego/oids.ts';
export { avPairs, parseNtlmMessage } from '../core/ntlm-parse.ts';
export type { AuthenticateMessage, AvPair, ChallengeMessage, Field, NegotiateMessage, NtlmMessage } from '../core/ntlm-parse.ts';
