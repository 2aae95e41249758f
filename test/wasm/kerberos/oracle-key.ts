// The etypes a second time, over node:crypto: an oracle for what core.wasm computes, and keys for tests of exchanges.
import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { KerberosKey } from '../../../backends/wasm/kerberos/etypes/key.ts';
import { etypeInfo } from '../../../backends/wasm/kerberos/etypes/table.ts';

/** AES etypes only: Node has no RC4 and no MD4. */
export function oracleKey(etype: number, bytes: Uint8Array, random: (length: number) => Uint8Array = randomBytes): KerberosKey {
  const info = etypeInfo(etype)!;
  const sha2 = etype >= 19;
  const derive = (usage: number, kind: number) => {
    const constant = Buffer.alloc(5);
    constant.writeUInt32BE(usage);
    constant[4] = kind;
    const length = sha2 ? (kind === 0xaa ? info.keyLength : info.checksumLength) : info.keyLength;
    return sha2 ? kdf(etype, bytes, constant, length * 8) : dk(bytes, constant);
  };
  const hash = etype === 19 ? 'sha256' : etype === 20 ? 'sha384' : 'sha1';
  const mac = (key: Uint8Array, ...parts: Uint8Array[]) => {
    const hmac = createHmac(hash, key);
    for (const part of parts) hmac.update(part);
    return new Uint8Array(hmac.digest().subarray(0, info.checksumLength));
  };
  const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b);
  return {
    etype, bytes, checksumType: info.checksumType,
    encrypt(usage, plaintext) {
      const basic = Buffer.concat([random(16), plaintext]);
      const cipher = cts(derive(usage, 0xaa), basic);
      const check = sha2 ? mac(derive(usage, 0x55), new Uint8Array(16), cipher) : mac(derive(usage, 0x55), basic);
      return new Uint8Array(Buffer.concat([cipher, check]));
    },
    decrypt(usage, ciphertext) {
      const end = ciphertext.length - info.checksumLength;
      if (end < 16) throw new SspiError('SEC_E_DECRYPT_FAILURE', 'too short');
      const cipher = ciphertext.subarray(0, end);
      const basic = ctsDecrypt(derive(usage, 0xaa), cipher);
      const check = sha2 ? mac(derive(usage, 0x55), new Uint8Array(16), cipher) : mac(derive(usage, 0x55), basic);
      if (!same(check, ciphertext.subarray(end))) throw new SspiError('SEC_E_DECRYPT_FAILURE', 'the checksum differs');
      return basic.slice(16);
    },
    checksum: (usage, data) => mac(derive(usage, 0x99), data),
    verifyChecksum: (usage, data, checksum) => same(mac(derive(usage, 0x99), data), checksum),
    dispose() {},
  };
}

export function oracleStringToKey(etype: number, password: string, salt: string, parameters?: Uint8Array): Uint8Array {
  const { name, keyLength } = etypeInfo(etype)!;
  const sha2 = etype >= 19;
  const iterations = parameters === undefined ? (sha2 ? 32768 : 4096) : new DataView(parameters.buffer, parameters.byteOffset).getUint32(0);
  const salted = sha2 ? Buffer.concat([Buffer.from(name), Buffer.from([0]), Buffer.from(salt)]) : Buffer.from(salt);
  const key = pbkdf2Sync(password, salted, iterations, keyLength, etype === 19 ? 'sha256' : etype === 20 ? 'sha384' : 'sha1');
  return sha2 ? kdf(etype, key, Buffer.from('kerberos'), keyLength * 8) : dk(key, Buffer.from('kerberos'));
}

function kdf(etype: number, key: Uint8Array, label: Uint8Array, bits: number): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bits);
  const block = createHmac(etype === 19 ? 'sha256' : 'sha384', key).update(Buffer.from([0, 0, 0, 1])).update(label).update(Buffer.from([0])).update(length).digest();
  return new Uint8Array(block.subarray(0, bits / 8));
}

function dk(key: Uint8Array, constant: Uint8Array): Uint8Array {
  const blocks: Buffer[] = [];
  let block: Uint8Array = nFold(constant, 16);
  while (blocks.length * 16 < key.length) {
    block = ecb(key, block);
    blocks.push(Buffer.from(block));
  }
  return new Uint8Array(Buffer.concat(blocks).subarray(0, key.length));
}

/** RFC 3961 §5.1, by its definition: copies of the input, each rotated 13 bits further, added with end-around carry. */
export function nFold(input: Uint8Array, size: number): Uint8Array {
  const bits = input.length * 8;
  const lcm = (input.length * size) / gcd(input.length, size);
  const bitAt = (position: number) => {
    const copy = Math.floor(position / bits);
    const source = ((position % bits) - 13 * copy % bits + bits * 14) % bits;
    return (input[source >> 3]! >> (7 - (source & 7))) & 1;
  };
  let sum = 0n;
  const modulus = (1n << BigInt(size * 8)) - 1n;
  for (let start = 0; start < lcm * 8; start += size * 8) {
    let value = 0n;
    for (let i = 0; i < size * 8; i++) value = (value << 1n) | BigInt(bitAt(start + i));
    sum += value;
  }
  while (sum > modulus) sum = (sum & modulus) + (sum >> BigInt(size * 8));
  return new Uint8Array(Buffer.from(sum.toString(16).padStart(size * 2, '0'), 'hex'));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function ecb(key: Uint8Array, block: Uint8Array): Buffer {
  return createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false).update(block);
}

function cts(key: Uint8Array, data: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.ceil(data.length / 16) * 16);
  padded.set(data);
  const cbc = createCipheriv(`aes-${key.length * 8}-cbc`, key, Buffer.alloc(16)).setAutoPadding(false).update(padded);
  if (data.length <= 16) return cbc;
  const last = cbc.subarray(-16);
  const before = cbc.subarray(-32, -16);
  return Buffer.concat([cbc.subarray(0, -32), last, before.subarray(0, data.length - padded.length + 16)]);
}

function ctsDecrypt(key: Uint8Array, data: Uint8Array): Buffer {
  const decrypt = (iv: Uint8Array, blocks: Uint8Array) => createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false).update(blocks);
  if (data.length === 16) return decrypt(Buffer.alloc(16), data);
  const tail = data.length % 16 || 16;
  const head = data.subarray(0, data.length - 16 - tail);
  const last = data.subarray(head.length, head.length + 16);
  const before = Buffer.alloc(16);
  before.set(data.subarray(head.length + 16));
  const raw = decrypt(Buffer.alloc(16), last); // P_n xor (C_{n-1} padded with zeros), whose tail is C_{n-1}'s own
  before.set(raw.subarray(tail), tail);
  return Buffer.concat([decrypt(Buffer.alloc(16), Buffer.concat([head, before, last]))]).subarray(0, data.length);
}
