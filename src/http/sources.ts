import { SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from '../../backends/contract/constants.ts';
import type { AcceptorData, AuthData } from '../../backends/contract/credentials.ts';
import { createAcceptor, createInitiator } from '../context/create-context.ts';
import { acquireCredentialsHandle } from '../sspi/acquire-credentials.ts';
import { CredHandle, freeCredentialsHandle, openCredential } from '../sspi/handles.ts';
import { schemesOf, type AcceptorSource, type EngineOptions, type InitiatorSource, type Scheme } from './context-source.ts';

/** Client contexts of the engine. A credential is acquired once for each package, however many connections ask. */
export function initiatorSource(credential: CredHandle | AuthData | undefined, { packageList, kerberos, ntlm, backend }: EngineOptions): InitiatorSource {
  if (credential instanceof CredHandle) {
    return {
      schemes: handleSchemes(credential),
      initiator: ({ target, flags, channelBindings }) => createInitiator({ credential, target, flags, ...(channelBindings && { channelBindings }) }),
      close() {}, // the caller's own
    };
  }
  const credentials = createCredentials((name) => (
    { package: name, credentialUse: SECPKG_CRED_OUTBOUND, authData: credential, packageList: name === 'Negotiate' ? packageList : undefined, kerberos, ntlm, backend }
  ));
  return {
    schemes: schemesOf(packageList),
    async initiator({ package: name, target, flags, channelBindings }) {
      return await createInitiator({ credential: await credentials.of(name), target, flags, ...(channelBindings && { channelBindings }) });
    },
    close: credentials.free,
  };
}

/** Server contexts of the engine. */
export function acceptorSource({ credential, packageList, kerberos, ntlm, backend, ...data }: AcceptorData & EngineOptions & { credential?: CredHandle }): AcceptorSource {
  if (credential !== undefined) {
    return { schemes: acceptorSchemes(credential), acceptor: ({ channelBindings }) => createAcceptor({ credential, ...(channelBindings && { channelBindings }) }) };
  }
  const given = data.accounts !== undefined || data.keytab !== undefined;
  const credentials = createCredentials((name) => (
    { package: name, credentialUse: SECPKG_CRED_INBOUND, authData: data, packageList: name === 'Negotiate' ? packageList : undefined, kerberos, ntlm, backend }
  ));
  return {
    // A keytab alone opens no NTLM.
    schemes: schemesOf(packageList).filter((scheme) => scheme !== 'NTLM' || !given || data.accounts !== undefined),
    async acceptor({ package: name, channelBindings }) {
      return await createAcceptor({ credential: await credentials.of(name), ...(channelBindings && { channelBindings }) });
    },
  };
}

/** A handle speaks one package. NTLM's own tokens are also understood under Negotiate. */
function handleSchemes(handle: CredHandle): Scheme[] {
  return openCredential(handle).package === 'NTLM' ? ['NTLM', 'Negotiate'] : ['Negotiate'];
}

/** An acceptor tells NTLM's own tokens from SPNEGO's. */
function acceptorSchemes(handle: CredHandle): Scheme[] {
  return openCredential(handle).package === 'Kerberos' ? ['Negotiate'] : ['Negotiate', 'NTLM'];
}

type AcquireOptions = NonNullable<Parameters<typeof acquireCredentialsHandle>[0]>;

function createCredentials(optionsFor: (name: Scheme) => AcquireOptions): { of(name: Scheme): Promise<CredHandle>; free(): void } {
  const acquired = new Map<Scheme, Promise<CredHandle>>();
  return {
    of(name) {
      const known = acquired.get(name);
      if (known !== undefined) return known;
      const fresh = acquireCredentialsHandle(optionsFor(name)).then(({ credential }) => credential);
      fresh.catch(() => acquired.delete(name)); // a failure may pass: a keytab that is still to be written
      acquired.set(name, fresh);
      return fresh;
    },
    free() {
      for (const credential of acquired.values()) credential.then(freeCredentialsHandle, () => {});
      acquired.clear();
    },
  };
}
