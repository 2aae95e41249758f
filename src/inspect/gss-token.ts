import type { Element } from './der.ts';
import { APPLICATION, OBJECT_IDENTIFIER, elementNode, isElement, oid, readElement, trailingNode, wrongTag } from './der.ts';
import { kerberosToken } from './kerberos-token.ts';
import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { MECHANISMS, SPNEGO, mechanismName } from './oids.ts';
import { negotiationToken } from './spnego.ts';
import { expectedButCame, hex } from './text.ts';
import { inspectRegion } from './token.ts';

/**
 * InitialContextToken (RFC 2743 3.1): the frame around a mechanism's first token, and around every token of Kerberos.
 *
 *   60 length │ 06 length thisMech │ innerContextToken …
 */
export function gssToken(region: Region, depth: number): TokenNode {
  const frame = readElement(region, 0, 'a GSS token');
  if (!isElement(frame)) return region.node('InitialContextToken', 'GSS-API, cut', 0, region.length, { children: [frame] });
  const mech = readElement(frame.content, 0, 'thisMech, an OBJECT IDENTIFIER');
  const children: TokenNode[] = [];
  let name = 'of an unknown mechanism';
  if (!isElement(mech)) children.push({ ...mech, name: 'thisMech' });
  else if (mech.tag !== OBJECT_IDENTIFIER) children.push(wrongTag(frame.content, mech, 'thisMech', OBJECT_IDENTIFIER));
  else {
    const dotted = oid(mech.content.bytes());
    if (dotted !== null) name = `of ${MECHANISMS[dotted] ?? dotted}`;
    children.push(oidNode(frame.content, mech, 'thisMech'), ...innerToken(frame.content.part(mech.length), dotted, depth));
  }
  const trailing = frame.error === undefined ? trailingNode(region, frame.length) : null;
  return elementNode(region, { ...frame, length: region.length }, 'InitialContextToken', `GSS-API frame ${name}, ${count(region.length)}`, {
    children: trailing === null ? children : [...children, trailing],
  });
}

/** An OBJECT IDENTIFIER by its dotted form and, where known, the mechanism's name. */
export function oidNode(parent: Region, element: Element, name: string): TokenNode {
  const dotted = oid(element.content.bytes());
  if (dotted !== null) return elementNode(parent, element, name, mechanismName(dotted));
  return elementNode(parent, element, name, element.content.hex(0, element.content.length), {
    error: expectedButCame('an OBJECT IDENTIFIER', hex(element.content.bytes(0, 16)) || 'none', element.content.start),
  });
}

function innerToken(inner: Region, mech: string | null, depth: number): TokenNode[] {
  if (mech === SPNEGO) return [negotiationToken(inner, depth)];
  if (mech !== null && MECHANISMS[mech]?.startsWith('Kerberos')) return kerberosToken(inner);
  return [inspectRegion(inner, depth + 1)];
}

export function isGssToken(bytes: Uint8Array): boolean {
  return bytes[0] === APPLICATION;
}
