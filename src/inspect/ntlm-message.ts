import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { expectedButCame } from './text.ts';
import { ntlmAuthenticate } from './ntlm-authenticate.ts';
import { ntlmChallenge } from './ntlm-challenge.ts';
import { ntlmNegotiate } from './ntlm-negotiate.ts';

/**
 * Any NTLM message (MS-NLMP 2.2.1).
 *
 *   0 Signature 'NTLMSSP\0' │ 8 MessageType (LE) │ 12 …
 */
export function ntlmMessage(region: Region): TokenNode {
  const head: TokenNode[] = [];
  const noSignature = region.missing('Signature', 0, 8);
  if (noSignature !== null) return region.node('NTLM message', 'cut before its type', 0, region.length, { children: [noSignature] });
  head.push(region.node('Signature', 'NTLMSSP\\0', 0, 8));
  const noType = region.missing('MessageType', 8, 4);
  if (noType !== null) return region.node('NTLM message', 'cut before its type', 0, region.length, { children: [...head, noType] });

  const type = region.u32(8);
  const message = MESSAGES[type];
  if (message === undefined) {
    head.push(region.node('MessageType', String(type), 8, 4, {
      error: expectedButCame('1 (NEGOTIATE), 2 (CHALLENGE) or 3 (AUTHENTICATE)', String(type), region.start + 8),
    }));
    return region.node('NTLM message', `of unknown type ${type}, ${count(region.length)}`, 0, region.length, { children: head });
  }
  head.push(region.node('MessageType', `${type} (${message.type})`, 8, 4));
  return region.node(message.name, message.text, 0, region.length, { children: [...head, ...message.explain(region)] });
}

const MESSAGES: Readonly<Record<number, { name: string; type: string; text: string; explain: (region: Region) => TokenNode[] }>> = {
  1: { name: 'NEGOTIATE_MESSAGE', type: 'NtLmNegotiate', text: 'NTLM 1 of 3: what the client can do', explain: ntlmNegotiate },
  2: { name: 'CHALLENGE_MESSAGE', type: 'NtLmChallenge', text: 'NTLM 2 of 3: the server answers with a challenge', explain: ntlmChallenge },
  3: { name: 'AUTHENTICATE_MESSAGE', type: 'NtLmAuthenticate', text: 'NTLM 3 of 3: the client proves its password', explain: ntlmAuthenticate },
};
