import type { Region, TokenNode } from './node.ts';
import { hex32 } from './text.ts';

export const NTLMSSP_NEGOTIATE_UNICODE = 0x00000001;
export const NTLM_NEGOTIATE_OEM = 0x00000002;
export const NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED = 0x00001000;
export const NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED = 0x00002000;
export const NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY = 0x00080000;
export const NTLMSSP_NEGOTIATE_TARGET_INFO = 0x00800000;
export const NTLMSSP_NEGOTIATE_VERSION = 0x02000000;

/** NegotiateFlags (MS-NLMP 2.2.2.5), each set bit a child. */
export function negotiateFlags(region: Region, offset: number): TokenNode {
  const flags = region.u32(offset);
  const children = NTLM_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([bit, name, meaning]) =>
    region.node(name, hex32(bit), offset, 4, { note: meaning }));
  return region.node('NegotiateFlags', hex32(flags), offset, 4, { children, note: contradiction(flags) });
}

function contradiction(flags: number): string | undefined {
  const unicode = (flags & NTLMSSP_NEGOTIATE_UNICODE) !== 0;
  const oem = (flags & NTLM_NEGOTIATE_OEM) !== 0;
  if (!unicode && !oem) return 'neither UNICODE nor OEM: the strings have no character set';
  return undefined;
}

/** MS-NLMP 2.2.2.5, from the lowest bit up; r1…r10 are the specification's names for what it leaves unused. */
export const NTLM_FLAGS: readonly (readonly [bit: number, name: string, meaning: string])[] = [
  [NTLMSSP_NEGOTIATE_UNICODE, 'NTLMSSP_NEGOTIATE_UNICODE', 'strings are UTF-16LE'],
  [NTLM_NEGOTIATE_OEM, 'NTLM_NEGOTIATE_OEM', 'strings in the OEM code page'],
  [0x00000004, 'NTLMSSP_REQUEST_TARGET', 'the server tells its name'],
  [0x00000008, 'r10', 'unused, must be zero'],
  [0x00000010, 'NTLMSSP_NEGOTIATE_SIGN', 'messages can be signed'],
  [0x00000020, 'NTLMSSP_NEGOTIATE_SEAL', 'messages can be encrypted'],
  [0x00000040, 'NTLMSSP_NEGOTIATE_DATAGRAM', 'connectionless'],
  [0x00000080, 'NTLMSSP_NEGOTIATE_LM_KEY', 'weak: keys from the LM hash'],
  [0x00000100, 'r9', 'unused, must be zero'],
  [0x00000200, 'NTLMSSP_NEGOTIATE_NTLM', 'NTLM responses (always set)'],
  [0x00000400, 'r8', 'unused, must be zero'],
  [0x00000800, 'NTLMSSP_ANONYMOUS', 'an anonymous connection'],
  [NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED, 'NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED', 'DomainName is given'],
  [NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED, 'NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED', 'Workstation is given'],
  [0x00004000, 'r7', 'unused; once LOCAL_CALL'],
  [0x00008000, 'NTLMSSP_NEGOTIATE_ALWAYS_SIGN', 'signatures, if only dummies'],
  [0x00010000, 'NTLMSSP_TARGET_TYPE_DOMAIN', 'TargetName is a domain'],
  [0x00020000, 'NTLMSSP_TARGET_TYPE_SERVER', 'TargetName is a server'],
  [0x00040000, 'r6', 'unused, must be zero'],
  [NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, 'NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY', 'a key for each direction'],
  [0x00100000, 'NTLMSSP_NEGOTIATE_IDENTIFY', 'identify, do not impersonate'],
  [0x00200000, 'r5', 'unused, must be zero'],
  [0x00400000, 'NTLMSSP_REQUEST_NON_NT_SESSION_KEY', 'weak: keys from the LM hash'],
  [NTLMSSP_NEGOTIATE_TARGET_INFO, 'NTLMSSP_NEGOTIATE_TARGET_INFO', 'TargetInfo is given'],
  [0x01000000, 'r4', 'unused, must be zero'],
  [NTLMSSP_NEGOTIATE_VERSION, 'NTLMSSP_NEGOTIATE_VERSION', 'Version is given'],
  [0x04000000, 'r3', 'unused, must be zero'],
  [0x08000000, 'r2', 'unused, must be zero'],
  [0x10000000, 'r1', 'unused, must be zero'],
  [0x20000000, 'NTLMSSP_NEGOTIATE_128', '128-bit session keys'],
  [0x40000000, 'NTLMSSP_NEGOTIATE_KEY_EXCH', 'the client picks the key'],
  [0x80000000, 'NTLMSSP_NEGOTIATE_56', '56-bit keys, failing 128'],
];
