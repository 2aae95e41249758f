/*
 * The messages of the AP exchange (RFC 4120 §5.5) in DER, each in one call. They are written from their end to their start, where the length of
 * what is inside is known: `head` is the first byte that is written. A message ends where OUTPUT ends; the calls return its length.
 */
import { INPUT, OUTPUT, OUTPUT_CAPACITY } from '../memory';
import { APPLICATION, CONTEXT, GENERAL_STRING, OCTET_STRING, SEQUENCE } from './der';

const INTEGER = 0x02, BIT_STRING = 0x03, GENERALIZED_TIME = 0x18;
const END: usize = OUTPUT + <usize>OUTPUT_CAPACITY;
let head: usize = END;

/**
 * AP-REQ. INPUT: the ticket's DER | the encrypted authenticator.
 */
export function krb5ApReq(apOptions: i32, ticketLength: i32, etype: i32, cipherLength: i32): i32 {
  head = END;
  encryptedData(4, etype, INPUT + ticketLength, cipherLength);
  const ticket = head;
  bytes(INPUT, ticketLength);
  wrap(CONTEXT + 3, ticket);
  flags(2, apOptions);
  integer(1, 14);
  integer(0, 5);
  return close(14);
}

/**
 * Authenticator with a checksum, a subkey and a sequence number. INPUT: names, each as two bytes of length (big-endian) and its bytes, the realm
 * first | the checksum | the subkey. `ctime` in seconds since 1970; cusec and seqNumber are unsigned.
 */
export function krb5Authenticator(
  nameType: i32, names: i32, checksumType: i32, checksumLength: i32, cusec: u32, ctime: f64, keyType: i32, keyLength: i32, seqNumber: u32,
): i32 {
  head = END;
  // the realm's and the names' ends, first to last
  let at = INPUT;
  for (let i = 0; i <= names; i++) at += 2 + prefix(at);
  integer(7, seqNumber);
  typed(6, keyType, at + checksumLength, keyLength);
  time(5, ctime);
  integer(4, cusec);
  typed(3, checksumType, at, checksumLength);
  const name = head;
  for (let i = names; i > 0; i--) {
    let from = INPUT;
    for (let skip = i; skip > 0; skip--) from += 2 + prefix(from);
    primitive(GENERAL_STRING, from + 2, prefix(from));
  }
  wrap(SEQUENCE, name);
  wrap(CONTEXT + 1, name);
  integer(0, nameType);
  wrap(SEQUENCE, name);
  wrap(CONTEXT + 2, name);
  const realm = head;
  primitive(GENERAL_STRING, INPUT + 2, prefix(INPUT));
  wrap(CONTEXT + 1, realm);
  integer(0, 5);
  return close(2);
}

/** AP-REP. INPUT: the encrypted part. */
export function krb5ApRep(etype: i32, cipherLength: i32): i32 {
  head = END;
  encryptedData(2, etype, INPUT, cipherLength);
  integer(1, 15);
  integer(0, 5);
  return close(15);
}

/** EncAPRepPart. INPUT: the subkey; a negative `keyLength` or `seqNumber` means none. */
export function krb5ApRepPart(ctime: f64, cusec: u32, keyType: i32, keyLength: i32, seqNumber: f64): i32 {
  head = END;
  if (seqNumber >= 0) integer(3, <i64>seqNumber);
  if (keyLength >= 0) typed(2, keyType, INPUT, keyLength);
  integer(1, cusec);
  time(0, ctime);
  return close(27);
}

function close(application: i32): i32 {
  wrap(SEQUENCE, END);
  wrap(APPLICATION + application, END);
  return <i32>(END - head);
}

function encryptedData(n: i32, etype: i32, cipher: usize, length: i32): void {
  const end = head;
  primitive(OCTET_STRING, cipher, length);
  wrap(CONTEXT + 2, end);
  integer(0, etype);
  wrap(SEQUENCE, end);
  wrap(CONTEXT + n, end);
}

// EncryptionKey, Checksum
function typed(n: i32, type: i32, content: usize, length: i32): void {
  const end = head;
  primitive(OCTET_STRING, content, length);
  wrap(CONTEXT + 1, end);
  integer(0, type);
  wrap(SEQUENCE, end);
  wrap(CONTEXT + n, end);
}

// as few bytes as its sign needs
function integer(n: i32, value: i64): void {
  const end = head;
  let last: i64;
  do {
    store<u8>(--head, <u8>value);
    last = value << 56 >> 63; // the sign that the byte shows
    value >>= 8;
  } while (value != last);
  wrap(INTEGER, end);
  wrap(CONTEXT + n, end);
}

function flags(n: i32, value: i32): void {
  const end = head;
  head -= 5;
  store<u8>(head, 0);
  store<u32>(head, bswap<u32>(value), 1);
  wrap(BIT_STRING, end);
  wrap(CONTEXT + n, end);
}

// YYYYMMDDHHMMSSZ
function time(n: i32, seconds: f64): void {
  const end = head;
  store<u8>(--head, 0x5a);
  const whole = <i64>seconds;
  let rest = <u32>(whole % 86400);
  digits(rest % 60);
  digits(rest / 60 % 60);
  digits(rest / 3600);
  // days since 0000-03-01; years begin in March, so that the leap day is the last
  const days = <u32>(whole / 86400) + 719468;
  const era = days / 146097;
  const day = days % 146097;
  const year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  const dayOfYear = day - (365 * year + year / 4 - year / 100);
  const m = (5 * dayOfYear + 2) / 153;
  const month = m < 10 ? m + 3 : m - 9;
  const y = era * 400 + year + (month < 3 ? 1 : 0);
  digits(dayOfYear - (153 * m + 2) / 5 + 1);
  digits(month);
  digits(y % 100);
  digits(y / 100 % 100);
  wrap(GENERALIZED_TIME, end);
  wrap(CONTEXT + n, end);
}

function digits(value: u32): void {
  store<u8>(--head, 0x30 + value % 10);
  store<u8>(--head, 0x30 + value / 10);
}

function primitive(tag: i32, content: usize, length: i32): void {
  const end = head;
  bytes(content, length);
  wrap(tag, end);
}

function bytes(from: usize, length: i32): void {
  head -= length;
  memory.copy(head, from, length);
}

// puts a tag and a length before all that was written since `end`
function wrap(tag: i32, end: usize): void {
  const length = <u32>(end - head);
  if (length < 0x80) {
    store<u8>(--head, <u8>length);
  } else {
    let octets = 0;
    for (let rest = length; rest > 0; rest >>= 8, octets++) store<u8>(--head, <u8>rest);
    store<u8>(--head, <u8>(0x80 | octets));
  }
  store<u8>(--head, <u8>tag);
}

@inline
function prefix(at: usize): i32 {
  return (<i32>load<u8>(at) << 8) | load<u8>(at, 1);
}
