import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TokenNode } from '../../src/inspect/index.ts';
import { formatTokenTree, inspectToken } from '../../src/inspect/index.ts';
import { mutate, rng } from '../fuzz.ts';
import { allTokens } from './tree.ts';

const test = suite('inspect: fuzz');

const CASES = 60_000;
const SEED = 0x5eed_1257;

/** Nothing outside the token, nothing endless, nothing that a terminal would obey. */
function check(node: TokenNode, length: number, depth: number): number {
  if (depth > 64) throw new Error('deeper than 64');
  if (!Number.isInteger(node.offset) || node.offset < 0 || node.length < 0 || node.offset + node.length > length) {
    throw new Error(`${node.name} at ${node.offset} + ${node.length} of ${length}`);
  }
  for (const text of [node.name, node.value, node.note ?? '', node.error ?? '']) {
    if (/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text)) throw new Error(`a control character in ${JSON.stringify(text)}`);
  }
  let nodes = 1;
  for (const child of node.children ?? []) nodes += check(child, length, depth + 1);
  return nodes;
}

test(`${CASES.toLocaleString('en')} mutations of captured tokens never throw, and finish`, () => {
  const random = rng(SEED);
  const tokens = allTokens();
  let broken = 0;
  for (let i = 0; i < CASES; i++) {
    const token = mutate(random.pick(tokens), random);
    const asText = i % 16 === 0;
    const input = asText ? `WWW-Authenticate: Negotiate ${Buffer.from(token).toString('base64')}` : token;
    try {
      const tree = inspectToken(input, { redact: i % 3 === 0, full: i % 5 === 0 });
      const nodes = check(tree, token.length, 0);
      assert.ok(nodes < 10_000);
      const text = i % 8 === 0 ? formatTokenTree(tree, { compact: i % 24 === 0 }) : '';
      if (text.includes('✗')) broken++;
    } catch (error) {
      throw new Error(`seed ${SEED}, case ${i}: ${Buffer.from(token).toString('hex')}`, { cause: error });
    }
  }
  assert.ok(broken > CASES / 50, 'the mutations reach what they should break');
});

test('20,000 texts of header-like characters never throw', () => {
  const random = rng(SEED + 1);
  const pieces = ['WWW-Authenticate:', 'Authorization: ', 'Negotiate ', 'NTLM', ' ', ',', '"', '\\', '=', 'TlRMTVNTUAAB', 'YIIB', '60 40', '0x', ':', '\n', 'é', '\u{1f600}', '\u0000', '\ud800', 'a=b', '-', '\x1b[2J'];
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join('');
    const tree = inspectToken(text);
    check(tree, text.length, 0);
  }
});

test.run();
