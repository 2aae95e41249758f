import type { TokenNode } from './node.ts';

/**
 * The tree without what is the same in every token: signatures, descriptors, empty, reserved and repeated fields, notes.
 * Flags become one list. What has an error stays.
 */
export function compactTree(tree: TokenNode): TokenNode {
  const { note: _, children = [], ...node } = tree;
  if (tree.name === 'MsvAvSingleHost' && !hasError(tree)) return node;
  if (isFlags(tree)) return { ...node, value: `${tree.value}  ${children.map((child) => child.name.replace(PREFIX, '')).join(' ')}` };
  const kept = children.flatMap((child) => {
    if (child.name.endsWith('Fields') && child.error === undefined) return (child.children ?? []).map(compactTree);
    return isDull(child, tree) && !hasError(child) ? [] : [compactTree(child)];
  });
  return kept.length > 0 ? { ...node, children: kept } : node;
}

/** Every child is a bit. */
function isFlags({ children = [], value }: TokenNode): boolean {
  return children.length > 0 && [value, ...children.map((child) => child.value)].every((text) => /^0x[0-9a-f]{8}$/.test(text));
}

/** In the client's answer, the AvPairs that only repeat the challenge's. */
function isDull(node: TokenNode, parent: TokenNode): boolean {
  return DULL.test(node.name) || node.value === '(none)' || (parent.name === 'AvPairs' && ECHOED.test(node.name));
}

function hasError(node: TokenNode): boolean {
  return node.error !== undefined || (node.children ?? []).some(hasError);
}

const PREFIX = /^NTLM(?:SSP)?_(?:NEGOTIATE_)?/;
const ECHOED = /^MsvAv(?:Nb|Dns|Timestamp)/;
const DULL = /^(?:Signature|MessageType|Reserved\d?|RespType|HiRespType|MsvAvEOL|Padding|thisMech|pvno|msg-type|Size|Z4|Filler|hintName|name-type|name-string)$/;
