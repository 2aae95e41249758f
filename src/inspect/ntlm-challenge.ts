import type { Region, TokenNode } from './node.ts';
import { avPairs } from './av-pairs.ts';
import { NTLMSSP_NEGOTIATE_TARGET_INFO, NTLMSSP_NEGOTIATE_UNICODE, NTLMSSP_NEGOTIATE_VERSION, negotiateFlags } from './ntlm-flags.ts';
import type { Used } from './ntlm-payload.ts';
import { payloadField, payloadStart, textNode, unreferenced } from './ntlm-payload.ts';
import { versionNode } from './ntlm-version.ts';
import { count } from './node.ts';
import { expectedButCame, isZero } from './text.ts';

/**
 * CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2) after its type. Old servers end after Reserved (or before), or leave out Version.
 *
 *   12 TargetNameFields │ 20 NegotiateFlags │ 24 ServerChallenge (8) │ 32 Reserved (8) │ 40 TargetInfoFields │ 48 Version │ 56 Payload
 */
export function ntlmChallenge(region: Region): TokenNode[] {
  const flags = region.length >= 24 ? region.u32(20) : 0;
  const start = payloadStart(region, (flags & NTLMSSP_NEGOTIATE_TARGET_INFO) !== 0 ? [12, 40] : [12], 32);
  const headerEnd = Math.max(32, [56, 48, 40].find((end) => start >= end) ?? 32);
  const used: Used[] = [{ name: 'the header', start: 0, end: headerEnd }];

  const nodes = [payloadField(region, 12, 'TargetName', used, (payload) =>
    textNode(payload, 'TargetName', (flags & NTLMSSP_NEGOTIATE_UNICODE) !== 0, region.start))];
  if (region.length < 20) return nodes;
  const noFlags = region.missing('NegotiateFlags', 20, 4);
  if (noFlags !== null) return [...nodes, noFlags];
  nodes.push(negotiateFlags(region, 20));
  const noChallenge = region.missing('ServerChallenge', 24, 8);
  if (noChallenge !== null) return [...nodes, noChallenge];
  nodes.push(region.bytesNode('ServerChallenge', 24, 8, {
    note: isZero(region.bytes(24, 8)) ? 'all zero: not random' : 'random; the client must answer this one',
  }));

  const announced = (flags & NTLMSSP_NEGOTIATE_TARGET_INFO) !== 0;
  if (headerEnd < 40 && !(announced && region.length < 48)) return [...nodes, ...unreferenced(region, headerEnd, used)];
  const noReserved = region.missing('Reserved', 32, 8);
  if (noReserved !== null) return [...nodes, noReserved];
  nodes.push(region.bytesNode('Reserved', 32, 8));
  if (headerEnd < 48 && !announced) return [...nodes, ...unreferenced(region, headerEnd, used)];
  const targetInfo = payloadField(region, 40, 'TargetInfo', used, targetInfoNode);
  if (targetInfo.children !== undefined && !announced) targetInfo.note ??= 'NTLMSSP_NEGOTIATE_TARGET_INFO is not set: receivers ignore it';
  nodes.push(targetInfo);
  if (region.length < 48) return nodes;

  const cutInVersion = (flags & NTLMSSP_NEGOTIATE_VERSION) !== 0 && start > 48 && start === region.length;
  if (headerEnd === 56 || cutInVersion) nodes.push(versionNode(region, 48));
  if (headerEnd < 56 && cutInVersion) return nodes;
  return [...nodes, ...unreferenced(region, headerEnd, used)];
}

function targetInfoNode(payload: Region): TokenNode {
  const pairs = avPairs(payload);
  const left = payload.length - pairs.length;
  if (left > 0) {
    pairs.nodes.push(payload.bytesNode('Trailing bytes', pairs.length, left, {
      error: expectedButCame('the end after MsvAvEOL', `${count(left)} more`, payload.start + pairs.length),
    }));
  }
  return payload.node('TargetInfo', `${pairs.nodes.length} AV_PAIRs`, 0, payload.length, { children: pairs.nodes });
}
