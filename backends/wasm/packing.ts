import { packSession } from './ntlm/packed-session.ts';
import { importNtlmContext } from './ntlm/session.ts';
import { packContext, unpackContext } from './packed-context.ts';

/** Contexts as bytes, and back; Kerberos' own form is with Kerberos. */
export const packing = { packContext, unpackContext, packSession, importNtlmContext };
