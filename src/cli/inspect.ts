import { formatTokenTree, inspectToken } from '../inspect/index.ts';
import type { TokenNode } from '../inspect/index.ts';
import type { Command, CommandInput, ExitCode } from './command.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export const inspect: Command = {
  synopsis: '[options] [TOKEN | -]',
  description: `Takes a token as hexadecimal, base64 or a header line ('Authorization: Negotiate YII…'), from the
arguments or from standard input, which may also hold raw bytes, or any text with such header lines:

  curl -v --negotiate -u : http://web.ad.test/ 2>&1 | portable-sspi inspect

What a password could be guessed against is hidden, unless --full is given: a token is sensitive.
The exit status is 1 where a token is malformed.`,
  options: {
    json: { type: 'boolean', help: 'the tree as JSON, one document a token' },
    full: { type: 'boolean', short: 'f', help: 'hide nothing, and write every byte' },
    compact: { type: 'boolean', short: 'c', help: 'only what tells one token from another' },
  },
  run,
};

async function run({ values, positionals }: CommandInput, terminal: Terminal): Promise<ExitCode> {
  const tokens = positionals.length === 0 || (positionals.length === 1 && positionals[0] === '-')
    ? await readTokens(terminal, positionals.length === 0)
    : [positionals.join(' ')]; // an unquoted header line, or pairs of digits
  const full = values['full'] === true;
  const trees = tokens.map((token) => inspectToken(token, { full, redact: !full }));
  trees.forEach((tree, i) => {
    if (values['json'] === true) terminal.out(JSON.stringify(tree, null, 2));
    else {
      if (i > 0) terminal.out('\n');
      terminal.out(formatTokenTree(tree, { color: terminal.color, width: terminal.width, compact: values['compact'] === true }));
    }
  });
  return trees.some(isMalformed) ? 1 : 0;
}

async function readTokens(terminal: Terminal, noArgument: boolean): Promise<(Uint8Array | string)[]> {
  if (noArgument && terminal.interactive) throw new UsageError('no token: give one as an argument, or on standard input');
  const input = await terminal.read();
  if (input.length === 0) throw new UsageError('no token: standard input is empty');
  const text = asText(input);
  if (text === null) return [input];
  const headers = text.split(/\r?\n/).filter((line) => HEADER_LINE.test(line));
  return headers.length > 0 ? headers.map((line) => line.trim()) : [text];
}

/** Null: bytes that no text holds. A token is never all text, since its lengths and flags are not. */
function asText(input: Uint8Array): string | null {
  for (const byte of input) if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input);
  } catch {
    return null;
  }
}

function isMalformed(tree: TokenNode): boolean {
  return tree.error !== undefined || (tree.children ?? []).some(isMalformed);
}

// also as curl -v and browsers' tools show them
const HEADER_LINE = /^\s*(?:[<>*]\s*)?(?:www-authenticate|proxy-authenticate|authorization|proxy-authorization)\s*:/i;
