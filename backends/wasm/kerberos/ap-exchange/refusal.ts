import { SspiError } from '../../../contract/errors.ts';
import type { Host } from '../../../contract/host.ts';
import { withToken } from '../../error-token.ts';
import { kerberosError } from '../codes/errors.ts';
import { principalName } from '../exchange/kdc-rep-check.ts';
import { frame, TOK_ERROR } from '../gss/framing.ts';
import { encode } from '../messages/asn1.ts';
import { KrbError } from '../messages/krb-error.ts';
import type { Principal } from '../store/principal.ts';

/* How an acceptor refuses: with the protocol's error, for the log and for the client. */

/** Runs what decrypts; another key, or altered bytes, is the protocol's error `code`. */
export function open<T>(what: () => T, code: number, message: string): T {
  try {
    return what();
  } catch (cause) {
    if (cause instanceof SspiError && cause.code === 'SEC_E_DECRYPT_FAILURE') throw refusal(code, message, cause);
    throw cause;
  }
}

export function refusal(errorCode: number, message: string, cause?: unknown): SspiError {
  const { name, status, remedy } = kerberosError(errorCode);
  return new SspiError(status, `Kerberos: ${message}: ${name}`, { kerberos: { errorCode, name }, ...(remedy !== undefined && { remedy }), ...(cause !== undefined && { cause }) });
}

/** The error with a KRB-ERROR for the client (RFC 4120 §5.9.1): the code and the time, nothing that the message tells the log. */
export function withErrorToken(error: unknown, framed: boolean, host: Host, service: Principal): unknown {
  if (!(error instanceof SspiError) || error.token !== undefined) return error;
  const now = host.now().getTime();
  const message = new KrbError();
  message.stime = Math.floor(now / 1000);
  message.susec = (now % 1000) * 1000;
  message.errorCode = error.kerberos?.errorCode ?? GENERIC;
  message.realm = service.realm;
  message.sname = principalName(service);
  const token = encode(message);
  return withToken(error, framed ? frame(TOK_ERROR, token) : token);
}

/** The sname of a KRB-ERROR about what was no AP-REQ: the field is not optional, and MIT wants a component. */
export const NOBODY: Principal = { nameType: 0, realm: 'UNKNOWN', components: ['unknown'] };
const GENERIC = 60;
