import type { SspiErrorCode } from '../../../contract/errors.ts';

export interface KerberosErrorEntry {
  readonly code: number;
  readonly name: string;
  readonly meaning: string;
  /** What the caller of a verb gets. */
  readonly status: SspiErrorCode;
  readonly remedy?: string;
}

/** The error codes of RFC 4120 §7.5.9, RFC 4556 and RFC 6806 that a client or an acceptor meets; anything else is KRB_ERR_GENERIC's status. */
export function kerberosError(code: number): KerberosErrorEntry {
  return BY_CODE.get(code) ?? { code, name: `KRB_ERROR_${code}`, meaning: 'an error without a name here', status: 'SEC_E_INTERNAL_ERROR' };
}

const CLOCK = 'Set the clocks of this host and of the domain controller to the same time; five minutes apart is the usual limit.';
const SPN = 'Check the target name and that the SPN is registered (setspn -Q); behind an alias pass the name that the account holds.';
const RELOGIN = 'Get new tickets: run kinit again, or acquire the credential anew.';
const ETYPES = "Give the account AES keys (set its password again), or, for an RC4-only account, pass kerberos: { allowWeakCrypto: true }.";
const KEYTAB = 'Export the keytab again: the service account has changed its password or its name since.';

const ROWS: [number, string, string, SspiErrorCode, string?][] = [
  [0, 'KDC_ERR_NONE', 'no error', 'SEC_E_INTERNAL_ERROR'],
  [1, 'KDC_ERR_NAME_EXP', "the client's entry in the KDC has expired", 'SEC_E_LOGON_DENIED', 'The account has expired; an administrator can extend it.'],
  [2, 'KDC_ERR_SERVICE_EXP', "the service's entry in the KDC has expired", 'SEC_E_TARGET_UNKNOWN'],
  [3, 'KDC_ERR_BAD_PVNO', 'the protocol version is not supported', 'SEC_E_KDC_INVALID_REQUEST'],
  [6, 'KDC_ERR_C_PRINCIPAL_UNKNOWN', 'the client is not known', 'SEC_E_LOGON_DENIED', 'Check the user name and the realm.'],
  [7, 'KDC_ERR_S_PRINCIPAL_UNKNOWN', 'the service is not known', 'SEC_E_TARGET_UNKNOWN', SPN],
  [8, 'KDC_ERR_PRINCIPAL_NOT_UNIQUE', 'several accounts have that name', 'SEC_E_TARGET_UNKNOWN', 'Remove the duplicate SPN (setspn -X lists them).'],
  [9, 'KDC_ERR_NULL_KEY', 'the client or the service has no key', 'SEC_E_LOGON_DENIED'],
  [10, 'KDC_ERR_CANNOT_POSTDATE', 'the ticket cannot be postdated', 'SEC_E_KDC_INVALID_REQUEST'],
  [11, 'KDC_ERR_NEVER_VALID', 'the ticket would never be valid', 'SEC_E_TIME_SKEW', CLOCK],
  [12, 'KDC_ERR_POLICY', "the KDC's policy refuses the request", 'SEC_E_LOGON_DENIED', 'The account may not log on from here, now, or in this way.'],
  [13, 'KDC_ERR_BADOPTION', 'the KDC cannot grant what was asked', 'SEC_E_LOGON_DENIED', RELOGIN],
  [14, 'KDC_ERR_ETYPE_NOSUPP', 'the KDC supports none of the encryption types', 'SEC_E_KDC_UNKNOWN_ETYPE', ETYPES],
  [15, 'KDC_ERR_SUMTYPE_NOSUPP', 'the KDC does not support the checksum type', 'SEC_E_KDC_UNKNOWN_ETYPE', ETYPES],
  [16, 'KDC_ERR_PADATA_TYPE_NOSUPP', 'the KDC does not support the pre-authentication', 'SEC_E_UNSUPPORTED_PREAUTH', 'The account demands a smart card or another pre-authentication that is not a password.'],
  [17, 'KDC_ERR_TRTYPE_NOSUPP', 'the KDC does not support the transited type', 'SEC_E_INTERNAL_ERROR'],
  [18, 'KDC_ERR_CLIENT_REVOKED', 'the account is disabled, locked out, expired or outside its logon hours', 'SEC_E_LOGON_DENIED', 'An administrator can unlock or enable the account.'],
  [19, 'KDC_ERR_SERVICE_REVOKED', "the service's account is disabled", 'SEC_E_TARGET_UNKNOWN'],
  [20, 'KDC_ERR_TGT_REVOKED', 'the ticket has been revoked', 'SEC_E_LOGON_DENIED', RELOGIN],
  [21, 'KDC_ERR_CLIENT_NOTYET', 'the account is not yet valid', 'SEC_E_LOGON_DENIED'],
  [22, 'KDC_ERR_SERVICE_NOTYET', 'the service is not yet valid', 'SEC_E_TARGET_UNKNOWN'],
  [23, 'KDC_ERR_KEY_EXPIRED', 'the password has expired', 'SEC_E_LOGON_DENIED', 'Change the password (changeAccountPassword, or kpasswd), then log on again.'],
  [24, 'KDC_ERR_PREAUTH_FAILED', 'the password is wrong', 'SEC_E_LOGON_DENIED', 'Check the password; with a keytab, export it again.'],
  [25, 'KDC_ERR_PREAUTH_REQUIRED', 'pre-authentication is required', 'SEC_E_UNSUPPORTED_PREAUTH', 'The KDC offers no pre-authentication with a password for this account.'],
  [26, 'KDC_ERR_SERVER_NOMATCH', 'the ticket is for another service', 'SEC_E_WRONG_PRINCIPAL', SPN],
  [27, 'KDC_ERR_MUST_USE_USER2USER', 'the service takes user-to-user tickets only', 'SEC_E_NO_TGT_REPLY'],
  [28, 'KDC_ERR_PATH_NOT_ACCEPTED', 'the path of realms is not accepted', 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'Check the trusts between the realms, and [capaths].'],
  [29, 'KDC_ERR_SVC_UNAVAILABLE', 'the KDC has no service at the moment', 'SEC_E_NO_AUTHENTICATING_AUTHORITY'],
  [31, 'KRB_AP_ERR_BAD_INTEGRITY', 'what was decrypted is not intact: the key is another one', 'SEC_E_LOGON_DENIED', KEYTAB],
  [32, 'KRB_AP_ERR_TKT_EXPIRED', 'the ticket has expired', 'SEC_E_CONTEXT_EXPIRED', RELOGIN],
  [33, 'KRB_AP_ERR_TKT_NYV', 'the ticket is not yet valid', 'SEC_E_TIME_SKEW', CLOCK],
  [34, 'KRB_AP_ERR_REPEAT', 'the request has been seen before', 'SEC_E_LOGON_DENIED', 'An AP-REQ is good for one use: make a new context for each connection.'],
  [35, 'KRB_AP_ERR_NOT_US', 'the ticket is for another service', 'SEC_E_WRONG_PRINCIPAL', SPN],
  [36, 'KRB_AP_ERR_BADMATCH', 'the ticket and the authenticator name different clients', 'SEC_E_LOGON_DENIED'],
  [37, 'KRB_AP_ERR_SKEW', 'the clocks are too far apart', 'SEC_E_TIME_SKEW', CLOCK],
  [38, 'KRB_AP_ERR_BADADDR', 'the address does not match', 'SEC_E_LOGON_DENIED', 'Ask for tickets without addresses (noaddresses = true).'],
  [39, 'KRB_AP_ERR_BADVERSION', 'the protocol versions do not match', 'SEC_E_INVALID_TOKEN'],
  [40, 'KRB_AP_ERR_MSG_TYPE', 'the message is of another type', 'SEC_E_INVALID_TOKEN'],
  [41, 'KRB_AP_ERR_MODIFIED', 'the message was modified, or made for the key of another account', 'SEC_E_WRONG_PRINCIPAL', 'Often the SPN stands on another account than the one that the service runs as.'],
  [42, 'KRB_AP_ERR_BADORDER', 'the message is out of order', 'SEC_E_OUT_OF_SEQUENCE'],
  [44, 'KRB_AP_ERR_BADKEYVER', 'that version of the key is not there', 'SEC_E_NO_KERB_KEY', KEYTAB],
  [45, 'KRB_AP_ERR_NOKEY', "the service's key is not there", 'SEC_E_NO_KERB_KEY', 'Add the service name to the keytab.'],
  [46, 'KRB_AP_ERR_MUT_FAIL', 'mutual authentication failed', 'SEC_E_MUTUAL_AUTH_FAILED'],
  [47, 'KRB_AP_ERR_BADDIRECTION', 'the message has the wrong direction', 'SEC_E_OUT_OF_SEQUENCE'],
  [48, 'KRB_AP_ERR_METHOD', 'another authentication method is required', 'SEC_E_UNSUPPORTED_FUNCTION'],
  [49, 'KRB_AP_ERR_BADSEQ', 'the sequence number is wrong', 'SEC_E_OUT_OF_SEQUENCE'],
  [50, 'KRB_AP_ERR_INAPP_CKSUM', 'the checksum is of an unsuitable type', 'SEC_E_INVALID_TOKEN'],
  [51, 'KRB_AP_PATH_NOT_ACCEPTED', 'the path of realms is not accepted', 'SEC_E_LOGON_DENIED'],
  [52, 'KRB_ERR_RESPONSE_TOO_BIG', 'the answer is too long for UDP', 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'The KDC must be reachable by TCP too.'],
  [60, 'KRB_ERR_GENERIC', 'the KDC met an error without a name', 'SEC_E_INTERNAL_ERROR'],
  [61, 'KRB_ERR_FIELD_TOOLONG', 'a field is too long', 'SEC_E_KDC_INVALID_REQUEST'],
  [66, 'KDC_ERR_CLIENT_NAME_MISMATCH', 'the certificate names another client', 'SEC_E_LOGON_DENIED'],
  [68, 'KDC_ERR_WRONG_REALM', 'the client belongs to another realm', 'SEC_E_NO_AUTHENTICATING_AUTHORITY', 'Log on with the realm that the KDC named.'],
  [69, 'KRB_AP_ERR_USER_TO_USER_REQUIRED', 'the service takes user-to-user tickets only', 'SEC_E_NO_TGT_REPLY'],
  [90, 'KDC_ERR_PREAUTH_EXPIRED', 'the pre-authentication took too long', 'SEC_E_LOGON_DENIED', 'Try again.'],
  [91, 'KDC_ERR_MORE_PREAUTH_DATA_REQUIRED', 'more pre-authentication is required', 'SEC_E_UNSUPPORTED_PREAUTH'],
];

const BY_CODE: ReadonlyMap<number, KerberosErrorEntry> = new Map(
  ROWS.map(([code, name, meaning, status, remedy]) => [code, { code, name, meaning, status, ...(remedy !== undefined && { remedy }) }]),
);

export const KDC_ERR_PREAUTH_REQUIRED = 25;
export const KDC_ERR_PREAUTH_FAILED = 24;
export const KDC_ERR_S_PRINCIPAL_UNKNOWN = 7;
export const KDC_ERR_WRONG_REALM = 68;
export const KRB_AP_ERR_SKEW = 37;
export const KRB_AP_ERR_TKT_EXPIRED = 32;
export const KRB_ERR_RESPONSE_TOO_BIG = 52;
export const KDC_ERR_ETYPE_NOSUPP = 14;
export const KDC_ERR_BADOPTION = 13;

/** NTSTATUS values that a Windows KDC gives in a KERB_EXT_ERROR (MS-KILE 2.2.1; MS-ERREF 2.3.1). */
export const NTSTATUS: ReadonlyMap<number, { name: string; meaning: string; remedy: string }> = new Map([
  [0xc000006f, { name: 'STATUS_INVALID_LOGON_HOURS', meaning: 'the account may not log on at this hour', remedy: 'Log on within the allowed hours, or have them changed.' }],
  [0xc0000070, { name: 'STATUS_INVALID_WORKSTATION', meaning: 'the account may not log on from this computer', remedy: 'Have this computer added to the account\'s workstations.' }],
  [0xc0000071, { name: 'STATUS_PASSWORD_EXPIRED', meaning: 'the password has expired', remedy: 'Change the password, then log on again.' }],
  [0xc0000072, { name: 'STATUS_ACCOUNT_DISABLED', meaning: 'the account is disabled', remedy: 'An administrator can enable the account.' }],
  [0xc000015b, { name: 'STATUS_LOGON_TYPE_NOT_GRANTED', meaning: 'the account may not log on in this way', remedy: 'Have the logon right granted.' }],
  [0xc0000193, { name: 'STATUS_ACCOUNT_EXPIRED', meaning: 'the account has expired', remedy: 'An administrator can extend the account.' }],
  [0xc0000224, { name: 'STATUS_PASSWORD_MUST_CHANGE', meaning: 'the password must be changed before the first logon', remedy: 'Change the password, then log on again.' }],
  [0xc0000234, { name: 'STATUS_ACCOUNT_LOCKED_OUT', meaning: 'the account is locked out', remedy: 'Wait until the lockout ends, or have the account unlocked.' }],
  [0xc0000413, { name: 'STATUS_AUTHENTICATION_FIREWALL_FAILED', meaning: 'the computer is protected by selective authentication', remedy: 'Have "allowed to authenticate" granted on it.' }],
]);
