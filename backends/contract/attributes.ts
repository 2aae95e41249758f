import type { MechanismName, PackageName } from './credentials.ts';

/** SecPkgInfo, in JavaScript's spelling. */
export interface SecPkgInfo {
  /** SECPKG_FLAG_* bits. */
  capabilities: number;
  version: number;
  /** SECPKG_ID_NONE is 0xffff; NTLM's is 10, Negotiate's 9, Kerberos' 16. */
  rpcId: number;
  /** The largest token in bytes. */
  maxToken: number;
  name: PackageName;
  comment: string;
}

/** SECPKG_ATTR_SIZES (SecPkgContext_Sizes), in bytes. */
export interface ContextSizes {
  maxToken: number;
  maxSignature: number;
  blockSize: number;
  securityTrailer: number;
}

/** SECPKG_ATTR_STREAM_SIZES (SecPkgContext_StreamSizes), in bytes. */
export interface StreamSizes {
  header: number;
  trailer: number;
  maximumMessage: number;
  buffers: number;
  blockSize: number;
}

/** SECPKG_ATTR_KEY_INFO (SecPkgContext_KeyInfo). Key size in bits; algorithm ids as Windows gives them. */
export interface KeyInfo {
  signatureAlgorithmName: string;
  encryptAlgorithmName: string;
  keySize: number;
  signatureAlgorithm: number;
  encryptAlgorithm: number;
}

/** SECPKG_ATTR_NEGOTIATION_INFO: 0 complete, 1 optimistic, 2 in progress. */
export interface NegotiationInfo {
  packageInfo: SecPkgInfo;
  negotiationState: number;
}

/** What an established context can tell of itself, as a mechanism knows it. */
export interface EstablishedNames {
  /** Acceptor: who the client is, `ADTEST\alice` or `alice@AD.TEST`. Initiator: who it logged on as. */
  client: string;
  /** The target: what the initiator asked for, or what the acceptor was told that it is; null when unknown. */
  target: string | null;
}

export type { MechanismName };
