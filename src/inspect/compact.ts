import type { TokenNode } from './node.ts';

/**
 * The tree without what is the same in every token: signatures, descriptors, empty and reserved fields, notes.
 * Flags become one list. What has an error stays.
 */
export function compactTree(tree: TokenNode): TokenNode {
  const { note: _, children = [], ...node } = tree;
  if (isFlags(tree)) return { ...node, value: `${tree.value}  ${children.map((child) => child.name.replace(PREFIX, '')).join(' ')}` };
  const kept = children.flatMap((child) => {
    if (child.name.endsWith('Fields') && child.error === undefined) return (child.children ?? []).map(compactTree);
    return isDull(child) && !hasError(child) ? [] : [compactTree(child)];
  });
  return kept.length > 0 ? { ...node, children: kept } : node;
}

/** Every child is a bit of the same bytes. */
function isFlags({ children = [], offset, length }: TokenNode): boolean {
  return children.length > 0 && children.every((child) => child.offset === offset && child.length === length && child.value.startsWith('0x'));
}

function isDull(node: TokenNode): boolean {
  return DULL.test(node.name) || node.value === '(none)';
}

function hasError(node: TokenNode): boolean {
  return node.error !== undefined || (node.children ?? []).some(hasError);
}

const PREFIX = /^NTLM(?:SSP)?_(?:NEGOTIATE_)?/;
const DULL = /^(?:Signature|MessageType|Reserved\d?|RespType|HiRespType|MsvAvEOL|Padding|thisMech|pvno|msg-type|Size|Z4|Filler|hintName|name-type|name-string)$/;
