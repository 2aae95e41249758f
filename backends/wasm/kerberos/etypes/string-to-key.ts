import { SspiError } from '../../../contract/errors.ts';
import { deriveKey } from '../../core/krb5.ts';
import { hash } from '../../core/hash.ts';
import { pbkdf2 } from '../../core/mac.ts';
import { supported } from './kerberos-key.ts';

/**
 * The long-term key of a password.
 *
 *   17, 18  DK(PBKDF2-SHA1(password, salt), "kerberos")                                     RFC 3962 §4
 *   19, 20  KDF-HMAC-SHA2(PBKDF2-SHA2(password, name | 0 | salt), "kerberos")               RFC 8009 §4
 *   23      MD4(UTF-16LE(password)), the NT hash; no salt                                   RFC 4757 §2
 *
 * `parameters` is the KDC's s2kparams: the iteration count as four big-endian bytes; without them it is 4096 (17, 18) or 32768 (19, 20).
 * They come unauthenticated, so fewer iterations than that (which would weaken what an eavesdropper sees) and more than MAX_ITERATIONS
 * (which would stall) are refused: SEC_E_INVALID_TOKEN.
 */
export function stringToKey(etype: number, password: string, salt: string | Uint8Array, parameters?: Uint8Array): Uint8Array {
  const { name } = supported(etype);
  if (etype === 23) {
    const utf16 = utf16le(password);
    const ntHash = hash('md4', utf16);
    utf16.fill(0);
    return ntHash;
  }
  const least = etype >= 19 ? 32768 : 4096;
  return passwordKey(etype, password, salt, parameters === undefined ? least : iterationCount(name, parameters, least));
}

/** About a second of work. */
export const MAX_ITERATIONS = 0x100000;

/** The same for the AES etypes, with a count that the caller vouches for. */
export function passwordKey(etype: number, password: string, salt: string | Uint8Array, iterations: number): Uint8Array {
  const { name, keyLength } = supported(etype);
  const secret = UTF8.encode(password);
  const tail = typeof salt === 'string' ? UTF8.encode(salt) : salt;
  const salted = etype >= 19 ? new Uint8Array([...UTF8.encode(name), 0, ...tail]) : tail;
  const tkey = pbkdf2(etype === 19 ? 'sha256' : etype === 20 ? 'sha384' : 'sha1', secret, salted, iterations, keyLength);
  const key = deriveKey(etype, tkey, UTF8.encode('kerberos'), keyLength);
  secret.fill(0);
  tkey.fill(0);
  return key;
}

function iterationCount(name: string, parameters: Uint8Array, least: number): number {
  if (parameters.length !== 4) throw new SspiError('SEC_E_INVALID_TOKEN', `s2kparams of ${name}: 4 bytes expected, ${parameters.length} came`);
  const count = new DataView(parameters.buffer, parameters.byteOffset, 4).getUint32(0);
  const iterations = count === 0 ? 0x100000000 : count; // RFC 3962 §4
  if (iterations < least || iterations > MAX_ITERATIONS) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `s2kparams of ${name}: from ${least} to ${MAX_ITERATIONS} iterations expected, ${iterations} came`, {
      remedy: 'Nothing vouches for this number on its way here; if the realm really asks for it, use a keytab.',
    });
  }
  return iterations;
}

function utf16le(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit;
    bytes[2 * i + 1] = unit >> 8;
  }
  return bytes;
}

const UTF8 = new TextEncoder();
