import { isElement, readElement, trailingNode } from './der.ts';
import { kerberosMessage } from './kerberos.ts';
import { KERBEROS_MESSAGES } from './kerberos-productions.ts';
import type { Region, TokenNode } from './node.ts';
import { expectedButCame, hex } from './text.ts';

/**
 * What a Kerberos frame holds after the OID (RFC 4121 4.1, RFC 1964 1.1).
 *
 *   0 TOK_ID (2) │ 2 a Kerberos message, or the fields of a MIC or Wrap token
 */
export function kerberosToken(region: Region): TokenNode[] {
  const missing = region.missing('TOK_ID', 0, 2);
  if (missing !== null) return [missing];
  const id = hex(region.bytes(0, 2));
  const known = TOKEN_IDS[id];
  const tokId = region.node('TOK_ID', known === undefined ? id : `${id} (${known})`, 0, 2, {
    error: known === undefined ? expectedButCame(`one of ${Object.keys(TOKEN_IDS).join(', ')}`, id, region.start) : undefined,
  });
  if (id === '0101') return [tokId, ...oldFields(region, MIC_FIELDS)];
  if (id === '0201') return [tokId, ...oldFields(region, WRAP_FIELDS)];
  if (id === '0404' || id === '0504') return perMessageFields(region, tokId);
  return region.length === 2 ? [tokId, region.broken('Message', 'a Kerberos message', 'the end', 2)] : [tokId, ...messages(region.part(2), USER_TO_USER[id])];
}

/** A Kerberos message without a frame (DCE style, KDC exchange), or a MIC or Wrap token of RFC 4121, which never has one. */
export function rawKerberos(region: Region): TokenNode {
  if (KERBEROS_MESSAGES[region.u8(0)] === undefined) {
    const wrap = region.u8(0) === 0x05;
    return region.node(wrap ? 'Wrap token' : 'MIC token', 'Kerberos, RFC 4121', 0, region.length, { children: kerberosToken(region) });
  }
  const [message, ...rest] = messages(region);
  if (rest.length > 0) message!.children = [...(message!.children ?? []), ...rest];
  return message!;
}

export function isRawKerberos(bytes: Uint8Array): boolean {
  return KERBEROS_MESSAGES[bytes[0] ?? 0] !== undefined || ((bytes[0] === 0x04 || bytes[0] === 0x05) && bytes[1] === 0x04);
}

function messages(region: Region, type?: string): TokenNode[] {
  const message = readElement(region, 0, 'a Kerberos message');
  if (!isElement(message)) return [{ ...message, name: 'Message' }];
  const trailing = message.error === undefined ? trailingNode(region, message.length) : null;
  const node = kerberosMessage(region, message, type);
  return trailing === null ? [node] : [node, trailing];
}

/**
 * MIC and Wrap tokens (RFC 4121 4.2.6); numbers are big-endian.
 *
 *   MIC   0 TOK_ID 0404 │ 2 Flags │ 3 Filler ff (5)            │ 8 SND_SEQ (8) │ 16 SGN_CKSUM
 *   Wrap  0 TOK_ID 0504 │ 2 Flags │ 3 Filler ff │ 4 EC │ 6 RRC │ 8 SND_SEQ (8) │ 16 data
 */
function perMessageFields(region: Region, tokId: TokenNode): TokenNode[] {
  const wrap = region.u8(0) === 0x05;
  const missing = region.missing('Header', 2, 14);
  if (missing !== null) return [tokId, missing];
  const flags = region.u8(2);
  const names = TOKEN_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const fillerLength = wrap ? 1 : 5;
  const filler = hex(region.bytes(3, fillerLength));
  const nodes = [
    tokId,
    region.node('Flags', names.length === 0 ? '0' : `${flags} (${names.join(', ')})`, 2, 1),
    region.node('Filler', filler, 3, fillerLength, { error: /^f+$/.test(filler) ? undefined : expectedButCame('ff', filler, region.start + 3) }),
  ];
  if (wrap) {
    nodes.push(region.node('EC', String(region.u16be(4)), 4, 2, { note: 'extra count: bytes of checksum, or of padding before encryption' }));
    nodes.push(region.node('RRC', String(region.u16be(6)), 6, 2, { note: 'right rotation count' }));
  }
  const sequence = (BigInt(region.u16be(8)) << 48n) | (BigInt(region.u16be(10)) << 32n) | (BigInt(region.u16be(12)) << 16n) | BigInt(region.u16be(14));
  nodes.push(region.node('SND_SEQ', sequence.toString(), 8, 8));
  const rest = region.length - 16;
  if (rest > 0) nodes.push(region.secretNode(wrap ? 'Data' : 'SGN_CKSUM', 16, rest));
  else nodes.push(region.broken(wrap ? 'Data' : 'SGN_CKSUM', wrap ? 'data' : 'a checksum', 'the end', 16));
  return nodes;
}

/** Per-message tokens of RC4 and DES keys (RFC 1964 1.2, RFC 4757 7.2, 7.3). */
function oldFields(region: Region, fields: readonly (readonly [name: string, offset: number, length: number])[]): TokenNode[] {
  const nodes: TokenNode[] = [];
  for (const [name, offset, length] of fields) {
    const missing = region.missing(name, offset, length);
    if (missing !== null) return [...nodes, missing];
    const value = hex(region.bytes(offset, length));
    const algorithm = name.endsWith('_ALG') ? ALGORITHMS[value] : undefined;
    if (algorithm !== undefined) nodes.push(region.node(name, `${value} (${algorithm})`, offset, length));
    else if (name === 'SGN_CKSUM' || name === 'Confounder') nodes.push(region.secretNode(name, offset, length));
    else nodes.push(region.bytesNode(name, offset, length, { note: name === 'SND_SEQ' ? 'encrypted' : undefined }));
  }
  const [, offset, length] = fields.at(-1)!;
  if (region.length > offset + length) nodes.push(region.secretNode('Data', offset + length, region.length - offset - length));
  return nodes;
}

const TOKEN_IDS: Readonly<Record<string, string>> = {
  '0100': 'AP-REQ', '0200': 'AP-REP', '0300': 'KRB-ERROR', '0400': 'TGT-REQ, user-to-user', '0401': 'TGT-REP, user-to-user',
  '0101': 'MIC, RFC 1964', '0201': 'Wrap, RFC 1964', '0404': 'MIC, RFC 4121', '0504': 'Wrap, RFC 4121',
};
// these two messages carry no APPLICATION tag to know them by
const USER_TO_USER: Readonly<Record<string, string>> = { '0400': 'KERB-TGT-REQUEST', '0401': 'KERB-TGT-REPLY' };
const TOKEN_FLAGS: readonly (readonly [bit: number, name: string])[] = [[1, 'SentByAcceptor'], [2, 'Sealed'], [4, 'AcceptorSubkey']];
const MIC_FIELDS = [['SGN_ALG', 2, 2], ['Filler', 4, 4], ['SND_SEQ', 8, 8], ['SGN_CKSUM', 16, 8]] as const;
const WRAP_FIELDS = [['SGN_ALG', 2, 2], ['SEAL_ALG', 4, 2], ['Filler', 6, 2], ['SND_SEQ', 8, 8], ['SGN_CKSUM', 16, 8], ['Confounder', 24, 8]] as const;
const ALGORITHMS: Readonly<Record<string, string>> = {
  '0000': 'DES MAC MD5', '0200': 'DES MAC, or DES', '0400': 'HMAC SHA1 DES3-KD', '1100': 'HMAC with RC4', '1000': 'RC4', ffff: 'none',
};
