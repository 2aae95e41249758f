import type { Region, TokenNode } from './node.ts';
import { NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED, NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED, negotiateFlags } from './ntlm-flags.ts';
import type { Used } from './ntlm-payload.ts';
import { payloadField, payloadStart, textNode, unreferenced } from './ntlm-payload.ts';
import { versionNode } from './ntlm-version.ts';

/**
 * NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1) after its type. Old clients end after the flags, or without Version.
 *
 *   12 NegotiateFlags │ 16 DomainNameFields │ 24 WorkstationFields │ 32 Version │ 40 Payload
 */
export function ntlmNegotiate(region: Region): TokenNode[] {
  const missing = region.missing('NegotiateFlags', 12, 4);
  if (missing !== null) return [missing];
  const flags = region.u32(12);
  const nodes = [negotiateFlags(region, 12)];
  if (region.length === 16) return nodes;

  const start = payloadStart(region, [16, 24], 32);
  const versioned = start >= 40 || (start === region.length && start > 32);
  const used: Used[] = [{ name: 'the header', start: 0, end: versioned ? 40 : 32 }];
  // MS-NLMP 2.2.1.1: the names are OEM here, whatever is negotiated for later
  const field = (offset: number, name: string, bit: number) => {
    const node = payloadField(region, offset, name, used, (payload) => textNode(payload, name, false, region.start));
    if (node.children !== undefined && (flags & bit) === 0) node.note ??= 'the flag that announces it is not set: receivers ignore it';
    nodes.push(node);
  };
  field(16, 'DomainName', NTLMSSP_NEGOTIATE_OEM_DOMAIN_SUPPLIED);
  if (region.length < 24) return nodes;
  field(24, 'Workstation', NTLMSSP_NEGOTIATE_OEM_WORKSTATION_SUPPLIED);
  if (region.length < 32) return nodes;
  if (versioned) nodes.push(versionNode(region, 32));
  return [...nodes, ...unreferenced(region, versioned ? 40 : 32, used)];
}
