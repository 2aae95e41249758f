import type * as constants from './constants.ts';
import type { MechanismName, PackageName } from './credentials.ts';
import type { SspiError } from './errors.ts';

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

/** SECPKG_ATTR_NAMES: the client's name, on either side. */
export interface ContextNames {
  userName: string;
}

/** SECPKG_ATTR_LIFESPAN: when the context was established, and when it ends (null: never). */
export interface ContextLifespan {
  start: Date;
  expiry: Date | null;
}

/** SECPKG_ATTR_NATIVE_NAMES: both ends as the package that was chosen names them; null where it does not know. */
export interface NativeNames {
  clientName: string;
  serverName: string | null;
}

/** SECPKG_ATTR_UNIQUE_BINDINGS and _ENDPOINT_BINDINGS: a packed SEC_CHANNEL_BINDINGS. */
export interface ContextBindings {
  bindings: Uint8Array;
}

/**
 * SECPKG_ATTR_ACCESS_TOKEN, on an acceptor: what the client may, as its domain told it. Where Windows gives a handle, this
 * gives what a server reads from it.
 */
export interface AccessToken {
  /** The SIDs of a PAC whose server signature was verified; null and none without one (NTLM, MIT's KDC). */
  userSid: string | null;
  groups: readonly string[];
  upn: string | null;
  /** A ticket that the client delegated, for `authData`; null when it did not. */
  delegatedCredential: { ccache: Uint8Array } | null;
}

/** What `queryContextAttributes` gives, by the constant's name. */
interface AttributesByName {
  SECPKG_ATTR_SIZES: ContextSizes;
  SECPKG_ATTR_NAMES: ContextNames;
  SECPKG_ATTR_LIFESPAN: ContextLifespan;
  SECPKG_ATTR_STREAM_SIZES: StreamSizes;
  SECPKG_ATTR_KEY_INFO: KeyInfo;
  SECPKG_ATTR_SESSION_KEY: { sessionKey: Uint8Array };
  SECPKG_ATTR_PACKAGE_INFO: { packageInfo: SecPkgInfo };
  SECPKG_ATTR_NEGOTIATION_INFO: NegotiationInfo;
  SECPKG_ATTR_NATIVE_NAMES: NativeNames;
  SECPKG_ATTR_FLAGS: { flags: number };
  SECPKG_ATTR_ACCESS_TOKEN: AccessToken;
  SECPKG_ATTR_TARGET: { target: string | null };
  SECPKG_ATTR_UNIQUE_BINDINGS: ContextBindings;
  SECPKG_ATTR_ENDPOINT_BINDINGS: ContextBindings;
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET: { targetName: string | null };
  /** 0: the last token was the client's last; 1: it was not; 2: it may have been. */
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS: { lastClientTokenStatus: number };
  /** The SECURITY_STATUS of the last leg; where Negotiate fell back, or a leg failed, that of the reason, with the error itself. */
  SECPKG_ATTR_NEGO_STATUS: { lastStatus: number; reason: SspiError | null };
}

/** What `queryContextAttributes` gives, by the attribute's number. */
export type ContextAttributes = { [Name in keyof AttributesByName as (typeof constants)[Name]]: AttributesByName[Name] };

/** What `queryCredentialsAttributes` gives, by the attribute's number. */
export interface CredentialAttributes {
  /** SECPKG_CRED_ATTR_NAMES. */
  1: { userName: string };
}
