/*
 * The whole ABI of core.wasm. Bytes pass through the windows of memory.ts; arguments and results are numbers;
 * nothing is imported, nothing is thrown.
 */
export { CHUNK, INPUT, INPUT_CAPACITY, KEY, KEY_CAPACITY, MAX_TOKEN, OUTPUT, OUTPUT_CAPACITY, wipe } from './memory';
export { HASH_MD4, HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_STATE, hashFinal, hashInit, hashLength, hashUpdate } from './hash/hash';
export { HMAC_KEY, hmacFinish, hmacKey, hmacStart } from './hash/hmac';
export { pbkdf2 } from './hash/pbkdf2';
export { crc32Update } from './hash/crc32';
export { RC4_STATE, rc4, rc4Init } from './cipher/rc4';
export { rc4Md5Seal, rc4Md5Unseal } from './cipher/rc4-md5';
export { desEncrypt, desExpandKey } from './cipher/des';
export { equal } from './constant-time';
export { SPNEGO_TABLE_SIZE, spnegoDecode } from './token/spnego-decode';
export { spnegoEncodeInit, spnegoEncodeResp } from './token/spnego-encode';
export { ntlmParse } from './token/ntlm-message';
export { ntlmKxkey, ntlmLmowfv1, ntlmNtowfv1, ntlmNtowfv2 } from './token/ntlm-response';
export { ntlmAuthenticate } from './token/ntlm-authenticate';
export { ntlmChallenge } from './token/ntlm-challenge';
export { ntlmVerify } from './token/ntlm-verify';
export {
  NTLM_DIRECTION, NTLM_HANDLE, ntlmBegin, ntlmCheck, ntlmEnd, ntlmPass, ntlmSeal, ntlmSessionKeys, ntlmSign, ntlmUnseal, ntlmVerifySignature,
} from './token/ntlm-session';
export { AES_KEY, aesExpandKey } from './cipher/aes';
export { aesCbcDecrypt, aesCbcEncrypt, aesCtsDecrypt, aesCtsEncrypt } from './cipher/aes-cbc';
export { nFold } from './krb5/n-fold';
export { krb5Derive } from './krb5/derive';
export {
  K5_SEAL, K5_SIGN, K5_STATE, k5Decrypt, k5DecryptPiece, k5DeriveSeal, k5DeriveSign, k5Encrypt, k5EncryptPiece, k5Finish, k5Start,
} from './krb5/aes-profile';
export { RC4_SEAL, RC4_SIGN, rc4DeriveSeal, rc4DeriveSign, rc4HmacDecrypt, rc4HmacEncrypt } from './krb5/rc4-hmac';
export { KRB5_TABLE_WORDS, krb5Decode } from './token/krb5-decode';
export { krb5ApRep, krb5ApRepPart, krb5ApReq, krb5Authenticator } from './token/krb5-encode';
export { krb5Unwrap, krb5Wrap } from './token/krb5-wrap';
