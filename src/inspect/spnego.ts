import type { Element } from './der.ts';
import {
  BIT_STRING, CONTEXT, ENUMERATED, GENERAL_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, elementNode, isElement, oid, readElement, readElements,
  readOnly, trailingNode, walk, wrongTag,
} from './der.ts';
import { oidNode } from './gss-token.ts';
import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { MECHANISMS } from './oids.ts';
import { expectedButCame, hex, list, utf8 } from './text.ts';
import { inspectRegion } from './token.ts';

/** NegotiationToken (RFC 4178 4.2): `[0]` NegTokenInit, `[1]` NegTokenResp. */
export function negotiationToken(region: Region, depth: number): TokenNode {
  const choice = readElement(region, 0, 'NegTokenInit [0] or NegTokenResp [1]');
  if (!isElement(choice)) return choice;
  if (choice.tag !== CONTEXT && choice.tag !== CONTEXT + 1) {
    const node = walk(region, choice);
    node.error ??= expectedButCame('NegTokenInit [0] or NegTokenResp [1]', node.name, region.start);
    return node;
  }
  const { fields, nodes } = sequence(choice.content);
  const node = choice.tag === CONTEXT ? negTokenInit(region, choice, fields, nodes, depth) : negTokenResp(region, choice, fields, nodes, depth);
  const trailing = choice.error === undefined ? trailingNode(region, choice.length) : null;
  if (trailing !== null) (node.children ??= []).push(trailing);
  return node;
}

/** A field with the region it was read from. */
interface Field {
  element: Element;
  parent: Region;
}

/** The elements of the SEQUENCE; some acceptors leave the SEQUENCE itself out. `nodes` tells what could not be read. */
function sequence(content: Region): { fields: Field[]; nodes: TokenNode[] } {
  const nodes: TokenNode[] = [];
  const outer = readElement(content, 0, 'a SEQUENCE');
  if (!isElement(outer)) return { fields: [], nodes: [outer] };
  let inside = content;
  if (outer.tag === SEQUENCE) {
    inside = outer.content;
    if (outer.error !== undefined) nodes.push(content.node('SEQUENCE', 'cut', 0, outer.length, { error: outer.error }));
    else {
      const trailing = trailingNode(content, outer.length);
      if (trailing !== null) nodes.push(trailing);
    }
  } else {
    nodes.push(content.node('SEQUENCE', '(left out)', 0, 0, { note: 'the fields follow without it; receivers tolerate that' }));
  }
  const fields: Field[] = [];
  for (let at = 0; at < inside.length;) {
    if (fields.length === MAX_FIELDS) {
      nodes.push(inside.broken('Fields', `at most ${MAX_FIELDS} fields`, 'more', at));
      break;
    }
    const element = readElement(inside, at, 'a field');
    if (!isElement(element)) {
      nodes.push(element);
      break;
    }
    fields.push({ element, parent: inside });
    at += element.length;
  }
  return { fields, nodes };
}

/**
 * NegTokenInit (RFC 4178 4.2.1) and NegTokenInit2 (MS-SPNG 2.2.1), which the server sends first and which has negHints in `[3]`.
 *
 *   [0] mechTypes │ [1] reqFlags │ [2] mechToken │ [3] mechListMIC, or negHints │ [4] mechListMIC, in NegTokenInit2
 */
function negTokenInit(region: Region, choice: Element, fields: Field[], nodes: TokenNode[], depth: number): TokenNode {
  const isInit2 = fields.some(({ element }) => element.tag === CONTEXT + 4 || (element.tag === CONTEXT + 3 && element.content.u8(0) === SEQUENCE));
  let offered: string[] = [];
  const children = fields.map((field) => {
    switch (field.element.tag) {
      case CONTEXT: {
        const mechs = mechTypes(field);
        offered = mechs.names;
        return mechs.node;
      }
      case CONTEXT + 1: return explicit(field, 'reqFlags', BIT_STRING, (inner, parent) => reqFlags(parent, inner));
      case CONTEXT + 2: return innerToken(field, 'mechToken', depth);
      case CONTEXT + 3: return isInit2 ? negHints(field) : innerToken(field, 'mechListMIC', depth);
      case CONTEXT + 4: return innerToken(field, 'mechListMIC', depth);
      default: return unknownField(field);
    }
  });
  if (!fields.some(({ element }) => element.tag === CONTEXT)) {
    children.unshift(choice.content.node('mechTypes', '(missing)', 0, 0, { error: expectedButCame('mechTypes [0]', 'none', choice.content.start) }));
  }
  return elementNode(region, choice, isInit2 ? 'NegTokenInit2' : 'NegTokenInit', `${isInit2 ? 'the server offers' : 'the client offers'} ${list(offered) || 'nothing'}`, {
    children: [...nodes, ...children],
    note: isInit2 ? 'sent by the server before the client has spoken; only its mechTypes count' : undefined,
  });
}

/** NegTokenResp (RFC 4178 4.2.2): [0] negState │ [1] supportedMech │ [2] responseToken │ [3] mechListMIC. */
function negTokenResp(region: Region, choice: Element, fields: Field[], nodes: TokenNode[], depth: number): TokenNode {
  let state = 'no negState';
  const responseToken = fields.find(({ element }) => element.tag === CONTEXT + 2)?.element.content.bytes();
  const children = fields.map((field) => {
    switch (field.element.tag) {
      case CONTEXT: return explicit(field, 'negState', ENUMERATED, (inner, parent) => {
        const node = negState(parent, inner);
        state = /\((.*)\)/.exec(node.value)?.[1] ?? 'unknown negState';
        return node;
      });
      case CONTEXT + 1: return explicit(field, 'supportedMech', OBJECT_IDENTIFIER, (inner, parent) => oidNode(parent, inner, 'supportedMech'));
      case CONTEXT + 2: return innerToken(field, 'responseToken', depth);
      case CONTEXT + 3: {
        const node = innerToken(field, 'mechListMIC', depth);
        if (responseToken !== undefined && responseToken.length > 0 && hex(responseToken) === hex(field.element.content.bytes())) {
          node.note = 'equals responseToken, as Windows 2000 sends it: receivers ignore it';
        }
        return node;
      }
      default: return unknownField(field);
    }
  });
  return elementNode(region, choice, 'NegTokenResp', `an answer: ${state}`, { children: [...nodes, ...children] });
}

/** `[n]` around one element of a known type; the tag itself gets no node of its own. */
function explicit(field: Field, name: string, tag: number, explain: (inner: Element, parent: Region) => TokenNode): TokenNode {
  const { element, parent } = field;
  const inner = readElement(element.content, 0, name);
  if (!isElement(inner)) return { ...inner, name };
  if (inner.tag !== tag) return wrongTag(element.content, inner, name, tag);
  const node = explain(inner, element.content);
  const error = element.error ?? node.error;
  if (error !== undefined) node.error = error;
  const trailing = element.error === undefined ? trailingNode(element.content, inner.length) : null;
  if (trailing !== null) (node.children ??= []).push(trailing);
  if (element.note !== undefined) node.note = element.note;
  return { ...node, offset: parent.start + element.at, length: element.length };
}

function mechTypes(field: Field): { node: TokenNode; names: string[] } {
  const names: string[] = [];
  const node = explicit(field, 'mechTypes', SEQUENCE, (inner, parent) => {
    const children = readElements(inner.content, (mech) => {
      if (mech.tag !== OBJECT_IDENTIFIER) return wrongTag(inner.content, mech, 'MechType', OBJECT_IDENTIFIER);
      const dotted = oid(mech.content.bytes());
      names.push(dotted === null ? 'a malformed one' : MECHANISMS[dotted] ?? dotted);
      return oidNode(inner.content, mech, 'MechType');
    });
    return elementNode(parent, inner, 'mechTypes', count(inner.content.length), { children, note: 'the first is preferred; a mechToken is its' });
  });
  node.value = `${names.length} in order of preference`;
  return { node, names };
}

/** mechToken, responseToken and mechListMIC are OCTET STRINGs of a mechanism's own token. */
function innerToken(field: Field, name: string, depth: number): TokenNode {
  return explicit(field, name, OCTET_STRING, (inner, parent) => {
    if (inner.content.length === 0) {
      return elementNode(parent, inner, name, '(empty)', { note: inner.error === undefined ? 'the same as none' : undefined });
    }
    return elementNode(parent, inner, name, count(inner.content.length), { children: [inspectRegion(inner.content, depth + 1)] });
  });
}

/** negState (RFC 4178 4.2.2). */
function negState(parent: Region, inner: Element): TokenNode {
  const value = inner.content.u8(0);
  const name = NEG_STATES[value];
  if (inner.content.length !== 1 || name === undefined) {
    return elementNode(parent, inner, 'negState', inner.content.hex(0, inner.content.length), {
      error: expectedButCame('one byte of 0 to 3', hex(inner.content.bytes(0, 8)) || 'none', inner.content.start),
    });
  }
  return elementNode(parent, inner, 'negState', `${value} (${name[0]})`, { note: name[1] });
}

/** ContextFlags (RFC 4178 4.2.1), never to be relied on. */
function reqFlags(parent: Region, inner: Element): TokenNode {
  const bits = inner.content.u8(1);
  const names = CONTEXT_FLAGS.filter((_, i) => (bits & (0x80 >> i)) !== 0);
  return elementNode(parent, inner, 'reqFlags', list(names) || '(none)', { note: 'not protected: receivers ignore it (RFC 4178 4.2.1)' });
}

/** NegHints (MS-SPNG 2.2.1): [0] hintName │ [1] hintAddress. */
function negHints(field: Field): TokenNode {
  return explicit(field, 'negHints', SEQUENCE, (inner, parent) => {
    const children = readElements(inner.content, (hint) => {
      const name = hint.tag === CONTEXT ? 'hintName' : hint.tag === CONTEXT + 1 ? 'hintAddress' : null;
      if (name === null) return walk(inner.content, hint);
      const [node] = readOnly(hint.content, name, (text) => text.tag === GENERAL_STRING
        ? elementNode(hint.content, text, name, utf8(text.content.bytes()))
        : walk(hint.content, text, 0, name));
      return { ...node!, offset: inner.content.start + hint.at, length: hint.length };
    });
    return elementNode(parent, inner, 'negHints', count(inner.content.length), { children });
  });
}

function unknownField({ element, parent }: Field): TokenNode {
  const node = walk(parent, element);
  node.error ??= expectedButCame('a field of this token', node.name, node.offset);
  return node;
}

const MAX_FIELDS = 16;
const NEG_STATES: readonly (readonly [name: string, meaning: string])[] = [
  ['accept-completed', 'the sender is done'],
  ['accept-incomplete', 'more is needed'],
  ['reject', 'the sender gives up'],
  ['request-mic', 'another mechanism than the preferred one was chosen: a mechListMIC must follow'],
];
const CONTEXT_FLAGS: readonly string[] = ['delegFlag', 'mutualFlag', 'replayFlag', 'sequenceFlag', 'anonFlag', 'confFlag', 'integFlag'];
