// Documentation that is true: links that lead somewhere, programs that run.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

export interface CodeBlock {
  language: string;
  /** Where its first line of code stands, counted from 1. */
  line: number;
  code: string;
}

/** Fenced blocks, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: CodeBlock | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)/.exec(text);
    if (fence === null) {
      if (open !== undefined) open.code += `${text}\n`;
    } else if (open === undefined) {
      open = { language: fence[1]!, line: index + 2, code: '' };
    } else {
      blocks.push(open);
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`a code block that begins at line ${open.line} never ends`);
  return blocks;
}

/** One sentence for each link, among these files, that leads to no file or to no heading. */
export async function findBrokenLinks(directory: string, files: readonly string[]): Promise<string[]> {
  const sentences: string[] = [];
  for (const file of files) {
    for (const target of linksOf(await readFile(join(directory, file), 'utf8'))) {
      if (/^[a-z]+:/i.test(target)) continue; // the world outside is not ours to check
      const [path, anchor] = target.split('#') as [string, string | undefined];
      const linked = path === '' ? file : normalize(join(dirname(file), path));
      if (!existsSync(join(directory, linked))) sentences.push(`${file}: ${target} leads to no file`);
      else if (anchor !== undefined && linked.endsWith('.md') && !(await anchorsOf(join(directory, linked))).has(anchor)) sentences.push(`${file}: ${target} leads to no heading`);
    }
  }
  return sentences;
}

function linksOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^()\s]+)\)|^\[[^\]]+\]:\s*(\S+)/gm)].map((match) => (match[1] ?? match[2])!);
}

/** The ids that GitHub gives to headings. */
async function anchorsOf(path: string): Promise<Set<string>> {
  const anchors = new Set<string>();
  for (const [, heading] of prose(await readFile(path, 'utf8'), false).matchAll(/^#{1,6}\s+(.+?)\s*$/gm)) {
    const slug = heading!.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
    let id = slug;
    for (let i = 1; anchors.has(id); i++) id = `${slug}-${i}`;
    anchors.add(id);
  }
  return anchors;
}

function prose(markdown: string, dropInline = true): string {
  const text = markdown.replace(/^```[\s\S]*?^```/gm, '');
  return dropInline ? text.replace(/`[^`\n]*`/g, '') : text;
}
