import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SspiError } from '../../../../backends/contract/errors.ts';
import { declarationOf, decode, encode, type FieldType } from '../../../../backends/wasm/kerberos/messages/asn1.ts';
import { BOOLEAN, FLAGS, INT32, KVNO, OCTETS, TEXT, TIME, UINT32 } from '../../../../backends/wasm/kerberos/messages/primitives.ts';
import { Ticket } from '../../../../backends/wasm/kerberos/messages/ticket.ts';
import { mutate, rng, type Rng } from '../../../fuzz.ts';
import { oracleDecode, oracleEncode } from './oracle.ts';

const test = suite('Kerberos messages beside @peculiar/asn1-schema');
type Production = new () => object;

const FOLDER = new URL('../../../../backends/wasm/kerberos/messages/', import.meta.url);
const modules = await Promise.all(readdirSync(FOLDER).sort().map((file) => import(new URL(file, FOLDER).href) as Promise<Record<string, unknown>>));
/** Every class that a file declares. */
const PRODUCTIONS = modules.flatMap((module) => Object.values(module)).filter((one): one is Production => {
  return typeof one === 'function' && /^class\b/.test(Function.prototype.toString.call(one));
});

const REFERENCES = readFileSync(new URL('../../../vectors/kerberos/asn1-reference.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => {
  return new Uint8Array(Buffer.from(line.replace(/^.*?:(?= [0-9A-F])/, '').replace(/ /g, ''), 'hex'));
});

const VALUES = new Map<unknown, (source: Rng) => unknown>([
  [INT32, (source) => source.pick([0, 1, 18, -1, -138, 127, 128, -128, -129, 255, 256, 32767, 32768, 0x7fffffff, -0x80000000, source.next() | 0])],
  [UINT32, (source) => source.pick([0, 1, 127, 128, 255, 256, 999999, 0x7fffffff, 0x80000000, 0xffffffff, source.next()])],
  [KVNO, (source) => source.pick([0, 1, 255, 0x10001, 0x7fffffff, 0x80000000, 0xffffffff, source.next()])],
  [BOOLEAN, (source) => source.below(2) === 0],
  [OCTETS, (source) => source.bytes(source.pick([0, 1, 4, 16, 127, 128, 255, 256, source.below(600)]))],
  [TEXT, (source) => source.pick(['', 'AD.TEST', 'alice', 'Zoë', 'ユーザー', 'x'.repeat(source.below(300))])],
  [FLAGS, (source) => source.pick([0, 0x40e10000, 0xffffffff, source.next()])],
  [TIME, (source) => source.pick([0, 951782400, 1709164800, 4102444800, 253402300799, source.next()])],
]);

function valueOf(type: FieldType, source: Rng): unknown {
  if (type === null) return encode(messageOf(Ticket, source));
  return typeof type === 'function' ? messageOf(type, source) : VALUES.get(type)!(source);
}

function messageOf(type: Production, source: Rng): object {
  const { fields, items } = declarationOf(type);
  const message = new type() as Record<string, unknown>;
  const some = (of: FieldType, least: number) => Array.from({ length: least + source.below(4) }, () => valueOf(of, source));
  if (items !== undefined) return Object.assign(message, some(items, 0));
  for (const { key, type: of, optional, repeated } of fields) {
    if (optional && source.below(2) === 0) continue;
    message[key] = repeated ? some(of, optional ? 1 : 0) : valueOf(of, source);
  }
  return message;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const fromHex = (text: string) => new Uint8Array(Buffer.from(text.replace(/ /g, ''), 'hex'));

/** All its fields by name; bytes as hex. */
function plain(message: object): string {
  return JSON.stringify(message, (_, value: unknown) => (value instanceof Uint8Array ? hex(value) : value));
}

test('every production is here', () => {
  assert.is(PRODUCTIONS.length, 39, PRODUCTIONS.map(({ name }) => name).join());
  for (const type of PRODUCTIONS) assert.ok(declarationOf(type).fields.length > 0 || declarationOf(type).items !== undefined, type.name);
});

for (const type of PRODUCTIONS) {
  test(`${type.name}: random ones are written to the byte, and read field for field, as the library does`, () => {
    const source = rng(type.name.length);
    for (let n = 0; n < 40; n++) {
      const message = messageOf(type, source);
      const bytes = encode(message);
      assert.is(hex(bytes), hex(oracleEncode(message)));
      assert.is(plain(decode(type, bytes)), plain(oracleDecode(type, bytes)));
      assert.is(plain(decode(type, bytes)), plain(message));
    }
  });
}

/** Where one refuses what the other reads, or both read and not alike, and why that is right; with an example. What is not listed fails. */
interface Difference { why: string; ours: 'refused' | 'read'; theirs: 'refused' | 'read'; says: RegExp; example: [production: string, bytes: string] }
const DIFFERENCES: Difference[] = [
  {
    why: 'KerberosTime has no fractions, zones or dates that do not exist (RFC 4120 §5.2.3); asn1js reads any GeneralizedTime',
    ours: 'refused', theirs: 'read', says: /a KerberosTime is YYYYMMDDHHMMSSZ/, example: ['PaEncTsEnc', '3015a01318113230323330323238303030303030 2e355a'],
  },
  {
    why: 'an explicit tag holds one element; the library drops what stands behind it',
    ours: 'refused', theirs: 'read', says: /the end of an explicitly tagged value expected/, example: ['EtypeInfoEntry', '3008a0060201120201 13'],
  },
  {
    why: 'a field comes once, in its order; the library takes it for unknown behind the last one',
    ours: 'refused', theirs: 'read', says: /comes twice or out of its order/, example: ['PaData', '300fa103020101a203040113a103020102'],
  },
  {
    why: 'a production is a SEQUENCE; the library takes any constructed context tag for one',
    ours: 'refused', theirs: 'read', says: /SEQUENCE expected, a byte of 0x[ab]/, example: ['EtypeInfoEntry', 'a505a003020112'],
  },
  {
    why: 'a BOOLEAN has one byte; the library takes none for false',
    ours: 'refused', theirs: 'read', says: /a BOOLEAN has one byte, 0 came/, example: ['PaPacRequest', '3004a0020100'],
  },
  {
    why: 'what a production does not know is ignored (RFC 4120 §1.5); the library ignores it behind the last field only, when that is there',
    ours: 'read', theirs: 'refused', says: /does not match/, example: ['EtypeInfoEntry', '300aa003020112a903020101'],
  },
  {
    why: 'tickets, and what a production does not know, are not entered; the library parses them',
    ours: 'read', theirs: 'refused', says: /^(?!.*does not match)/,
    example: ['KrbCred', '7620301ea003020105a103020116 a2053003610130 a30b3009a003020112a2020400'],
  },
  {
    why: "an element of tag 0 has its length; asn1js takes it for BER's end of contents",
    ours: 'read', theirs: 'read', says: /[[,]"00/, example: ['KrbCred', '7621301fa003020105a103020116 a206300400020500 a30b3009a003020112a2020400'],
  },
  {
    why: "the years 0 to 99 are those of the first century; asn1js takes them for 1900 to 1999, as JavaScript's Date.UTC does",
    ours: 'read', theirs: 'read', says: /"\w+":-[56]\d{10}[,}]/, example: ['PaEncTsEnc', '3013a011180f30303939303232383030303030305a'],
  },
];

test('altered messages are read by both, or by none, but for what is listed', () => {
  let read = 0;
  let refused = 0;
  const compare = (type: Production, bytes: Uint8Array): Difference | undefined => {
    const ours = verdict(() => decode(type, bytes));
    const theirs = verdict(() => oracleDecode(type, bytes));
    if (ours.error !== undefined) assert.ok(ours.error instanceof SspiError && ours.error.code === 'SEC_E_INVALID_TOKEN', ours.error.stack);
    if (ours.value === theirs.value) {
      if (ours.value === undefined) refused++;
      else read++;
      return undefined;
    }
    const said = ours.error?.message ?? theirs.error?.message ?? ours.value!;
    const listed = DIFFERENCES.find((one) => one.ours === ours.verdict && one.theirs === theirs.verdict && one.says.test(said));
    assert.ok(listed, `${type.name}: ours ${ours.value ?? said}; the library's ${theirs.value ?? theirs.error!.message}: ${hex(bytes)}`);
    // Without what we did not enter, the library reads the same.
    if (theirs.error !== undefined) {
      const bare = withoutRaw(decode(type, bytes));
      assert.is(plain(oracleDecode(type, encode(bare))), plain(bare), hex(bytes));
    }
    return listed;
  };
  for (const type of PRODUCTIONS) {
    const source = rng(type.name.length + 1000);
    for (let n = 0; n < 300; n++) compare(type, mutate(encode(messageOf(type, source)), source));
    for (const bytes of REFERENCES) compare(type, bytes);
  }
  assert.ok(read > 1_000 && refused > 10_000, `${read} read, ${refused} refused`);
  for (const difference of DIFFERENCES) {
    const [name, bytes] = difference.example;
    assert.is(compare(PRODUCTIONS.find((one) => one.name === name)!, fromHex(bytes)), difference, difference.why);
  }
});

test('what is known may not come twice or out of its order, and what is required not be left out', () => {
  const bytes = (...fields: string[]) => fromHex(`30${(fields.join('').length / 2).toString(16).padStart(2, '0')}${fields.join('')}`);
  const type = PRODUCTIONS.find(({ name }) => name === 'PaData')!;
  const [first, second, unknown, text] = ['a103020113', 'a203040100', 'a303020105', 'a2030c0161'];
  assert.is(plain(decode(type, bytes(first, second))), '{"padataType":19,"padataValue":"00"}');
  assert.is(plain(decode(type, bytes(first, unknown, second, unknown))), '{"padataType":19,"padataValue":"00"}');
  for (const [fields, why] of [
    [[first, first, second], /PaData: \[1\] comes twice or out of its order \(at byte 7\)/],
    [[second, first], /PaData: padataType \[1\] expected \(at byte 2\)/],
    [[first], /PaData: padataValue \[2\] expected \(at byte 7\)/],
    [[first, text], /PaData.padataValue: OCTET STRING expected, a byte of 0x0c came \(at byte 9\)/],
  ] as const) assert.throws(() => decode(type, bytes(...fields)), why);
});

function verdict(reading: () => object): { verdict: 'read' | 'refused'; value?: string; error?: Error } {
  try {
    return { verdict: 'read', value: plain(reading()) };
  } catch (error) {
    return { verdict: 'refused', error: error as Error };
  }
}

const NOTHING = new Uint8Array([4, 0]);

function withoutRaw(message: object): object {
  for (const { key, type, repeated } of declarationOf(message.constructor).fields) {
    const fields = message as Record<string, any>;
    if (fields[key] === undefined) continue;
    if (type === null) fields[key] = repeated ? fields[key].map(() => NOTHING) : NOTHING;
    else if (typeof type === 'function') for (const one of repeated ? fields[key] : [fields[key]]) withoutRaw(one);
  }
  return message;
}

test.run();
