import type { Element } from './der.ts';
import {
  BIT_STRING, CONTEXT, GENERALIZED_TIME, GENERAL_STRING, IA5_STRING, INTEGER, OCTET_STRING, SEQUENCE, UTF8_STRING, elementNode, integer, isElement, readElement,
  readElements, tagName, walk, wrongTag,
} from './der.ts';
import { NTSTATUS, TABLES } from './kerberos-names.ts';
import { BIT_NAMES, KERBEROS_MESSAGES, PRODUCTIONS, padataType } from './kerberos-productions.ts';
import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { expectedButCame, hex, hex32, list, utf8 } from './text.ts';

/** A whole Kerberos message (RFC 4120 5.10), named by its APPLICATION tag; one that no table knows is walked as plain DER. */
export function kerberosMessage(parent: Region, element: Element, name = KERBEROS_MESSAGES[element.tag]): TokenNode {
  return name === undefined ? walk(parent, element) : explain(parent, element, name, name, 0);
}

/** `element`, which should be a `type` of RFC 4120, as a node called `name`. */
function explain(parent: Region, element: Element, name: string, type: string, depth: number): TokenNode {
  const production = PRODUCTIONS[type];
  if (production === undefined) return primitive(parent, element, name, type);
  if (depth > MAX_DEPTH) return walk(parent, element);

  if (production.application !== undefined) {
    if (element.tag !== production.application) return wrongTag(parent, element, name, production.application);
    const inner = readElement(element.content, 0, type);
    if (!isElement(inner)) return elementNode(parent, element, name, 'cut', { children: [inner] });
    const node = structure(element.content, inner, name, type, depth);
    const error = element.error ?? node.error;
    return { ...node, offset: parent.start + element.at, length: element.length, ...(error === undefined ? {} : { error }) };
  }
  return structure(parent, element, name, type, depth);
}

/** A SEQUENCE with tagged fields, or a SEQUENCE OF. */
function structure(parent: Region, element: Element, name: string, type: string, depth: number): TokenNode {
  const { fields, each } = PRODUCTIONS[type]!;
  if (element.tag !== SEQUENCE) return wrongTag(parent, element, name, SEQUENCE);
  if (each !== undefined) {
    const items = readElements(element.content, (item) => explain(element.content, item, each[0], each[1], depth + 1));
    const value = items.every((item) => item.children === undefined) ? items.map((item) => item.value).join(', ') : `${items.length}`;
    return elementNode(parent, element, name, value, { children: items });
  }
  const numbers = new Map<string, number>();
  const children = readElements(element.content, (field) => {
    const known = fields?.[field.tag - CONTEXT];
    if (known === undefined) return walk(element.content, field, depth, `${tagName(field.tag)} of ${type}`);
    const inner = readElement(field.content, 0, known[0]);
    if (!isElement(inner)) return { ...inner, name: known[0] };
    if (inner.tag === INTEGER) numbers.set(known[0], Number(integer(inner.content) ?? 0n));
    const node = known[1] === 'by type' ? carried(field.content, inner, known[0], numbers, depth + 1) : explain(field.content, inner, known[0], known[1], depth + 1);
    const error = field.error ?? node.error;
    return { ...node, offset: element.content.start + field.at, length: field.length, ...(error === undefined ? {} : { error }) };
  });
  const summary = SUMMARIES[type];
  return elementNode(parent, element, name, summary?.(children) ?? count(element.content.length), { children });
}

/** An OCTET STRING whose content another field names: padata-value, e-data, data-value. */
function carried(parent: Region, element: Element, name: string, numbers: ReadonlyMap<string, number>, depth: number): TokenNode {
  if (element.tag !== OCTET_STRING) return wrongTag(parent, element, name, OCTET_STRING);
  const content = element.content;
  const type = carriedType(content, name, numbers);
  if (content.length > 0 && type === 'KERB-EXT-ERROR') return elementNode(parent, element, name, type, { children: extendedError(content) });
  if (content.length === 0 || type === null) return primitive(parent, element, name, 'Secret');
  const inner = readElement(content, 0, type);
  return elementNode(parent, element, name, type, { children: [isElement(inner) ? explain(content, inner, type, type, depth + 1) : inner] });
}

function carriedType(content: Region, name: string, numbers: ReadonlyMap<string, number>): string | null {
  if (name === 'padata-value') return padataType(numbers.get('padata-type') ?? 0);
  if (name === 'data-value') return numbers.get('data-type') === 3 ? 'KERB-EXT-ERROR' : null;
  // e-data: METHOD-DATA asks for pre-authentication (RFC 4120 5.9.1); else Windows sends a KERB-ERROR-DATA (MS-KILE 2.2.2)
  if (numbers.get('error-code') === 25) return 'METHOD-DATA';
  const inner = readElement(content, 0);
  return isElement(inner) && inner.tag === SEQUENCE && inner.content.u8(0) === CONTEXT + 1 ? 'KERB-ERROR-DATA' : null;
}

/** KERB-EXT-ERROR (MS-KILE 2.2.1): status │ reserved │ flags, each 4 bytes, little-endian. */
function extendedError(content: Region): TokenNode[] {
  const missing = content.missing('KERB-EXT-ERROR', 0, 12);
  if (missing !== null) return [missing];
  const status = content.u32(0);
  return [
    content.node('status', `${hex32(status)}${NTSTATUS[status] === undefined ? '' : ` (${NTSTATUS[status]})`}`, 0, 4),
    content.node('reserved', hex32(content.u32(4)), 4, 4), content.node('flags', hex32(content.u32(8)), 8, 4),
  ];
}

/** What is no production: a number, a text, a time, bytes. */
function primitive(parent: Region, element: Element, name: string, type: string): TokenNode {
  const content = element.content;
  const bits = BIT_NAMES[type];
  if (bits !== undefined) return element.tag === BIT_STRING ? bitString(parent, element, name, bits) : wrongTag(parent, element, name, BIT_STRING);
  const table = TABLES[type];
  if (type === 'Int32' || table !== undefined) {
    if (element.tag !== INTEGER) return wrongTag(parent, element, name, INTEGER);
    const value = integer(content);
    if (value === null) {
      return elementNode(parent, element, name, content.hex(0, content.length), { error: expectedButCame('an INTEGER of 1 to 8 bytes', count(content.length), content.start) });
    }
    const text = table?.[Number(value)];
    return elementNode(parent, element, name, text === undefined ? value.toString() : `${value} (${text})`);
  }
  if (type === 'KerberosString') {
    // GeneralString, or the UTF8String and IA5String that others write
    if (![GENERAL_STRING, UTF8_STRING, IA5_STRING].includes(element.tag)) return wrongTag(parent, element, name, GENERAL_STRING);
    return elementNode(parent, element, name, utf8(content.bytes()) || '(empty)');
  }
  if (type === 'KerberosTime') {
    if (element.tag !== GENERALIZED_TIME) return wrongTag(parent, element, name, GENERALIZED_TIME);
    const text = utf8(content.bytes());
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
    if (parts === null) return elementNode(parent, element, name, text, { error: expectedButCame('YYYYMMDDHHMMSSZ', text || 'nothing', content.start) });
    return elementNode(parent, element, name, `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`);
  }
  if (type === 'BOOLEAN') return elementNode(parent, element, name, content.u8(0) === 0 ? 'false' : 'true');
  if (element.tag !== OCTET_STRING) return wrongTag(parent, element, name, OCTET_STRING);
  const bytes = type === 'Secret' ? content.secretNode(name, 0, content.length) : content.bytesNode(name, 0, content.length);
  return { ...elementNode(parent, element, name, bytes.value) };
}

/** KerberosFlags (RFC 4120 5.2.8): 32 bits, the first is number 0. */
function bitString(parent: Region, element: Element, name: string, names: Readonly<Record<number, string>>): TokenNode {
  const content = element.content;
  if (content.length < 2) {
    return elementNode(parent, element, name, hex(content.bytes()), { error: expectedButCame('32 bits', count(content.length), content.start) });
  }
  const set: string[] = [];
  for (let bit = 0; bit < Math.min(content.length - 1, 8) * 8; bit++) {
    if ((content.u8(1 + (bit >> 3)) & (0x80 >> (bit & 7))) !== 0) set.push(names[bit] ?? `bit ${bit}`);
  }
  return elementNode(parent, element, name, set.length === 0 ? '(none)' : set.join(', '));
}

function valueOf(children: readonly TokenNode[], ...path: string[]): string | undefined {
  let node: TokenNode | undefined;
  for (const name of path) {
    node = children.find((child) => child.name === name);
    children = node?.children ?? [];
  }
  return node?.value;
}

/** One line for those that have something to say in one line. */
const SUMMARIES: Readonly<Record<string, (children: readonly TokenNode[]) => string | undefined>> = {
  PrincipalName: (children) => {
    const names = children.find((child) => child.name === 'name-string')?.children ?? [];
    const type = valueOf(children, 'name-type');
    return `${names.map((part) => part.value).join('/')}${type === undefined ? '' : `, type ${type}`}`;
  },
  EncryptedData: (children) => `${valueOf(children, 'etype') ?? 'unknown etype'}${
    valueOf(children, 'kvno') === undefined ? '' : `, kvno ${valueOf(children, 'kvno')}`}`,
  Ticket: (children) => {
    const parts = children.find((child) => child.name === 'sname')?.children?.find((child) => child.name === 'name-string')?.children ?? [];
    return `for ${parts.map((part) => part.value).join('/')}@${valueOf(children, 'realm') ?? ''}`;
  },
  'AP-REQ': (children) => `a ticket ${valueOf(children, 'ticket') ?? ''}`,
  'AP-REP': () => 'the service proves that it could read the ticket',
  'KRB-ERROR': (children) => valueOf(children, 'error-code'),
  'PA-DATA': (children) => valueOf(children, 'padata-type'),
  'ETYPE-INFO2-ENTRY': (children) => list([valueOf(children, 'etype'), valueOf(children, 'salt')].filter((text) => text !== undefined)),
};

const MAX_DEPTH = 16;
