import type { SecPkgInfo } from '../../backends/contract/attributes.ts';
import type { ChangePasswordOptions } from '../../backends/contract/backend.ts';
import type { BackendName, PackageName } from '../../backends/contract/credentials.ts';
import { SspiError } from '../../backends/contract/errors.ts';
import { checkString } from './checks.ts';
import { bringPasswords, chooseBackend } from './dispatcher.ts';

export interface PackageOptions {
  backend?: 'auto' | BackendName;
}

/** EnumerateSecurityPackages: what this backend offers. */
export async function enumerateSecurityPackages(options: PackageOptions = {}): Promise<SecPkgInfo[]> {
  return (await chooseBackend(options.backend)).enumerateSecurityPackages();
}

/** QuerySecurityPackageInfo. Throws SEC_E_SECPKG_NOT_FOUND. */
export async function querySecurityPackageInfo(name: PackageName, options: PackageOptions = {}): Promise<SecPkgInfo> {
  checkString(name, 'name');
  const packages = await enumerateSecurityPackages(options);
  const found = packages.find((info) => info.name.toLowerCase() === name?.toLowerCase());
  if (found === undefined) {
    throw new SspiError('SEC_E_SECPKG_NOT_FOUND', `there is no package '${name}', only ${packages.map((info) => info.name).join(' and ')}`);
  }
  return found;
}

/**
 * ChangeAccountPassword, by Kerberos (RFC 3244); an expired password can be changed too.
 *
 * Throws SEC_E_LOGON_DENIED (the old password is wrong, or the account may not change it), SEC_E_INVALID_PARAMETER (the new one is refused, with
 * the policy's text in `kerberos.text`), SEC_E_NO_AUTHENTICATING_AUTHORITY (no server answers), SEC_E_UNSUPPORTED_FUNCTION (package NTLM).
 */
export async function changeAccountPassword(options: ChangePasswordOptions & PackageOptions): Promise<void> {
  for (const key of ['user', 'domain', 'oldPassword', 'newPassword'] as const) {
    if (typeof options[key] !== 'string') throw new TypeError(`${key} must be a string`);
  }
  bringPasswords();
  return (await chooseBackend(options.backend, options as ChangePasswordOptions)).changeAccountPassword(options);
}
