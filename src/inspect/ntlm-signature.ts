import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';

/**
 * NTLMSSP_MESSAGE_SIGNATURE (MS-NLMP 2.2.2.9), what may follow it being the message that it signs.
 *
 *   0 Version = 1 (LE) │ 4 Checksum (8) │ 12 SeqNum (LE)            with extended session security
 *   0 Version = 1 (LE) │ 4 RandomPad (4) │ 8 Checksum (4) │ 12 SeqNum    without it
 */
export function ntlmSignature(region: Region): TokenNode {
  const children = [
    region.node('Version', '1', 0, 4),
    region.missing('Checksum', 4, 8)
      ?? region.secretNode('Checksum', 4, 8, { note: 'or RandomPad (4) and Checksum (4), without extended session security' }),
  ];
  if (region.length >= 12) children.push(region.missing('SeqNum', 12, 4) ?? region.node('SeqNum', String(region.u32(12)), 12, 4));
  if (region.length > 16) children.push(region.secretNode('Message', 16, region.length - 16, { note: 'signed, and encrypted if sealing was agreed' }));
  const value = region.length > 16 ? `and a message of ${count(region.length - 16)}` : 'NTLM signature';
  return region.node('NTLMSSP_MESSAGE_SIGNATURE', value, 0, region.length, { children });
}

/** By its Version; one that is cut is a signature still. */
export function isNtlmSignature(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 1 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;
}
