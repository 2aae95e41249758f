import { SspiError } from '../../contract/errors.ts';
import { core } from './instance.ts';
import type { CoreExports } from './instance.ts';
import { keep } from './slab.ts';

/*
 * The messages of the AP exchange (RFC 4120 §5.3, §5.5) as core.wasm reads and writes them, each in one call. Octets are views of what was read.
 * Readers throw SEC_E_INVALID_TOKEN with the offset and what was expected there; zeros behind a message are let through (RFC 3961's ciphers pad).
 */
export interface Typed {
  type: number;
  bytes: Uint8Array;
}

export interface EncryptedBytes {
  etype: number;
  kvno?: number;
  cipher: Uint8Array;
}

export interface Named {
  realm: string;
  nameType: number;
  names: string[];
}

export interface DecodedApReq {
  apOptions: number;
  ticket: Named & { encrypted: EncryptedBytes };
  encrypted: EncryptedBytes;
}

/** Times in seconds since 1970. */
export interface DecodedTicketPart extends Named {
  flags: number;
  key: Typed;
  authtime: number;
  starttime?: number;
  endtime: number;
  renewTill?: number;
  authorizationData?: Typed[];
}

export interface DecodedAuthenticator extends Named {
  checksum?: Typed;
  cusec: number;
  ctime: number;
  subkey?: Typed;
  seqNumber?: number;
  authorizationData?: Typed[];
}

export interface DecodedApRepPart {
  ctime: number;
  cusec: number;
  subkey?: Typed;
  seqNumber?: number;
}

export function decodeApReq(message: Uint8Array): DecodedApReq {
  const { table } = read(AP_REQ, message);
  return done({ apOptions: table[FLAGS]! >>> 0, ticket: { ...named(message), encrypted: encrypted(message, TICKET) }, encrypted: encrypted(message, ENCRYPTED) });
}

export function decodeTicketPart(part: Uint8Array): DecodedTicketPart {
  const { table, times } = read(ENC_TICKET_PART, part);
  return done({
    ...named(part), flags: table[FLAGS]! >>> 0, key: typed(part, KEY), authtime: times[0]!, endtime: times[2]!,
    ...(has(6) && { starttime: times[1]! }), ...(has(8) && { renewTill: times[3]! }), ...someData(10, part),
  });
}

export function decodeAuthenticator(part: Uint8Array): DecodedAuthenticator {
  const { table, times } = read(AUTHENTICATOR, part);
  return done({
    ...named(part), cusec: table[CUSEC]! >>> 0, ctime: times[0]!,
    ...(has(3) && { checksum: typed(part, CHECKSUM) }), ...(has(6) && { subkey: typed(part, KEY) }), ...(has(7) && { seqNumber: table[SEQ_NUMBER]! >>> 0 }),
    ...someData(8, part),
  });
}

export function decodeApRep(message: Uint8Array): EncryptedBytes {
  read(AP_REP, message);
  return done(encrypted(message, ENCRYPTED));
}

export function decodeApRepPart(part: Uint8Array): DecodedApRepPart {
  const { table, times } = read(ENC_AP_REP_PART, part);
  return done({ ctime: times[0]!, cusec: table[CUSEC]! >>> 0, ...(has(2) && { subkey: typed(part, KEY) }), ...(has(3) && { seqNumber: table[SEQ_NUMBER]! >>> 0 }) });
}

/** AuthorizationData (RFC 4120 §5.2.6): at most 64 elements. */
export function decodeAuthorizationData(bytes: Uint8Array): Typed[] {
  read(AUTHORIZATION_DATA, bytes);
  return done(data(bytes));
}

/** `ticket`: its DER. */
export function encodeApReq(apOptions: number, ticket: Uint8Array, { etype, cipher }: EncryptedBytes): Uint8Array {
  const wasm = face();
  put(wasm, put(wasm, 0, ticket), cipher);
  return take(wasm, wasm.krb5ApReq(apOptions, ticket.length, etype, cipher.length), ticket.length + cipher.length);
}

/** The bytes stay in the engine, and are its caller's to wipe. */
export function encodeAuthenticator(
  { realm, nameType, names, checksum, cusec, ctime, subkey, seqNumber }: Omit<Required<DecodedAuthenticator>, 'authorizationData' | 'names'> & { names: readonly string[] },
): Uint8Array {
  const wasm = face();
  let at = putText(wasm, 0, realm);
  for (const name of names) at = putText(wasm, at, name);
  at = put(wasm, put(wasm, at, checksum.bytes), subkey.bytes);
  const length = wasm.krb5Authenticator(nameType, names.length, checksum.type, checksum.bytes.length, cusec, ctime, subkey.type, subkey.bytes.length, seqNumber);
  return take(wasm, length, at, keep);
}

export function encodeApRep({ etype, cipher }: EncryptedBytes): Uint8Array {
  const wasm = face();
  put(wasm, 0, cipher);
  return take(wasm, wasm.krb5ApRep(etype, cipher.length), cipher.length);
}

/** The bytes stay in the engine, and are its caller's to wipe. */
export function encodeApRepPart({ ctime, cusec, subkey, seqNumber }: DecodedApRepPart): Uint8Array {
  const wasm = face();
  const used = subkey === undefined ? 0 : put(wasm, 0, subkey.bytes);
  return take(wasm, wasm.krb5ApRepPart(ctime, cusec, subkey?.type ?? 0, subkey?.bytes.length ?? -1, seqNumber === undefined ? -1 : seqNumber >>> 0), used, keep);
}

function read(kind: number, message: Uint8Array): Face {
  const wasm = face();
  if (message.length > wasm.maxToken) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${KINDS[kind]}: at most ${wasm.maxToken} bytes expected, ${message.length} came`, { offset: wasm.maxToken });
  }
  wasm.input.set(message);
  const expected = wasm.krb5Decode(kind, message.length);
  if (expected === 0) return wasm;
  const offset = done(wasm.table[FAILED_AT]!);
  const came = offset < message.length ? `0x${message[offset]!.toString(16).padStart(2, '0')} came` : 'the message ends';
  throw new SspiError('SEC_E_INVALID_TOKEN', `${KINDS[kind]}: ${expected === EXPECTED_MESSAGE ? TAGS[kind] : EXPECTED[expected]} expected, ${came}`, { offset });
}

/** Empties the table, once all is read out of it. */
function done<T>(result: T): T {
  face().table.fill(0);
  return result;
}

// What follows reads the table that the last `read` left.

function has(field: number): boolean {
  return (face().table[PRESENT]! & (1 << field)) !== 0;
}

function named(message: Uint8Array): Named {
  const { table } = face();
  const names: string[] = [];
  for (let i = 0, word = NAMES; i < table[NAME_COUNT]!; i++, word += 2) names.push(text(message, word));
  return { realm: text(message, REALM), nameType: table[NAME_TYPE]!, names };
}

function encrypted(message: Uint8Array, word: number): EncryptedBytes {
  const { table } = face();
  return { etype: table[word]!, ...(table[word + 2] === 1 && { kvno: table[word + 1]! >>> 0 }), cipher: span(message, word + 3) };
}

function typed(message: Uint8Array, word: number): Typed {
  return { type: face().table[word]!, bytes: span(message, word + 1) };
}

function data(message: Uint8Array): Typed[] {
  const { table } = face();
  const elements: Typed[] = [];
  for (let i = 0; i < table[DATA_COUNT]!; i++) elements.push(typed(message, DATA + 3 * i));
  return elements;
}

// RFC 4120 §5.2.6: it should not be empty where it is optional; an empty one reads as absent
function someData(field: number, message: Uint8Array): { authorizationData?: Typed[] } {
  return has(field) && face().table[DATA_COUNT]! > 0 ? { authorizationData: data(message) } : {};
}

function span(message: Uint8Array, word: number): Uint8Array {
  const { table } = face();
  return message.subarray(table[word]!, table[word]! + table[word + 1]!);
}

/** A GeneralString, read as UTF-8 as Windows and MIT write it. */
function text(message: Uint8Array, word: number): string {
  const { table } = face();
  const [start, end] = [table[word]!, table[word]! + table[word + 1]!];
  let ascii = '';
  for (let at = start; at < end; at++) {
    if (message[at]! >= 0x80) return UTF8_IN.decode(message.subarray(start, end));
    ascii += String.fromCharCode(message[at]!);
  }
  return ascii;
}

/** Writes one part of what core.wasm reads; returns where the next one goes. */
function put(wasm: Face, at: number, part: Uint8Array): number {
  requireRoom(wasm, at + part.length);
  wasm.input.set(part, at);
  return at + part.length;
}

// two bytes of length, then the text
function putText(wasm: Face, at: number, value: string): number {
  requireRoom(wasm, at + 2 + 3 * value.length);
  const { input } = wasm;
  let end = at + 2;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x80) {
      end = at + 2 + UTF8.encodeInto(value, input.subarray(at + 2)).written;
      break;
    }
    input[end++] = unit;
  }
  const length = end - at - 2;
  input[at] = length >> 8;
  input[at + 1] = length;
  return end;
}

/** `copy`: how its bytes are taken out. */
function take(wasm: Face, length: number, used: number, copy = own): Uint8Array {
  const { output, input } = wasm;
  const message = copy(output.subarray(output.length - length));
  output.fill(0, output.length - length);
  input.fill(0, 0, used);
  return message;
}

function own(bytes: Uint8Array): Uint8Array {
  return bytes.slice();
}

function requireRoom({ maxToken }: Face, length: number): void {
  if (length > maxToken) throw new SspiError('SEC_E_INTERNAL_ERROR', `Kerberos: the token to be sent would be longer than ${maxToken} bytes`);
}

interface Face {
  input: Uint8Array;
  output: Uint8Array;
  table: Int32Array;
  times: Float64Array;
  maxToken: number;
  krb5Decode: CoreExports['krb5Decode'];
  krb5ApReq: CoreExports['krb5ApReq'];
  krb5Authenticator: CoreExports['krb5Authenticator'];
  krb5ApRep: CoreExports['krb5ApRep'];
  krb5ApRepPart: CoreExports['krb5ApRepPart'];
}

// Made once: the memory of core.wasm never grows, so the views never detach, and reading a WebAssembly.Global is slow.
let made: Face | undefined;
function face(): Face {
  if (made !== undefined) return made;
  const { input, output, exports } = core();
  const { krb5Decode, krb5ApReq, krb5Authenticator, krb5ApRep, krb5ApRepPart } = exports;
  const table = new Int32Array(output.buffer, output.byteOffset, exports.KRB5_TABLE_WORDS.value);
  const times = new Float64Array(output.buffer, output.byteOffset + 4 * TIMES, 5);
  return (made = { input, output, table, times, maxToken: exports.MAX_TOKEN.value, krb5Decode, krb5ApReq, krb5Authenticator, krb5ApRep, krb5ApRepPart });
}

const UTF8 = new TextEncoder();
const UTF8_IN = new TextDecoder('utf-8', { ignoreBOM: true }); // a mark that is left out would make two names one

// The kinds, the words of the table and the numbers of what was expected: assembly/token/krb5-decode.ts.
const AP_REQ = 1, ENC_TICKET_PART = 2, AUTHENTICATOR = 3, AP_REP = 4, ENC_AP_REP_PART = 5, AUTHORIZATION_DATA = 6;
const FAILED_AT = 0, PRESENT = 1, FLAGS = 2, ENCRYPTED = 3, TICKET = 8, REALM = 13, NAME_TYPE = 15, NAME_COUNT = 16, KEY = 17, CHECKSUM = 20, CUSEC = 23,
  SEQ_NUMBER = 24, DATA_COUNT = 25, TIMES = 26, NAMES = 36, DATA = 100;
const KINDS = ['', 'AP-REQ', 'EncTicketPart', 'Authenticator', 'AP-REP', 'EncAPRepPart', 'AuthorizationData'];
const TAGS = ['', '[APPLICATION 14]', '[APPLICATION 3]', '[APPLICATION 2]', '[APPLICATION 15]', '[APPLICATION 27]', ''];
const EXPECTED_MESSAGE = 2;
const EXPECTED = [
  '', 'a length within the element around it', '', 'a SEQUENCE', 'a field of the message in its order', 'an INTEGER of 32 bits', 'an OCTET STRING', 'a GeneralString',
  'a KerberosTime', 'a BIT STRING', 'a Ticket', 'at most 32 names', 'at most 64 elements', 'the end of the element', 'version 5', "the message's own msg-type",
];
