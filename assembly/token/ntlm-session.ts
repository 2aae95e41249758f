/*
 * Signing and sealing (MS-NLMP 3.4). The state of one direction comes in and goes back through KEY:
 *
 *     0  RC4 state (ntlm's "handle"), 260
 *   260  HMAC-MD5 of the signing key, its two chaining values, 32; unused without extended session security
 *   292  the MAC that runs while a message passes: an MD5 state, or a CRC-32
 *
 * A message up to CHUNK is one call: its bytes, behind its signature where it has one, are in INPUT and what comes of it is in
 * OUTPUT. A longer one passes through ntlmBegin, ntlmPass for each piece, and ntlmEnd.
 *
 *   NTLMSSP_MESSAGE_SIGNATURE   0 version 1   4 checksum, 8              12 sequence number     extended session security
 *                               0 version 1   4 random pad, 4   8 CRC   12 sequence number     else; all but the version encrypted
 */
import { rc4, rc4Init, RC4_STATE } from '../cipher/rc4';
import { rc4Md5Seal, rc4Md5Unseal } from '../cipher/rc4-md5';
import { equal } from '../constant-time';
import { crc32Update } from '../hash/crc32';
import { HMAC_MD5_KEY, hmacMd5Finish, hmacMd5Key, hmacMd5Start } from '../hash/hmac';
import { md5, MD5_STATE, md5Update } from '../hash/hash';
import { INPUT, KEY, OUTPUT, SCRATCH } from '../memory';
import { DATAGRAM, ESS, KEY_128, KEY_56, LM_KEY } from './ntlm-flags';

/** The bytes of KEY that hold one direction between messages. */
export const NTLM_DIRECTION: i32 = RC4_STATE + HMAC_MD5_KEY;
/** Of these, the ones that a message changes. */
export const NTLM_HANDLE: i32 = RC4_STATE;

/** The mode of a session. */
const EXTENDED: i32 = 1;
/** KEY_EXCH with extended session security: the checksum is encrypted too. */
const SEAL_CHECKSUM: i32 = 2;

const SIGNED: i32 = 0;
const SEALED: i32 = 1;
const UNSEALED: i32 = 2;

const OK: i32 = 0;
const ALTERED: i32 = 1;
const OUT_OF_SEQUENCE: i32 = 2;

const HANDLE: usize = KEY;
const SIGNING_KEY: usize = KEY + <usize>RC4_STATE;
const RUNNING: usize = KEY + <usize>NTLM_DIRECTION;
const RUNNING_LENGTH: i32 = MD5_STATE;

const COMPUTED: usize = SCRATCH;
const CLEAR: usize = SCRATCH + 16;
const CRC: usize = SCRATCH + 32;
const SESSION_KEY: usize = SCRATCH + 64;
const DERIVED: usize = SESSION_KEY + 16;
const JOINED: usize = DERIVED + 16;
const JOINED_END: usize = JOINED + 16 + 64;

/** SIGNKEY and SEALKEY (3.4.5.2, 3.4.5.3) of the ExportedSessionKey at KEY: the client's direction at KEY, the server's behind it. */
export function ntlmSessionKeys(flags: u32): void {
  memory.copy(SESSION_KEY, KEY, 16);
  if (flags & ESS) {
    const length = flags & KEY_128 ? 16 : flags & KEY_56 ? 7 : 5;
    extended(KEY, length, changetype<usize>(CLIENT_SIGNING), changetype<usize>(CLIENT_SEALING));
    extended(KEY + <usize>NTLM_DIRECTION, length, changetype<usize>(SERVER_SIGNING), changetype<usize>(SERVER_SEALING));
  } else {
    memory.fill(KEY, 0, 2 * NTLM_DIRECTION);
    const length = weaken(flags);
    rc4Init(KEY, SESSION_KEY, length);
    rc4Init(KEY + <usize>NTLM_DIRECTION, SESSION_KEY, length);
  }
  memory.fill(SESSION_KEY, 0, JOINED_END - SESSION_KEY);
}

function extended(direction: usize, length: i32, signing: usize, sealing: usize): void {
  magic(16, signing);
  hmacMd5Key(direction + <usize>RC4_STATE, DERIVED, 16);
  magic(length, sealing);
  rc4Init(direction, DERIVED, 16);
}

/** MD5(ConcatenationOf(key[0..length-1], constant)) at DERIVED; the constants are UTF-16 literals of one length. */
function magic(length: i32, constant: usize): void {
  memory.copy(JOINED, SESSION_KEY, length);
  const text = JOINED + <usize>length;
  for (let i = 0; i < MAGIC_LENGTH; i++) store<u8>(text + i, load<u8>(constant + (i << 1)));
  md5(JOINED, length + MAGIC_LENGTH, DERIVED);
}

/** Without extended session security only LM_KEY and datagrams shorten the key. Its length. */
function weaken(flags: u32): i32 {
  if ((flags & (LM_KEY | DATAGRAM)) == 0) return 16;
  if (flags & KEY_56) {
    store<u8>(SESSION_KEY, 0xa0, 7);
  } else {
    store<u8>(SESSION_KEY, 0xe5, 5);
    store<u16>(SESSION_KEY, 0xb038, 6);
  }
  return 8;
}

/** Signs INPUT; the signature is at OUTPUT. */
export function ntlmSign(length: i32, sequence: u32, mode: i32): void {
  ntlmBegin(sequence, mode);
  ntlmPass(0, length, mode, SIGNED);
  ntlmEnd(sequence, mode);
  finish(length);
}

/** Seals INPUT; the signature is at OUTPUT, what it covers behind it. */
export function ntlmSeal(length: i32, sequence: u32, mode: i32): void {
  ntlmBegin(sequence, mode);
  pass(INPUT, OUTPUT + 16, length, mode, SEALED);
  ntlmEnd(sequence, mode);
  finish(length);
}

/** Checks the signature at INPUT of the message behind it. */
export function ntlmVerifySignature(length: i32, sequence: u32, mode: i32): i32 {
  ntlmBegin(sequence, mode);
  ntlmPass(16, length, mode, SIGNED);
  const status = ntlmCheck(sequence, mode);
  finish(16 + length);
  return status;
}

/** Unseals what stands behind the signature at INPUT; the message is at OUTPUT, unless the result is not 0. */
export function ntlmUnseal(length: i32, sequence: u32, mode: i32): i32 {
  ntlmBegin(sequence, mode);
  pass(INPUT + 16, OUTPUT, length, mode, UNSEALED);
  const status = ntlmCheck(sequence, mode);
  if (status != OK) memory.fill(OUTPUT, 0, length);
  finish(16 + length);
  return status;
}

/** Starts a message that passes in pieces. */
export function ntlmBegin(sequence: u32, mode: i32): void {
  if (mode & EXTENDED) {
    hmacMd5Start(RUNNING, SIGNING_KEY);
    store<u32>(CLEAR, sequence);
    md5Update(RUNNING, CLEAR, 4);
  } else {
    store<u32>(RUNNING, 0);
  }
}

/** A piece of it, at `from` in INPUT. Sealed or unsealed, it comes out at OUTPUT. */
export function ntlmPass(from: i32, length: i32, mode: i32, operation: i32): void {
  pass(INPUT + from, OUTPUT, length, mode, operation);
}

/** Ends it: the signature is at OUTPUT. */
export function ntlmEnd(sequence: u32, mode: i32): void {
  store<u32>(OUTPUT, 1);
  if (mode & EXTENDED) {
    hmacMd5Finish(RUNNING, SIGNING_KEY, COMPUTED);
    if (mode & SEAL_CHECKSUM) rc4(HANDLE, COMPUTED, COMPUTED, 8);
    store<u64>(OUTPUT, load<u64>(COMPUTED), 4);
    store<u32>(OUTPUT, sequence, 12);
    return;
  }
  // the random pad is encrypted, which moves the handle, and then sent as zero
  store<u32>(COMPUTED, 0);
  store<u32>(COMPUTED, load<u32>(RUNNING), 4);
  store<u32>(COMPUTED, 0, 8);
  rc4(HANDLE, COMPUTED, COMPUTED, 12);
  store<u32>(OUTPUT, 0, 4);
  store<u32>(OUTPUT, load<u32>(COMPUTED, 4), 8);
  store<u32>(OUTPUT, load<u32>(COMPUTED, 8) ^ sequence, 12);
}

/** Ends it against the signature at INPUT. */
export function ntlmCheck(sequence: u32, mode: i32): i32 {
  if (load<u32>(INPUT) != 1) return ALTERED;
  if (mode & EXTENDED) {
    hmacMd5Finish(RUNNING, SIGNING_KEY, COMPUTED);
    if (mode & SEAL_CHECKSUM) rc4(HANDLE, COMPUTED, COMPUTED, 8);
    if (load<u32>(INPUT, 12) != sequence) return OUT_OF_SEQUENCE;
    return equal(COMPUTED, INPUT + 4, 8) ? OK : ALTERED;
  }
  // what came as random pad says nothing: no key covers it
  rc4(HANDLE, INPUT + 4, CLEAR, 12);
  store<u32>(CRC, load<u32>(RUNNING));
  if (equal(CLEAR + 4, CRC, 4) == 0) return ALTERED;
  return load<u32>(CLEAR, 8) == sequence ? OK : OUT_OF_SEQUENCE;
}

function pass(input: usize, output: usize, length: i32, mode: i32, operation: i32): void {
  if (mode & EXTENDED) {
    if (operation == SEALED) rc4Md5Seal(HANDLE, RUNNING, input, output, length);
    else if (operation == UNSEALED) rc4Md5Unseal(HANDLE, RUNNING, input, output, length);
    else md5Update(RUNNING, input, length);
    return;
  }
  if (operation == UNSEALED) rc4(HANDLE, input, output, length);
  store<u32>(RUNNING, crc32Update(load<u32>(RUNNING), operation == UNSEALED ? output : input, length));
  if (operation == SEALED) rc4(HANDLE, input, output, length);
}

function finish(input: i32): void {
  memory.fill(INPUT, 0, input);
  memory.fill(SCRATCH, 0, 64);
  memory.fill(RUNNING, 0, RUNNING_LENGTH);
}

// each constant ends with its zero byte
const CLIENT_SIGNING = 'session key to client-to-server signing key magic constant\0';
const SERVER_SIGNING = 'session key to server-to-client signing key magic constant\0';
const CLIENT_SEALING = 'session key to client-to-server sealing key magic constant\0';
const SERVER_SEALING = 'session key to server-to-client sealing key magic constant\0';
const MAGIC_LENGTH: i32 = 59;
