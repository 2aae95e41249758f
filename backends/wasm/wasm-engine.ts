import type { AcceptorData, AuthData } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import type { Engine, MechanismOptions } from './engine.ts';
import type { MechanismCredential } from './mechanism.ts';
import { mechanismsForTarget, selectMechanisms } from './negotiate/policy.ts';
import { createNtlmCredential, importNtlmContext } from './ntlm/index.ts';
import { createSpnegoAcceptor } from './spnego/acceptor.ts';
import { createSpnegoInitiator } from './spnego/initiator.ts';

/** The mechanisms of this build. Kerberos joins them in `createMechanisms` and `importEstablished`. */
export const wasmEngine: Engine = {
  createMechanisms(options) {
    const mechanisms: MechanismCredential[] = [];
    if (servesNtlm(options)) mechanisms.push(createNtlmCredential(options));
    if (mechanisms.length === 0) throw nothingServed(options);
    return options.package === 'Negotiate' ? selectMechanisms(mechanisms, options.packageList) : mechanisms;
  },
  negotiateInitiator: (mechanisms, request) => createSpnegoInitiator(mechanismsForTarget(mechanisms, request.targetName), request),
  negotiateAcceptor: createSpnegoAcceptor,
  importEstablished(mechanism, packed) {
    if (mechanism === 'NTLM') return importNtlmContext(packed);
    throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: this build has no mechanism ${mechanism}`, { offset: 6 });
  },
};

function servesNtlm({ authData, acceptor }: MechanismOptions): boolean {
  const outbound = authData === undefined || hasPassword(authData);
  const inbound = acceptor === undefined || hasAccounts(acceptor);
  return outbound && inbound && (authData !== undefined || acceptor !== undefined);
}

function hasPassword(authData: AuthData): boolean {
  return 'password' in authData || 'ntHash' in authData || 'anonymous' in authData;
}

function hasAccounts({ accounts, allowAnonymous }: AcceptorData): boolean {
  return accounts !== undefined || allowAnonymous === true;
}

function nothingServed({ package: name, authData, acceptor }: MechanismOptions): SspiError {
  const kerberosOnly = [authData, acceptor].some((data) => data !== undefined && ('keytab' in data || 'ccache' in data));
  if (kerberosOnly) {
    const code = name === 'NTLM' ? 'SEC_E_UNKNOWN_CREDENTIALS' : 'SEC_E_NO_CREDENTIALS';
    return new SspiError(code, `a keytab or a credential cache serves Kerberos alone, which is not available through ${name} here`, {
      remedy: acceptor === undefined ? 'Give a user with a password or an ntHash.' : 'Give the accounts callback.',
    });
  }
  return new SspiError('SEC_E_NO_CREDENTIALS', 'an inbound credential needs to know accounts', {
    remedy: 'Pass authData: { accounts: ({ user, domain }) => ({ password }) }.',
  });
}
