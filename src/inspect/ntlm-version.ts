import type { Region, TokenNode } from './node.ts';
import { isZero } from './text.ts';

/**
 * VERSION (MS-NLMP 2.2.2.10), 8 bytes; what a peer says of itself, and no more than that.
 *
 *   0 ProductMajorVersion │ 1 ProductMinorVersion │ 2 ProductBuild (LE) │ 4 Reserved (3) │ 7 NTLMRevisionCurrent
 */
export function versionNode(region: Region, offset: number): TokenNode {
  const missing = region.missing('Version', offset, 8);
  if (missing !== null) return missing;
  if (isZero(region.bytes(offset, 8))) return region.node('Version', '0 (not given)', offset, 8);
  const major = region.u8(offset);
  const minor = region.u8(offset + 1);
  const build = region.u16(offset + 2);
  const revision = region.u8(offset + 7);
  const name = windowsName(major, minor, build);
  return region.node('Version', `${major}.${minor}.${build}${name === null ? '' : ` (${name})`}`, offset, 8, {
    note: revision === NTLMSSP_REVISION_W2K3 ? undefined : `NTLMRevisionCurrent ${revision}, where 15 is usual`,
  });
}

function windowsName(major: number, minor: number, build: number): string | null {
  if (major === 10 && minor === 0) return WINDOWS_10_BUILDS[build] ?? (build >= 22000 ? 'Windows 11 or later' : 'Windows 10 or Server 2016 and later');
  return WINDOWS[`${major}.${minor}`] ?? null;
}

const NTLMSSP_REVISION_W2K3 = 0x0f;

const WINDOWS: Readonly<Record<string, string>> = {
  '5.0': 'Windows 2000',
  '5.1': 'Windows XP',
  '5.2': 'Windows Server 2003',
  '6.0': 'Windows Vista or Server 2008',
  '6.1': 'Windows 7 or Server 2008 R2; Samba says the same',
  '6.2': 'Windows 8 or Server 2012',
  '6.3': 'Windows 8.1 or Server 2012 R2',
};

const WINDOWS_10_BUILDS: Readonly<Record<number, string>> = {
  10240: 'Windows 10 1507', 10586: 'Windows 10 1511', 14393: 'Windows 10 1607 or Server 2016', 15063: 'Windows 10 1703', 16299: 'Windows 10 1709',
  17134: 'Windows 10 1803', 17763: 'Windows 10 1809 or Server 2019', 18362: 'Windows 10 1903', 18363: 'Windows 10 1909', 19041: 'Windows 10 2004',
  19042: 'Windows 10 20H2', 19043: 'Windows 10 21H1', 19044: 'Windows 10 21H2', 19045: 'Windows 10 22H2', 20348: 'Windows Server 2022',
  22000: 'Windows 11 21H2', 22621: 'Windows 11 22H2', 22631: 'Windows 11 23H2', 25398: 'Windows Server 23H2',
  26100: 'Windows 11 24H2 or Server 2025', 26200: 'Windows 11 25H2',
};
