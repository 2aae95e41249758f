import { SspiError } from '../../../contract/errors.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import { etypeInfo, type KerberosKey } from '../etypes/index.ts';
import { ApRep } from '../messages/ap-rep.ts';
import { decode, encode } from '../messages/asn1.ts';
import { EncApRepPart } from '../messages/enc-ap-rep-part.ts';
import { EncryptionKey } from '../messages/encryption-key.ts';

export interface ApRepParts {
  /** The authenticator's, given back. */
  ctime: number;
  cusec: number;
  subkey?: { etype: number; bytes: Uint8Array };
  sequenceNumber?: number;
}

/** AP-REP (RFC 4120 §5.5.2) under the ticket's session key. */
export function apRepMessage({ ctime, cusec, subkey, sequenceNumber }: ApRepParts, sessionKey: KerberosKey): Uint8Array {
  const part = new EncApRepPart();
  part.ctime = ctime;
  part.cusec = cusec;
  if (subkey !== undefined) {
    part.subkey = new EncryptionKey();
    part.subkey.keytype = subkey.etype;
    part.subkey.keyvalue = subkey.bytes;
  }
  if (sequenceNumber !== undefined) part.seqNumber = sequenceNumber;
  const message = new ApRep();
  message.encPart.etype = sessionKey.etype;
  message.encPart.cipher = sessionKey.encrypt(KEY_USAGE.AP_REP_ENC_PART, encode(part));
  return encode(message);
}

/** Throws SEC_E_INVALID_TOKEN, or SEC_E_DECRYPT_FAILURE where another key made it. */
export function readApRep(message: Uint8Array, sessionKey: KerberosKey): ApRepParts {
  const { encPart } = decode(ApRep, message);
  const part = decode(EncApRepPart, sessionKey.decrypt(KEY_USAGE.AP_REP_ENC_PART, encPart.cipher));
  if (part.subkey !== undefined && etypeInfo(part.subkey.keytype)?.keyLength !== part.subkey.keyvalue.length) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `the AP-REP's subkey of etype ${part.subkey.keytype} has ${part.subkey.keyvalue.length} bytes`);
  }
  return {
    ctime: part.ctime, cusec: part.cusec,
    ...(part.subkey !== undefined && { subkey: { etype: part.subkey.keytype, bytes: part.subkey.keyvalue } }),
    ...(part.seqNumber !== undefined && { sequenceNumber: part.seqNumber }),
  };
}
