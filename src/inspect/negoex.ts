import type { Region, TokenNode } from './node.ts';
import { hex } from './text.ts';

/**
 * NEGOEX messages (MS-NEGOEX 2.2.6.2), one after the other; only the header that all share is explained.
 *
 *   0 Signature 'NEGOEXTS' │ 8 MessageType │ 12 SequenceNum │ 16 cbHeaderLength │ 20 cbMessageLength │ 24 ConversationId (16)
 */
export function negoexMessage(region: Region): TokenNode {
  const children: TokenNode[] = [];
  let at = 0;
  while (at < region.length && !region.exhausted) {
    const missing = region.missing('Header', at, 40);
    if (missing !== null) {
      children.push(missing);
      break;
    }
    const length = region.u32(at + 20);
    if (!isNegoex(region.bytes(at)) || length < 40 || at + length > region.length) {
      const left = region.length - at;
      children.push(region.broken('MESSAGE', 'a NEGOEX message within the token', isNegoex(region.bytes(at)) ? `cbMessageLength ${length} of ${left}` : 'other bytes', at));
      break;
    }
    children.push(message(region.part(at, length)));
    at += length;
  }
  return region.node('NEGOEX', `${children.length} messages`, 0, region.length, { children });
}

export function isNegoex(bytes: Uint8Array): boolean {
  return hex(bytes.subarray(0, 8)) === '4e45474f45585453';
}

function message(region: Region): TokenNode {
  const type = region.u32(8);
  return region.node('MESSAGE', TYPES[type] ?? `type ${type}`, 0, region.length, {
    children: [
      region.node('Signature', 'NEGOEXTS', 0, 8),
      region.node('MessageType', `${type}${TYPES[type] === undefined ? '' : ` (${TYPES[type]})`}`, 8, 4),
      region.node('SequenceNum', String(region.u32(12)), 12, 4),
      region.node('cbHeaderLength', String(region.u32(16)), 16, 4),
      region.node('cbMessageLength', String(region.u32(20)), 20, 4),
      region.bytesNode('ConversationId', 24, 16),
      ...(region.length > 40 ? [region.secretNode('Body', 40, region.length - 40, { note: 'not explained' })] : []),
    ],
  });
}

const TYPES: Readonly<Record<number, string>> = {
  0: 'INITIATOR_NEGO', 1: 'ACCEPTOR_NEGO', 2: 'INITIATOR_META_DATA', 3: 'ACCEPTOR_META_DATA', 4: 'CHALLENGE', 5: 'AP_REQUEST', 6: 'VERIFY', 7: 'ALERT',
};
