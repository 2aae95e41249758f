import { kerberosService } from '#kerberos';
import { createNtlmServer } from './ntlm/server.ts';
import type { Acceptors } from './parts.ts';
import { createSpnegoAcceptor } from './spnego/acceptor.ts';

/** The acceptors of this build. */
export const acceptors: Acceptors = { negotiate: createSpnegoAcceptor, ntlm: createNtlmServer, kerberos: kerberosService };
