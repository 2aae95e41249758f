import type { PackageName } from '../contract/credentials.ts';

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

const KNOWN = /^!?(?:kerberos|ntlm)$/i;
