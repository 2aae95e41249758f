import { SspiError } from '../../../contract/errors.ts';

/*
 * The checksum of type 0x8003 in the authenticator (RFC 4121 §4.1.1), little-endian:
 *
 *    0 Lgth = 16    4 Bnd: MD5 of the channel bindings, or zeros    20 Flags
 *   24 DlgOpt = 1  26 Dlgth    28 Deleg: a KRB-CRED    …  Exts
 */

export const GSS_FLAG = { DELEG: 1, MUTUAL: 2, REPLAY: 4, SEQUENCE: 8, CONF: 16, INTEG: 32, DCE_STYLE: 0x1000, IDENTIFY: 0x2000, EXTENDED_ERROR: 0x4000 } as const;

export interface AuthenticatorChecksum {
  /** MD5 of the gss_channel_bindings structure; 16 zeros: none. */
  bindings: Uint8Array;
  /** GSS_FLAG.* */
  flags: number;
  /** The KRB-CRED of a delegated ticket. */
  delegation?: Uint8Array;
}

export function writeAuthenticatorChecksum({ bindings, flags, delegation }: AuthenticatorChecksum): Uint8Array {
  const bytes = new Uint8Array(24 + (delegation === undefined ? 0 : 4 + delegation.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 16, true);
  bytes.set(bindings, 4);
  view.setUint32(20, flags, true);
  if (delegation !== undefined) {
    if (delegation.length > 0xffff) throw new RangeError(`a KRB-CRED of ${delegation.length} bytes does not fit into the checksum`);
    view.setUint16(24, 1, true);
    view.setUint16(26, delegation.length, true);
    bytes.set(delegation, 28);
  }
  return bytes;
}

export function readAuthenticatorChecksum(bytes: Uint8Array): AuthenticatorChecksum {
  if (bytes.length < 24) refuse(`24 bytes expected, ${bytes.length} came`, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 16) refuse('16 bytes of bindings expected', 0);
  const flags = view.getUint32(20, true);
  const checksum: AuthenticatorChecksum = { bindings: bytes.subarray(4, 20), flags };
  if ((flags & GSS_FLAG.DELEG) !== 0) {
    if (bytes.length < 28 || view.getUint16(24, true) !== 1) refuse('a delegation expected', 24);
    const length = view.getUint16(26, true);
    if (length > bytes.length - 28) refuse(`a delegation of ${length} bytes leaves the checksum`, 26);
    checksum.delegation = bytes.subarray(28, 28 + length);
  }
  return checksum;
}

function refuse(why: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', `the authenticator's checksum: ${why}`, { offset });
}
