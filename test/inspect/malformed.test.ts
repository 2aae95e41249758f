import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectToken } from '../../src/inspect/index.ts';
import { bytes, errors, everything, find, legs } from './tree.ts';

const test = suite('inspect: malformed tokens');

const negotiate = legs('sspi_ntlm')[0]!;
const challenge = legs('sspi_ntlm')[1]!;
const authenticate = legs('sspi_ntlm')[2]!;
const negTokenInit = legs('gssapi_negotiate_ntlm_with_ntlm')[0]!;
const negTokenResp = legs('gssapi_negotiate_ntlm_with_ntlm')[1]!;

/** A copy with `patch` written at `offset`. */
function patched(token: Uint8Array, offset: number, patch: string): Uint8Array {
  const copy = token.slice();
  copy.set(bytes(patch), offset);
  return copy;
}

function onlyError(token: Uint8Array): string {
  const found = errors(inspectToken(token));
  assert.is(found.length, 1, found.join('\n'));
  return found[0]!;
}

test('cut in the signature', () => {
  assert.is(onlyError(negotiate.slice(0, 5)), 'Signature: expected 8 bytes, came 5 bytes, at byte 0');
});

test('cut before and in MessageType', () => {
  assert.is(onlyError(negotiate.slice(0, 8)), 'MessageType: expected 4 bytes, came the end, at byte 8');
  assert.is(onlyError(negotiate.slice(0, 10)), 'MessageType: expected 4 bytes, came 2 bytes, at byte 8');
});

test('an unknown MessageType', () => {
  assert.is(onlyError(patched(negotiate, 8, '04')), 'MessageType: expected 1 (NEGOTIATE), 2 (CHALLENGE) or 3 (AUTHENTICATE), came 4, at byte 8');
});

test('a NEGOTIATE_MESSAGE of 16 and of 32 bytes is whole', () => {
  assert.equal(errors(inspectToken(negotiate.slice(0, 16))), []);
  assert.equal(errors(inspectToken(negotiate.slice(0, 32))), []);
});

test('a NEGOTIATE_MESSAGE cut in Version keeps all before it', () => {
  const tree = inspectToken(negotiate.slice(0, 36));
  assert.equal(errors(tree), ['Version: expected 8 bytes, came 4 bytes, at byte 32']);
  assert.is(find(tree, 'NegotiateFlags').value, '0xe20882b7');
});

test('a CHALLENGE_MESSAGE cut in ServerChallenge', () => {
  assert.equal(errors(inspectToken(challenge.slice(0, 27))), [
    'TargetNameFields: expected TargetName to end within the 27 bytes of the message, came 12 bytes at 56, which end at 68, at byte 12',
    'ServerChallenge: expected 8 bytes, came 3 bytes, at byte 24',
  ]);
});

test('a field past the end is told at its descriptor; what is there is explained', () => {
  const tree = inspectToken(challenge.slice(0, 100));
  assert.equal(errors(tree), [
    'TargetInfoFields: expected TargetInfo to end within the 100 bytes of the message, came 138 bytes at 68, which end at 206, at byte 40',
    'MsvAvDnsDomainName: expected 24 bytes of MsvAvDnsDomainName, came only 0, at byte 100',
  ]);
  assert.is(find(tree, 'MsvAvNbComputerName').value, 'DC01');
});

test('an AvPair longer than the list', () => {
  // MsvAvDnsTreeName at 162: AvLen 24 becomes 200
  assert.is(onlyError(patched(challenge, 164, 'c800')), 'MsvAvDnsTreeName: expected 200 bytes of MsvAvDnsTreeName, came only 40, at byte 206');
});

test('a list without MsvAvEOL', () => {
  const cut = patched(challenge.slice(0, 202), 40, '86008600');
  assert.is(onlyError(cut), 'AV_PAIR: expected MsvAvEOL, which closes the list, came the end, at byte 202');
});

test('a MsvAvTimestamp of a wrong length', () => {
  // 4 of its 8 bytes; the other 4 then read as MsvAvDnsComputerName… of 0x5b24 bytes
  const found = errors(inspectToken(patched(challenge, 192, '0400')));
  assert.is(found[0], 'MsvAvTimestamp: expected 8 bytes of MsvAvTimestamp, came 4, at byte 192');
});

test('bytes after MsvAvEOL', () => {
  // the list ends at the second pair
  assert.is(onlyError(patched(challenge, 84, '00000000')), 'Trailing bytes: expected the end after MsvAvEOL, came 118 bytes more, at byte 88');
});

test('UTF-16 of an odd length, and at an odd offset', () => {
  const odd = patched(challenge, 12, '0b000b00');
  assert.is(onlyError(odd), 'TargetName: expected an even number of bytes of UTF-16, came 11 bytes, at byte 56');
  const tree = inspectToken(patched(challenge, 16, '39'));
  assert.is(find(tree, 'TargetName').note, 'UTF-16 at an odd offset');
});

test('fields that overlap, and a field over the header', () => {
  // UserName at 100, where the 54 bytes overlap Workstation's at 142
  const tree = inspectToken(patched(authenticate, 40, '64000000'));
  assert.is(find(tree, 'WorkstationFields').error, 'expected bytes of its own for Workstation, came bytes 142 to 162, which overlap UserName, at byte 44');
  assert.is(find(inspectToken(patched(challenge, 16, '14')), 'TargetNameFields').error,
    'expected bytes of its own for TargetName, came bytes 20 to 32, which overlap the header, at byte 12');
});

test('an offset near 2^32 is past the end, not before it', () => {
  assert.is(find(inspectToken(patched(challenge, 16, 'f8ffffff')), 'TargetNameFields').error,
    'expected TargetName to end within the 206 bytes of the message, came 12 bytes at 4294967288, which end at 4294967300, at byte 12');
});

test('bytes that no field refers to', () => {
  const longer = new Uint8Array([...challenge, 1, 2, 3]);
  assert.is(onlyError(longer), 'Unreferenced bytes: expected every byte to belong to a field, came 3 bytes that none refers to, at byte 206');
  const padded = inspectToken(new Uint8Array([...challenge, 0, 0, 0]));
  assert.equal(errors(padded), []);
  assert.is(find(padded, 'Unreferenced bytes').note, 'no field refers to them');
});

test('MaxLen below Len', () => {
  assert.is(find(inspectToken(patched(challenge, 14, '0000')), 'TargetNameFields').note, 'MaxLen 0 is less than Len 12');
});

test('a MIC that is announced, with no place for it', () => {
  // 16 bytes of header taken out: every payload begins 16 earlier, at 72
  const short = new Uint8Array([...authenticate.slice(0, 72), ...authenticate.slice(88)]);
  const view = new DataView(short.buffer);
  for (const at of [12, 20, 28, 36, 44, 52]) view.setUint32(at + 4, view.getUint32(at + 4, true) - 16, true);
  assert.is(onlyError(short), 'MIC: expected 16 bytes of MIC, as MsvAvFlags says, came a payload that begins at 72, at byte 72');
});

test('a MIC at 64, where Version is left out', () => {
  const short = new Uint8Array([...authenticate.slice(0, 64), ...authenticate.slice(72)]);
  const view = new DataView(short.buffer);
  for (const at of [12, 20, 28, 36, 44, 52]) view.setUint32(at + 4, view.getUint32(at + 4, true) - 8, true);
  view.setUint32(60, (view.getUint32(60, true) & ~0x02000000) >>> 0, true);
  const tree = inspectToken(short);
  assert.equal(errors(tree), []);
  assert.equal([find(tree, 'MIC').offset, find(tree, 'MIC').value], [64, '8b0051b4b8bf4f11c8b2cdaac151c410']);
});

test('every cut of every leg: an error, and nothing that is past the cut', () => {
  for (const token of [challenge, authenticate, negTokenResp]) {
    for (let length = 1; length < token.length; length++) {
      const tree = inspectToken(token.slice(0, length));
      assert.ok(errors(tree).length > 0, `cut at ${length}`);
      for (const node of everything(tree)) assert.ok(node.offset + node.length <= length, `${node.name} at ${node.offset} + ${node.length}, cut at ${length}`);
    }
  }
});

test('DER cut in its contents', () => {
  const tree = inspectToken(negTokenInit.slice(0, 40));
  assert.is(find(tree, 'mechToken').error, 'expected 34 bytes in [2], came only 8, at byte 40');
  assert.is(find(tree, 'Signature').error, 'expected 8 bytes, came 6 bytes, at byte 34');
  assert.is(find(tree, 'MechType').value, '1.3.6.1.4.1.311.2.2.10 (NTLM)');
});

const DER: Readonly<Record<string, readonly [token: string, error: string]>> = {
  'an indefinite length': ['60 80 06 06 2b0601050502', 'DER: expected a definite length, came the indefinite form (80), at byte 1'],
  'a length of nine bytes': ['60 89 01', 'DER: expected a length of at most 4 bytes, came one of 9, at byte 1'],
  'a length cut short': ['60 82 01', 'DER: expected 2 bytes of length, came 1 byte, at byte 2'],
  'a tag alone': ['a1', 'DER: expected the length of [1], came the end, at byte 1'],
  'no mechanism': ['60 00', 'thisMech: expected thisMech, an OBJECT IDENTIFIER, came the end, at byte 2'],
  'a mechanism of another type': ['60 04 04 02 2b06', 'thisMech: expected OBJECT IDENTIFIER, came OCTET STRING, at byte 2'],
  'an OID cut in an arc': ['60 04 06 02 2b86', 'thisMech: expected an OBJECT IDENTIFIER, came 2b86, at byte 4'],
  'no mechTypes': ['a0 02 30 00', 'mechTypes: expected mechTypes [0], came none, at byte 2'],
  'a negState past the last': ['a1 07 30 05 a0 03 0a 01 04', 'negState: expected one byte of 0 to 3, came 04, at byte 8'],
  'a negState of another type': ['a1 07 30 05 a0 03 02 01 01', 'negState: expected ENUMERATED, came INTEGER, at byte 6'],
  'a field that is none': ['a1 07 30 05 a7 03 02 01 01', '[7]: expected a field of this token, came [7], at byte 4'],
  'bytes behind the token': ['a1 07 30 05 a0 03 0a 01 01 ff', 'Trailing bytes: expected the end, came 1 byte, at byte 9'],
  'an unknown TOK_ID': ['60 0f 06 09 2a864886f712010202 0900 01 01'.replace(/ /g, ''), 'TOK_ID: expected one of 0100, 0200, 0300, 0400, 0401, 0101, 0201, 0404, 0504, came 0900, at byte 13'],
  'no token at all': ['ff fe', 'Unknown token: expected an NTLM, SPNEGO or Kerberos token, came fffe, at byte 0'],
};

for (const [name, [token, error]] of Object.entries(DER)) {
  test(`DER: ${name}`, () => assert.ok(errors(inspectToken(token)).includes(error), errors(inspectToken(token)).join('\n')));
}

test('a NegTokenResp without its SEQUENCE, and BER lengths, are noted, not refused', () => {
  const bare = inspectToken('a1 05 a0 03 0a 01 01');
  assert.equal(errors(bare), []);
  assert.is(find(bare, 'negState').value, '1 (accept-incomplete)');
  assert.match(find(bare, 'SEQUENCE').note!, 'receivers tolerate that');
  const ber = inspectToken('a1 81 07 30 05 a0 03 0a 01 01');
  assert.equal(errors(ber), []);
  assert.match(ber.note!, 'BER');
});

test('an empty responseToken, and a mechListMIC that repeats the responseToken (Windows 2000)', () => {
  assert.is(find(inspectToken('a1 06 30 04 a2 02 04 00'), 'responseToken').value, '(empty)');
  const signature = '04 10 01000000 0011223344556677 00000000';
  const tree = inspectToken(`a1 2a 30 28 a2 12 ${signature} a3 12 ${signature}`);
  assert.equal(errors(tree), []);
  assert.match(find(tree, 'mechListMIC').note!, 'Windows 2000');
});

test("a peer's control characters reach no terminal", () => {
  // TargetName: ESC [ 2 J, right-to-left override, a lone surrogate
  const tree = inspectToken(patched(challenge, 56, '1b00 5b00 3200 4a00 2e20 00d8'));
  assert.is(find(tree, 'TargetName').value, '\\u{1b}[2J\\u{202e}\\u{d800}');
});

test('tokens inside tokens end', () => {
  let token = bytes('a1073005a0030a0101');
  const der = (tag: number, content: Uint8Array) => new Uint8Array([tag, 0x82, content.length >> 8, content.length & 0xff, ...content]);
  for (let i = 0; i < 50; i++) token = der(0xa1, der(0x30, der(0xa2, der(0x04, token))));
  assert.ok(errors(inspectToken(token)).some((error) => error.includes('came more')));
});

test('a list of 16,000 empty AvPairs is cut, and says so', () => {
  const pairs = new Uint8Array(64000).fill(0);
  for (let i = 0; i < pairs.length; i += 4) pairs[i] = 2;
  const token = new Uint8Array([...challenge.slice(0, 68), ...pairs]);
  new DataView(token.buffer).setUint16(40, 64000, true);
  const tree = inspectToken(token);
  assert.ok(everything(tree).length < 5000);
  assert.ok(errors(tree).some((error) => error.startsWith('…: expected a token of fewer than 4096 fields')));
});

test.run();
