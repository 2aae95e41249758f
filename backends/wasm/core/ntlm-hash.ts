import { core } from './instance.ts';

/** NTOWFv1 (MS-NLMP 3.3.1): MD4 of the password in UTF-16LE, lone surrogates and all. 16 bytes. Throws RangeError past 32 Ki characters. */
export function ntowfv1(password: string): Uint8Array {
  const { exports, input, key } = core();
  if (password.length > MAX_PASSWORD) throw new RangeError(`a password has at most ${MAX_PASSWORD} characters`);
  writeUtf16(input, 0, password);
  exports.ntlmNtowfv1(2 * password.length);
  return take(key);
}

/**
 * LMOWFv1 (MS-NLMP 3.3.1): 16 bytes; null where Windows keeps no LM hash, for a password past 14 characters
 * or outside ASCII (the code page that it would be taken in is the server's own affair).
 */
export function lmowfv1(password: string): Uint8Array | null {
  if (password.length > 14 || NOT_ASCII.test(password)) return null;
  const { exports, input, key } = core();
  const upper = password.toUpperCase();
  for (let i = 0; i < 14; i++) input[i] = i < upper.length ? upper.charCodeAt(i) : 0;
  exports.ntlmLmowfv1();
  return take(key);
}

/** NTOWFv2 (MS-NLMP 3.3.2): `user` in upper case already. 16 bytes. */
export function ntowfv2(ntHash: Uint8Array, user: string, domain: string): Uint8Array {
  const { exports, input, key } = core();
  const length = writeUtf16(input, writeUtf16(input, 0, user), domain);
  key.set(ntHash);
  exports.ntlmNtowfv2(length);
  input.fill(0, 0, length);
  return take(key);
}

/** KXKEY for NTLMv1 (MS-NLMP 3.4.5.1). `hashes`: NTOWFv1, LMOWFv1; `lmResponse`: 24 bytes as sent. */
export function kxkey(flags: number, hashes: { ntowfv1: Uint8Array; lmowfv1: Uint8Array }, serverChallenge: Uint8Array, lmResponse: Uint8Array): Uint8Array {
  const { exports, input, key } = core();
  input.set(serverChallenge);
  input.set(lmResponse, 8);
  key.set(hashes.ntowfv1, 16);
  key.set(hashes.lmowfv1, 32);
  exports.ntlmKxkey(flags);
  return take(key);
}

/** Puts a hash where it is kept, and wipes where it was. */
export function moveHash(hash: Uint8Array, target: Uint8Array, at: number): void {
  target.set(hash, at);
  hash.fill(0);
}

/** UTF-16LE, as the string holds it. Returns the offset behind it. */
export function writeUtf16(target: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    target[at++] = unit & 0xff;
    target[at++] = unit >>> 8;
  }
  return at;
}

const MAX_PASSWORD = 0x8000;
const NOT_ASCII = /[^\x00-\x7f]/;

function take(key: Uint8Array): Uint8Array {
  const hash = key.slice(0, 16);
  key.fill(0, 0, 16);
  return hash;
}
