import { SspiError } from '../../../contract/errors.ts';
import { decodeApRep, decodeApRepPart, encodeApRep, encodeApRepPart } from '../../core/krb5-messages.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { etypeInfo, type KerberosKey } from '../etypes/index.ts';

export interface ApRepParts {
  /** The authenticator's, given back. */
  ctime: number;
  cusec: number;
  subkey?: { etype: number; bytes: Uint8Array };
  sequenceNumber?: number;
}

/** AP-REP (RFC 4120 §5.5.2) under the ticket's session key. */
export function apRepMessage({ ctime, cusec, subkey, sequenceNumber }: ApRepParts, sessionKey: KerberosKey): Uint8Array {
  const part = encodeApRepPart({
    ctime, cusec, ...(subkey !== undefined && { subkey: { type: subkey.etype, bytes: subkey.bytes } }), ...(sequenceNumber !== undefined && { seqNumber: sequenceNumber }),
  });
  const cipher = sessionKey.encrypt(KEY_USAGE.AP_REP_ENC_PART, part);
  part.fill(0);
  return encodeApRep({ etype: sessionKey.etype, cipher });
}

/** Throws SEC_E_INVALID_TOKEN, or SEC_E_DECRYPT_FAILURE where another key made it. */
export function readApRep(message: Uint8Array, sessionKey: KerberosKey): ApRepParts {
  const { ctime, cusec, subkey, seqNumber } = decodeApRepPart(sessionKey.decrypt(KEY_USAGE.AP_REP_ENC_PART, decodeApRep(message).cipher));
  if (subkey !== undefined && etypeInfo(subkey.type)?.keyLength !== subkey.bytes.length) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `the AP-REP's subkey of etype ${subkey.type} has ${subkey.bytes.length} bytes`);
  }
  return {
    ctime, cusec, ...(subkey !== undefined && { subkey: { etype: subkey.type, bytes: subkey.bytes } }), ...(seqNumber !== undefined && { sequenceNumber: seqNumber }),
  };
}
