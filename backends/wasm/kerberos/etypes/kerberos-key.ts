import { SspiError } from '../../../contract/errors.ts';
import { constantTimeEqual } from '../../core/mac.ts';
import { confounderLength, deriveSealKeys, deriveSignKeys, open, seal, sign } from '../../core/krb5.ts';
import { ALTERED, SHORT, unwrapFits, unwrapToken, WRAP_MOST, wrapToken } from '../../core/krb5-wrap.ts';
import { pooledRandom } from '../../host/random.ts';
import { createHostAes, HOST_AES_FROM, type HostAes } from './host-aes.ts';
import type { KerberosKey } from './key.ts';
import { etypeInfo, etypeName, type EtypeInfo } from './table.ts';

/**
 * A key for one of the etypes of the table: 17 to 20 and 23. The bytes are copied. `random` draws confounders.
 * Throws SEC_E_KDC_UNKNOWN_ETYPE for another etype, SEC_E_INVALID_TOKEN when the length is not the etype's, since keys come from peers and files.
 */
export function createKerberosKey(etype: number, bytes: Uint8Array, random: (length: number) => Uint8Array = randomBytes): KerberosKey {
  const info = supported(etype);
  if (bytes.length !== info.keyLength) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `a key of ${info.name} has ${info.keyLength} bytes, ${bytes.length} came`);
  }
  const key = new Uint8Array(bytes); // slice() of a Buffer would be no copy
  let sealKeys: Map<number, Uint8Array> | undefined; // many a context ends without a message
  let signKeys: Map<number, Uint8Array> | undefined;
  let hosts: Map<number, HostAes | null> | undefined; // few keys protect anything long
  let alive = true;
  const sealKeysOf = (usage: number) => of(sealKeys ??= new Map(), deriveSealKeys, usage);
  const signKeysOf = (usage: number) => of(signKeys ??= new Map(), deriveSignKeys, usage);
  const of = (cache: Map<number, Uint8Array>, derive: typeof deriveSealKeys, usage: number) => {
    if (!alive) throw new TypeError('the Kerberos key was already disposed of');
    const number = etype === RC4 ? (RC4_USAGES.get(usage) ?? usage) : usage;
    let keys = cache.get(number);
    if (keys === undefined) cache.set(number, keys = derive(etype, key, number));
    return keys;
  };
  const hostFor = (usage: number, length: number) => {
    if (length < HOST_AES_FROM || etype === RC4 || !alive) return null;
    let host = hosts?.get(usage);
    if (host === undefined) (hosts ??= new Map()).set(usage, host = createHostAes(etype, key, usage));
    return host;
  };

  return {
    etype,
    checksumType: info.checksumType,
    get bytes() {
      return key;
    },
    encrypt(usage, plaintext) {
      const confounder = random(confounderLength(etype));
      const host = hostFor(usage, plaintext.length);
      return host !== null ? host.seal(confounder, plaintext) : seal(etype, sealKeysOf(usage), confounder, plaintext);
    },
    decrypt(usage, ciphertext) {
      const host = hostFor(usage, ciphertext.length);
      const plaintext = host !== null ? host.open(ciphertext) : open(etype, sealKeysOf(usage), ciphertext);
      if (plaintext === null) {
        const what = `${info.name}: the checksum of ${ciphertext.length} encrypted bytes differs`;
        throw new SspiError('SEC_E_DECRYPT_FAILURE', `${what}: another key, or altered bytes`);
      }
      return plaintext;
    },
    wrapToken(usage, message, flags, filler, number) {
      if (etype === RC4 || message.length > WRAP_MOST || hostFor(usage, message.length) !== null) return undefined;
      return wrapToken(etype, sealKeysOf(usage), random(16), message, flags, filler, number);
    },
    unwrapToken(usage, token, turn, extra) {
      if (etype === RC4 || !unwrapFits(token.length, turn) || hostFor(usage, token.length) !== null) return undefined;
      const message = unwrapToken(etype, sealKeysOf(usage), token, turn, extra);
      return message === ALTERED ? null : message === SHORT ? 'short' : message;
    },
    checksum(usage, data) {
      return sign(etype, signKeysOf(usage), data);
    },
    verifyChecksum(usage, data, checksum) {
      return constantTimeEqual(sign(etype, signKeysOf(usage), data), checksum);
    },
    dispose() {
      alive = false;
      for (const cache of [sealKeys, signKeys]) {
        for (const keys of cache?.values() ?? []) keys.fill(0);
      }
      sealKeys = signKeys = undefined;
      for (const host of hosts?.values() ?? []) host?.dispose();
      hosts = undefined;
      key.fill(0);
    },
  };
}

/** Fresh bytes for a session key or a sub-session key. */
export function randomKey(etype: number, random: (length: number) => Uint8Array = randomBytes): Uint8Array {
  return random(supported(etype).keyLength);
}

/** The table's row. Throws SEC_E_KDC_UNKNOWN_ETYPE. */
export function supported(etype: number): EtypeInfo {
  const info = etypeInfo(etype);
  if (info === undefined) throw new SspiError('SEC_E_KDC_UNKNOWN_ETYPE', `${etypeName(etype)} is not supported`);
  return info;
}

const randomBytes = pooledRandom();
const RC4 = 23;
/** RFC 4757 §3: the message types of Windows where they are not the usages of RFC 4120 and 4121. Its 9 → 8 is an erratum: 9 stays 9 (MIT, Windows). */
const RC4_USAGES: ReadonlyMap<number, number> = new Map([[3, 8], [23, 13]]);
