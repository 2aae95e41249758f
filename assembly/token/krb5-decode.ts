/*
 * One call reads one message of the AP exchange (RFC 4120 §5.3, §5.5), or what was encrypted in it, from INPUT into a table of i32 words
 * at OUTPUT. Offsets count from the start of the message. What is optional and absent has the bit of its field clear.
 *
 *    0  offset at which reading failed, when the result is not 0
 *    1  bit n: the outer SEQUENCE has its field [n]
 *    2  ap-options, or the ticket's flags
 *    3  EncryptedData of the message      etype, kvno, 1 where there is a kvno, offset, length
 *    8  EncryptedData of the ticket       likewise
 *   13  realm or crealm                   offset, length
 *   15  name-type
 *   16  number of names
 *   17  key or subkey                     type, offset, length
 *   20  cksum                             type, offset, length
 *   23  cusec
 *   24  seq-number
 *   25  number of authorization data
 *   26  five f64, seconds since 1970      ctime; or authtime, starttime, endtime, renew-till
 *   36  … of each name                    offset, length
 *  100  … of each authorization datum     type, offset, length
 */
import { INPUT, OUTPUT } from '../memory';
import { APPLICATION, CONTEXT, derEnd, derExpected, derFail, derFailedAt, derOpen, derOpenWhole, GENERAL_STRING, OCTET_STRING, SEQUENCE } from './der';

const FAILED_AT = 0, PRESENT = 1, FLAGS = 2, ENCRYPTED = 3, TICKET = 8, REALM = 13, NAME_TYPE = 15, NAME_COUNT = 16, KEY = 17, CHECKSUM = 20, CUSEC = 23,
  SEQ_NUMBER = 24, DATA_COUNT = 25, TIMES = 26, NAMES = 36, DATA = 100;
const NOWHERE = -1;
const MAX_NAMES = 32;
const MAX_DATA = 64;
/** The words of OUTPUT that krb5Decode uses. */
export const KRB5_TABLE_WORDS: i32 = DATA + 3 * MAX_DATA;

const AP_REQ = 1, ENC_TICKET_PART = 2, AUTHENTICATOR = 3, AP_REP = 4, ENC_AP_REP_PART = 5, AUTHORIZATION_DATA = 6;

// The numbers of what was expected; backends/wasm/core/krb5-messages.ts names them. 1 is a length.
const EXPECTED_MESSAGE = 2, EXPECTED_SEQUENCE = 3, EXPECTED_FIELD = 4, EXPECTED_INTEGER = 5, EXPECTED_OCTET_STRING = 6, EXPECTED_STRING = 7, EXPECTED_TIME = 8,
  EXPECTED_BITS = 9, EXPECTED_TICKET = 10, EXPECTED_FEWER_NAMES = 11, EXPECTED_FEWER_DATA = 12, EXPECTED_END = 13, EXPECTED_VERSION = 14, EXPECTED_TYPE = 15;

const INTEGER = 0x02, BIT_STRING = 0x03, GENERALIZED_TIME = 0x18;

/** Reads the message of this kind: 0, or the number of what was expected at the offset in word 0. Wipes INPUT. */
export function krb5Decode(kind: i32, length: i32): i32 {
  memory.fill(OUTPUT, 0, NAMES << 2);
  const read = readMessage(kind, length);
  memory.fill(INPUT, 0, length);
  if (read >= 0) return 0;
  put(FAILED_AT, derFailedAt);
  return derExpected;
}

function readMessage(kind: i32, length: i32): i32 {
  if (kind == AUTHORIZATION_DATA) {
    const last = readData(0, length, DATA);
    return last < 0 ? -1 : readPadding(last, length);
  }
  const tag = kind == AP_REQ ? 14 : kind == ENC_TICKET_PART ? 3 : kind == AUTHENTICATOR ? 2 : kind == AP_REP ? 15 : 27;
  const inside = derOpen(0, length, APPLICATION + tag, EXPECTED_MESSAGE);
  if (inside < 0) return -1;
  const end = derEnd;
  const at = derOpenWhole(inside, end, SEQUENCE, EXPECTED_SEQUENCE);
  if (at < 0) return -1;
  const last = kind == AP_REQ ? readApReq(at, end)
    : kind == ENC_TICKET_PART ? readEncTicketPart(at, end)
    : kind == AUTHENTICATOR ? readAuthenticator(at, end)
    : kind == AP_REP ? readApRep(at, end) : readEncApRepPart(at, end);
  if (last < 0) return -1;
  return last == end ? readPadding(end, length) : derFail(last, EXPECTED_END);
}

// RFC 3961 §3: a cipher that pads its plaintext leaves zeros behind it
function readPadding(at: i32, end: i32): i32 {
  for (; at < end; at++) if (load<u8>(INPUT + at) != 0) return derFail(at, EXPECTED_END);
  return 0;
}

function readApReq(at: i32, end: i32): i32 {
  at = readConstant(at, end, 0, 5, EXPECTED_VERSION);
  if (at >= 0) at = readConstant(at, end, 1, 14, EXPECTED_TYPE);
  if (at >= 0) at = readFlags(at, end, 2);
  if (at < 0) return -1;
  const ticket = derOpen(at, end, CONTEXT + 3, EXPECTED_FIELD);
  if (ticket < 0) return -1;
  at = derEnd;
  if (readTicket(ticket, at) < 0) return -1;
  return readEncryptedData(at, end, 4, ENCRYPTED);
}

function readTicket(at: i32, end: i32): i32 {
  at = derOpenWhole(at, end, APPLICATION + 1, EXPECTED_TICKET);
  if (at >= 0) at = derOpenWhole(at, end, SEQUENCE, EXPECTED_SEQUENCE);
  if (at >= 0) at = readConstant(at, end, 0, 5, EXPECTED_VERSION);
  if (at >= 0) at = readSpan(at, end, 1, GENERAL_STRING, EXPECTED_STRING, REALM);
  if (at >= 0) at = readPrincipalName(at, end, 2);
  if (at >= 0) at = readEncryptedData(at, end, 3, TICKET);
  return at < 0 || at == end ? at : derFail(at, EXPECTED_END);
}

function readEncTicketPart(at: i32, end: i32): i32 {
  at = readFlags(at, end, 0);
  if (at >= 0) at = readTyped(at, end, 1, KEY);
  if (at >= 0) at = readSpan(at, end, 2, GENERAL_STRING, EXPECTED_STRING, REALM);
  if (at >= 0) at = readPrincipalName(at, end, 3);
  if (at >= 0) at = readTyped(at, end, 4, NOWHERE); // transited
  if (at >= 0) at = readTime(at, end, 5, 0);
  if (at >= 0 && has(at, end, 6)) at = readTime(at, end, 6, 1);
  if (at >= 0) at = readTime(at, end, 7, 2);
  if (at >= 0 && has(at, end, 8)) at = readTime(at, end, 8, 3);
  if (at >= 0 && has(at, end, 9)) at = readDataField(at, end, 9, NOWHERE); // caddr has the same shape
  if (at >= 0 && has(at, end, 10)) at = readDataField(at, end, 10, DATA);
  return at;
}

function readAuthenticator(at: i32, end: i32): i32 {
  at = readConstant(at, end, 0, 5, EXPECTED_VERSION);
  if (at >= 0) at = readSpan(at, end, 1, GENERAL_STRING, EXPECTED_STRING, REALM);
  if (at >= 0) at = readPrincipalName(at, end, 2);
  if (at >= 0 && has(at, end, 3)) at = readTyped(at, end, 3, CHECKSUM);
  if (at >= 0) at = readInteger(at, end, 4, CUSEC);
  if (at >= 0) at = readTime(at, end, 5, 0);
  if (at >= 0 && has(at, end, 6)) at = readTyped(at, end, 6, KEY);
  if (at >= 0 && has(at, end, 7)) at = readInteger(at, end, 7, SEQ_NUMBER);
  if (at >= 0 && has(at, end, 8)) at = readDataField(at, end, 8, DATA);
  return at;
}

function readApRep(at: i32, end: i32): i32 {
  at = readConstant(at, end, 0, 5, EXPECTED_VERSION);
  if (at >= 0) at = readConstant(at, end, 1, 15, EXPECTED_TYPE);
  return at < 0 ? -1 : readEncryptedData(at, end, 2, ENCRYPTED);
}

function readEncApRepPart(at: i32, end: i32): i32 {
  at = readTime(at, end, 0, 0);
  if (at >= 0) at = readInteger(at, end, 1, CUSEC);
  if (at >= 0 && has(at, end, 2)) at = readTyped(at, end, 2, KEY);
  if (at >= 0 && has(at, end, 3)) at = readInteger(at, end, 3, SEQ_NUMBER);
  return at;
}

// Each reader below takes the field [n] at `at` and returns where the next one begins, or -1. Those of the outer SEQUENCE note it in PRESENT.

function has(at: i32, end: i32, n: i32): bool {
  if (at >= end || <i32>load<u8>(INPUT + at) != CONTEXT + n) return false;
  put(PRESENT, get(PRESENT) | (1 << n));
  return true;
}

// [n] PrincipalName: SEQUENCE { [0] INTEGER, [1] SEQUENCE OF GeneralString }
function readPrincipalName(at: i32, end: i32, n: i32): i32 {
  const field = derOpen(at, end, CONTEXT + n, EXPECTED_FIELD);
  if (field < 0) return -1;
  const next = derEnd;
  at = derOpenWhole(field, next, SEQUENCE, EXPECTED_SEQUENCE);
  if (at >= 0) at = readInteger(at, next, 0, NAME_TYPE);
  if (at >= 0) at = derOpenWhole(at, next, CONTEXT + 1, EXPECTED_FIELD);
  if (at >= 0) at = derOpenWhole(at, next, SEQUENCE, EXPECTED_SEQUENCE);
  if (at < 0) return -1;
  let count = 0;
  for (; at < next; at = derEnd) {
    if (count == MAX_NAMES) return derFail(at, EXPECTED_FEWER_NAMES);
    const content = derOpen(at, next, GENERAL_STRING, EXPECTED_STRING);
    if (content < 0) return -1;
    putSpan(NAMES + 2 * count++, content, derEnd);
  }
  put(NAME_COUNT, count);
  return next;
}

// [n] EncryptedData: SEQUENCE { [0] INTEGER, [1] INTEGER OPTIONAL, [2] OCTET STRING }
function readEncryptedData(at: i32, end: i32, n: i32, word: i32): i32 {
  const field = derOpen(at, end, CONTEXT + n, EXPECTED_FIELD);
  if (field < 0) return -1;
  const next = derEnd;
  at = derOpenWhole(field, next, SEQUENCE, EXPECTED_SEQUENCE);
  if (at >= 0) at = readInteger(at, next, 0, word);
  if (at >= 0 && at < next && <i32>load<u8>(INPUT + at) == CONTEXT + 1) {
    put(word + 2, 1);
    at = readInteger(at, next, 1, word + 1);
  }
  if (at >= 0) at = readSpan(at, next, 2, OCTET_STRING, EXPECTED_OCTET_STRING, word + 3);
  return at < 0 || at == next ? at : derFail(at, EXPECTED_END);
}

// [n] EncryptionKey, Checksum, TransitedEncoding
function readTyped(at: i32, end: i32, n: i32, word: i32): i32 {
  const field = derOpen(at, end, CONTEXT + n, EXPECTED_FIELD);
  if (field < 0) return -1;
  const next = derEnd;
  at = readTypedContent(field, next, word);
  return at < 0 || at == next ? at : derFail(at, EXPECTED_END);
}

// SEQUENCE { [0] INTEGER, [1] OCTET STRING }: a type and its bytes
function readTypedContent(at: i32, end: i32, word: i32): i32 {
  at = derOpen(at, end, SEQUENCE, EXPECTED_SEQUENCE);
  if (at < 0) return -1;
  const next = derEnd;
  at = readInteger(at, next, 0, word);
  if (at >= 0) at = readSpan(at, next, 1, OCTET_STRING, EXPECTED_OCTET_STRING, word < 0 ? NOWHERE : word + 1);
  return at < 0 || at == next ? at : derFail(at, EXPECTED_END);
}

// [n] AuthorizationData, HostAddresses
function readDataField(at: i32, end: i32, n: i32, word: i32): i32 {
  const field = derOpen(at, end, CONTEXT + n, EXPECTED_FIELD);
  if (field < 0) return -1;
  const next = derEnd;
  at = readData(field, next, word);
  return at < 0 || at == next ? at : derFail(at, EXPECTED_END);
}

// SEQUENCE OF what readTypedContent reads
function readData(at: i32, end: i32, word: i32): i32 {
  at = derOpen(at, end, SEQUENCE, EXPECTED_SEQUENCE);
  if (at < 0) return -1;
  const last = derEnd;
  let count = 0;
  while (at < last) {
    if (count == MAX_DATA) return derFail(at, EXPECTED_FEWER_DATA);
    at = readTypedContent(at, last, word < 0 ? NOWHERE : word + 3 * count);
    if (at < 0) return -1;
    count++;
  }
  if (word >= 0) put(DATA_COUNT, count);
  return last;
}

function readConstant(at: i32, end: i32, n: i32, value: i32, expected: i32): i32 {
  const next = readInteger(at, end, n, CUSEC);
  return next < 0 || get(CUSEC) == value ? next : derFail(at, expected);
}

// a UInt32 of 2^31 and above comes in five bytes, or from some as a negative number in four; the table has its 32 bits
function readInteger(at: i32, end: i32, n: i32, word: i32): i32 {
  const content = readPrimitive(at, end, n, INTEGER, EXPECTED_INTEGER);
  if (content < 0) return -1;
  const next = derEnd;
  if (next == content || next - content > 5 || (next - content == 5 && load<u8>(INPUT + content) != 0)) return derFail(content, EXPECTED_INTEGER);
  let value = <i64>load<i8>(INPUT + content);
  for (let i = content + 1; i < next; i++) value = (value << 8) | <i64>load<u8>(INPUT + i);
  if (word >= 0) put(word, <i32>value);
  return next;
}

function readSpan(at: i32, end: i32, n: i32, tag: i32, expected: i32, word: i32): i32 {
  const content = readPrimitive(at, end, n, tag, expected);
  if (content < 0) return -1;
  if (word >= 0) putSpan(word, content, derEnd);
  return derEnd;
}

// KerberosFlags: the first 32 bits, those that are missing are 0
function readFlags(at: i32, end: i32, n: i32): i32 {
  const content = readPrimitive(at, end, n, BIT_STRING, EXPECTED_BITS);
  if (content < 0) return -1;
  if (content == derEnd || load<u8>(INPUT + content) > 7) return derFail(content, EXPECTED_BITS);
  let flags = 0;
  for (let i = 1; i <= 4; i++) flags = (flags << 8) | (content + i < derEnd ? <i32>load<u8>(INPUT + content + i) : 0);
  put(FLAGS, flags);
  return derEnd;
}

// KerberosTime: YYYYMMDDHHMMSSZ from 1970 on; `slot` of TIMES
function readTime(at: i32, end: i32, n: i32, slot: i32): i32 {
  const content = readPrimitive(at, end, n, GENERALIZED_TIME, EXPECTED_TIME);
  if (content < 0) return -1;
  if (derEnd - content != 15 || load<u8>(INPUT + content, 14) != 0x5a) return derFail(content, EXPECTED_TIME);
  for (let i = 0; i < 14; i++) if (<u32>load<u8>(INPUT + content + i) - 0x30 > 9) return derFail(content, EXPECTED_TIME);
  const year = digits(content) * 100 + digits(content + 2);
  const month = digits(content + 4);
  const day = digits(content + 6);
  const hour = digits(content + 8);
  const minute = digits(content + 10);
  const second = digits(content + 12);
  if (year < 1970 || month - 1 > 11 || day - 1 >= daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return derFail(content, EXPECTED_TIME);
  const seconds = (<i64>daysSince1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
  store<f64>(OUTPUT + (TIMES << 2) + (<usize>slot << 3), <f64>seconds);
  return derEnd;
}

@inline
function digits(at: i32): u32 {
  return (load<u8>(INPUT + at) - 0x30) * 10 + load<u8>(INPUT + at, 1) - 0x30;
}

function daysIn(year: u32, month: u32): u32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// the year begins in March, so that the leap day is its last
function daysSince1970(year: u32, month: u32, day: u32): u32 {
  const y = month < 3 ? year - 1 : year;
  const m = month < 3 ? month + 9 : month - 3;
  return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

// [n], and the one primitive that fills it
function readPrimitive(at: i32, end: i32, n: i32, tag: i32, expected: i32): i32 {
  const field = derOpen(at, end, CONTEXT + n, EXPECTED_FIELD);
  return field < 0 ? -1 : derOpenWhole(field, derEnd, tag, expected);
}

function putSpan(word: i32, start: i32, end: i32): void {
  put(word, start);
  put(word + 1, end - start);
}

@inline
function put(word: i32, value: i32): void {
  store<i32>(OUTPUT + (<usize>word << 2), value);
}

@inline
function get(word: i32): i32 {
  return load<i32>(OUTPUT + (<usize>word << 2));
}
