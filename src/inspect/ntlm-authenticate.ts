import type { Region, TokenNode } from './node.ts';
import { AV_FLAG_MIC } from './av-pairs.ts';
import { NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY, NTLMSSP_NEGOTIATE_UNICODE, NTLMSSP_NEGOTIATE_VERSION, negotiateFlags } from './ntlm-flags.ts';
import type { Used } from './ntlm-payload.ts';
import { payloadField, payloadStart, textNode, unreferenced } from './ntlm-payload.ts';
import type { Responses } from './ntlm-responses.ts';
import { lmResponse, ntResponse } from './ntlm-responses.ts';
import { versionNode } from './ntlm-version.ts';
import { expectedButCame, isZero } from './text.ts';

/**
 * AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) after its type. What follows the flags is there, or not, by age and by maker:
 * Version is left out by some, MIC is there when MsvAvFlags says so, and then at 72, or at 64 where there is no Version.
 *
 *   12 LmChallengeResponseFields │ 20 NtChallengeResponseFields │ 28 DomainNameFields │ 36 UserNameFields │ 44 WorkstationFields
 *   52 EncryptedRandomSessionKeyFields │ 60 NegotiateFlags │ 64 Version │ 72 MIC (16) │ 88 Payload
 */
export function ntlmAuthenticate(region: Region): TokenNode[] {
  const descriptors = [12, 20, 28, 36, 44, 52];
  const flags = region.length >= 64 ? region.u32(60) : NTLMSSP_NEGOTIATE_UNICODE;
  const start = payloadStart(region, descriptors, 52);
  const layout = headerLayout(flags, start);
  const used: Used[] = [{ name: 'the header', start: 0, end: layout.end }];
  const responses: Responses = {
    lm: descriptorBytes(region, 12), nt: descriptorBytes(region, 20), ntLength: region.u16(20),
    extended: (flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0, avFlags: null,
  };
  const text = (name: string) => (payload: Region) => textNode(payload, name, (flags & NTLMSSP_NEGOTIATE_UNICODE) !== 0, region.start);
  const fields: [offset: number, name: string, explain: (payload: Region) => TokenNode][] = [
    [12, 'LmChallengeResponse', (payload) => lmResponse(payload, responses)],
    [20, 'NtChallengeResponse', (payload) => ntResponse(payload, responses)],
    [28, 'DomainName', text('DomainName')],
    [36, 'UserName', text('UserName')],
    [44, 'Workstation', text('Workstation')],
    [52, 'EncryptedRandomSessionKey', (payload) => payload.secretNode('EncryptedRandomSessionKey', 0, payload.length, {
      note: 'the session key, RC4-encrypted',
      error: payload.length === 16 ? undefined : expectedButCame('16 bytes', String(payload.length), payload.start),
    })],
  ];
  const nodes: TokenNode[] = [];
  for (const [offset, name, explain] of fields) {
    nodes.push(payloadField(region, offset, name, used, explain));
    if (region.length < offset + 8) return nodes;
  }
  if (region.length === 60) nodes.push(region.node('NegotiateFlags', '(not there)', 60, 0, { note: 'as in the messages of old clients' }));
  else nodes.push(region.missing('NegotiateFlags', 60, 4) ?? negotiateFlags(region, 60));
  if (region.length < 64) return nodes;

  if (layout.version !== null) nodes.push(versionNode(region, layout.version));
  nodes.push(...micNodes(region, layout, start, responses));
  return [...nodes, ...unreferenced(region, layout.end, used)];
}

interface Layout {
  version: number | null;
  mic: number | null;
  end: number;
}

/** The three headers that are met, told apart by where the payload begins. */
function headerLayout(flags: number, start: number): Layout {
  const versioned = (flags & NTLMSSP_NEGOTIATE_VERSION) !== 0;
  if (start >= 88) return { version: 64, mic: 72, end: 88 };
  if (start >= 80 && !versioned) return { version: null, mic: 64, end: 80 };
  if (start >= 72) return { version: 64, mic: null, end: 72 };
  return { version: null, mic: null, end: Math.min(64, Math.max(52, start)) };
}

function micNodes(region: Region, layout: Layout, start: number, responses: Responses): TokenNode[] {
  const missing = layout.mic === null ? null : region.missing('MIC', layout.mic, 16);
  if (missing !== null) return [missing];
  const announced = responses.avFlags !== null && (responses.avFlags & AV_FLAG_MIC) !== 0;
  if (layout.mic === null) {
    if (!announced) return [region.node('MIC', '(none)', layout.end, 0, { note: 'nothing protects the three messages from being altered' })];
    return [region.node('MIC', '(missing)', layout.end, 0, {
      error: expectedButCame('16 bytes of MIC, as MsvAvFlags says', `a payload that begins at ${start}`, region.start + layout.end),
    })];
  }
  if (announced) return [region.secretNode('MIC', layout.mic, 16, { note: 'HMAC-MD5 over the three messages' })];
  if (isZero(region.bytes(layout.mic, 16))) {
    return [region.node('MIC', 'all zero', layout.mic, 16, { note: 'not announced in MsvAvFlags: nothing protects the three messages from being altered' })];
  }
  return [region.secretNode('MIC', layout.mic, 16, { note: 'no MsvAvFlags was read that announces it: receivers do not verify it' })];
}

function descriptorBytes(region: Region, offset: number): Uint8Array {
  return region.length < offset + 8 ? new Uint8Array() : region.bytes(region.u32(offset + 4), region.u16(offset));
}
