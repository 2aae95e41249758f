import type { NodeExtras, Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { expectedButCame, utf8 } from './text.ts';

/**
 * One DER element, as far as it is there.
 *
 *   ├ tag ┤├ length ┤├ content …            ┤
 *   at              content.start … content.end, cut where the region ends
 */
export interface Element {
  /** The identifier octet: class, constructed bit and number. */
  tag: number;
  /** Offset of the tag, in the region it was read from. */
  at: number;
  /** Bytes of tag, length and the content that is there. */
  length: number;
  content: Region;
  /** The content is shorter than its length says, or its length cannot be read: what to report. */
  error?: string;
  /** Allowed by BER, but not DER. */
  note?: string;
}

/** Reads the element at `at`, or returns the node that says why there is none. Elements past the region's end are cut, with an error. */
export function readElement(region: Region, at: number, expected = 'a DER element'): Element | TokenNode {
  if (at >= region.length) return region.broken('DER', expected, 'the end', at);
  const tag = region.u8(at);
  if ((tag & 0x1f) === 0x1f) return region.broken('DER', expected, `a tag of several bytes (${hexByte(tag)})`, at);
  if (at + 1 >= region.length) return region.broken('DER', `the length of ${tagName(tag)}`, 'the end', at + 1);

  const first = region.u8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const contentAt = at + 2 + lengthBytes;
  if (first === 0x80) return region.broken('DER', 'a definite length', 'the indefinite form (80)', at + 1);
  if (lengthBytes > 4) return region.broken('DER', 'a length of at most 4 bytes', `one of ${lengthBytes}`, at + 1);
  if (contentAt > region.length) return region.broken('DER', `${count(lengthBytes)} of length`, count(region.length - at - 2), at + 2);
  let length = first;
  if (lengthBytes > 0) {
    length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + region.u8(at + 2 + i);
  }
  const content = region.part(contentAt, length);
  const element: Element = { tag, at, length: contentAt - at + content.length, content };
  if (content.length < length) {
    element.error = expectedButCame(`${count(length)} in ${tagName(tag)}`, `only ${content.length}`, content.end);
  }
  if (lengthBytes > 0 && (length < 0x80 || region.u8(at + 2) === 0)) element.note = 'the length is not in its shortest form (BER, not DER)';
  return element;
}

export function isElement(read: Element | TokenNode): read is Element {
  return 'tag' in read;
}

/**
 * The fields of a SEQUENCE (or the items of a SEQUENCE OF), one after the other; `explain` turns each into a node.
 * What cannot be read ends the list with a node that says so.
 */
export function readElements(content: Region, explain: (element: Element) => TokenNode): TokenNode[] {
  const nodes: TokenNode[] = [];
  for (let at = 0; at < content.length;) {
    if (content.exhausted) return [...nodes, content.stopped(at)];
    const element = readElement(content, at);
    if (!isElement(element)) return [...nodes, element];
    nodes.push(explain(element));
    at += element.length;
  }
  return nodes;
}

/** The single element that an EXPLICIT tag, or an OCTET STRING that carries DER, holds; `explain` gets it, and what follows it is pointed out. */
export function readOnly(content: Region, expected: string, explain: (element: Element) => TokenNode): TokenNode[] {
  const element = readElement(content, 0, expected);
  if (!isElement(element)) return [element];
  const nodes = [explain(element)];
  const trailing = trailingNode(content, element.length);
  return trailing === null ? nodes : [...nodes, trailing];
}

/** Null when nothing follows, else the node that points it out. */
export function trailingNode(region: Region, at: number): TokenNode | null {
  const left = region.length - at;
  if (left <= 0) return null;
  return region.broken('Trailing bytes', 'the end', count(left), at);
}

/** A node over a whole element, with what the element itself has to report. */
export function elementNode(parent: Region, element: Element, name: string, value: string, extras: NodeExtras = {}): TokenNode {
  const notes = [extras.note, element.note].filter((note) => note !== undefined);
  return parent.node(name, value, element.at, element.length, {
    ...extras,
    note: notes.length > 0 ? notes.join('; ') : undefined,
    error: element.error ?? extras.error,
  });
}

/** The node of an element whose tag is not the one that belongs here. */
export function wrongTag(parent: Region, element: Element, name: string, expected: number): TokenNode {
  return parent.secretNode(name, element.at, element.length, {
    error: expectedButCame(tagName(expected), tagName(element.tag), parent.start + element.at),
  });
}

/** Any element, walked: what no table knows. */
export function walk(parent: Region, element: Element, depth = 0, name = tagName(element.tag)): TokenNode {
  const constructed = (element.tag & 0x20) !== 0;
  if (!constructed || depth >= MAX_DEPTH) {
    const node = parent.secretNode(name, element.at, element.length, errorOf(element));
    node.value = plainValue(element);
    return node;
  }
  const children = readElements(element.content, (inner) => walk(element.content, inner, depth + 1));
  return elementNode(parent, element, name, count(element.content.length), { children });
}

export const CONTEXT = 0xa0;
export const APPLICATION = 0x60;
export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;
export const ENUMERATED = 0x0a;
export const UTF8_STRING = 0x0c;
export const PRINTABLE_STRING = 0x13;
export const IA5_STRING = 0x16;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const GENERAL_STRING = 0x1b;
export const SEQUENCE = 0x30;

export function tagName(tag: number): string {
  const universal = UNIVERSAL[tag];
  if (universal !== undefined) return universal;
  const number = tag & 0x1f;
  if ((tag & 0xc0) === 0x80) return `[${number}]`;
  if ((tag & 0xc0) === 0x40) return `[APPLICATION ${number}]`;
  return `tag ${hexByte(tag)}`;
}

/** A signed INTEGER of at most 8 bytes; null when it has none or more. */
export function integer(content: Region): bigint | null {
  if (content.length === 0 || content.length > 8) return null;
  let value = 0n;
  for (const byte of content.bytes()) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(content.length * 8, value);
}

/** Dotted form of an OBJECT IDENTIFIER's content; null when it is malformed. */
export function oid(content: Uint8Array): string | null {
  if (content.length === 0 || content.length > 64 || content.at(-1)! >= 0x80) return null;
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const first = arcs[0]!;
  const root = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [root, first - root * 40n, ...arcs.slice(1)].join('.');
}

/** What a universal type says; hexadecimal for all others. */
function plainValue({ tag, content }: Element): string {
  const bytes = content.bytes();
  switch (tag) {
    case BOOLEAN: return content.u8(0) === 0 ? 'false' : 'true';
    case INTEGER: case ENUMERATED: return integer(content)?.toString() ?? content.hex(0, bytes.length);
    case OBJECT_IDENTIFIER: return oid(bytes) ?? content.hex(0, bytes.length);
    case UTF8_STRING: case PRINTABLE_STRING: case IA5_STRING: case GENERAL_STRING: case UTC_TIME: case GENERALIZED_TIME: return utf8(bytes) || '(empty)';
    default: return content.hex(0, bytes.length);
  }
}

function errorOf(element: Element): NodeExtras {
  return element.error === undefined ? {} : { error: element.error };
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

const MAX_DEPTH = 24;
const UNIVERSAL: Readonly<Record<number, string>> = {
  [BOOLEAN]: 'BOOLEAN', [INTEGER]: 'INTEGER', [BIT_STRING]: 'BIT STRING', [OCTET_STRING]: 'OCTET STRING', 0x05: 'NULL',
  [OBJECT_IDENTIFIER]: 'OBJECT IDENTIFIER', [ENUMERATED]: 'ENUMERATED', [UTF8_STRING]: 'UTF8String', [PRINTABLE_STRING]: 'PrintableString', [IA5_STRING]: 'IA5String',
  [UTC_TIME]: 'UTCTime', [GENERALIZED_TIME]: 'GeneralizedTime', [GENERAL_STRING]: 'GeneralString', [SEQUENCE]: 'SEQUENCE', 0x31: 'SET',
};
