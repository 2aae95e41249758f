import type { AuthData } from '../contract/credentials.ts';
import type { Frame } from './frame.ts';

const SEC_WINNT_AUTH_IDENTITY_UNICODE = 0x2;
const SEC_WINNT_AUTH_IDENTITY_VERSION = 0x200;

export type PasswordData = Extract<AuthData, { password: string }>;

/** How many bytes `putIdentity` takes. */
export function roomForIdentity(authData: PasswordData | undefined, packageList: string | undefined): number {
  const text = authData === undefined ? '' : authData.user + (authData.domain ?? '') + authData.password;
  return 2 * (text.length + (packageList?.length ?? 0)) + 256;
}

/**
 * pAuthData: SEC_WINNT_AUTH_IDENTITY_W, or with a package list SEC_WINNT_AUTH_IDENTITY_EXW, which names no user when the default
 * credential is meant. 0 (NULL) when there is neither.
 */
export function putIdentity(frame: Frame, authData: PasswordData | undefined, packageList: string | undefined): number {
  if (authData === undefined && packageList === undefined) return 0;
  const layout = packageList === undefined ? frame.layouts.SEC_WINNT_AUTH_IDENTITY_W : frame.layouts.SEC_WINNT_AUTH_IDENTITY_EXW;
  const address = frame.reserve(layout.size);
  const set = (pointer: number, length: number, text: string, what: string) => {
    frame.setPointer(address + pointer, frame.putString(text, what));
    frame.setUint32(address + length, text.length);
  };
  if (authData !== undefined) {
    const { user, domain } = accountName(authData);
    set(layout.User, layout.UserLength, user, 'authData.user');
    set(layout.Domain, layout.DomainLength, domain, 'authData.domain');
    set(layout.Password, layout.PasswordLength, authData.password, 'authData.password');
  }
  frame.setUint32(address + layout.Flags, SEC_WINNT_AUTH_IDENTITY_UNICODE);
  if (packageList !== undefined) {
    const extended = frame.layouts.SEC_WINNT_AUTH_IDENTITY_EXW;
    frame.setUint32(address + extended.Version, SEC_WINNT_AUTH_IDENTITY_VERSION);
    frame.setUint32(address + extended.Length, extended.size);
    set(extended.PackageList, extended.PackageListLength, packageList, 'packageList');
  }
  return address;
}

/** `alice`, `alice@AD.TEST` (with an empty domain, as Windows reads a UPN), `ADTEST\alice`; a domain given beside it wins. */
export function accountName({ user, domain }: { user: string; domain?: string }): { user: string; domain: string } {
  const backslash = user.indexOf('\\');
  if (backslash < 0) return { user, domain: domain ?? '' };
  return { user: user.slice(backslash + 1), domain: domain ?? user.slice(0, backslash) };
}

/** As SECPKG_CRED_ATTR_NAMES gives it: `DOMAIN\user`, or the user as it was written. */
export function displayName(account: { user: string; domain?: string }): string {
  const { user, domain } = accountName(account);
  return domain !== '' ? `${domain}\\${user}` : user;
}
