import { core } from './instance.ts';
import { isDenied, ntlmFailure } from './ntlm-errors.ts';
import { type AuthenticateMessage, MAX_TOKEN, readTable, tableOf, tooLong } from './ntlm-parse.ts';

/** The options of `buildAuthenticate`, as assembly/token/ntlm-authenticate.ts numbers them. */
export const ANONYMOUS_LOGON = 1;
export const NTLM_V2 = 2;
export const SEND_LM = 4;
export const CHANNEL_BINDINGS = 8;
export const SINGLE_HOST = 16;
export const TARGET_NAME = 32;
export const UNTRUSTED_TARGET = 64;
export const AT_LEAST_56 = 128;

export interface AuthenticateOrder {
  /** The bytes as they were sent, and as they came: the MIC covers both. */
  negotiate: Uint8Array;
  challenge: Uint8Array;
  /** User, domain and workstation in UTF-16LE, one behind the other. */
  names: Uint8Array;
  userLength: number;
  domainLength: number;
  workstationLength: number;
  /** The target name in UTF-16LE. */
  target: Uint8Array;
  /** NTOWFv2, NTOWFv1, LMOWFv1: 48 bytes, zeros for what is not used. */
  hashes: Uint8Array;
  /** 8 bytes of client challenge, 16 of session key; random. */
  random: Uint8Array;
  /** Milliseconds since 1970. */
  time: number;
  /** MD5 of the channel bindings, with CHANNEL_BINDINGS. */
  bindings: Uint8Array | null;
  /** 48 bytes, with SINGLE_HOST. */
  singleHost: Uint8Array | null;
  ownFlags: number;
  required: number;
  requiredToProtect: number;
  options: number;
}

export interface BuiltAuthenticate {
  token: Uint8Array;
  exportedSessionKey: Uint8Array;
  flags: number;
  mic: boolean;
}

/** Reads the CHALLENGE and builds the AUTHENTICATE in one call. Throws SEC_E_INVALID_TOKEN, or SEC_E_UNSUPPORTED_FUNCTION after a downgrade. */
export function buildAuthenticate(order: AuthenticateOrder): BuiltAuthenticate {
  const { exports, input, output, key } = core();
  const { negotiate, challenge, names, target } = order;
  if (challenge.length > MAX_TOKEN || TOKENS + negotiate.length + challenge.length + names.length + target.length > input.length) {
    throw tooLong(challenge.length, 'CHALLENGE');
  }
  input.set(order.random, 0);
  writeFileTime(input, 24, order.time);
  if (order.bindings !== null) input.set(order.bindings, 32);
  if (order.singleHost !== null) input.set(order.singleHost, 48);
  let at = TOKENS;
  input.set(negotiate, at);
  input.set(challenge, at += negotiate.length);
  input.set(names, at += challenge.length);
  input.set(target, at + names.length);
  key.set(order.hashes);

  const result = exports.ntlmAuthenticate(
    negotiate.length, challenge.length, order.userLength, order.domainLength, order.workstationLength, target.length,
    order.ownFlags, order.required, order.requiredToProtect, order.options,
  );
  if (result < 0) throw ntlmFailure(result, 'CHALLENGE');
  const token = output.slice(0, result & LENGTH);
  const exportedSessionKey = key.slice(0, 16);
  output.fill(0, 0, token.length);
  key.fill(0, 0, 16);
  const flags = (token[60]! | (token[61]! << 8) | (token[62]! << 16) | (token[63]! << 24)) >>> 0;
  return { token, exportedSessionKey, flags, mic: (result & WITH_MIC) !== 0 };
}

export interface ChallengeOrder {
  negotiate: Uint8Array;
  /** 8 random bytes. */
  serverChallenge: Uint8Array;
  /** The target name in UTF-16LE. */
  name: Uint8Array;
  /** AV_PAIRs with their end. */
  targetInfo: Uint8Array;
  supported: number;
  targetType: number;
}

/** Reads the NEGOTIATE and builds the CHALLENGE in one call. Throws SEC_E_INVALID_TOKEN. */
export function buildChallenge(order: ChallengeOrder): Uint8Array {
  const { exports, input, output } = core();
  const { negotiate, name, targetInfo } = order;
  if (negotiate.length > MAX_NEGOTIATE) throw tooLong(negotiate.length, 'NEGOTIATE');
  input.set(order.serverChallenge, 0);
  let at = 8;
  input.set(negotiate, at);
  input.set(name, at += negotiate.length);
  input.set(targetInfo, at + name.length);
  const length = exports.ntlmChallenge(negotiate.length, name.length, targetInfo.length, order.supported, order.targetType);
  if (length < 0) throw ntlmFailure(length, 'NEGOTIATE');
  const token = output.slice(0, length);
  output.fill(0, 0, length);
  return token;
}

/** The options of `verifyAuthenticate`, as assembly/token/ntlm-verify.ts numbers them. */
export const ALLOW_NTLM = 1;
export const ALLOW_LM = 2;
export const HAS_LM = 4;

export interface VerifyOrder {
  /** The bytes as they went over the wire. */
  negotiate: Uint8Array;
  challenge: Uint8Array;
  authenticate: Uint8Array;
  /** NTOWFv2, NTOWFv1, LMOWFv1: 48 bytes, zeros for what is not used. */
  hashes: Uint8Array;
  options: number;
}

export interface Verified {
  message: AuthenticateMessage;
  exportedSessionKey: Uint8Array;
}

/** Checks proof, MIC and echoed AV_PAIRs in one call; null when the proof is not the account's. Throws SEC_E_MESSAGE_ALTERED, SEC_E_INVALID_TOKEN. */
export function verifyAuthenticate(order: VerifyOrder): Verified | null {
  const { exports, input, output, key } = core();
  const { negotiate, challenge, authenticate } = order;
  if (negotiate.length + challenge.length + authenticate.length > input.length) throw tooLong(authenticate.length, 'AUTHENTICATE');
  let at = 0;
  input.set(negotiate, at);
  input.set(challenge, at += negotiate.length);
  input.set(authenticate, at + challenge.length);
  key.set(order.hashes);
  const status = exports.ntlmVerify(negotiate.length, challenge.length, authenticate.length, order.options);
  const message = readTable(tableOf(output)) as AuthenticateMessage;
  const exportedSessionKey = key.slice(0, 16);
  output.fill(0, 0, 100);
  key.fill(0, 0, 16);
  if (status === 0) return { message, exportedSessionKey };
  if (isDenied(status)) return null;
  throw ntlmFailure(status, 'AUTHENTICATE');
}

/** FILETIME: 100 ns since 1601-01-01 00:00:00 UTC, LE64. `time`: milliseconds since 1970. */
export function writeFileTime(target: Uint8Array, at: number, time: number): void {
  // the product passes 2^53, so it is made in two halves
  const milliseconds = time + 11644473600000;
  const high = Math.floor(milliseconds / 0x10000) * 10000;
  const low = (high % 0x10000) * 0x10000 + (milliseconds % 0x10000) * 10000;
  writeUint32(target, at, low % 0x100000000);
  writeUint32(target, at + 4, Math.floor(high / 0x10000) + Math.floor(low / 0x100000000));
}

function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

/** Longer than any NEGOTIATE with both of its names; so all three messages fit the window. */
export const MAX_NEGOTIATE = 0x1000;
const TOKENS = 96;
const WITH_MIC = 0x40000000;
const LENGTH = 0x3fffffff;
