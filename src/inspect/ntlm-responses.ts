import type { Region, TokenNode } from './node.ts';
import { avPairs } from './av-pairs.ts';
import { count } from './node.ts';
import { expectedButCame, filetime, hex, isZero } from './text.ts';

/** Both responses, since one tells what the other is; `avFlags` is filled in when the NTLMv2 response is read. */
export interface Responses {
  lm: Uint8Array;
  nt: Uint8Array;
  /** What the message says of the NT response's length; fewer bytes are there when it is cut. */
  ntLength: number;
  /** NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY is set. */
  extended: boolean;
  avFlags: number | null;
}

/** LmChallengeResponse: LM_RESPONSE or LMv2_RESPONSE (MS-NLMP 2.2.2.3, 2.2.2.4), told apart by the NT response beside it. */
export function lmResponse(payload: Region, { lm, nt, ntLength, extended }: Responses): TokenNode {
  const named = (value: string, children: TokenNode[], extras: { note?: string; error?: string } = {}) =>
    payload.node('LmChallengeResponse', value, 0, payload.length, { ...extras, children });

  if (lm.length === 1 && lm[0] === 0 && ntLength === 0) return named('Z(1): an anonymous logon', []);
  if (lm.length !== 24) {
    return payload.secretNode('LmChallengeResponse', 0, payload.length, { error: expectedButCame('24 bytes', String(lm.length), payload.start) });
  }
  if (isZero(lm)) return named('Z(24): not used', [], { note: 'NTLMv2 with a timestamp sends 24 zero bytes here' });
  if (ntLength > 24) {
    return named('LMv2_RESPONSE', [
      payload.secretNode('Response', 0, 16, { note: 'HMAC-MD5 over both challenges' }),
      payload.bytesNode('ChallengeFromClient', 16, 8),
    ]);
  }
  if (extended && isZero(lm.subarray(8))) {
    return named('client challenge of the NTLM2 session response', [
      payload.bytesNode('ChallengeFromClient', 0, 8), payload.node('Z(16)', 'all zero', 8, 16),
    ]);
  }
  const same = nt.length === 24 && hex(lm) === hex(nt);
  return named('LM_RESPONSE', [payload.secretNode('Response', 0, 24)], {
    note: same ? 'the same as NtChallengeResponse: no LM hash was used' : 'LMv1: weak, DES under the LM hash',
  });
}

/** NtChallengeResponse: NTLM_RESPONSE or NTLMv2_RESPONSE (MS-NLMP 2.2.2.6, 2.2.2.8). */
export function ntResponse(payload: Region, responses: Responses): TokenNode {
  const { lm, ntLength, extended } = responses;
  if (ntLength < 24 || payload.length < 16) {
    return payload.secretNode('NtChallengeResponse', 0, payload.length, { error: expectedButCame('24 bytes (NTLMv1) or more (NTLMv2)', count(payload.length), payload.start) });
  }
  if (ntLength === 24) {
    const session = extended && lm.length === 24 && isZero(lm.subarray(8)) && !isZero(lm);
    return payload.node('NtChallengeResponse', session ? 'NTLM2 session response (NTLMv1 with extended session security)' : 'NTLM_RESPONSE (NTLMv1)', 0, payload.length, {
      note: 'weak: DES under the NT hash', children: [payload.secretNode('Response', 0, 24)],
    });
  }
  const challenge = clientChallenge(payload.part(16), responses);
  return payload.node('NtChallengeResponse', 'NTLMv2_RESPONSE', 0, payload.length, {
    children: [payload.secretNode('NTProofStr', 0, 16, { note: 'HMAC-MD5, proves the password' }), challenge],
  });
}

/**
 * NTLMv2_CLIENT_CHALLENGE (MS-NLMP 2.2.2.7).
 *
 *   0 RespType │ 1 HiRespType │ 2 Reserved1 (2) │ 4 Reserved2 (4) │ 8 TimeStamp (8) │ 16 ChallengeFromClient (8) │ 24 Reserved3 (4) │ 28 AvPairs
 */
function clientChallenge(region: Region, responses: Responses): TokenNode {
  const fields: [name: string, offset: number, length: number, make: () => TokenNode][] = [
    ['RespType', 0, 1, () => one('RespType', 0)],
    ['HiRespType', 1, 1, () => one('HiRespType', 1)],
    ['Reserved1', 2, 2, () => reserved('Reserved1', 2, 2)],
    ['Reserved2', 4, 4, () => reserved('Reserved2', 4, 4)],
    ['TimeStamp', 8, 8, () => region.node('TimeStamp', filetime(region.u32(8), region.u32(12)), 8, 8)],
    ['ChallengeFromClient', 16, 8, () => region.bytesNode('ChallengeFromClient', 16, 8)],
    ['Reserved3', 24, 4, () => reserved('Reserved3', 24, 4)],
  ];
  const children: TokenNode[] = [];
  for (const [name, offset, length, make] of fields) {
    const missing = region.missing(name, offset, length);
    children.push(missing ?? make());
    if (missing !== null) return whole();
  }
  const pairsRegion = region.part(28);
  const pairs = avPairs(pairsRegion);
  responses.avFlags = pairs.flags;
  children.push(pairsRegion.node('AvPairs', `${pairs.nodes.length} AV_PAIRs`, 0, pairs.length, { children: pairs.nodes }));
  const left = pairsRegion.length - pairs.length;
  if (left > 0) {
    const zero = isZero(pairsRegion.bytes(pairs.length));
    children.push(zero ? pairsRegion.node('Padding', `${count(left)}, all zero`, pairs.length, left, { note: 'as Windows sends it' })
      : pairsRegion.bytesNode('Trailing bytes', pairs.length, left, {
        error: expectedButCame('zero bytes or the end after MsvAvEOL', `${count(left)} of something`, pairsRegion.start + pairs.length),
      }));
  }
  return whole();

  function whole(): TokenNode {
    return region.node('NTLMv2_CLIENT_CHALLENGE', count(region.length), 0, region.length, { children });
  }
  function one(name: string, offset: number): TokenNode {
    const value = region.u8(offset);
    return region.node(name, String(value), offset, 1, value === 1 ? {} : { error: expectedButCame('1', String(value), region.start + offset) });
  }
  function reserved(name: string, offset: number, length: number): TokenNode {
    return region.bytesNode(name, offset, length, isZero(region.bytes(offset, length)) ? {} : { note: 'should be zero' });
  }
}
