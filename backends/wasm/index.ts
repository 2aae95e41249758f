import { hasKerberos } from '#kerberos';
import type { AcquireOptions, Backend } from '../contract/backend.ts';
import { plainBytes } from '../contract/buffers.ts';
import { SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from '../contract/constants.ts';
import type { AcceptorData, AuthData } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';
import { WasmContext } from './context.ts';
import { coreReady } from './core/instance.ts';
import { WasmCredential } from './credential.ts';
import { defaultCredentials, withDefaultKeytab } from './default-credential.ts';
import type { Engine } from './engine.ts';
import { resolveHost } from './host/index.ts';
import { wasmEngine } from './wasm-engine.ts';
import { listPackages, packageInfo } from './packages.ts';
import { part } from './parts.ts';

/** The portable engine as a backend. core.wasm is compiled when the first token needs it. */
export function createWasmBackend(engine: Engine = wasmEngine): Backend {
  return {
    name: 'wasm',
    async enumerateSecurityPackages() {
      if (!hasKerberos) return listPackages().filter(({ name }) => name !== 'Kerberos');
      await engine.load('Kerberos'); // what is listed can be used at once, by the synchronous import of a context too
      return listPackages();
    },
    acquireCredentials: (options) => acquire(engine, options),
    importContext(packageName, packed) {
      const context = part('packing').unpackContext(plainBytes(packed));
      if (packageName !== undefined && packageName !== context.package) {
        throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: it is of the package ${context.package}, not ${packageName}`, { offset: 5 });
      }
      const established = engine.importEstablished(context.mechanism, context.keys);
      return WasmContext.imported(context.side, context.package, resolveHost(), established, context.attributes);
    },
    async changeAccountPassword(options) {
      const { package: name = 'Negotiate' } = options;
      packageInfo(name);
      if (name === 'NTLM') {
        throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'NTLM has no way to change a password', { remedy: 'Change it by Kerberos: package Negotiate or Kerberos.' });
      }
      await (await part('passwords')()).changePassword(options, resolveHost());
    },
  };
}

async function acquire(engine: Engine, options: AcquireOptions): Promise<WasmCredential> {
  const { package: packageName, principal, credentialUse, packageList, kerberos, ntlm } = options;
  packageInfo(packageName);
  const host = resolveHost(options.host);
  const loading = coreReady();
  if (loading !== undefined) await loading;
  const defaults = { package: packageName, packageList, principal, kerberos, host };
  let acceptor: AcceptorData | undefined;
  if ((credentialUse & SECPKG_CRED_INBOUND) !== 0) {
    acceptor = (options.authData ?? {}) as AcceptorData;
    if (acceptor.keytab === undefined && acceptor.accounts === undefined) acceptor = await withDefaultKeytab(acceptor, defaults);
  }
  let authData: AuthData | undefined;
  let ntlmAuthData: AuthData | undefined;
  if ((credentialUse & SECPKG_CRED_OUTBOUND) !== 0) {
    authData = outbound(options);
    if (authData === undefined) [authData, ntlmAuthData] = await defaultCredentials(defaults);
  }
  const shared = { package: packageName, acceptor, kerberos, ntlm, host };
  const making = engine.createMechanisms({ ...shared, packageList, authData });
  const mechanisms = making instanceof Promise ? await making : making;
  // A host may have tickets for Kerberos and an account for NTLM.
  if (ntlmAuthData !== undefined && acceptor === undefined) mechanisms.push(...await engine.createMechanisms({ ...shared, packageList: 'NTLM', authData: ntlmAuthData }));
  return new WasmCredential({
    package: packageName, credentialUse, mechanisms, engine, packageList, kerberos, ntlm, host, userName: authData === undefined ? null : accountName(authData),
  });
}

/** Who the caller said it is; undefined where it left that to the host. A BOTH credential carries the acceptor's data in the same object. */
function outbound({ authData, credentialUse }: AcquireOptions): AuthData | undefined {
  if (authData === undefined) return undefined;
  if ('user' in authData || 'anonymous' in authData || 'ccache' in authData) return authData;
  return 'keytab' in authData && (credentialUse & SECPKG_CRED_INBOUND) === 0 ? authData as AuthData : undefined;
}

/** As SECPKG_CRED_ATTR_NAMES gives it: `DOMAIN\user`, or the user as it was written. */
function accountName(authData: AuthData): string {
  if (!('user' in authData) || authData.user === undefined) return '';
  return 'domain' in authData && authData.domain ? `${authData.domain}\\${authData.user}` : authData.user;
}
