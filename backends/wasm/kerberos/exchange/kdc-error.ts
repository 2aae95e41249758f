import { SspiError } from '../../../contract/errors.ts';
import { KDC_ERR_PREAUTH_REQUIRED, kerberosError, NTSTATUS } from '../codes/errors.ts';
import { decode } from '../messages/asn1.ts';
import { KerbErrorData } from '../messages/kerb-error-data.ts';
import { KrbError } from '../messages/krb-error.ts';
import { MethodData } from '../messages/sequences.ts';

const KRB_ERROR_TAG = 0x7e;
/** KERB_ERR_TYPE_EXTENDED (MS-KILE 2.2.2). */
const EXTENDED = 3;
const EXT_ERROR_LENGTH = 12;

export function isKrbError(reply: Uint8Array): boolean {
  return reply[0] === KRB_ERROR_TAG;
}

/** The KRB-ERROR as the error that the caller of a verb gets; `what` says what was asked: 'a ticket for HTTP/web@R'. */
export function toSspiError(error: KrbError, what: string): SspiError {
  const entry = kerberosError(error.errorCode);
  const ntstatus = extendedStatus(error);
  const known = ntstatus === undefined ? undefined : NTSTATUS.get(ntstatus);
  const said = error.eText ? `, '${printable(error.eText)}'` : '';
  const status = ntstatus === undefined ? '' : ` (${known?.name ?? `NTSTATUS 0x${ntstatus.toString(16).padStart(8, '0')}`})`;
  const remedy = known?.remedy ?? entry.remedy;
  return new SspiError(entry.status, `${what}: ${known?.meaning ?? entry.meaning}: ${entry.name}${status} from ${error.realm || 'the peer'}${said}`, {
    kerberos: {
      errorCode: error.errorCode,
      name: entry.name,
      ...(error.eText && { text: printable(error.eText) }),
      ...(error.realm && { realm: error.realm }),
      serverTime: new Date(error.stime * 1000 + error.susec / 1000),
    },
    ...(remedy !== undefined && { remedy }),
  });
}

/**
 * The NTSTATUS of a KERB_EXT_ERROR (MS-KILE 2.2.1: status, reserved, flags; four bytes each) in the e-data. It stands in a
 * KERB-ERROR-DATA of its own, or in METHOD-DATA among what answers pre-authentication, where its type reads as PA-PW-SALT.
 */
export function extendedStatus(error: KrbError): number | undefined {
  if (error.eData === undefined || error.eData.length === 0 || error.errorCode === KDC_ERR_PREAUTH_REQUIRED) return undefined;
  const value = errorData(error.eData) ?? methodData(error.eData);
  return value === undefined ? undefined : new DataView(value.buffer, value.byteOffset).getUint32(0, true);
}

function errorData(eData: Uint8Array): Uint8Array | undefined {
  try {
    const { dataType, dataValue } = decode(KerbErrorData, eData);
    return dataType === EXTENDED && dataValue !== undefined && dataValue.length >= 4 ? dataValue : undefined;
  } catch {
    return undefined; // e-data of another form
  }
}

function methodData(eData: Uint8Array): Uint8Array | undefined {
  try {
    return [...decode(MethodData, eData)].find(({ padataType, padataValue }) => padataType === EXTENDED && padataValue.length === EXT_ERROR_LENGTH)?.padataValue;
  } catch {
    return undefined; // TYPED-DATA, or text
  }
}

/** A KDC's text goes into messages and logs: control characters do not. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?').slice(0, 200);
}

/** Parses a reply as a KRB-ERROR. */
export function readKrbError(reply: Uint8Array): KrbError {
  return decode(KrbError, reply);
}
