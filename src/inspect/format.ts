import { compactTree } from './compact.ts';
import type { TokenNode } from './node.ts';

export interface FormatOptions {
  /** ANSI colors. Default false. */
  color?: boolean;
  /** Columns to stay within, at least 72. Default 100. A tree that nests deeper than its columns overruns them. */
  width?: number;
  /** Only what tells one token from another: flags in one list, no descriptors, no offsets, no notes. Default false. */
  compact?: boolean;
}

/**
 * The tree as text, one field a line: offset, name, value, note; what is wrong stands on a line of its own, marked with ✗.
 * No line ends with a space, and the text with no newline.
 */
export function formatTokenTree(tree: TokenNode, options: FormatOptions = {}): string {
  const { color = false, width = 100, compact = false } = options;
  const page: Page = { lines: [], width: Math.max(72, width), paint: color ? paint : (_, text) => text, offsets: !compact };
  writeNode(page, compact ? compactTree(tree) : tree, '', '', tree.name.length);
  return page.lines.join('\n');
}

interface Page {
  lines: string[];
  width: number;
  paint: (style: Style, text: string) => string;
  offsets: boolean;
}

type Style = 'name' | 'dim' | 'error' | 'plain';

/** `lead` stands before the node's own line, `under` before those of its children and continuations. */
function writeNode(page: Page, node: TokenNode, lead: string, under: string, nameWidth: number): void {
  const children = node.children ?? [];
  const margin = page.offsets ? `${String(node.offset).padStart(5)}  ` : '';
  const name = `${node.name.padEnd(nameWidth)}  `;
  const nameAt = margin.length + lead.length;
  const valueAt = nameAt + name.length;
  const roomy = page.width - valueAt >= ROOM;
  const hangAt = roomy ? valueAt : nameAt + 4;
  const trunk = ' '.repeat(margin.length) + under + (children.length > 0 ? '│' : ' ');
  const below = (at: number, style: Style, text: string) =>
    page.lines.push(`${page.paint('dim', trunk)}${' '.repeat(Math.max(1, at - trunk.length))}${page.paint(style, text)}`);

  const [first, ...more] = roomy || valueAt + node.value.length <= page.width ? wrap(node.value, page.width - valueAt) : ['', ...wrap(node.value, page.width - hangAt)];
  let line = `${page.paint('dim', margin + lead)}${page.paint('name', name.trimEnd())}${first === '' ? '' : padding(name) + first}`;
  const beside = more.length === 0 && node.note !== undefined && first !== '' && valueAt + first!.length + 2 + node.note.length <= page.width;
  if (beside) line += `  ${page.paint('dim', node.note!)}`;
  page.lines.push(line);
  for (const text of more) below(hangAt, 'plain', text);
  if (node.note !== undefined && !beside) for (const text of wrap(node.note, page.width - hangAt)) below(hangAt, 'dim', text);
  if (node.error !== undefined) wrap(`✗ ${node.error}`, page.width - nameAt - 4).forEach((text, i) => below(nameAt + (i === 0 ? 2 : 4), 'error', text));

  const siblings = Math.max(0, ...children.map((child) => child.name.length));
  children.forEach((child, i) => {
    const last = i === children.length - 1;
    writeNode(page, child, `${under}${last ? '└ ' : '├ '}`, `${under}${last ? '  ' : '│ '}`, siblings);
  });
}

function padding(name: string): string {
  return ' '.repeat(name.length - name.trimEnd().length);
}

/** Breaks at spaces, and words longer than a line where the line ends; always at least one chunk. */
function wrap(text: string, columns: number): string[] {
  const width = Math.max(16, columns);
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    while (word.length > width) {
      lines.push(word.slice(0, width));
      word = word.slice(width);
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function paint(style: Style, text: string): string {
  const code = CODES[style];
  return code === null || text === '' ? text : `\x1b[${code}m${text}\x1b[0m`;
}

/** Columns that a value wants beside its name; else it goes below. */
const ROOM = 36;
const CODES: Readonly<Record<Style, string | null>> = { name: '36', dim: '2', error: '31', plain: null };
