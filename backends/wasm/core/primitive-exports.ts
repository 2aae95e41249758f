/** The exports of assembly/hash, assembly/cipher and assembly/constant-time.ts. Addresses are offsets into the memory, lengths bytes. */
export interface PrimitiveExports {
  readonly HASH_MD4: WebAssembly.Global;
  readonly HASH_MD5: WebAssembly.Global;
  readonly HASH_SHA1: WebAssembly.Global;
  readonly HASH_SHA256: WebAssembly.Global;
  readonly HASH_SHA384: WebAssembly.Global;
  readonly HASH_SHA512: WebAssembly.Global;
  readonly HASH_STATE: WebAssembly.Global;
  hashLength(algorithm: number): number;
  hashInit(algorithm: number, state: number): void;
  hashUpdate(algorithm: number, state: number, data: number, length: number): void;
  hashFinal(algorithm: number, state: number, out: number): void;

  readonly HMAC_KEY: WebAssembly.Global;
  hmacKey(algorithm: number, key: number, bytes: number, length: number): void;
  hmacStart(algorithm: number, state: number, key: number): void;
  hmacFinish(algorithm: number, state: number, key: number, out: number): void;
  pbkdf2(
    algorithm: number, password: number, passwordLength: number, salt: number, saltLength: number, iterations: number, out: number, length: number,
  ): void;

  /** Returns the CRC's 32 bits as a signed number. */
  crc32Update(crc: number, data: number, length: number): number;

  readonly RC4_STATE: WebAssembly.Global;
  rc4Init(state: number, key: number, keyLength: number): void;
  rc4(state: number, input: number, output: number, length: number): void;
  rc4Md5Seal(rc4State: number, md5State: number, input: number, output: number, length: number): void;
  rc4Md5Unseal(rc4State: number, md5State: number, input: number, output: number, length: number): void;

  desEncrypt(key: number, input: number, output: number): void;
  desExpandKey(key7: number, key8: number): void;

  /** 1 when alike, else 0. */
  equal(a: number, b: number, length: number): number;
}
