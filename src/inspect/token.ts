import { CONTEXT, SEQUENCE, isElement, readElement, trailingNode, walk } from './der.ts';
import { gssToken, isGssToken } from './gss-token.ts';
import { isRawKerberos, rawKerberos } from './kerberos-token.ts';
import { isNegoex, negoexMessage } from './negoex.ts';
import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { ntlmMessage } from './ntlm-message.ts';
import { isNtlmSignature, ntlmSignature } from './ntlm-signature.ts';
import { negotiationToken } from './spnego.ts';
import { expectedButCame, hex } from './text.ts';

/** Any token, recognised by its first bytes; `depth` counts tokens inside tokens. */
export function inspectRegion(region: Region, depth: number): TokenNode {
  const bytes = region.bytes();
  if (bytes.length === 0) return region.node('Empty token', '0 bytes', 0, 0, { note: 'asks an acceptor to speak first' });
  if (depth > MAX_DEPTH) return region.stopped(0);
  if (startsAs(bytes, 'NTLMSSP\0')) return ntlmMessage(region);
  if (isNegoex(bytes)) return negoexMessage(region);
  if (isGssToken(bytes)) return gssToken(region, depth);
  if (bytes[0] === CONTEXT || bytes[0] === CONTEXT + 1) return negotiationToken(region, depth);
  if (isRawKerberos(bytes)) return rawKerberos(region);
  if (isNtlmSignature(bytes)) return ntlmSignature(region);
  return unknown(region, bytes);
}

/** The text, or a beginning of it where the bytes end before: a token cut in its signature is still that token. */
export function startsAs(bytes: Uint8Array, text: string): boolean {
  const length = Math.min(bytes.length, text.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return length > 0;
}

function unknown(region: Region, bytes: Uint8Array): TokenNode {
  const error = expectedButCame('an NTLM, SPNEGO or Kerberos token', hex(bytes.subarray(0, 8)) + (bytes.length > 8 ? ' …' : ''), region.start);
  if (bytes[0] === SEQUENCE) {
    const element = readElement(region, 0);
    const children = isElement(element) ? [walk(region, element), ...(trailing(region, element.length, element.error) ?? [])] : [element];
    return region.node('Unknown token', `DER, ${count(bytes.length)}`, 0, bytes.length, { children, error, note: 'CredSSP and LDAP begin like this' });
  }
  const note = HINTS.find(([start]) => startsAs(bytes, start) && bytes.length >= start.length)?.[1];
  return region.secretNode('Unknown token', 0, bytes.length, { error, note });
}

function trailing(region: Region, at: number, error: string | undefined): TokenNode[] | null {
  const node = error === undefined ? trailingNode(region, at) : null;
  return node === null ? null : [node];
}

const MAX_DEPTH = 8;
const HINTS: readonly (readonly [start: string, note: string])[] = [
  ['\x16\x03', 'a TLS record: CredSSP, or HTTPS spoken to an HTTP port'],
  ['\x14\x03', 'a TLS record'],
  ['HTTP/', "an HTTP response: give the header line's value"],
  ['NTLM', 'begins like NTLMSSP, but is altered'],
];
