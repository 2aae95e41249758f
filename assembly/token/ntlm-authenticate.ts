/*
 * The client's answer: one call reads a CHALLENGE and builds the whole AUTHENTICATE (MS-NLMP 3.1.5.1.2, 3.2.5.1.2, 3.3).
 *
 *   INPUT   0 client challenge, 8     8 random session key, 16    24 FILETIME of now, 8
 *          32 MD5 of the channel bindings, 16                     48 SingleHost, 48
 *          96 NEGOTIATE | CHALLENGE | user | domain | workstation | target name, the names in UTF-16LE
 *   KEY     0 NTOWFv2, 16 NTOWFv1, 32 LMOWFv1
 *
 *   OUTPUT  0 signature, type     12 LM   20 NT   28 domain   36 user   44 workstation   52 session key   60 flags
 *          64 Version   72 MIC   88 domain | user | workstation | LM | NT | session key, as Windows lays them
 *   KEY     0 ExportedSessionKey, 16; the rest wiped
 */
import { rc4, rc4Init, RC4_STATE } from '../cipher/rc4';
import { INPUT, KEY, MAX_TOKEN, OUTPUT, SCRATCH } from '../memory';
import {
  ANONYMOUS, AV_CHANNEL_BINDINGS, AV_EOL, AV_FLAG_MIC, AV_FLAG_UNTRUSTED_TARGET, AV_FLAGS, AV_NB_COMPUTER, AV_NB_DOMAIN, AV_SINGLE_HOST, AV_TARGET_NAME,
  ESS, KEY_128, KEY_56, KEY_EXCH, LM_KEY, OEM, SEAL, SIGN, TARGET_INFO, TARGET_TYPES, UNICODE, VERSION,
} from './ntlm-flags';
import {
  AUTHENTICATE, BLOB, BLOB_AVS, E_CHARSET, fail, findAv, parseChallenge, W_FLAGS, W_TARGET_INFO, W_TIMESTAMP, word, WORDS,
} from './ntlm-message';
import { hmac, kxkeyV1, mic, NTOWFV1, ntlmv1Response, NTOWFV2, LMOWFV1, desl, useKey, wipeWork, WORK_END } from './ntlm-response';

/** The options of ntlmAuthenticate. */
const ANONYMOUS_LOGON: i32 = 1;
const NTLM_V2: i32 = 2;
/** Level 0 and 1: a real LM response beside the NTLMv1 one; KEY then holds an LMOWFv1. */
const SEND_LM: i32 = 4;
const CHANNEL_BINDINGS: i32 = 8;
const SINGLE_HOST: i32 = 16;
const TARGET_NAME: i32 = 32;
const UNTRUSTED_TARGET: i32 = 64;
/** 56 bits will do where signing or sealing needs a key; 128 is asked for through `required`. */
const AT_LEAST_56: i32 = 128;

const WITH_MIC: i32 = 1 << 30;

const E_DOWNGRADE: i32 = 32;
const E_OEM_NAME: i32 = 33;
const E_LONG: i32 = 34;
const E_NAMELESS: i32 = 35;

const CLIENT_CHALLENGE: usize = INPUT;
const RANDOM_SESSION_KEY: usize = INPUT + 8;
const NOW: usize = INPUT + 24;
const BINDINGS: usize = INPUT + 32;
const HOST: usize = INPUT + 48;
const HOST_LENGTH: i32 = 48;
const TOKENS: usize = INPUT + 96;

const HEADER: i32 = 88;
const MIC: i32 = 72;

const TABLE: usize = WORK_END;
const RC4: usize = TABLE + <usize>WORDS * 4;
const PROOF: usize = RC4 + <usize>RC4_STATE;
const EXPORTED: usize = PROOF + 16;
const KEY_EXCHANGE_KEY: usize = EXPORTED + 16;
const END: usize = KEY_EXCHANGE_KEY + 16;

/**
 * `ownFlags`: what the NEGOTIATE offered; `required`: what the server must have kept of it, `requiredToProtect` as well once SIGN or SEAL stands.
 *
 * The length of the AUTHENTICATE at OUTPUT, with bit 30 where it carries a MIC, or a failure; offsets of failures are the CHALLENGE's. Wipes INPUT.
 */
export function ntlmAuthenticate(negotiateLength: i32, challengeLength: i32, userLength: i32, domainLength: i32, workstationLength: i32,
  targetLength: i32, ownFlags: u32, required: u32, requiredToProtect: u32, options: i32): i32 {
  const challenge = TOKENS + negotiateLength;
  const user = challenge + challengeLength;
  const domain = user + userLength;
  const workstation = domain + domainLength;
  const target = workstation + workstationLength;

  let length = parseChallenge(challenge, challengeLength, TABLE);
  let flags: u32 = 0;
  if (length == 0) {
    flags = negotiated(<u32>word(TABLE, W_FLAGS), ownFlags);
    if (options & ANONYMOUS_LOGON) flags |= ANONYMOUS;
    length = checkFlags(flags, flags & (SIGN | SEAL) ? required | requiredToProtect : required, options);
  }
  if (length == 0 && (options & NTLM_V2) != 0 && (required & (SIGN | SEAL)) != 0) length = checkServerNames(challenge);
  if (length == 0) {
    length = putNames(flags, domain, domainLength, user, userLength, workstation, workstationLength);
  }
  if (length > 0) length = putResponses(length, challenge, target, targetLength, flags, options);
  if (length > 0) {
    header(flags);
    if (hasMic(options)) {
      useKey(EXPORTED);
      mic(TOKENS, negotiateLength, challenge, challengeLength, OUTPUT, length, MIC, OUTPUT + MIC);
    }
    memory.copy(KEY, EXPORTED, 16);
    if (hasMic(options)) length |= WITH_MIC;
  } else {
    memory.fill(KEY, 0, 16);
  }
  memory.fill(KEY + 16, 0, 32);
  wipeWork();
  memory.fill(TABLE, 0, END - TABLE);
  memory.fill(INPUT, 0, target + targetLength - INPUT);
  return length;
}

/** The server's choice from what was offered, without the bits that describe the server. */
function negotiated(challengeFlags: u32, ownFlags: u32): u32 {
  let flags = challengeFlags & (ownFlags | TARGET_INFO) & ~TARGET_TYPES;
  if (flags & UNICODE) flags &= ~OEM;
  if (flags & ESS) flags &= ~LM_KEY;
  return flags;
}

function checkFlags(flags: u32, required: u32, options: i32): i32 {
  if ((flags & (UNICODE | OEM)) == 0) return fail(E_CHARSET, 20);
  if ((flags & required) != required) return fail(E_DOWNGRADE, 20);
  if ((options & AT_LEAST_56) && (flags & (SIGN | SEAL)) && (flags & (KEY_128 | KEY_56)) == 0) return fail(E_DOWNGRADE, 20);
  return 0;
}

/** A server that will protect messages under NTLMv2 names its computer and its domain (3.1.5.1.2). */
function checkServerNames(challenge: usize): i32 {
  const list = word(TABLE, W_TARGET_INFO);
  const length = word(TABLE, W_TARGET_INFO + 1);
  const named = findAv(challenge + list, length, AV_NB_COMPUTER) >= 0 && findAv(challenge + list, length, AV_NB_DOMAIN) >= 0;
  return named ? 0 : fail(E_NAMELESS, list);
}

function putNames(flags: u32, domain: usize, domainLength: i32, user: usize, userLength: i32, workstation: usize, workstationLength: i32): i32 {
  let at = HEADER;
  memory.fill(OUTPUT, 0, HEADER);
  at = putName(flags, 28, at, domain, domainLength);
  if (at > 0) at = putName(flags, 36, at, user, userLength);
  return at > 0 ? putName(flags, 44, at, workstation, workstationLength) : at;
}

function putName(flags: u32, descriptor: i32, at: i32, name: usize, length: i32): i32 {
  if (flags & UNICODE) {
    memory.copy(OUTPUT + at, name, length);
    describe(descriptor, at, length);
    return at + length;
  }
  length >>= 1;
  for (let i = 0; i < length; i++) {
    const unit = load<u16>(name + (i << 1));
    // the OEM code page is the server's own affair, so only what all of them share can be said
    if (unit > 0x7f) return fail(E_OEM_NAME, 20);
    store<u8>(OUTPUT + at + i, unit);
  }
  describe(descriptor, at, length);
  return at + length;
}

function putResponses(at: i32, challenge: usize, target: usize, targetLength: i32, flags: u32, options: i32): i32 {
  if (options & ANONYMOUS_LOGON) {
    // Z(1) and nothing; an anonymous logon has no key
    store<u8>(OUTPUT + at, 0);
    describe(12, at, 1);
    describe(20, at + 1, 0);
    describe(52, at + 1, 0);
    memory.fill(EXPORTED, 0, 16);
    return at + 1;
  }
  const lm = at;
  const nt = at + 24;
  let ntLength = 24;
  if (options & NTLM_V2) {
    ntLength = putNtlmv2(nt, challenge, target, targetLength, options);
    if (ntLength < 0) return ntLength;
    putLmv2(lm, challenge);
    memory.copy(KEY_EXCHANGE_KEY, PROOF, 16);
  } else {
    putNtlmv1(lm, nt, challenge, flags, options);
  }
  describe(12, lm, 24);
  describe(20, nt, ntLength);
  return putSessionKey(nt + ntLength, flags);
}

/** temp (3.3.2): the client's challenge and time, the server's pairs as they came, then the client's own. Leaves the session base key in PROOF. */
function putNtlmv2(nt: i32, challenge: usize, target: usize, targetLength: i32, options: i32): i32 {
  const response = OUTPUT + nt;
  const list = word(TABLE, W_TARGET_INFO);
  const listLength = word(TABLE, W_TARGET_INFO + 1);
  // the most that is added: flags 8, SingleHost 52, bindings 20, target 4, end 4, zeros 4
  if (BLOB_AVS + listLength + 92 + targetLength > 0xffff || nt + BLOB_AVS + listLength + 92 + targetLength + 16 > MAX_TOKEN) return fail(E_LONG, list);

  memory.fill(response, 0, BLOB_AVS);
  store<u16>(response, 0x0101, BLOB);
  const timestamp = word(TABLE, W_TIMESTAMP);
  store<u64>(response, load<u64>(timestamp ? challenge + timestamp : NOW), 24);
  store<u64>(response, load<u64>(CLIENT_CHALLENGE), 32);

  let out = response + BLOB_AVS;
  if (list > 0) {
    out = copyServersPairs(out, challenge + list, listLength, ownAvFlags(options));
    if (options & SINGLE_HOST) out = putAv(out, AV_SINGLE_HOST, HOST, HOST_LENGTH);
    if (options & CHANNEL_BINDINGS) out = putAv(out, AV_CHANNEL_BINDINGS, BINDINGS, 16);
    if (options & TARGET_NAME) out = putAv(out, AV_TARGET_NAME, target, targetLength);
    out = putAv(out, AV_EOL, 0, 0);
  }
  store<u32>(out, 0);
  const length = <i32>(out + 4 - response);

  // NTProofStr = HMAC_MD5(NTOWFv2, server's challenge | temp); SessionBaseKey = HMAC_MD5(NTOWFv2, NTProofStr)
  useKey(NTOWFV2);
  hmac(challenge + 24, 8, response + BLOB, length - BLOB, response);
  hmac(response, 16, 0, 0, PROOF);
  return length;
}

/** With a timestamp there is a MIC (3.1.5.1.2). */
function hasMic(options: i32): bool {
  return (options & NTLM_V2) != 0 && (options & ANONYMOUS_LOGON) == 0 && word(TABLE, W_TIMESTAMP) != 0;
}

function ownAvFlags(options: i32): u32 {
  return (hasMic(options) ? AV_FLAG_MIC : 0) | (options & UNTRUSTED_TARGET ? AV_FLAG_UNTRUSTED_TARGET : 0);
}

/** In their order, their flags merged with ours; what only a client says (SingleHost, target name, bindings) is not taken from a server. */
function copyServersPairs(out: usize, list: usize, length: i32, flags: u32): usize {
  let merged = false;
  for (const end = list + length; list < end;) {
    const id = <i32>load<u16>(list);
    const size = <i32>load<u16>(list, 2) + 4;
    if (id < AV_SINGLE_HOST || id > AV_CHANNEL_BINDINGS) {
      memory.copy(out, list, size);
      if (id == AV_FLAGS) {
        store<u32>(out, load<u32>(out, 4) | flags, 4);
        merged = true;
      }
      out += size;
    }
    list += size;
  }
  if (merged || flags == 0) return out;
  store<u32>(SCRATCH, flags);
  return putAv(out, AV_FLAGS, SCRATCH, 4);
}

function putAv(out: usize, id: i32, value: usize, length: i32): usize {
  store<u16>(out, id);
  store<u16>(out, length, 2);
  if (length > 0) memory.copy(out + 4, value, length);
  return out + 4 + length;
}

/** LMv2, or zeros once the server's timestamp brings a MIC. Still under NTOWFv2. */
function putLmv2(lm: i32, challenge: usize): void {
  memory.fill(OUTPUT + lm, 0, 24);
  if (word(TABLE, W_TIMESTAMP) != 0) return;
  hmac(challenge + 24, 8, CLIENT_CHALLENGE, 8, OUTPUT + lm);
  store<u64>(OUTPUT + lm, load<u64>(CLIENT_CHALLENGE), 16);
}

/** 3.3.1: with extended session security the LM field carries the client's challenge; else LM, or the NT response again. */
function putNtlmv1(lm: i32, nt: i32, challenge: usize, flags: u32, options: i32): void {
  ntlmv1Response(flags, challenge + 24, CLIENT_CHALLENGE, OUTPUT + nt);
  if (flags & ESS) {
    store<u64>(OUTPUT + lm, load<u64>(CLIENT_CHALLENGE));
    memory.fill(OUTPUT + lm + 8, 0, 16);
  } else if (options & SEND_LM) {
    desl(LMOWFV1, challenge + 24, OUTPUT + lm);
  } else {
    memory.copy(OUTPUT + lm, OUTPUT + nt, 24);
  }
  kxkeyV1(flags, challenge + 24, OUTPUT + lm, KEY_EXCHANGE_KEY);
}

/** A random key under the key exchange key, where messages will be protected; else the key exchange key itself, even with KEY_EXCH. */
function putSessionKey(at: i32, flags: u32): i32 {
  if ((flags & KEY_EXCH) == 0 || (flags & (SIGN | SEAL)) == 0) {
    describe(52, at, 0);
    memory.copy(EXPORTED, KEY_EXCHANGE_KEY, 16);
    return at;
  }
  rc4Init(RC4, KEY_EXCHANGE_KEY, 16);
  rc4(RC4, RANDOM_SESSION_KEY, OUTPUT + at, 16);
  describe(52, at, 16);
  memory.copy(EXPORTED, RANDOM_SESSION_KEY, 16);
  return at + 16;
}

function header(flags: u32): void {
  store<u64>(OUTPUT, 0x005053534d4c544e);
  store<u32>(OUTPUT, AUTHENTICATE, 8);
  store<u32>(OUTPUT, flags, 60);
  if (flags & VERSION) store<u64>(OUTPUT, WINDOWS_VERSION, 64);
}

export function describe(descriptor: i32, offset: i32, length: i32): void {
  store<u16>(OUTPUT + descriptor, length);
  store<u16>(OUTPUT + descriptor, length, 2);
  store<u32>(OUTPUT + descriptor, offset, 4);
}

/** 10.0.17763, NTLMSSP_REVISION_W2K3 (MS-NLMP 2.2.2.10). */
export const WINDOWS_VERSION: u64 = 0x0f0000004563000a;
