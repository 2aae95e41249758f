import { SspiError, type SspiErrorCode, type SspiErrorDetails, statusName } from '../contract/errors.ts';

/** True for SEC_E_OK and SEC_I_*. */
export function isSuccess(status: number): boolean {
  return status < 0x80000000;
}

/** The error of a status that a function of the system returned: same code, and what a person can do about it. */
export function nativeError(status: number, name: string, details: SspiErrorDetails = {}): SspiError {
  const shown = statusName(status);
  const [code, other, special] = shown.startsWith('SEC_E_') ? [shown as SspiErrorCode] : OTHERS[status >>> 0] ?? ['SEC_E_INTERNAL_ERROR', shown];
  const [meaning, general] = MEANING[code] ?? [];
  const remedy = special ?? general;
  return new SspiError(code, `${name}: ${other === undefined ? meaning ?? 'refused' : `ended with ${other}`}`, { ...(remedy === undefined ? {} : { remedy }), ...details });
}

const LOCKED = 'Wait, or have an administrator unlock the account.';
const EXPIRED = 'Change the password: `changeAccountPassword` takes one that has expired.';
const DISABLED = 'Have an administrator enable or extend the account.';
const NOT_HERE = 'Look at the hours, the computers and the kinds of logon that the account is allowed.';
const TOO_WEAK = 'Choose a longer one that was not used before; `net accounts` tells the policy, which may also want the old one to be some days old.';
const NTLM_BLOCKED = 'A policy forbids NTLM: use Kerberos, or have the server allowed in "Network security: Restrict NTLM".';

/** What a package, or LSA below it, lets through of other layers (winerror.h, ntstatus.h): an HRESULT, or an NTSTATUS as it is. */
const OTHERS: Readonly<Record<number, readonly [code: SspiErrorCode, name: string, remedy?: string]>> = {
  0x8007000e: ['SEC_E_INSUFFICIENT_MEMORY', 'E_OUTOFMEMORY'],
  0x80070005: ['SEC_E_LOGON_DENIED', 'E_ACCESSDENIED'],
  0x80070006: ['SEC_E_INVALID_HANDLE', 'E_HANDLE'],
  0x80070057: ['SEC_E_INVALID_PARAMETER', 'E_INVALIDARG'],
  0x8007051f: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'ERROR_NO_LOGON_SERVERS'],
  0x80070520: ['SEC_E_NO_CREDENTIALS', 'ERROR_NO_SUCH_LOGON_SESSION'],
  0x8007052d: ['SEC_E_INVALID_PARAMETER', 'ERROR_PASSWORD_RESTRICTION', TOO_WEAK],
  0x8007052e: ['SEC_E_LOGON_DENIED', 'ERROR_LOGON_FAILURE'],
  0x80070532: ['SEC_E_LOGON_DENIED', 'ERROR_PASSWORD_EXPIRED', EXPIRED],
  0x80070533: ['SEC_E_LOGON_DENIED', 'ERROR_ACCOUNT_DISABLED', DISABLED],
  0x8007054b: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'ERROR_NO_SUCH_DOMAIN'],
  0x800706ba: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'RPC_S_SERVER_UNAVAILABLE'],
  0x80070701: ['SEC_E_LOGON_DENIED', 'ERROR_ACCOUNT_EXPIRED', DISABLED],
  0x80070773: ['SEC_E_LOGON_DENIED', 'ERROR_PASSWORD_MUST_CHANGE', EXPIRED],
  0x80070775: ['SEC_E_LOGON_DENIED', 'ERROR_ACCOUNT_LOCKED_OUT', LOCKED],
  0xc0000008: ['SEC_E_INVALID_HANDLE', 'STATUS_INVALID_HANDLE'],
  0xc000000d: ['SEC_E_INVALID_PARAMETER', 'STATUS_INVALID_PARAMETER'],
  0xc0000017: ['SEC_E_INSUFFICIENT_MEMORY', 'STATUS_NO_MEMORY'],
  0xc0000022: ['SEC_E_LOGON_DENIED', 'STATUS_ACCESS_DENIED'],
  0xc0000023: ['SEC_E_BUFFER_TOO_SMALL', 'STATUS_BUFFER_TOO_SMALL'],
  0xc000005e: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'STATUS_NO_LOGON_SERVERS'],
  0xc000005f: ['SEC_E_NO_CREDENTIALS', 'STATUS_NO_SUCH_LOGON_SESSION'],
  0xc0000064: ['SEC_E_LOGON_DENIED', 'STATUS_NO_SUCH_USER'],
  0xc000006a: ['SEC_E_LOGON_DENIED', 'STATUS_WRONG_PASSWORD'],
  0xc000006c: ['SEC_E_INVALID_PARAMETER', 'STATUS_PASSWORD_RESTRICTION', TOO_WEAK],
  0xc000006d: ['SEC_E_LOGON_DENIED', 'STATUS_LOGON_FAILURE'],
  0xc000006e: ['SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_RESTRICTION', 'An empty password serves at the console alone; else ask which restriction the account has.'],
  0xc000006f: ['SEC_E_LOGON_DENIED', 'STATUS_INVALID_LOGON_HOURS', NOT_HERE],
  0xc0000070: ['SEC_E_LOGON_DENIED', 'STATUS_INVALID_WORKSTATION', NOT_HERE],
  0xc0000071: ['SEC_E_LOGON_DENIED', 'STATUS_PASSWORD_EXPIRED', EXPIRED],
  0xc0000072: ['SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_DISABLED', DISABLED],
  0xc000009a: ['SEC_E_INSUFFICIENT_MEMORY', 'STATUS_INSUFFICIENT_RESOURCES'],
  0xc00000bb: ['SEC_E_UNSUPPORTED_FUNCTION', 'STATUS_NOT_SUPPORTED'],
  0xc00000df: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'STATUS_NO_SUCH_DOMAIN'],
  0xc0000133: ['SEC_E_TIME_SKEW', 'STATUS_TIME_DIFFERENCE_AT_DC'],
  0xc000015b: ['SEC_E_LOGON_DENIED', 'STATUS_LOGON_TYPE_NOT_GRANTED', NOT_HERE],
  0xc000018d: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'STATUS_TRUSTED_RELATIONSHIP_FAILURE'],
  0xc0000192: ['SEC_E_NO_AUTHENTICATING_AUTHORITY', 'STATUS_NETLOGON_NOT_STARTED'],
  0xc0000193: ['SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_EXPIRED', DISABLED],
  0xc0000224: ['SEC_E_LOGON_DENIED', 'STATUS_PASSWORD_MUST_CHANGE', EXPIRED],
  0xc0000234: ['SEC_E_LOGON_DENIED', 'STATUS_ACCOUNT_LOCKED_OUT', LOCKED],
  0xc0000413: ['SEC_E_LOGON_DENIED', 'STATUS_AUTHENTICATION_FIREWALL_FAILED', NOT_HERE],
  0xc0000418: ['SEC_E_LOGON_DENIED', 'STATUS_NTLM_BLOCKED', NTLM_BLOCKED],
};

const MEANING: { readonly [Code in SspiErrorCode]?: readonly [meaning: string, remedy?: string] } = {
  SEC_E_INSUFFICIENT_MEMORY: ['the buffers are too short, or memory is'],
  SEC_E_INVALID_HANDLE: ['the handle does not serve for this call'],
  SEC_E_UNSUPPORTED_FUNCTION: ['the package does not do this'],
  SEC_E_TARGET_UNKNOWN: ['no account has this service principal name', 'Check the spelling of the target, and that `setspn -Q` finds it.'],
  SEC_E_INTERNAL_ERROR: ['the package failed in a way that maps to no SSPI status'],
  SEC_E_SECPKG_NOT_FOUND: ['this system has no such package'],
  SEC_E_INVALID_TOKEN: ['the token makes no sense to the package'],
  SEC_E_LOGON_DENIED: ['the logon was refused', 'Check the user name, the domain and the password, and whether the account is locked or expired; the security log of the server tells which.'],
  SEC_E_NO_CREDENTIALS: ['there are no credentials', 'Log on, or pass `authData` with a user and a password.'],
  SEC_E_UNKNOWN_CREDENTIALS: ['the package does not know these credentials', 'Check the form of the user name: alice@ad.example.com, or ADDOMAIN\\alice.'],
  SEC_E_MESSAGE_ALTERED: ['the message was altered'],
  SEC_E_OUT_OF_SEQUENCE: ['the message came out of sequence'],
  SEC_E_NO_AUTHENTICATING_AUTHORITY: ['no domain controller answers', 'Check the name of the domain, and that `nltest /dsgetdc:` finds a controller.'],
  SEC_E_CONTEXT_EXPIRED: ['the context has expired', 'Authenticate again.'],
  SEC_E_BUFFER_TOO_SMALL: ['a buffer is too short'],
  SEC_E_WRONG_PRINCIPAL: ['the server is not the one that was asked for', 'Check that the account which runs the service owns the service principal name.'],
  SEC_E_TIME_SKEW: ['the clocks are too far apart', 'Set the clocks of both ends by the domain controller: `w32tm /resync`.'],
  SEC_E_BAD_BINDINGS: ['the channel bindings do not match', 'Look for a proxy that ends TLS between client and server.'],
  SEC_E_NO_IMPERSONATION: ['the client cannot be impersonated'],
  SEC_E_INCOMPLETE_MESSAGE: ['the message is not whole'],
};
