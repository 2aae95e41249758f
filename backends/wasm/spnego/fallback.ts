import { SspiError } from '../../contract/errors.ts';
import type { SspiErrorCode } from '../../contract/errors.ts';

/**
 * True when a mechanism is merely not to be had here, so that the next one may be tried. A refused logon is none of these:
 * falling back would hide a wrong password behind a weaker mechanism.
 */
export function allowsFallback(error: unknown): error is SspiError {
  // Windows does likewise for a client that the KDC does not know: it may be an account of the server's own.
  return error instanceof SspiError && (UNAVAILABLE.has(error.code) || error.kerberos?.name === 'KDC_ERR_C_PRINCIPAL_UNKNOWN');
}

const UNAVAILABLE: ReadonlySet<SspiErrorCode> = new Set<SspiErrorCode>([
  'SEC_E_NO_AUTHENTICATING_AUTHORITY', // no KDC answers
  'SEC_E_NO_IP_ADDRESSES',
  'SEC_E_TARGET_UNKNOWN', // the KDC does not know the service
  'SEC_E_NO_CREDENTIALS',
  'SEC_E_UNKNOWN_CREDENTIALS',
  'SEC_E_SECPKG_NOT_FOUND',
  'SEC_E_NO_TGT_REPLY',
  'SEC_E_MAX_REFERRALS_EXCEEDED',
  'SEC_E_KDC_UNABLE_TO_REFER',
  'SEC_E_KDC_UNKNOWN_ETYPE',
  'SEC_E_NO_KERB_KEY', // the acceptor's keytab lacks the key
]);
