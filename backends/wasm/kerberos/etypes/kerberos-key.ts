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
  return new EtypeKey(info, new Uint8Array(bytes), random); // slice() of a Buffer would be no copy
}

class EtypeKey implements KerberosKey {
  readonly etype: number;
  readonly #info: EtypeInfo;
  readonly #key: Uint8Array;
  readonly #random: (length: number) => Uint8Array;
  #sealKeys: Map<number, Uint8Array> | undefined; // many a context ends without a message
  #signKeys: Map<number, Uint8Array> | undefined;
  #hosts: Map<number, HostAes | null> | undefined; // few keys protect anything long
  #alive = true;

  constructor(info: EtypeInfo, key: Uint8Array, random: (length: number) => Uint8Array) {
    this.etype = info.etype;
    this.#info = info;
    this.#key = key;
    this.#random = random;
  }

  get bytes(): Uint8Array {
    return this.#key;
  }

  get checksumType(): number {
    return this.#info.checksumType;
  }

  encrypt(usage: number, plaintext: Uint8Array): Uint8Array {
    const confounder = this.#random(confounderLength(this.etype));
    const host = this.#hostFor(usage, plaintext.length);
    return host !== null ? host.seal(confounder, plaintext) : seal(this.etype, this.#sealKeysOf(usage), confounder, plaintext);
  }

  decrypt(usage: number, ciphertext: Uint8Array): Uint8Array {
    const host = this.#hostFor(usage, ciphertext.length);
    const plaintext = host !== null ? host.open(ciphertext) : open(this.etype, this.#sealKeysOf(usage), ciphertext);
    if (plaintext !== null) return plaintext;
    const what = `${this.#info.name}: the checksum of ${ciphertext.length} encrypted bytes differs`;
    throw new SspiError('SEC_E_DECRYPT_FAILURE', `${what}: another key, or altered bytes`);
  }

  wrapToken(usage: number, message: Uint8Array, flags: number, filler: number, number: bigint): Uint8Array | undefined {
    if (this.etype === RC4 || message.length > WRAP_MOST || this.#hostFor(usage, message.length) !== null) return undefined;
    return wrapToken(this.etype, this.#sealKeysOf(usage), this.#random(16), message, flags, filler, number);
  }

  unwrapToken(usage: number, token: Uint8Array, turn: number, extra: number): Uint8Array | null | 'short' | undefined {
    if (this.etype === RC4 || !unwrapFits(token.length, turn) || this.#hostFor(usage, token.length) !== null) return undefined;
    const message = unwrapToken(this.etype, this.#sealKeysOf(usage), token, turn, extra);
    return message === ALTERED ? null : message === SHORT ? 'short' : message;
  }

  checksum(usage: number, data: Uint8Array): Uint8Array {
    return sign(this.etype, this.#signKeysOf(usage), data);
  }

  verifyChecksum(usage: number, data: Uint8Array, checksum: Uint8Array): boolean {
    return constantTimeEqual(sign(this.etype, this.#signKeysOf(usage), data), checksum);
  }

  dispose(): void {
    this.#alive = false;
    for (const cache of [this.#sealKeys, this.#signKeys]) {
      for (const keys of cache?.values() ?? []) keys.fill(0);
    }
    this.#sealKeys = this.#signKeys = undefined;
    for (const host of this.#hosts?.values() ?? []) host?.dispose();
    this.#hosts = undefined;
    this.#key.fill(0);
  }

  #sealKeysOf(usage: number): Uint8Array {
    return this.#of(this.#sealKeys ??= new Map(), deriveSealKeys, usage);
  }

  #signKeysOf(usage: number): Uint8Array {
    return this.#of(this.#signKeys ??= new Map(), deriveSignKeys, usage);
  }

  #of(cache: Map<number, Uint8Array>, derive: typeof deriveSealKeys, usage: number): Uint8Array {
    if (!this.#alive) throw new TypeError('the Kerberos key was already disposed of');
    const number = this.etype === RC4 ? (RC4_USAGES.get(usage) ?? usage) : usage;
    let keys = cache.get(number);
    if (keys === undefined) cache.set(number, keys = derive(this.etype, this.#key, number));
    return keys;
  }

  #hostFor(usage: number, length: number): HostAes | null {
    if (length < HOST_AES_FROM || this.etype === RC4 || !this.#alive) return null;
    let host = this.#hosts?.get(usage);
    if (host === undefined) (this.#hosts ??= new Map()).set(usage, host = createHostAes(this.etype, this.#key, usage));
    return host;
  }
}

/** Fresh bytes for a session key or a sub-session key; where they were drawn into is wiped. */
export function randomKey(etype: number, random: (length: number) => Uint8Array = randomBytes): Uint8Array {
  const drawn = random(supported(etype).keyLength);
  const key = new Uint8Array(drawn); // slice() of a Buffer would be no copy
  drawn.fill(0);
  return key;
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
