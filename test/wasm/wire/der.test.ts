import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { derWriter, elementAt, lengthOctets } from '../../../backends/wasm/wire/der.ts';

const test = suite('DER');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replace(/ /g, ''), 'hex'));

test('an element ends where its length says, whatever stands behind it', () => {
  const cases: [text: string, at: number, element: ReturnType<typeof elementAt>][] = [
    ['3000', 0, { tag: 0x30, at: 0, start: 2, end: 2 }],
    ['ff 0402 aabb cc', 1, { tag: 4, at: 1, start: 3, end: 5 }],
    ['04 81 01 aa', 0, { tag: 4, at: 0, start: 3, end: 4 }],
    ['04 84 00000001 aa bb', 0, { tag: 4, at: 0, start: 6, end: 7 }],
  ];
  for (const [text, at, element] of cases) assert.equal(elementAt(bytes(text), at), element, text);
});

test('what is no element within its limit is none', () => {
  for (const text of [
    '', '30', '3001', '0402aa', // cut
    '1f8100', 'bf00', // tags of several bytes
    '3080', '3080 0000', // indefinite length (X.690 §8.1.3.6)
    '3085 0000000000', '30ff', // more than four bytes of length
    '3084 ffffffff', '3084 80000000', '3082 01', '3084 000000', // lengths out of the buffer, or cut themselves
  ]) assert.is(elementAt(bytes(text)), null, text);
  assert.is(elementAt(bytes('0402aabb'), 0, 3), null, 'past its parent');
  assert.is(elementAt(bytes('0402aabb'), 4), null, 'at the end');
  assert.is(elementAt(bytes('0402aabb'), 7), null, 'behind the end');
});

test('lengths are as short as they can be (X.690 §10.1)', () => {
  for (const [length, octets] of [
    [0, '00'], [127, '7f'], [128, '8180'], [255, '81ff'], [256, '820100'], [65535, '82ffff'], [65536, '83010000'],
    [0xffffff, '83ffffff'], [0x1000000, '8401000000'], [0xffffffff, '84ffffffff'],
  ] as const) assert.is(hex(Uint8Array.from(lengthOctets(length))), octets);
});

test('a writer nests elements from the end, and grows', () => {
  for (const size of [0, 1, 127, 128, 255, 256, 505, 511, 512, 513, 5000, 70_000]) {
    const content = Uint8Array.from({ length: size }, (_, i) => i);
    const writer = derWriter();
    writer.element(0x30, () => {
      writer.element(0x04, () => writer.bytes(content));
      writer.element(0x02, () => writer.bytes([5]));
    });
    const written = writer.finish();
    const outer = elementAt(written)!;
    assert.is(outer.end, written.length);
    const number = elementAt(written, outer.start, outer.end)!;
    const octets = elementAt(written, number.end, outer.end)!;
    assert.equal([outer.tag, number.tag, octets.tag, octets.end], [0x30, 0x02, 0x04, written.length]);
    assert.is(hex(written.subarray(octets.start, octets.end)), hex(content));
  }
});

test.run();
