import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectToken } from '../../src/inspect/index.ts';
import { errors, find, legs, outline } from './tree.ts';

const test = suite('inspect: forms of input');

const token = legs('sspi_ntlm')[0]!;
const hex = Buffer.from(token).toString('hex');
const base64 = Buffer.from(token).toString('base64');
const pairs = hex.match(/../g)!;
const expected = outline(inspectToken(token));

const FORMS: Readonly<Record<string, readonly [form: string, text: string]>> = {
  hex: ['hex', hex],
  'hex in capitals': ['hex', hex.toUpperCase()],
  'hex with 0x': ['hex', `0x${hex}`],
  'hex with spaces and line breaks': ['hex', ` ${pairs.join(' ').replace(/(.{24})/g, '$1\n')}\n`],
  'hex with colons': ['hex', pairs.join(':')],
  'hex as C writes it': ['hex', pairs.map((pair) => `0x${pair}`).join(', ')],
  'hex in a string literal': ['hex', pairs.map((pair) => `\\x${pair}`).join('')],
  base64: ['base64', base64],
  'base64 without padding': ['base64', base64.replace(/=+$/, '')],
  'base64, URL-safe': ['base64', base64.replaceAll('+', '-').replaceAll('/', '_')],
  'base64 in lines': ['base64', base64.replace(/(.{20})/g, '$1\r\n')],
};

for (const [name, [form, text]] of Object.entries(FORMS)) {
  test(name, () => {
    const tree = inspectToken(text);
    assert.is(tree.form, form);
    assert.equal(outline(tree), expected);
  });
}

for (const line of [
  `WWW-Authenticate: NTLM ${base64}`, `Authorization: NTLM ${base64}`, `proxy-authenticate:ntlm ${base64}\r\n`, `Proxy-Authorization: NTLM  ${base64}`,
  `> Authorization: NTLM ${base64}`, `< WWW-Authenticate: NTLM ${base64}`,
]) {
  test(`a header line: ${line.slice(0, 30).trim()}…`, () => {
    const tree = inspectToken(line);
    assert.is(tree.form, 'header');
    assert.is(tree.name.toLowerCase(), /[\w-]+(?=\s*:)/.exec(line)![0].toLowerCase());
    assert.is(tree.value.toUpperCase(), 'NTLM');
    assert.equal(outline(tree.children![0]!.children![0]!), expected);
  });
}

test('a scheme and its token without the header name', () => {
  const tree = inspectToken(`Negotiate ${base64}`);
  assert.equal([tree.form, tree.name, tree.value], ['header', 'Negotiate', '40 bytes']);
});

test('a challenge without a token', () => {
  const tree = inspectToken('WWW-Authenticate: Negotiate');
  assert.equal(errors(tree), []);
  assert.equal(outline(tree), ['WWW-Authenticate', 'Negotiate', 0, 0, [['Negotiate', '(no token)', 0, 0]]]);
});

test('several challenges in one line; a password of Basic is not shown', () => {
  const tree = inspectToken(`WWW-Authenticate: Negotiate, Basic realm="a, \\"Negotiate\\" b", NTLM ${base64}`);
  assert.equal(tree.children!.map(({ name }) => name), ['Negotiate', 'Basic', 'NTLM']);
  const basic = inspectToken('Authorization: Basic YWxpY2U6c2VjcmV0');
  assert.not.match(JSON.stringify(basic), /YWxp|alice|secret/);
  assert.is(find(basic, 'Basic').note, 'not a scheme of Windows integrated authentication');
});

test('a character that is none of base64, and what came before it', () => {
  const tree = inspectToken(`${base64.slice(0, 24)}*${base64.slice(24)}`);
  assert.is(find(tree, 'Input').error, "expected hex, base64 or a header line, came '*' as character 25, at byte 18");
  assert.is(find(tree, 'NegotiateFlags').value, '0xe20882b7');
});

test('an odd number of hexadecimal digits', () => {
  assert.is(find(inspectToken(hex.slice(0, -1)), 'Input').error, 'expected two hexadecimal digits a byte, came 79 digits, at byte 39');
});

test('base64 that is cut within a byte', () => {
  assert.match(find(inspectToken(base64.slice(0, 21)), 'Input').error!, 'expected 2 to 4 base64 characters in the last group, came 1');
  assert.match(find(inspectToken('TlRMTVNTUAB='), 'Input').error!, 'expected zero bits after the last base64 byte');
});

test('no token', () => {
  for (const empty of ['', '  \n', new Uint8Array()]) assert.is(inspectToken(empty).name, 'Empty token');
  assert.is(errors(inspectToken('Authorization:')).length, 1);
});

test('text that is no token', () => {
  const tree = inspectToken('hello world, this is no token');
  assert.match(find(tree, 'Input').error!, "expected hex, base64 or a header line, came ','");
});

test('a wrong argument is a TypeError', () => {
  for (const wrong of [undefined, null, 7, {}, [], new ArrayBuffer(8), new DataView(new ArrayBuffer(8))]) {
    assert.throws(() => inspectToken(wrong as unknown as string), (error: unknown) => error instanceof TypeError);
  }
  assert.throws(() => inspectToken('', null as unknown as object), (error: unknown) => error instanceof TypeError);
});

test.run();
