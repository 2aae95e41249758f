/*
 * One-way functions, responses and the key exchange key (MS-NLMP 3.3, 3.4.5.1). Hashes of passwords come in through KEY:
 *
 *    0 NTOWFv2, 16      16 NTOWFv1, 16      32 LMOWFv1, 16
 */
import { desEncrypt, desExpandKey } from '../cipher/des';
import { hmacMd5Finish, hmacMd5Key, hmacMd5Start, HMAC_MD5_KEY } from '../hash/hmac';
import { md4 } from '../hash/hash';
import { md5Final, md5Init, md5Update, MD5_STATE } from '../hash/hash';
import { INPUT, KEY, SCRATCH } from '../memory';
import { ESS, LM_KEY, NON_NT_SESSION_KEY } from './ntlm-flags';

export const NTOWFV2: usize = KEY, NTOWFV1: usize = KEY + 16, LMOWFV1: usize = KEY + 32;

// SCRATCH, from its start; ntlm-authenticate.ts and ntlm-verify.ts use what lies behind WORK_END
const HMAC_KEY_AT: usize = SCRATCH;
const MD5_AT: usize = HMAC_KEY_AT + <usize>HMAC_MD5_KEY;
const DES_KEY: usize = MD5_AT + <usize>MD5_STATE;
const HASHED: usize = DES_KEY + 24;
export const WORK_END: usize = HASHED + 16;

/** NTOWFv1: MD4 of the UTF-16LE password, `length` bytes in INPUT. Leaves it at KEY, wipes INPUT. */
export function ntlmNtowfv1(length: i32): void {
  md4(INPUT, length, KEY);
  memory.fill(INPUT, 0, length);
}

/** LMOWFv1: `KGS!@#$%` under the two halves of the upper-case password, 14 bytes in INPUT, zero-padded. Leaves it at KEY, wipes INPUT. */
export function ntlmLmowfv1(): void {
  store<u64>(HASHED, 0x252423402153474b);
  des(INPUT, HASHED, KEY);
  des(INPUT + 7, HASHED, KEY + 8);
  memory.fill(INPUT, 0, 14);
  memory.fill(DES_KEY, 0, 8);
}

/** NTOWFv2: HMAC-MD5 of upper-case user and domain in UTF-16LE, `length` bytes in INPUT, under the NTOWFv1 at KEY, which it replaces. */
export function ntlmNtowfv2(length: i32): void {
  hmacMd5Key(HMAC_KEY_AT, KEY, 16);
  hmac(INPUT, length, 0, 0, KEY);
  memory.fill(HMAC_KEY_AT, 0, HMAC_MD5_KEY);
}

/** All that follows is under this key, until the next. */
export function useKey(key: usize): void {
  hmacMd5Key(HMAC_KEY_AT, key, 16);
}

/** HMAC-MD5 of two stretches, one behind the other. */
export function hmac(a: usize, aLength: i32, b: usize, bLength: i32, out: usize): void {
  hmacMd5Start(MD5_AT, HMAC_KEY_AT);
  md5Update(MD5_AT, a, aLength);
  if (bLength > 0) md5Update(MD5_AT, b, bLength);
  hmacMd5Finish(MD5_AT, HMAC_KEY_AT, out);
}

/** HMAC-MD5 of NEGOTIATE, CHALLENGE and AUTHENTICATE, whose own MIC is taken as zero. */
export function mic(negotiate: usize, negotiateLength: i32, challenge: usize, challengeLength: i32,
  authenticate: usize, authenticateLength: i32, at: i32, out: usize): void {
  hmacMd5Start(MD5_AT, HMAC_KEY_AT);
  md5Update(MD5_AT, negotiate, negotiateLength);
  md5Update(MD5_AT, challenge, challengeLength);
  md5Update(MD5_AT, authenticate, at);
  memory.fill(HASHED, 0, 16);
  md5Update(MD5_AT, HASHED, 16);
  md5Update(MD5_AT, authenticate + at + 16, authenticateLength - at - 16);
  hmacMd5Finish(MD5_AT, HMAC_KEY_AT, out);
}

/** DESL(K, D), 24 bytes (MS-NLMP 6): K is cut in 7, 7 and 2 bytes. */
export function desl(key: usize, challenge: usize, out: usize): void {
  des(key, challenge, out);
  des(key + 7, challenge, out + 8);
  memory.fill(DES_KEY + 8, 0, 8);
  store<u16>(DES_KEY, load<u16>(key, 14), 8);
  des(DES_KEY + 8, challenge, out + 16);
  memory.fill(DES_KEY, 0, 24);
}

/** The NTLMv1 response; with extended session security over MD5(server's challenge | client's)[0..7]. */
export function ntlmv1Response(flags: u32, serverChallenge: usize, clientChallenge: usize, out: usize): void {
  if ((flags & ESS) == 0) return desl(NTOWFV1, serverChallenge, out);
  md5Init(MD5_AT);
  md5Update(MD5_AT, serverChallenge, 8);
  md5Update(MD5_AT, clientChallenge, 8);
  md5Final(MD5_AT, HASHED);
  desl(NTOWFV1, HASHED, out);
}

/** KXKEY for NTLMv1 with its parts given: server challenge and LM response, 8 + 24 bytes in INPUT, hashes at KEY, whose first 16 bytes it becomes. */
export function ntlmKxkey(flags: u32): void {
  kxkeyV1(flags, INPUT, INPUT + 8, NTOWFV2);
  memory.fill(NTOWFV1, 0, 32);
  memory.fill(INPUT, 0, 32);
  wipeWork();
}

/** KXKEY for NTLMv1 (3.4.5.1): its four branches. For NTLMv2 the key exchange key is the session base key. */
export function kxkeyV1(flags: u32, serverChallenge: usize, lmResponse: usize, out: usize): void {
  if (flags & ESS) {
    md4(NTOWFV1, 16, HASHED);
    useKey(HASHED);
    hmac(serverChallenge, 8, lmResponse, 8, out);
  } else if (flags & LM_KEY) {
    // DES(LMOWF[0..6], LM[0..7]) | DES(LMOWF[7] | BD BD BD BD BD BD, LM[0..7])
    des(LMOWFV1, lmResponse, out);
    store<u64>(DES_KEY, 0xbdbdbdbdbdbdbd00 | <u64>load<u8>(LMOWFV1, 7), 8);
    des(DES_KEY + 8, lmResponse, out + 8);
  } else if (flags & NON_NT_SESSION_KEY) {
    store<u64>(out, load<u64>(LMOWFV1));
    store<u64>(out, 0, 8);
  } else {
    md4(NTOWFV1, 16, out);
  }
}

export function wipeWork(): void {
  memory.fill(SCRATCH, 0, WORK_END - SCRATCH);
}

function des(key7: usize, input: usize, output: usize): void {
  desExpandKey(key7, DES_KEY);
  desEncrypt(DES_KEY, input, output);
}
