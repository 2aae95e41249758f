import type { CredentialAttributes } from '../../backends/contract/attributes.ts';
import { SECPKG_CRED_BOTH, SECPKG_CRED_OUTBOUND } from '../../backends/contract/constants.ts';
import type { AcceptorData, AuthData, BackendName, KerberosConfig, NtlmConfig, PackageName } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import type { Host } from '../../backends/contract/host.ts';
import { type KdcProxySettings, packKdcProxySettings } from '../../backends/contract/kdc-proxy.ts';
import { checkFlags, checkString } from './checks.ts';
import { chooseBackend } from './dispatcher.ts';
import { type CredHandle, newCredHandle, openCredential } from './handles.ts';

export interface AcquireCredentialsOptions {
  /** Default 'Negotiate'. */
  package?: PackageName;
  /** pszPrincipal: which of the host's default credentials; explicit `authData` names its own. */
  principal?: string;
  /** SECPKG_CRED_OUTBOUND (default), _INBOUND or _BOTH. */
  credentialUse?: number;
  /** pAuthData: who the caller is, or what a server knows. Default: the host's own credential. */
  authData?: AuthData | AcceptorData | (AuthData & AcceptorData);
  /** What Negotiate may use: 'Kerberos,!NTLM'. */
  packageList?: string;
  kerberos?: KerberosConfig;
  ntlm?: NtlmConfig;
  /** What the Wasm engine asks of its host; replaceable, so that tests are deterministic. */
  host?: Partial<Host>;
  /** Default 'auto': the best backend of this host. */
  backend?: 'auto' | BackendName;
}

export interface AcquiredCredentials {
  credential: CredHandle;
  /** When it ends; null: never. */
  expiry: Date | null;
}

/**
 * AcquireCredentialsHandle (Negotiate). Free the handle with `freeCredentialsHandle`.
 *
 * Throws SEC_E_SECPKG_NOT_FOUND, SEC_E_NO_CREDENTIALS (none given and the host has none), SEC_E_UNKNOWN_CREDENTIALS (of a kind that the package
 * does not take); TypeError and RangeError for wrong arguments.
 */
export async function acquireCredentialsHandle(options: AcquireCredentialsOptions = {}): Promise<AcquiredCredentials> {
  const { package: name = 'Negotiate', principal, authData, packageList, kerberos, ntlm, host } = options;
  checkString(name, 'package');
  checkString(principal, 'principal');
  checkString(packageList, 'packageList');
  const credentialUse = options.credentialUse === undefined ? SECPKG_CRED_OUTBOUND : checkFlags(options.credentialUse, 'credentialUse');
  if (credentialUse === 0 || (credentialUse & ~SECPKG_CRED_BOTH) !== 0) {
    throw new RangeError('credentialUse must be SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND or SECPKG_CRED_BOTH');
  }
  checkAuthData(authData);
  const wanted = { package: name, principal, credentialUse, authData, packageList, kerberos, ntlm, host };
  const backend = await chooseBackend(options.backend, wanted);
  const credential = await backend.acquireCredentials(wanted);
  return { credential: newCredHandle(credential), expiry: credential.expiry };
}

/** QueryCredentialsAttributes: SECPKG_CRED_ATTR_NAMES gives `{ userName }`. Throws SEC_E_UNSUPPORTED_FUNCTION for others. */
export function queryCredentialsAttributes<Attribute extends keyof CredentialAttributes>(credential: CredHandle, attribute: Attribute): CredentialAttributes[Attribute];
export function queryCredentialsAttributes(credential: CredHandle, attribute: number): unknown;
export function queryCredentialsAttributes(credential: CredHandle, attribute: number): unknown {
  return openCredential(credential).queryAttribute(checkFlags(attribute, 'attribute'));
}

/**
 * SetCredentialsAttributes: SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS takes `KdcProxySettings`, or that structure's bytes.
 *
 * Throws SEC_E_UNSUPPORTED_FUNCTION for others, and with the Wasm engine, whose credentials have all that in `kerberos`.
 */
export function setCredentialsAttributes(credential: CredHandle, attribute: number, value: KdcProxySettings | Uint8Array): void {
  const open = openCredential(credential);
  const number = checkFlags(attribute, 'attribute');
  if (typeof value !== 'object' || value === null) throw new TypeError('value must be an object or a Uint8Array');
  if (open.setAttribute === undefined) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'SetCredentialsAttributes: a credential of the Wasm engine is what it was acquired as', {
      remedy: "Acquire it with what it needs: kerberos: { realms: { 'AD.TEST': { kdc: ['https://gateway.ad.test/KdcProxy'] } } }.",
    });
  }
  open.setAttribute(number, value instanceof Uint8Array ? value : packKdcProxySettings(value));
}

function checkAuthData(authData: AcquireCredentialsOptions['authData']): void {
  if (authData === undefined) return;
  if (typeof authData !== 'object' || authData === null) throw new TypeError('authData must be an object');
  const { user, domain, password, ntHash, accounts, anonymous } = authData as Record<string, unknown>;
  for (const [key, value] of [['user', user], ['domain', domain], ['password', password]] as const) {
    if (value !== undefined && typeof value !== 'string') throw new TypeError(`authData.${key} must be a string`); // the value may be a secret: not shown
  }
  if (ntHash !== undefined && (!(ntHash instanceof Uint8Array) || ntHash.length !== 16)) throw new TypeError('authData.ntHash must be a Uint8Array of 16 bytes');
  if (accounts !== undefined && typeof accounts !== 'function') throw new TypeError('authData.accounts must be a function');
  if (anonymous !== undefined && anonymous !== true) throw new TypeError('authData.anonymous must be true where it is given');
  if (user !== undefined && !['password', 'ntHash', 'keytab', 'ccache'].some((key) => (authData as Record<string, unknown>)[key] !== undefined)) {
    throw new TypeError('authData names a user, but no password, ntHash, keytab or ccache');
  }
  // Without a user it would count as none, and the host's own credential would stand in for a mistyped key.
  if (user === undefined && (password ?? ntHash) !== undefined) throw new TypeError('authData has a password or an ntHash, but no user');
}
