import type { PackageName } from '../contract/credentials.ts';
import { SspiError } from '../contract/errors.ts';

/**
 * PackageList as Windows reads it: names with commas, each perhaps after a '!'. Undefined when the package is not Negotiate, which alone looks at
 * it, or when the list is blank. Throws a RangeError for a name that is none: the system would pass over it in silence.
 */
export function packageListFor(packageName: PackageName, packageList: string | undefined): string | undefined {
  if (packageName !== 'Negotiate' || packageList === undefined) return undefined;
  const names = packageList.split(',').map((name) => name.trim().replace(/^!\s*/, '!')).filter((name) => name !== '');
  for (const name of names) {
    if (!KNOWN.test(name)) throw new RangeError(`packageList: Kerberos or NTLM expected, each perhaps after a '!', '${name}' came`);
  }
  return names.length === 0 ? undefined : names.join(',');
}

/**
 * What to acquire on Wine, which takes a SEC_WINNT_AUTH_IDENTITY_EXW for the shorter structure and follows its version as a pointer: the one
 * package that the list leaves, or Negotiate without a list.
 */
export function packageOnWine(packageList: string): PackageName {
  const names = packageList.toLowerCase().split(',');
  const isLeft = (name: string) => !names.includes(`!${name}`) && (names.includes(name) || names.every((item) => item.startsWith('!')));
  const [kerberos, ntlm] = [isLeft('kerberos'), isLeft('ntlm')];
  if (!kerberos && !ntlm) throw new SspiError('SEC_E_NO_CREDENTIALS', `packageList '${packageList}' allows nothing`);
  return kerberos && ntlm ? 'Negotiate' : kerberos ? 'Kerberos' : 'NTLM';
}

const KNOWN = /^!?(?:kerberos|ntlm)$/i;
