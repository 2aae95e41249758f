/*
 * The server's check of an AUTHENTICATE, once the account's hash is known: one call (MS-NLMP 3.2.5.2.2, 3.3).
 *
 *   INPUT   0 NEGOTIATE | CHALLENGE | AUTHENTICATE, the bytes as they went over the wire
 *   KEY     0 NTOWFv2, 16 NTOWFv1, 32 LMOWFv1
 *
 *   OUTPUT  the table of ntlm-message.ts over the AUTHENTICATE
 *   KEY     0 ExportedSessionKey, 16; the rest wiped
 */
import { rc4, rc4Init, RC4_STATE } from '../cipher/rc4';
import { equal } from '../constant-time';
import { INPUT, KEY, OUTPUT } from '../memory';
import { AV_CHANNEL_BINDINGS, AV_FLAGS, AV_SINGLE_HOST, ESS, KEY_EXCH, LM_KEY, SEAL, SIGN } from './ntlm-flags';
import {
  BLOB, fail, fieldLength, findAv, parseAuthenticate, parseChallenge, W_BLOB_INFO, W_FLAGS, W_LM, W_MIC, W_NT, W_SESSION_KEY, W_TARGET_INFO, word, WORDS,
} from './ntlm-message';
import { desl, hmac, kxkeyV1, LMOWFV1, mic, ntlmv1Response, NTOWFV2, useKey, wipeWork, WORK_END } from './ntlm-response';

/** What the server still accepts beside NTLMv2 (LmCompatibilityLevel): NTLMv1 to level 4, LM to level 3. */
const ALLOW_NTLM: i32 = 1;
const ALLOW_LM: i32 = 2;
/** KEY holds an LMOWFv1: the account's password was given, not only its NT hash. */
const HAS_LM: i32 = 4;

/** The proof is not the account's: a wrong password, or a response of a kind that the server refuses. */
const E_DENIED: i32 = 48;
const E_MIC: i32 = 49;
/** An AvPair of the CHALLENGE came back changed, or not at all. */
const E_ECHO: i32 = 50;
const E_NO_SESSION_KEY: i32 = 51;

const CHALLENGE_TABLE: usize = WORK_END;
const RC4: usize = CHALLENGE_TABLE + <usize>WORDS * 4;
const COMPUTED: usize = RC4 + <usize>RC4_STATE;
const KEY_EXCHANGE_KEY: usize = COMPUTED + 24;
const EXPORTED: usize = KEY_EXCHANGE_KEY + 16;
const END: usize = EXPORTED + 16;

/** 0, or a failure; offsets of failures are the AUTHENTICATE's. Wipes INPUT. */
export function ntlmVerify(negotiateLength: i32, challengeLength: i32, authenticateLength: i32, options: i32): i32 {
  const challenge = INPUT + negotiateLength;
  const message = challenge + challengeLength;
  let status = parseChallenge(challenge, challengeLength, CHALLENGE_TABLE);
  if (status == 0) status = parseAuthenticate(message, authenticateLength, OUTPUT);
  // What the client dropped stays dropped; what it added was never offered.
  const flags = <u32>word(OUTPUT, W_FLAGS) & <u32>word(CHALLENGE_TABLE, W_FLAGS);
  const v2 = word(OUTPUT, W_NT + 1) > 24;
  if (status == 0) {
    status = v2 ? verifyNtlmv2(challenge, message) : verifyNtlmv1(challenge, message, flags, options);
  }
  if (status == 0) status = exchangeKeys(message, flags);
  if (status == 0 && word(OUTPUT, W_MIC) != 0) {
    const at = word(OUTPUT, W_MIC);
    useKey(EXPORTED);
    mic(INPUT, negotiateLength, challenge, challengeLength, message, authenticateLength, at, COMPUTED);
    if (equal(COMPUTED, message + at, 16) == 0) status = fail(E_MIC, at);
  }
  if (status == 0 && v2) status = compareEcho(challenge, message);

  memory.fill(KEY, 0, 48);
  if (status == 0) memory.copy(KEY, EXPORTED, 16);
  wipeWork();
  memory.fill(CHALLENGE_TABLE, 0, END - CHALLENGE_TABLE);
  memory.fill(INPUT, 0, negotiateLength + challengeLength + authenticateLength);
  return status;
}

function verifyNtlmv2(challenge: usize, message: usize): i32 {
  const at = word(OUTPUT, W_NT);
  const response = message + at;
  useKey(NTOWFV2);
  hmac(challenge + 24, 8, response + BLOB, word(OUTPUT, W_NT + 1) - BLOB, COMPUTED);
  if (equal(COMPUTED, response, 16) == 0) return fail(E_DENIED, at);
  hmac(response, 16, 0, 0, KEY_EXCHANGE_KEY);
  return 0;
}

function verifyNtlmv1(challenge: usize, message: usize, flags: u32, options: i32): i32 {
  const lm = message + word(OUTPUT, W_LM);
  const lmLength = word(OUTPUT, W_LM + 1);
  const nt = word(OUTPUT, W_NT);
  if (word(OUTPUT, W_NT + 1) == 24) {
    if ((options & ALLOW_NTLM) == 0) return fail(E_DENIED, nt);
    // the LM field carries the client's challenge, or feeds the key exchange key
    if ((flags & (ESS | LM_KEY)) != 0 && lmLength < 24) return fail(E_DENIED, nt);
    ntlmv1Response(flags, challenge + 24, lm, COMPUTED);
    if (equal(COMPUTED, message + nt, 24) == 0) return fail(E_DENIED, nt);
    kxkeyV1(flags, challenge + 24, lm, KEY_EXCHANGE_KEY);
    return 0;
  }
  const lmAt = word(OUTPUT, W_LM);
  if ((options & ALLOW_LM) == 0 || (options & HAS_LM) == 0 || lmLength != 24) return fail(E_DENIED, lmAt);
  desl(LMOWFV1, challenge + 24, COMPUTED);
  if (equal(COMPUTED, lm, 24) == 0) return fail(E_DENIED, lmAt);
  // without an NT response the session base key is LMOWF[0..7] | Z(8)
  kxkeyV1((flags & LM_KEY) != 0 ? LM_KEY : 0x00400000, challenge + 24, lm, KEY_EXCHANGE_KEY);
  return 0;
}

function exchangeKeys(message: usize, flags: u32): i32 {
  if ((flags & KEY_EXCH) == 0 || (flags & (SIGN | SEAL)) == 0) {
    memory.copy(EXPORTED, KEY_EXCHANGE_KEY, 16);
    return 0;
  }
  if (word(OUTPUT, W_SESSION_KEY + 1) != 16) return fail(E_NO_SESSION_KEY, 52);
  rc4Init(RC4, KEY_EXCHANGE_KEY, 16);
  rc4(RC4, message + word(OUTPUT, W_SESSION_KEY), EXPORTED, 16);
  return 0;
}

/**
 * Every pair of the CHALLENGE must come back as it was sent. The proof covers them, so a difference means that somebody
 * changed the CHALLENGE on its way, for instance took its timestamp out so that the client makes no MIC.
 */
function compareEcho(challenge: usize, message: usize): i32 {
  const sent = challenge + word(CHALLENGE_TABLE, W_TARGET_INFO);
  const sentLength = word(CHALLENGE_TABLE, W_TARGET_INFO + 1);
  const listAt = word(OUTPUT, W_BLOB_INFO);
  const listLength = word(OUTPUT, W_BLOB_INFO + 1);
  for (let at = 0; at < sentLength;) {
    const id = <i32>load<u16>(sent + at);
    const size = <i32>load<u16>(sent + at, 2);
    at += 4;
    if (id != AV_FLAGS && (id < AV_SINGLE_HOST || id > AV_CHANNEL_BINDINGS)) {
      const found = findAv(message + listAt, listLength, id);
      if (found < 0) return fail(E_ECHO, listAt);
      if (fieldLength != size || memory.compare(message + listAt + found, sent + at, size) != 0) return fail(E_ECHO, listAt + found);
    }
    at += size;
  }
  return 0;
}
