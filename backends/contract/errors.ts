import type * as statuses from './status.ts';

/** The name of an error status: `'SEC_E_INVALID_TOKEN'`, and its siblings. */
export type SspiErrorCode = Exclude<Extract<keyof typeof statuses, `SEC_E_${string}`>, 'SEC_E_OK'>;

export interface SspiErrorDetails {
  /** What lies behind: another error, kept as `error.cause`. */
  cause?: unknown;
  /** What to send to the peer, when ISC_REQ_EXTENDED_ERROR or ASC_REQ_EXTENDED_ERROR asked for it. */
  token?: Uint8Array;
  /** One sentence that a person can act on. */
  remedy?: string;
  /** Byte offset in the input token at which it stopped making sense; the message names it too. */
  offset?: number;
  /** What the KDC or the Kerberos peer said. */
  kerberos?: KerberosErrorInfo;
}

export interface KerberosErrorInfo {
  errorCode: number;
  name: string;
  text?: string;
  realm?: string;
  serverTime?: Date;
}

/**
 * The one error of this package: a SECURITY_STATUS with its name, its cause and, where known, the remedy.
 *
 * Its message never holds a secret. A wrong argument (not a wrong token) is a TypeError or RangeError instead.
 */
export class SspiError extends Error {
  override readonly name = 'SspiError';
  /** The unsigned SECURITY_STATUS, e.g. 0x80090308. */
  readonly status: number;
  /** Its name, e.g. 'SEC_E_INVALID_TOKEN'. */
  readonly code: SspiErrorCode;
  // declared: a field would show as undefined wherever an error is printed
  declare readonly token?: Uint8Array;
  declare readonly remedy?: string;
  declare readonly offset?: number;
  declare readonly kerberos?: KerberosErrorInfo;

  constructor(code: SspiErrorCode, message: string, details: SspiErrorDetails = {}) {
    const at = details.offset === undefined ? '' : ` (at byte ${details.offset})`;
    super(`${code}: ${message}${at}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = ERROR_BASE + ERRORS.indexOf(code.slice(6));
    this.code = code;
    if (details.token !== undefined) this.token = details.token;
    if (details.remedy !== undefined) this.remedy = details.remedy;
    if (details.offset !== undefined) this.offset = details.offset;
    if (details.kerberos !== undefined) this.kerberos = details.kerberos;
  }
}

/** The name of a SECURITY_STATUS, or its hexadecimal value where it has none. */
export function statusName(status: number): string {
  const value = status >>> 0;
  if (value === 0) return 'SEC_E_OK';
  const name = value >= ERROR_BASE ? ERRORS[value - ERROR_BASE]?.replace('.', '') : INFORMATION.find((entry) => entry.endsWith(`:${(value - INFORMATION_BASE).toString(16)}`))?.split(':')[0];
  return name ? `SEC_${value >= ERROR_BASE ? 'E' : 'I'}_${name}` : `0x${value.toString(16).padStart(8, '0')}`;
}

/*
 * status.ts once more, by position: the constants there are dropped one by one from a program that does not name them,
 * and this is half the size of a table of names and numbers. A test holds the two against each other.
 */
const ERROR_BASE = 0x80090300;
const INFORMATION_BASE = 0x00090300;
const ERRORS = (
  'INSUFFICIENT_MEMORY INVALID_HANDLE UNSUPPORTED_FUNCTION TARGET_UNKNOWN INTERNAL_ERROR SECPKG_NOT_FOUND NOT_OWNER CANNOT_INSTALL ' +
  'INVALID_TOKEN CANNOT_PACK QOP_NOT_SUPPORTED NO_IMPERSONATION LOGON_DENIED UNKNOWN_CREDENTIALS NO_CREDENTIALS MESSAGE_ALTERED ' +
  'OUT_OF_SEQUENCE NO_AUTHENTICATING_AUTHORITY . . . . BAD_PKGID CONTEXT_EXPIRED INCOMPLETE_MESSAGE . . . . . . . INCOMPLETE_CREDENTIALS ' +
  'BUFFER_TOO_SMALL WRONG_PRINCIPAL . TIME_SKEW UNTRUSTED_ROOT ILLEGAL_MESSAGE CERT_UNKNOWN CERT_EXPIRED ENCRYPT_FAILURE . . . . . . ' +
  'DECRYPT_FAILURE ALGORITHM_MISMATCH SECURITY_QOS_FAILED UNFINISHED_CONTEXT_DELETED NO_TGT_REPLY NO_IP_ADDRESSES WRONG_CREDENTIAL_HANDLE ' +
  'CRYPTO_SYSTEM_INVALID MAX_REFERRALS_EXCEEDED MUST_BE_KDC STRONG_CRYPTO_NOT_SUPPORTED TOO_MANY_PRINCIPALS NO_PA_DATA PKINIT_NAME_MISMATCH ' +
  'SMARTCARD_LOGON_REQUIRED SHUTDOWN_IN_PROGRESS KDC_INVALID_REQUEST KDC_UNABLE_TO_REFER KDC_UNKNOWN_ETYPE UNSUPPORTED_PREAUTH . ' +
  'DELEGATION_REQUIRED BAD_BINDINGS MULTIPLE_ACCOUNTS NO_KERB_KEY CERT_WRONG_USAGE . . . . . . DOWNGRADE_DETECTED SMARTCARD_CERT_REVOKED ' +
  'ISSUING_CA_UNTRUSTED REVOCATION_OFFLINE_C PKINIT_CLIENT_FAILURE SMARTCARD_CERT_EXPIRED NO_S4U_PROT_SUPPORT CROSSREALM_DELEGATION_FAILURE ' +
  'REVOCATION_OFFLINE_KDC ISSUING_CA_UNTRUSTED_KDC KDC_CERT_EXPIRED KDC_CERT_REVOKED . INVALID_PARAMETER DELEGATION_POLICY POLICY_NLTM_ONLY . ' +
  'NO_CONTEXT PKU2U_CERT_FAILURE MUTUAL_AUTH_FAILED . ONLY_HTTPS_ALLOWED . APPLICATION_PROTOCOL_MISMATCH . INVALID_UPN_NAME ' +
  'EXT_BUFFER_TOO_SMALL INSUFFICIENT_BUFFERS'
).split(' ');
/** NAME:offset, hexadecimal. */
const INFORMATION = (
  'CONTINUE_NEEDED:12 COMPLETE_NEEDED:13 COMPLETE_AND_CONTINUE:14 LOCAL_LOGON:15 GENERIC_EXTENSION_RECEIVED:16 CONTEXT_EXPIRED:17 ' +
  'INCOMPLETE_CREDENTIALS:20 RENEGOTIATE:21 NO_LSA_CONTEXT:23 SIGNATURE_NEEDED:5c NO_RENEGOTIATION:60 MESSAGE_FRAGMENT:64 ' +
  'CONTINUE_NEEDED_MESSAGE_OK:66 ASYNC_CALL_PENDING:68'
).split(' ');
