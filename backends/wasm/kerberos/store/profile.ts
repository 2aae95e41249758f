import { SspiError } from '../../../contract/errors.ts';

/**
 * The tree of a krb5.conf: sections and `{ }` groups are nodes, relations are strings, each name with all its values
 * in the order in which they stand.
 */
export interface ProfileNode {
  readonly values: Map<string, (string | ProfileNode)[]>;
}

export interface ProfileFiles {
  /** The text of an included file, or null where it cannot be read. */
  readText(path: string): Promise<string | null>;
  /** The names in an included directory, or null where there is none. */
  listDirectory?(path: string): Promise<string[] | null>;
}

/** Includes nest this deep at most; a file that includes itself ends here. */
const MAX_INCLUDE_DEPTH = 10;
const MAX_GROUP_DEPTH = 32;

/**
 * Reads the text of a krb5.conf (MIT krb5.conf(5), "Structure"): `[section]`, `tag = value`, `tag = {` … `}`, `include FILE`,
 * `includedir DIR`, comments with # and ;, quoted values, a `*` behind a tag or a section that makes it final.
 *
 * Throws SEC_E_INVALID_PARAMETER that names the line.
 */
export async function parseProfile(text: string, files?: ProfileFiles): Promise<ProfileNode> {
  const root = newNode();
  await parseInto(root, text, 'krb5.conf', 0, files);
  return root;
}

/** The strings of `section/tag/tag`, through groups; a group where a string is wanted is passed over. */
export function profileStrings(root: ProfileNode, ...path: string[]): string[] {
  const last = path.at(-1)!;
  let nodes: ProfileNode[] = [root];
  for (const name of path.slice(0, -1)) {
    nodes = nodes.flatMap((node) => (node.values.get(name) ?? []).filter((value) => typeof value !== 'string'));
  }
  return nodes.flatMap((node) => (node.values.get(last) ?? []).filter((value) => typeof value === 'string'));
}

/** The first of `profileStrings`: a relation that stands earlier wins. */
export function profileString(root: ProfileNode, ...path: string[]): string | undefined {
  return profileStrings(root, ...path)[0];
}

/** The names below a section or a group. */
export function profileNames(root: ProfileNode, ...path: string[]): string[] {
  let nodes: ProfileNode[] = [root];
  for (const name of path) nodes = nodes.flatMap((node) => (node.values.get(name) ?? []).filter((value) => typeof value !== 'string'));
  return [...new Set(nodes.flatMap((node) => [...node.values.keys()]))];
}

async function parseInto(root: ProfileNode, text: string, source: string, depth: number, files?: ProfileFiles): Promise<void> {
  const stack: ProfileNode[] = []; // the section, then the groups that are open
  const finals = new WeakMap<ProfileNode, Set<string>>();
  const lines = text.split(/\r\n|\n|\r/);
  let pending = ''; // a tag that awaits its group

  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    const fail = (why: string): never => {
      throw new SspiError('SEC_E_INVALID_PARAMETER', `${source}, line ${index + 1}: ${why}`, { remedy: `Mend line ${index + 1} of ${source}.` });
    };
    const open = (tag: string): void => {
      if (stack.length > MAX_GROUP_DEPTH) fail(`groups nest deeper than ${MAX_GROUP_DEPTH}`);
      stack.push(child(stack.at(-1)!, tag));
      pending = '';
    };
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;

    const directive = /^(includedir|include|module)\s+(\S.*)$/.exec(line);
    if (directive !== null && !line.includes('=')) {
      if (directive[1] !== 'module') await include(root, directive[1] === 'includedir', directive[2]!.trim(), depth, files, fail);
      continue;
    }
    const section = /^\[([^\]]*)\]\s*\*?$/.exec(line);
    if (section !== null) {
      if (stack.length > 1) fail(`a section begins inside a group that is still open`);
      stack.length = 0;
      stack.push(child(root, section[1]!.trim()));
      continue;
    }
    if (line === '{' && pending !== '') {
      open(pending);
      continue;
    }
    if (stack.length === 0) fail('a relation stands before the first [section]');
    if (/^\}\s*\*?$/.test(line)) {
      if (stack.length === 1) fail('a } closes no group');
      stack.pop();
      continue;
    }
    const relation = /^([^=*]*[^=*\s])\s*(\*?)\s*=\s*(.*)$/.exec(line);
    if (relation === null) fail(`'tag = value' expected, '${clip(line)}' came`);
    const [, tag, star, value] = relation as unknown as [string, string, string, string];
    const node = stack.at(-1)!;
    pending = '';
    if (value === '') pending = tag; // its { stands on the next line
    else if (value === '{') open(tag);
    else if (/^\{.*\}$/.test(value)) {
      const group = child(node, tag); // MIT wants the braces on lines of their own; a group on one line is plain enough
      for (const inner of value.slice(1, -1).split(/[;,]/)) {
        const pair = /^\s*(\S+)\s*=\s*(.*?)\s*$/.exec(inner);
        if (pair !== null) add(group, pair[1]!, unquote(pair[2]!));
        else if (inner.trim() !== '') fail(`'tag = value' expected in the group, '${clip(inner.trim())}' came`);
      }
    } else {
      const final = finals.get(node) ?? new Set<string>();
      if (!final.has(tag)) add(node, tag, unquote(value));
      if (star !== '') finals.set(node, final.add(tag));
    }
  }
  if (stack.length > 1) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `${source}, line ${lines.length}: a group is still open at the end`, { remedy: 'Close it with a } on a line of its own.' });
  }
}

async function include(root: ProfileNode, directory: boolean, path: string, depth: number, files: ProfileFiles | undefined, fail: (why: string) => never): Promise<void> {
  if (files === undefined) return; // text alone, without a file system: there is nothing to include
  if (depth >= MAX_INCLUDE_DEPTH) fail(`includes nest deeper than ${MAX_INCLUDE_DEPTH}`);
  if (!directory) {
    const text = await files.readText(path);
    if (text === null) fail(`the included file '${path}' cannot be read`);
    await parseInto(root, text!, path, depth + 1, files);
    return;
  }
  // MIT takes names of letters, digits, dashes and underscores, and those that end in .conf but are not hidden.
  const names = ((await files.listDirectory?.(path)) ?? []).filter((name) => /^[\w-]+$/.test(name) || /^[^.].*\.conf$/.test(name)).sort();
  for (const name of names) {
    const file = `${path.replace(/\/+$/, '')}/${name}`;
    const text = await files.readText(file);
    if (text !== null) await parseInto(root, text, file, depth + 1, files);
  }
}

function newNode(): ProfileNode {
  return { values: new Map() };
}

/** Groups of one name are one group, as MIT merges them. */
function child(node: ProfileNode, name: string): ProfileNode {
  const found = node.values.get(name)?.find((value) => typeof value !== 'string');
  return found ?? add(node, name, newNode());
}

function add<T extends string | ProfileNode>(node: ProfileNode, name: string, value: T): T {
  const values = node.values.get(name);
  if (values === undefined) node.values.set(name, [value]);
  else values.push(value);
  return value;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value.replace(/\s+$/, '');
  const end = /^"((?:[^"\\]|\\.)*)"/.exec(value);
  return (end === null ? value.slice(1) : end[1]!).replace(/\\(.)/g, (_, character: string) => ({ n: '\n', t: '\t', b: '\b' })[character] ?? character);
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
