import { readFileSync } from 'node:fs';
import type { TokenNode } from '../../src/inspect/index.ts';

/** A node as a test writes it down: name, value, offset, length, children. */
export type Expected = [name: string, value: string, offset: number, length: number, children?: Expected[]];

/** The whole tree in that form, so that one comparison covers every field; notes are commentary and left out. */
export function outline({ name, value, offset, length, children }: TokenNode): Expected {
  return children === undefined ? [name, value, offset, length] : [name, value, offset, length, children.map(outline)];
}

/** The node at the end of the path of names; the tests that follow fail readably when there is none. */
export function find(tree: TokenNode, ...path: string[]): TokenNode {
  let node = tree;
  for (const name of path) {
    const child = everything(node).find((one) => one.name === name && one !== node);
    if (child === undefined) throw new Error(`no ${name} under ${node.name}, which has ${everything(node).map((one) => one.name).join(', ')}`);
    node = child;
  }
  return node;
}

export function errors(tree: TokenNode): string[] {
  return everything(tree).flatMap((node) => node.error === undefined ? [] : [`${node.name}: ${node.error}`]);
}

/** Depth-first, the node itself first. */
export function everything(tree: TokenNode): TokenNode[] {
  return [tree, ...(tree.children ?? []).flatMap(everything)];
}

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

interface Captures {
  ntlm: { name: string; tokens?: string[]; challenge?: string; authenticate?: string; MsvAvChannelBindings?: string }[];
  kerberos: { messages: Record<string, string> }[];
  misc: { name: string; headerToken?: string; expectedSignature?: string }[];
}

interface SpnegoCaptures {
  tokens: { name: string; token: string; fields: { kind: string; mechs?: string[]; negState?: number; supportedMech?: string | null; token: string | null; mechListMic: string | null; hintName?: string | null } }[];
}

export const captures = json<Captures>('captures.json');
export const spnegoCaptures = json<SpnegoCaptures>('spnego-captures.json');

/** The tokens of one capture in the order they crossed the wire. */
export function legs(name: string): Uint8Array[] {
  const capture = captures.ntlm.find((one) => one.name === name);
  if (capture === undefined) throw new Error(`no capture ${name}`);
  return (capture.tokens ?? [capture.challenge!, capture.authenticate!]).map(bytes);
}

/** Every captured token there is. */
export function allTokens(): Uint8Array[] {
  return [
    ...captures.ntlm.flatMap(({ name }) => legs(name)), ...spnegoCaptures.tokens.map(({ token }) => bytes(token)),
    ...Object.entries(captures.kerberos[0]!.messages).map(([name, message]) => kerberosMessage(name, message)),
    ...captures.misc.flatMap(({ headerToken }) => headerToken === undefined ? [] : [bytes(headerToken)]),
  ];
}

/** The captures hold Kerberos messages without their APPLICATION tags. */
export function kerberosMessage(name: string, hex: string): Uint8Array {
  const tags: Record<string, number> = { KRB_ERROR: 0x7e, AS_REQ: 0x6a, AS_REP: 0x6b, TGS_REQ: 0x6c, TGS_REP: 0x6d };
  return der(tags[name]!, bytes(hex));
}

/** tag, length, content. */
export function der(tag: number, ...content: Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, piece) => sum + piece.length, 0);
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return new Uint8Array(Buffer.concat([Uint8Array.from(head), ...content]));
}

function json<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as T;
}
