import { SspiError } from '../../../contract/errors.ts';
import { derWriter, elementAt, type DerElement, type DerWriter } from '../../wire/der.ts';
import { BOOLEAN, FLAGS, INT32, KVNO, OCTETS, TEXT, TIME, UINT32, type Primitive } from './primitives.ts';

/*
 * The cold messages of RFC 4120, as their files declare them: each class is a SEQUENCE of explicitly tagged fields,
 *
 *   [APPLICATION n] { SEQUENCE { [0] { value }, [1] { value }, … } }        the wrapper where the class says `@application(n)`
 *
 * and encode and decode walk the declaration. It bounds how deep they go: what no production names is not entered.
 */

type Constructor<T = object> = new () => T;

export function encode(message: object): Uint8Array {
  const writer = derWriter();
  writeProduction(writer, message);
  return writer.finish();
}

/**
 * Throws SEC_E_INVALID_TOKEN, with the byte, for whatever does not begin with a whole `type`. What stands behind it is let through: RFC 3961's ciphers
 * may pad. So are elements that the production does not know (RFC 4120 §1.5), and numbers above 2^31 that a peer wrote as negative ones.
 */
export function decode<T extends object>(type: Constructor<T>, bytes: Uint8Array): T {
  const source: Source = { bytes, name: type.name };
  return readProduction(source, type, open(source, 0, bytes.length));
}

/** `decode` of what was decrypted, which is wiped: the fields are copies. */
export function decodeSecret<T extends object>(type: Constructor<T>, plain: Uint8Array): T {
  try {
    return decode(type, plain);
  } finally {
    plain.fill(0);
  }
}

// Declarations. `context` is the [n] of the production.

interface FieldOptions { optional?: boolean; repeated?: boolean }

/** Int32, as a number. */
export const int32 = (context: number, options?: FieldOptions) => field(INT32, context, options);
/** UInt32 and Microseconds, as a number. */
export const uint32 = (context: number, options?: FieldOptions) => field(UINT32, context, options);
export const kvno = (context: number, options?: FieldOptions) => field(KVNO, context, options);
export const text = (context: number, options?: FieldOptions) => field(TEXT, context, options);
export const octets = (context: number, options?: FieldOptions) => field(OCTETS, context, options);
/** KerberosTime: seconds since 1970. */
export const time = (context: number, options?: FieldOptions) => field(TIME, context, options);
/** KerberosFlags: an unsigned number. */
export const flags = (context: number, options?: FieldOptions) => field(FLAGS, context, options);
export const boolean = (context: number, options?: FieldOptions) => field(BOOLEAN, context, options);
/** Any element, kept as its DER: a Ticket is opaque to who carries it. */
export const raw = (context: number, options?: FieldOptions) => field(null, context, options);
/** Another production. */
export const production = (type: Constructor, context: number, options?: FieldOptions) => field(type, context, options);

/** RFC 4120 §5.10: the message is wrapped in [APPLICATION tag]; of several, the first is written and any is read. */
export function application(...tags: [number, ...number[]]) {
  return (target: Function): void => void (declarationOf(target).application = tags);
}

/** A SEQUENCE OF by itself: an array of `items`. */
export function sequenceOf(items: Constructor) {
  return (target: Function): void => void (declarationOf(target).items = items);
}

/** Null: any element. */
export type FieldType = Primitive<any> | Constructor | null;

export interface Field {
  key: string;
  /** The identifier octet of its [n]. */
  tag: number;
  type: FieldType;
  optional: boolean;
  repeated: boolean;
}

export interface Declaration {
  fields: readonly Field[];
  /** Of a SEQUENCE OF. */
  items?: Constructor;
  application?: readonly number[];
}

const declarations = new WeakMap<Function, Declaration>();

/** What its decorators say of this class, and of the one that it extends. */
export function declarationOf(type: Function): Declaration {
  let declaration = declarations.get(type);
  if (declaration === undefined) {
    const parent = declarations.get(Object.getPrototypeOf(type) as Function);
    declarations.set(type, (declaration = { fields: [], ...parent }));
  }
  return declaration;
}

function field(type: FieldType, context: number, { optional = false, repeated = false }: FieldOptions = {}) {
  return (target: object, key: string): void => {
    const declaration = declarationOf(target.constructor);
    declaration.fields = [...declaration.fields, { key, tag: CONTEXT | context, type, optional, repeated }];
  };
}

// Writing, from the end to the beginning.

function writeProduction(writer: DerWriter, message: object): void {
  const { fields, items, application } = declarationOf(message.constructor);
  const sequence = () => writer.element(SEQUENCE, () => {
    if (items !== undefined) return writeAll(writer, items, message as unknown[]);
    for (const { key, tag, type, repeated } of [...fields].reverse()) {
      const value = (message as Record<string, unknown>)[key];
      if (value === undefined) continue;
      writer.element(tag, () => repeated ? writer.element(SEQUENCE, () => writeAll(writer, type, value as unknown[])) : write(writer, type, value));
    }
  });
  if (application === undefined) sequence();
  else writer.element(APPLICATION | application[0]!, sequence);
}

function writeAll(writer: DerWriter, type: FieldType, values: readonly unknown[]): void {
  for (const value of [...values].reverse()) write(writer, type, value);
}

function write(writer: DerWriter, type: FieldType, value: unknown): void {
  if (type === null) writer.bytes(verbatim(value as Uint8Array));
  else if (typeof type === 'function') writeProduction(writer, value as object);
  else writer.element(type.tag, () => writer.bytes(type.write(value)));
}

/** The element as it came: a ticket's bytes are never coded anew. */
function verbatim(value: Uint8Array): Uint8Array {
  if (elementAt(value)?.end !== value.length) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `one DER element expected, ${value.length} bytes that are none came`);
  }
  return value;
}

// Reading.

interface Source {
  bytes: Uint8Array;
  /** What is decoded, for messages. */
  name: string;
}

function readProduction<T extends object>(source: Source, type: Constructor<T>, outer: DerElement): T {
  const { fields, items, application } = declarationOf(type);
  let sequence = outer;
  if (application !== undefined) {
    if (!application.some((one) => outer.tag === (APPLICATION | one))) {
      fail(source, outer.at, `[APPLICATION ${application.join(' or ')}] expected, ${hex(outer.tag)} came`);
    }
    sequence = only(source, outer);
  }
  expectTag(source, type.name, sequence, SEQUENCE, 'SEQUENCE');
  const message = new type();
  if (items !== undefined) {
    for (const item of readAll(source, items, type.name, sequence)) (message as unknown[]).push(item); // too many, perhaps, to be arguments
    return message;
  }
  let next = 0;
  for (const element of elements(source, sequence)) {
    const found = fields.findIndex(({ tag }) => tag === element.tag);
    if (found < 0) continue;
    if (found < next) fail(source, element.at, `${type.name}: [${element.tag & 0x1f}] comes twice or out of its order`);
    requireOptional(source, type, fields.slice(next, found), element.at);
    (message as Record<string, unknown>)[fields[found]!.key] = readField(source, type, fields[found]!, only(source, element));
    next = found + 1;
  }
  requireOptional(source, type, fields.slice(next), sequence.end);
  return message;
}

function requireOptional(source: Source, type: Constructor, absent: readonly Field[], at: number): void {
  const missing = absent.find(({ optional }) => !optional);
  if (missing !== undefined) fail(source, at, `${type.name}: ${missing.key} [${missing.tag & 0x1f}] expected`);
}

function readField(source: Source, of: Constructor, { key, type, optional, repeated }: Field, element: DerElement): unknown {
  const name = `${of.name}.${key}`;
  if (!repeated) return read(source, type, name, element);
  expectTag(source, name, element, SEQUENCE, 'SEQUENCE');
  if (optional && element.start === element.end) return undefined; // RFC 4120 §5.2.5, §5.2.6: it should not be empty, and means the same as none
  return readAll(source, type, name, element);
}

function readAll(source: Source, type: FieldType, name: string, sequence: DerElement): unknown[] {
  return elements(source, sequence).map((element) => read(source, type, name, element));
}

function read(source: Source, type: FieldType, name: string, element: DerElement): unknown {
  if (type === null) return new Uint8Array(source.bytes.subarray(element.at, element.end));
  if (typeof type === 'function') return readProduction(source, type, element);
  expectTag(source, name, element, type.tag, type.name);
  return type.read(source.bytes.subarray(element.start, element.end), (why) => fail(source, element.start, `${name}: ${why}`));
}

function elements(source: Source, { start, end }: DerElement): DerElement[] {
  const found: DerElement[] = [];
  for (let at = start; at < end; at = found.at(-1)!.end) found.push(open(source, at, end));
  return found;
}

/** The one element that an explicit tag holds. */
function only(source: Source, { start, end }: DerElement): DerElement {
  const element = open(source, start, end);
  if (element.end !== end) fail(source, element.end, `the end of an explicitly tagged value expected, ${end - element.end} bytes came`);
  return element;
}

function open(source: Source, at: number, limit: number): DerElement {
  const element = elementAt(source.bytes, at, limit);
  if (element !== null) return element;
  return fail(source, at, at === limit ? 'an element expected, nothing came' : 'an element with a tag below 31 and a length within its parent expected');
}

function expectTag(source: Source, name: string, { tag, at }: DerElement, expected: number, what: string): void {
  if (tag !== expected) fail(source, at, `${name}: ${what} expected, ${hex(tag)} came`);
}

function fail({ name }: Source, offset: number, message: string): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', message.startsWith(name) ? message : `${name}: ${message}`, { offset });
}

function hex(byte: number): string {
  return `a byte of 0x${byte.toString(16).padStart(2, '0')}`;
}

const SEQUENCE = 0x30;
const APPLICATION = 0x60;
const CONTEXT = 0xa0;
