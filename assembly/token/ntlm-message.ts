/*
 * Reading the three NTLM messages (MS-NLMP 2.2.1). Nothing is trusted: a field is used only after its place was checked
 * against the token, in an order of comparisons that cannot overflow.
 *
 * A failure is one negative number: -(offset << 8 | code). backends/wasm/core/ntlm-errors.ts gives each code its status and words.
 *
 *   every message          NEGOTIATE          CHALLENGE                AUTHENTICATE
 *    0 'NTLMSSP\0'          12 flags           12 TargetName            12 LmChallengeResponse
 *    8 MessageType          16 DomainName      20 flags                 20 NtChallengeResponse
 *                           24 Workstation     24 ServerChallenge, 8    28 DomainName
 *                           32 Version, 8      32 reserved, 8           36 UserName
 *                                              40 TargetInfo            44 Workstation
 *                                              48 Version, 8            52 EncryptedRandomSessionKey
 *                                                                       60 flags
 *   a field: u16 length, u16 room, u32 offset                           64 Version, 8
 *                                                                       72 MIC, 16 (64 when there is no Version)
 */
import {
  AV_CHANNEL_BINDINGS, AV_EOL, AV_FLAG_MIC, AV_FLAGS, AV_SINGLE_HOST, AV_TARGET_NAME, AV_TIMESTAMP, KEY_EXCH, OEM, SEAL, SIGN, TARGET_INFO, UNICODE, VERSION,
} from './ntlm-flags';
import { INPUT, OUTPUT } from '../memory';

export const NEGOTIATE: i32 = 1;
export const CHALLENGE: i32 = 2;
export const AUTHENTICATE: i32 = 3;

export const E_SHORT: i32 = 1;
export const E_SIGNATURE: i32 = 2;
export const E_TYPE: i32 = 3;
export const E_TARGET_NAME: i32 = 4;
export const E_TARGET_INFO: i32 = 5;
export const E_LM: i32 = 6;
export const E_NT: i32 = 7;
export const E_DOMAIN: i32 = 8;
export const E_USER: i32 = 9;
export const E_WORKSTATION: i32 = 10;
export const E_SESSION_KEY: i32 = 11;
export const E_AV_LIST: i32 = 12;
export const E_AV_LENGTH: i32 = 13;
export const E_CHARSET: i32 = 14;
export const E_ODD: i32 = 15;
export const E_LM_LENGTH: i32 = 16;
export const E_NT_LENGTH: i32 = 17;
export const E_SESSION_KEY_LENGTH: i32 = 18;
export const E_NO_ROOM_FOR_MIC: i32 = 19;
export const E_AV_REPEATED: i32 = 20;
export const E_BLOB: i32 = 21;

@inline
export function fail(code: i32, at: i32): i32 {
  return -((at << 8) | code);
}

/** Where the last `field` or `findAv` lies, from the start of its message. */
export let fieldOffset: i32 = 0;
export let fieldLength: i32 = 0;

/** 'NTLMSSP\0', the type and the fixed part. */
export function checkHeader(message: usize, length: i32, type: i32, least: i32): i32 {
  if (length < 8) return fail(E_SHORT, length);
  if (load<u64>(message) != 0x005053534d4c544e) return fail(E_SIGNATURE, 0);
  if (length < 12) return fail(E_SHORT, length);
  if (load<u32>(message, 8) != <u32>type) return fail(E_TYPE, 8);
  return length < least ? fail(E_SHORT, length) : 0;
}

/** Checks the field whose descriptor stands at `at`, and leaves its place in fieldOffset and fieldLength. */
export function field(message: usize, length: i32, at: i32, code: i32): i32 {
  const size = <u32>load<u16>(message + at);
  const offset = load<u32>(message + at, 4);
  fieldLength = <i32>size;
  fieldOffset = 0;
  if (size == 0) return 0;
  if (offset > <u32>length || size > <u32>length - offset) return fail(code, at);
  fieldOffset = <i32>offset;
  return 0;
}

/** A name: in UTF-16 it has an even length. */
function name(message: usize, length: i32, at: i32, code: i32, unicode: bool): i32 {
  const error = field(message, length, at, code);
  if (error != 0) return error;
  return unicode && (fieldLength & 1) != 0 ? fail(E_ODD, at) : 0;
}

/** Checks the AV_PAIR list of `length` bytes at `list` up to its MsvAvEOL; `base` is its offset, for errors. Returns the length without the end. */
export function checkAvList(list: usize, length: i32, base: i32): i32 {
  let at = 0;
  let seen: u32 = 0;
  while (true) {
    if (length - at < 4) return fail(E_AV_LIST, base + at);
    const id = <i32>load<u16>(list + at);
    const size = <i32>load<u16>(list + at, 2);
    if (id == AV_EOL) return at;
    if (size > length - at - 4) return fail(E_AV_LIST, base + at);
    if (id <= AV_CHANNEL_BINDINGS) {
      // an id that stands twice could show one value to the check and another to the use
      if ((seen >> id) & 1) return fail(E_AV_REPEATED, base + at);
      seen |= 1 << id;
      if (id == AV_FLAGS ? size != 4 : id == AV_TIMESTAMP ? size != 8 : id == AV_CHANNEL_BINDINGS ? size != 16 : id == AV_SINGLE_HOST ? false : (size & 1) != 0) {
        return fail(E_AV_LENGTH, base + at);
      }
    }
    at += 4 + size;
  }
}

/** The value of one pair in a checked list: its offset from `list` and fieldLength, or -1. */
export function findAv(list: usize, length: i32, id: i32): i32 {
  for (let at = 0; at < length;) {
    const size = <i32>load<u16>(list + at, 2);
    if (<i32>load<u16>(list + at) == id) {
      fieldLength = size;
      return at + 4;
    }
    at += 4 + size;
  }
  return -1;
}

/*
 * A parsed message as i32 words; offsets count from the start of the message, and are 0 for an absent field.
 *
 *   0 type   1 flags   2 Version's offset or 0
 *   3 … two words, offset and length, for each field:
 *       NEGOTIATE     domain, workstation
 *       CHALLENGE     target name, target info without its end, server challenge
 *       AUTHENTICATE  LM, NT, domain, user, workstation, session key, target info within NT without its end
 *  17 MIC's offset or 0   18 MsvAvFlags or 0   19 timestamp's offset or 0
 *  20 MsvAvTargetName, two words, offset -1 when absent   22 MsvAvChannelBindings' offset or 0   23 SingleHost, two words
 */
export const WORDS: i32 = 25;
export const W_TYPE: i32 = 0, W_FLAGS: i32 = 1, W_VERSION: i32 = 2, W_FIELDS: i32 = 3;
export const W_TARGET_INFO: i32 = 5, W_SERVER_CHALLENGE: i32 = 7;
export const W_LM: i32 = 3, W_NT: i32 = 5, W_DOMAIN: i32 = 7, W_USER: i32 = 9, W_WORKSTATION: i32 = 11, W_SESSION_KEY: i32 = 13, W_BLOB_INFO: i32 = 15;
export const W_MIC: i32 = 17, W_AV_FLAGS: i32 = 18, W_TIMESTAMP: i32 = 19, W_AV_TARGET: i32 = 20, W_BINDINGS: i32 = 22, W_SINGLE_HOST: i32 = 23;

@inline
export function word(table: usize, index: i32): i32 {
  return load<i32>(table + (<usize>index << 2));
}

@inline
function put(table: usize, index: i32, value: i32): void {
  store<i32>(table + (<usize>index << 2), value);
}

function putField(table: usize, index: i32): void {
  put(table, index, fieldOffset);
  put(table, index + 1, fieldLength);
}

/** Parses the message of `length` bytes in INPUT into a table at OUTPUT; 0, or a failure. */
export function ntlmParse(length: i32): i32 {
  const type = length < 12 ? NEGOTIATE : load<i32>(INPUT, 8);
  return type == CHALLENGE ? parseChallenge(INPUT, length, OUTPUT)
    : type == AUTHENTICATE ? parseAuthenticate(INPUT, length, OUTPUT)
    : parseNegotiate(INPUT, length, OUTPUT);
}

function start(table: usize, type: i32, flags: u32): void {
  memory.fill(table, 0, <usize>WORDS << 2);
  put(table, W_TYPE, type);
  put(table, W_FLAGS, <i32>flags);
  put(table, W_AV_TARGET, -1);
}

/** 16 bytes are enough: the oldest clients end after the flags, others after the names. */
export function parseNegotiate(message: usize, length: i32, table: usize): i32 {
  let error = checkHeader(message, length, NEGOTIATE, 16);
  if (error != 0) return error;
  const flags = load<u32>(message, 12);
  start(table, NEGOTIATE, flags);
  if (length >= 24) {
    error = field(message, length, 16, E_DOMAIN);
    if (error != 0) return error;
    putField(table, W_FIELDS);
  }
  if (length >= 32) {
    error = field(message, length, 24, E_WORKSTATION);
    if (error != 0) return error;
    putField(table, W_FIELDS + 2);
  }
  if (length >= 40 && (flags & VERSION)) put(table, W_VERSION, 32);
  return 0;
}

/** 32 bytes are enough where no target info is announced: it and the Version came with later servers. */
export function parseChallenge(message: usize, length: i32, table: usize): i32 {
  let error = checkHeader(message, length, CHALLENGE, 32);
  if (error != 0) return error;
  const flags = load<u32>(message, 20);
  start(table, CHALLENGE, flags);
  error = name(message, length, 12, E_TARGET_NAME, (flags & UNICODE) != 0);
  if (error != 0) return error;
  putField(table, W_FIELDS);
  put(table, W_SERVER_CHALLENGE, 24);
  put(table, W_SERVER_CHALLENGE + 1, 8);
  if (flags & TARGET_INFO) {
    if (length < 48) return fail(E_SHORT, length);
    error = field(message, length, 40, E_TARGET_INFO);
    if (error != 0) return error;
    if (fieldLength > 0) {
      const offset = fieldOffset;
      const used = checkAvList(message + offset, fieldLength, offset);
      if (used < 0) return used;
      put(table, W_TARGET_INFO, offset);
      put(table, W_TARGET_INFO + 1, used);
      putAvs(message, offset, used, table);
    }
  }
  if (length >= 56 && (flags & VERSION)) put(table, W_VERSION, 48);
  return 0;
}

export function parseAuthenticate(message: usize, length: i32, table: usize): i32 {
  let error = checkHeader(message, length, AUTHENTICATE, 64);
  if (error != 0) return error;
  const flags = load<u32>(message, 60);
  const unicode = (flags & (UNICODE | OEM)) != OEM;
  start(table, AUTHENTICATE, flags);

  let lowest = length;
  for (let i = 0; i < 6; i++) {
    const at = 12 + 8 * i;
    error = i == 0 || i == 1 || i == 5 ? field(message, length, at, E_LM + i) : name(message, length, at, E_LM + i, unicode);
    if (error != 0) return error;
    putField(table, W_LM + 2 * i);
    if (fieldLength > 0) lowest = min(lowest, fieldOffset);
  }
  const lm = word(table, W_LM + 1);
  if (lm > 1 && lm < 24) return fail(E_LM_LENGTH, 12);
  const nt = word(table, W_NT + 1);
  if (nt > 0 && nt != 24 && nt < 44) return fail(E_NT_LENGTH, 20);
  const key = word(table, W_SESSION_KEY + 1);
  // where it is not used, some clients fill it with a byte
  if (key != 0 && key != 16 && (flags & KEY_EXCH) != 0 && (flags & (SIGN | SEAL)) != 0) return fail(E_SESSION_KEY_LENGTH, 52);
  if ((flags & VERSION) && lowest >= 72) put(table, W_VERSION, 64);
  if (nt == 24 || nt == 0) return 0;
  return parseBlob(message, word(table, W_NT), nt, lowest, table);
}

/*
 * NTLMv2_RESPONSE (MS-NLMP 2.2.2.8) with its NTLMv2_CLIENT_CHALLENGE (2.2.2.7):
 *
 *    0 NTProofStr, 16
 *   16 RespType 1   17 HiRespType 1   18 zero, 6   24 TimeStamp, 8   32 ChallengeFromClient, 8   40 zero, 4
 *   44 AV_PAIRs, at least an end, and mostly four zero bytes
 */
export const BLOB: i32 = 16, BLOB_TIME: i32 = 24, BLOB_CLIENT_CHALLENGE: i32 = 32, BLOB_AVS: i32 = 44;

function parseBlob(message: usize, nt: i32, length: i32, lowest: i32, table: usize): i32 {
  if (load<u16>(message + nt, BLOB) != 0x0101) return fail(E_BLOB, nt + BLOB);
  // no pair at all: a client that was sent no target info
  if (length == BLOB_AVS) return 0;
  const list = nt + BLOB_AVS;
  const used = checkAvList(message + list, length - BLOB_AVS, list);
  if (used < 0) return used;
  put(table, W_BLOB_INFO, list);
  put(table, W_BLOB_INFO + 1, used);
  putAvs(message, list, used, table);
  if ((<u32>word(table, W_AV_FLAGS) & AV_FLAG_MIC) == 0) return 0;
  // Where the Version is not negotiated, some send no Version field at all, and the MIC moves up.
  const mic = lowest >= 88 ? 72 : lowest >= 80 && (<u32>word(table, W_FLAGS) & VERSION) == 0 ? 64 : 0;
  if (mic == 0) return fail(E_NO_ROOM_FOR_MIC, lowest);
  put(table, W_MIC, mic);
  if (mic == 64) put(table, W_VERSION, 0);
  return 0;
}

function putAvs(message: usize, list: i32, length: i32, table: usize): void {
  for (let at = list; at < list + length;) {
    const id = <i32>load<u16>(message + at);
    const size = <i32>load<u16>(message + at, 2);
    at += 4;
    switch (id) {
      case AV_FLAGS: put(table, W_AV_FLAGS, load<i32>(message + at)); break;
      case AV_TIMESTAMP: put(table, W_TIMESTAMP, at); break;
      case AV_CHANNEL_BINDINGS: put(table, W_BINDINGS, at); break;
      case AV_TARGET_NAME:
        put(table, W_AV_TARGET, at);
        put(table, W_AV_TARGET + 1, size);
        break;
      case AV_SINGLE_HOST:
        put(table, W_SINGLE_HOST, at);
        put(table, W_SINGLE_HOST + 1, size);
        break;
    }
    at += size;
  }
}
