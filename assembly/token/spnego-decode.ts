/*
 * One call reads a whole SPNEGO token in INPUT (RFC 4178 §4.2, MS-SPNG 2.2.1) into a table of i32 words at OUTPUT.
 * Offsets count from the start of the token; -1 means absent.
 *
 *   0  offset at which reading failed, when the result is not 0
 *   1  1 NegTokenInit or NegTokenInit2, 2 NegTokenResp
 *   2  negState
 *   3  mechTypes           offset, length   the whole MechTypeList with its SEQUENCE header, without the [0]
 *   5  mechToken/response  offset, length
 *   7  mechListMIC         offset, length
 *   9  supportedMech       offset, length   content octets
 *  11  hintName            offset, length
 *  13  number of mechanisms
 *  14  … of each           offset, length   content octets
 *
 *   60 .. 06 06 2b0601050502 | a0 .. 30 .. | fields    NegTokenInit; reqFlags [1] is passed over unread
 *                              a1 .. 30 .. | fields    NegTokenResp; some peers put the 60 around it, some leave out the 30
 */
import { INPUT, OUTPUT } from '../memory';
import {
  APPLICATION, CONTEXT, ENUMERATED, GENERAL_STRING, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE,
  derEnd, derExpected, derFail, derFailedAt, derOpen, derOpenWhole,
} from './der';

const FAILED_AT = 0, KIND = 1, NEG_STATE = 2, MECH_TYPES = 3, TOKEN = 5, MECH_LIST_MIC = 7, SUPPORTED_MECH = 9, HINT_NAME = 11, COUNT = 13, MECHS = 14;
const MAX_MECHS = 64;
const TABLE_WORDS = MECHS + 2 * MAX_MECHS;

const KIND_INIT = 1, KIND_RESP = 2;

// The numbers of what was expected; backends/wasm/core/spnego.ts names them. 1 is a length.
const EXPECTED_TOKEN = 2, EXPECTED_SPNEGO_OID = 3, EXPECTED_CHOICE = 4, EXPECTED_SEQUENCE = 5, EXPECTED_FIELD = 6, EXPECTED_MECH_TYPE_LIST = 7,
  EXPECTED_OID = 8, EXPECTED_FEWER_MECHS = 9, EXPECTED_OCTET_STRING = 10, EXPECTED_HINTS = 11, EXPECTED_GENERAL_STRING = 12, EXPECTED_NEG_STATE = 13;

/** Reads the token of `length` bytes in INPUT: 0, or the number of what was expected at the offset in word 0. Wipes INPUT. */
export function spnegoDecode(length: i32): i32 {
  memory.fill(OUTPUT, 0xff, TABLE_WORDS << 2);
  put(COUNT, 0);
  const read = readToken(length);
  memory.fill(INPUT, 0, length);
  if (read >= 0) return 0;
  put(FAILED_AT, derFailedAt);
  return derExpected;
}

/** The bytes of OUTPUT that spnegoDecode uses. */
export const SPNEGO_TABLE_SIZE: i32 = TABLE_WORDS << 2;

function readToken(length: i32): i32 {
  let at = 0;
  if (length > 0 && <i32>load<u8>(INPUT) == APPLICATION) {
    at = derOpenWhole(0, length, APPLICATION, EXPECTED_TOKEN);
    if (at < 0) return -1;
    at = passSpnegoOid(at, length);
    if (at < 0) return -1;
  }
  if (at >= length) return derFail(at, EXPECTED_TOKEN);
  const tag = <i32>load<u8>(INPUT + at);
  if (tag != CONTEXT && tag != CONTEXT + 1) return derFail(at, at == 0 ? EXPECTED_TOKEN : EXPECTED_CHOICE);
  const inside = derOpenWhole(at, length, tag, EXPECTED_CHOICE);
  if (inside < 0) return -1;
  const init = tag == CONTEXT;
  put(KIND, init ? KIND_INIT : KIND_RESP);
  let fields = inside;
  // Without the inner SEQUENCE, the first field stands where the SEQUENCE would.
  if (init || inside >= length || <i32>load<u8>(INPUT + inside) < CONTEXT) {
    fields = derOpenWhole(inside, length, SEQUENCE, EXPECTED_SEQUENCE);
    if (fields < 0) return -1;
  }
  return readFields(fields, length, init);
}

// 1.3.6.1.5.5.2
function passSpnegoOid(at: i32, end: i32): i32 {
  const content = derOpen(at, end, OBJECT_IDENTIFIER, EXPECTED_SPNEGO_OID);
  if (content < 0) return -1;
  const oid = derEnd - content == 6 && load<u32>(INPUT + content) == 0x0501062b && load<u16>(INPUT + content, 4) == 0x0205;
  return oid ? derEnd : derFail(at, EXPECTED_SPNEGO_OID);
}

function readFields(from: i32, end: i32, init: bool): i32 {
  let last = -1;
  for (let at = from; at < end;) {
    const tag = <i32>load<u8>(INPUT + at);
    const field = tag - CONTEXT;
    // DER keeps a SEQUENCE in its order, so a repeated field is refused here as well. The list is open at its end (`...`).
    if (field <= last || field > 15) return derFail(at, EXPECTED_FIELD);
    const content = derOpen(at, end, tag, EXPECTED_FIELD);
    if (content < 0) return -1;
    const next = derEnd;
    if ((init ? readInitField(field, content, next) : readRespField(field, content, next)) < 0) return -1;
    last = field;
    at = next;
  }
  return 0;
}

function readInitField(field: i32, at: i32, end: i32): i32 {
  if (field == 0) return readMechTypes(at, end);
  if (field == 2) return readOctets(TOKEN, at, end);
  // RFC 4178 has mechListMIC at [3]; MS-SPNG 2.2.1 has negHints there and mechListMIC at [4].
  if (field == 3 && at < end && <i32>load<u8>(INPUT + at) == SEQUENCE) return readHints(at, end);
  if (field == 3 || field == 4) return readOctets(MECH_LIST_MIC, at, end);
  return 0;
}

function readRespField(field: i32, at: i32, end: i32): i32 {
  if (field == 0) {
    const content = derOpenWhole(at, end, ENUMERATED, EXPECTED_NEG_STATE);
    if (content < 0) return -1;
    if (end - content != 1 || load<u8>(INPUT + content) > 3) return derFail(content, EXPECTED_NEG_STATE);
    put(NEG_STATE, load<u8>(INPUT + content));
    return 0;
  }
  if (field == 1) return readInto(SUPPORTED_MECH, at, end, OBJECT_IDENTIFIER, EXPECTED_OID);
  if (field == 2) return readOctets(TOKEN, at, end);
  if (field == 3) return readOctets(MECH_LIST_MIC, at, end);
  return 0;
}

function readMechTypes(at: i32, end: i32): i32 {
  let mech = derOpenWhole(at, end, SEQUENCE, EXPECTED_MECH_TYPE_LIST);
  if (mech < 0) return -1;
  putSpan(MECH_TYPES, at, end);
  let count = 0;
  while (mech < end) {
    const content = derOpen(mech, end, OBJECT_IDENTIFIER, EXPECTED_OID);
    if (content < 0) return -1;
    if (derEnd == content) return derFail(mech, EXPECTED_OID);
    if (count == MAX_MECHS) return derFail(mech, EXPECTED_FEWER_MECHS);
    putSpan(MECHS + 2 * count++, content, derEnd);
    mech = derEnd;
  }
  put(COUNT, count);
  return 0;
}

function readHints(at: i32, end: i32): i32 {
  let hint = derOpenWhole(at, end, SEQUENCE, EXPECTED_HINTS);
  if (hint < 0) return -1;
  let last = -1;
  while (hint < end) {
    const tag = <i32>load<u8>(INPUT + hint);
    const field = tag - CONTEXT;
    if (field <= last || field > 15) return derFail(hint, EXPECTED_HINTS);
    const content = derOpen(hint, end, tag, EXPECTED_HINTS);
    if (content < 0) return -1;
    const next = derEnd;
    if (field == 0 && readInto(HINT_NAME, content, next, GENERAL_STRING, EXPECTED_GENERAL_STRING) < 0) return -1;
    last = field;
    hint = next;
  }
  return 0;
}

function readOctets(word: i32, at: i32, end: i32): i32 {
  return readInto(word, at, end, OCTET_STRING, EXPECTED_OCTET_STRING);
}

function readInto(word: i32, at: i32, end: i32, tag: i32, expected: i32): i32 {
  const content = derOpenWhole(at, end, tag, expected);
  if (content < 0) return -1;
  putSpan(word, content, end);
  return 0;
}

function putSpan(word: i32, start: i32, end: i32): void {
  put(word, start);
  put(word + 1, end - start);
}

function put(word: i32, value: i32): void {
  store<i32>(OUTPUT + (<usize>word << 2), value);
}
