import { kerberosEngine, realmFinder } from '#kerberos';
import type { AcceptorData, AuthData } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import type { Engine, MechanismOptions } from './engine.ts';
import type { MechanismCredential } from './mechanism.ts';
import { allowedMechanisms, mechanismsForTarget, selectMechanisms } from './negotiate/policy.ts';
import { createNtlmCredential } from './ntlm/index.ts';
import { part } from './parts.ts';
import { createSpnegoInitiator } from './spnego/initiator.ts';
import { resolveHost } from './host/index.ts';

/** The mechanisms of this build. */
export const wasmEngine: Engine = {
  createMechanisms: (options) => (servesKerberos(options) ? withKerberos(options) : complete([], options)), // NTLM alone waits for nothing
  negotiateInitiator(all, request) {
    const { mechanisms, fallbackFrom } = mechanismsForTarget(all, request.targetName);
    return createSpnegoInitiator(mechanisms, request, fallbackFrom);
  },
  negotiateAcceptor: (mechanisms, request) => part('acceptors').negotiate(mechanisms, request),
  importEstablished(mechanism, packed) {
    if (mechanism === 'NTLM') return part('packing').importNtlmContext(packed);
    if (kerberos === undefined) {
      throw new SspiError('SEC_E_CANNOT_PACK', 'exported context: it is of Kerberos, which is loaded on demand, and nothing here has used it yet', {
        remedy: "Await querySecurityPackageInfo('Kerberos') once before the import: it loads the package.",
      });
    }
    return kerberos.importKerberosContext(packed, resolveHost());
  },
  async load(name) {
    if (name === 'Kerberos') kerberos = await kerberosEngine();
  },
};

async function withKerberos(options: MechanismOptions): Promise<MechanismCredential[]> {
  const mechanisms: MechanismCredential[] = [];
  const stand = options.package === 'Kerberos' ? undefined : await (await realmFinder()).withoutRealm(options);
  if (stand === undefined) {
    kerberos = await kerberosEngine();
    mechanisms.push(kerberos.createKerberosCredential(options));
  } else if (stand !== null && options.acceptor === undefined) {
    if (!allowedMechanisms(options.packageList).includes('NTLM')) throw stand.unavailable;
    mechanisms.push(stand);
  }
  return complete(mechanisms, options);
}

function complete(mechanisms: MechanismCredential[], options: MechanismOptions): MechanismCredential[] {
  if (options.package !== 'Kerberos' && servesNtlm(options)) mechanisms.push(createNtlmCredential(options));
  if (mechanisms.length === 0) throw nothingServed(options);
  return options.package === 'Negotiate' ? selectMechanisms(mechanisms, options.packageList) : mechanisms;
}

/** Loaded when a credential first needs it, so that a program of NTLM alone does not ship it. */
let kerberos: typeof import('./kerberos/index.ts') | undefined;

function servesKerberos({ package: name, packageList, authData, acceptor, kerberos }: MechanismOptions): boolean {
  if (name === 'NTLM' || (name === 'Negotiate' && !allowedMechanisms(packageList).includes('Kerberos'))) return false;
  const outbound = authData === undefined || 'keytab' in authData || 'ccache' in authData || 'password' in authData
    || ('ntHash' in authData && (kerberos?.allowWeakCrypto ?? false));
  return outbound && (acceptor === undefined || acceptor.keytab !== undefined) && (authData !== undefined || acceptor !== undefined);
}

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
  return new SspiError(
    kerberosOnly && name === 'NTLM' ? 'SEC_E_UNKNOWN_CREDENTIALS' : 'SEC_E_NO_CREDENTIALS',
    kerberosOnly ? 'a keytab or a credential cache is for Kerberos, which is not allowed here' : `${name}: nothing in this credential is for it`,
    { remedy: acceptor === undefined ? 'Give a user and a password; Kerberos takes a keytab or a ccache too.' : 'Give a keytab for Kerberos (default: KRB5_KTNAME, /etc/krb5.keytab), accounts for NTLM, as the credential.' },
  );
}
