import { SspiError } from '../../../contract/errors.ts';
import { kerberosError, NTSTATUS } from '../codes/errors.ts';
import { decode } from '../messages/asn1.ts';
import { KerbErrorData } from '../messages/kerb-error-data.ts';
import { KrbError } from '../messages/krb-error.ts';

const KRB_ERROR_TAG = 0x7e;
/** KERB_ERR_TYPE_EXTENDED (MS-KILE 2.2.2). */
const EXTENDED = 3;

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

/** The NTSTATUS of a KERB_EXT_ERROR (MS-KILE 2.2.1) in the e-data, where a Windows KDC put one. */
export function extendedStatus(error: KrbError): number | undefined {
  if (error.eData === undefined || error.eData.length === 0) return undefined;
  try {
    const { dataType, dataValue } = decode(KerbErrorData, error.eData);
    if (dataType !== EXTENDED || dataValue === undefined || dataValue.length < 4) return undefined;
    return new DataView(dataValue.buffer, dataValue.byteOffset).getUint32(0, true);
  } catch {
    return undefined; // e-data of another form (METHOD-DATA, TYPED-DATA)
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
