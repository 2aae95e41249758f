/** The exports of assembly/cipher/aes*.ts and assembly/krb5. Addresses are offsets into the memory, lengths bytes. */
export interface Krb5Exports {
  readonly AES_KEY: WebAssembly.Global;
  aesExpandKey(schedule: number, key: number, keyLength: number): void;
  aesCbcEncrypt(schedule: number, iv: number, input: number, output: number, blocks: number): void;
  aesCbcDecrypt(schedule: number, iv: number, input: number, output: number, blocks: number): void;
  aesCtsEncrypt(schedule: number, iv: number, input: number, output: number, length: number): void;
  aesCtsDecrypt(schedule: number, iv: number, input: number, output: number, length: number): void;

  nFold(input: number, inputLength: number, output: number, outputLength: number): void;
  krb5Derive(etype: number, key: number, constant: number, length: number, out: number, outLength: number): void;

  readonly K5_SEAL: WebAssembly.Global;
  readonly K5_SIGN: WebAssembly.Global;
  readonly K5_STATE: WebAssembly.Global;
  k5DeriveSeal(etype: number, key: number, usage: number, out: number): void;
  k5DeriveSign(etype: number, key: number, usage: number, out: number): void;
  k5Encrypt(etype: number, seal: number, input: number, length: number, output: number): number;
  /** -1 when the checksum differs. */
  k5Decrypt(etype: number, seal: number, input: number, length: number, output: number): number;
  k5Start(etype: number, seal: number, state: number): void;
  k5EncryptPiece(etype: number, seal: number, state: number, input: number, output: number, length: number, last: number): void;
  k5DecryptPiece(etype: number, seal: number, state: number, input: number, output: number, length: number, last: number): void;
  k5Finish(etype: number, seal: number, state: number, mac: number): void;

  readonly RC4_SEAL: WebAssembly.Global;
  readonly RC4_SIGN: WebAssembly.Global;
  rc4DeriveSeal(key: number, usage: number, out: number): void;
  rc4DeriveSign(key: number, usage: number, out: number): void;
  rc4HmacEncrypt(seal: number, input: number, length: number, output: number): number;
  /** -1 when the checksum differs. */
  rc4HmacDecrypt(seal: number, input: number, length: number, output: number): number;

  readonly KRB5_TABLE_WORDS: WebAssembly.Global;
  /** 0, or the number of what was expected; assembly/token/krb5-decode.ts has the table. */
  krb5Decode(kind: number, length: number): number;
  /** These write to the end of OUTPUT and return how many bytes. */
  krb5ApReq(apOptions: number, ticketLength: number, etype: number, cipherLength: number): number;
  krb5Authenticator(
    nameType: number, names: number, checksumType: number, checksumLength: number, cusec: number, ctime: number, keyType: number, keyLength: number, seqNumber: number,
  ): number;
  krb5ApRep(etype: number, cipherLength: number): number;
  krb5ApRepPart(ctime: number, cusec: number, keyType: number, keyLength: number, seqNumber: number): number;

  krb5Wrap(etype: number, length: number, flags: number, filler: number, number: bigint): number;
  /** -1 when it is not intact, -2 when less was sealed than EC tells. */
  krb5Unwrap(etype: number, length: number, turn: number, extra: number): number;
}
