import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mutate, rng } from '../fuzz.ts';
import { decodeToken, parseChallenges, parseCredentials } from '../../src/http/challenge.ts';

const test = suite('http: challenges');

const shown = (...lines: string[]) => parseChallenges(lines).map(({ scheme, token68, params }) => [scheme, token68, Object.fromEntries(params)]);

test('one challenge a line, whatever its case', () => {
  assert.equal(shown('Negotiate', 'NTLM'), [['negotiate', null, {}], ['ntlm', null, {}]]);
  assert.equal(shown('NEGOTIATE'), [['negotiate', null, {}]]);
});

test('several challenges on one line', () => {
  assert.equal(shown('Negotiate, NTLM'), [['negotiate', null, {}], ['ntlm', null, {}]]);
  assert.equal(shown('Negotiate YII==,NTLM TlRMTVNTUAAB'), [['negotiate', 'YII==', {}], ['ntlm', 'TlRMTVNTUAAB', {}]]);
  assert.equal(shown(' , ,Negotiate ,, NTLM,'), [['negotiate', null, {}], ['ntlm', null, {}]]);
});

test('parameters, quoted strings and commas in them (RFC 9110 11.6.1)', () => {
  assert.equal(shown('Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\"", Negotiate'), [
    ['basic', null, { realm: 'simple' }],
    ['newauth', null, { realm: 'apps', type: '1', title: 'Login to "apps"' }],
    ['negotiate', null, {}],
  ]);
  assert.equal(shown('Digest realm="a, Negotiate oQ==, b" , nonce = "x" , NTLM'), [['digest', null, { realm: 'a, Negotiate oQ==, b', nonce: 'x' }], ['ntlm', null, {}]]);
  assert.equal(shown('Basic REALM=x, realm=y'), [['basic', null, { realm: 'x' }]]);
});

test('a token68 is not a parameter', () => {
  assert.equal(shown('Negotiate abc='), [['negotiate', 'abc=', {}]]);
  assert.equal(shown('Negotiate abc=def'), [['negotiate', null, { abc: 'def' }]]);
  assert.equal(shown('Bearer a-b.c_d~e+f/g'), [['bearer', 'a-b.c_d~e+f/g', {}]]);
});

test('a malformed challenge is left out, its neighbours are not', () => {
  assert.equal(shown('Basic realm="unterminated, Negotiate'), []);
  assert.equal(shown('"quoted, comma", Negotiate'), [['negotiate', null, {}]]);
  assert.equal(shown('Negotiate abc def, NTLM'), [['ntlm', null, {}]]);
  assert.equal(shown('@@@, NTLM'), [['ntlm', null, {}]]);
  assert.equal(shown('Basic realm="x" junk, NTLM'), [['ntlm', null, {}]]);
  assert.equal(shown(''), []);
});

test('hostile lines take linear time', () => {
  const size = 200000;
  const lines = [
    ','.repeat(size), ' '.repeat(size), `a${' '.repeat(size)}b c`, `Negotiate ${'='.repeat(size)}x`, `Negotiate ${'a'.repeat(size)}"`, 'a b'.repeat(size / 2),
    `x ${'a='.repeat(size / 2)}`, `x ${'a=b,'.repeat(size / 4)}`, `x a="${'\\"'.repeat(size / 2)}`, '"'.repeat(size), 'x "a" '.repeat(size / 6), `x ${'a = '.repeat(size / 4)}`,
  ];
  for (const line of lines) {
    const started = performance.now();
    parseChallenges([line]);
    parseCredentials(line);
    const took = performance.now() - started;
    assert.ok(took < 500, `${line.slice(0, 20)}… took ${Math.round(took)} ms`);
  }
});

test('20,000 injured lines: no error, and what is understood is understood again', () => {
  const random = rng(4559);
  const whole = [
    'Negotiate YII==, NTLM TlRMTVNTUAAB', 'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\"", Negotiate', 'Digest a=b , c = "d,e" ,, NTLM',
  ].map((line) => Buffer.from(line, 'latin1'));
  const written = (challenges: ReturnType<typeof parseChallenges>) => challenges.map(({ scheme, token68, params }) => {
    const pairs = [...params].map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`);
    return [scheme, token68 ?? pairs.join(', ')].join(' ').trim();
  });
  for (let round = 0; round < 20000; round++) {
    const line = Buffer.from(mutate(random.pick(whole), random)).toString('latin1');
    const understood = parseChallenges([line]);
    assert.equal(written(parseChallenges(written(understood))), written(understood), line);
  }
});

test('credentials', () => {
  assert.equal(parseCredentials('Negotiate YII='), { scheme: 'negotiate', token68: 'YII=' });
  assert.equal(parseCredentials('ntlm \t TlRM'), { scheme: 'ntlm', token68: 'TlRM' });
  assert.equal(parseCredentials('Negotiate'), { scheme: 'negotiate', token68: '' });
  for (const value of ['', ' ', 'Negotiate a b', '"Negotiate" a', 'Digest username="x", realm="y"']) assert.is(parseCredentials(value), null, value);
});

test('base64 is decoded strictly', () => {
  const hex = (token68: string) => {
    const token = decodeToken(token68);
    return token === null ? null : Buffer.from(token).toString('hex');
  };
  assert.is(hex('TlRMTVNTUAAB'), '4e544c4d5353500001');
  assert.is(hex('AA=='), '00');
  assert.is(hex('AA'), '00');
  assert.is(hex(''), '');
  for (const wrong of ['A', 'AA=', 'AAA==', '====', 'A===', 'AA-_', 'AA==AA==', 'ÄA==', 'AA\n==']) assert.is(hex(wrong), null, wrong);
});

test.run();
