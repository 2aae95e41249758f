import type { SecPkgInfo } from '../contract/attributes.ts';
import {
  SECPKG_FLAG_ACCEPT_WIN32_NAME, SECPKG_FLAG_CONNECTION, SECPKG_FLAG_DATAGRAM, SECPKG_FLAG_DELEGATION, SECPKG_FLAG_EXTENDED_ERROR, SECPKG_FLAG_GSS_COMPATIBLE, SECPKG_FLAG_IMPERSONATION,
  SECPKG_FLAG_INTEGRITY, SECPKG_FLAG_LOGON, SECPKG_FLAG_MULTI_REQUIRED, SECPKG_FLAG_MUTUAL_AUTH, SECPKG_FLAG_NEGOTIABLE, SECPKG_FLAG_PRIVACY, SECPKG_FLAG_RESTRICTED_TOKENS,
  SECPKG_FLAG_TOKEN_ONLY,
} from '../contract/constants.ts';
import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';

/** The packages of this engine, in Windows's order; a fresh copy. */
export function listPackages(): SecPkgInfo[] {
  return [...PACKAGES.values()].map((info) => ({ ...info }));
}

/** One package; a fresh copy. Throws SEC_E_SECPKG_NOT_FOUND. */
export function packageInfo(name: PackageName): SecPkgInfo {
  const info = PACKAGES.get(name);
  if (info === undefined) {
    throw new SspiError('SEC_E_SECPKG_NOT_FOUND', `the Wasm engine has no package '${name}', only ${[...PACKAGES.keys()].join(', ')}`);
  }
  return { ...info };
}

// What Windows 7 to 11 report, less the bits that only a Windows process can act on (app containers).
const SHARED = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_IMPERSONATION
  | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE | SECPKG_FLAG_LOGON | SECPKG_FLAG_RESTRICTED_TOKENS;

const PACKAGES: ReadonlyMap<PackageName, SecPkgInfo> = new Map<PackageName, SecPkgInfo>([
  ['Negotiate', {
    capabilities: SHARED | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_GSS_COMPATIBLE,
    version: 1, rpcId: 9, maxToken: 65791, name: 'Negotiate', comment: 'Microsoft Package Negotiator',
  }],
  ['Kerberos', {
    capabilities: SHARED | SECPKG_FLAG_TOKEN_ONLY | SECPKG_FLAG_DATAGRAM | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_MUTUAL_AUTH | SECPKG_FLAG_DELEGATION,
    version: 1, rpcId: 16, maxToken: 48000, name: 'Kerberos', comment: 'Microsoft Kerberos V1.0',
  }],
  ['NTLM', {
    capabilities: SHARED | SECPKG_FLAG_TOKEN_ONLY,
    version: 1, rpcId: 10, maxToken: 2888, name: 'NTLM', comment: 'NTLM Security Package',
  }],
]);
