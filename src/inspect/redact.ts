import type { TokenNode } from './node.ts';

/**
 * The tree without what a guessed password can be checked against. Also hides a field that overlaps a secret: in a malformed
 * message a name may point into a response.
 */
export function redactTree(tree: TokenNode, secrets: readonly (readonly [start: number, end: number])[]): TokenNode {
  const node = { ...tree };
  if (tree.children !== undefined) {
    node.children = tree.children.map((child) => redactTree(child, secrets));
    // a flags field says in its own value what its bits say
    if (node.children.some((child) => child.value === HIDDEN && child.offset === tree.offset && child.length === tree.length)) node.value = HIDDEN;
  } else if (secrets.some(([start, end]) => tree.offset < end && tree.offset + tree.length > start)) node.value = HIDDEN;
  if (tree.error !== undefined) node.error = tree.error.replace(/\b[0-9a-f]{8,}\b/g, '…');
  return node;
}

const HIDDEN = '(hidden)';
