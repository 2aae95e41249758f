import type { SecBuffer } from '../../backends/contract/buffers.ts';
import { checkBuffers, checkFlags } from './checks.ts';
import { type CtxtHandle, openContext } from './handles.ts';

export interface ProtectOptions {
  /** One SECBUFFER_TOKEN for the signature, and the message in SECBUFFER_DATA buffers. */
  buffers: SecBuffer[];
  /** Quality of protection; SECQOP_WRAP_NO_ENCRYPT signs without encrypting. */
  qop?: number;
  /** For datagrams. Connections count for themselves and ignore it, as on Windows. */
  sequenceNumber?: number;
}
export type UnprotectOptions = Omit<ProtectOptions, 'qop'>;

/** MakeSignature: signs the DATA buffers; the signature fills the TOKEN buffer, which is narrowed to it. Throws SEC_E_BUFFER_TOO_SMALL. */
export function makeSignature(context: CtxtHandle, options: ProtectOptions): void {
  const { context: open } = openContext(context);
  open.makeSignature(checkBuffers(options.buffers, 'buffers'), checkFlags(options.qop, 'qop'), checkFlags(options.sequenceNumber, 'sequenceNumber'));
}

/** VerifySignature: returns the quality of protection. Throws SEC_E_MESSAGE_ALTERED or SEC_E_OUT_OF_SEQUENCE; the context stays usable. */
export function verifySignature(context: CtxtHandle, options: UnprotectOptions): number {
  const { context: open } = openContext(context);
  return open.verifySignature(checkBuffers(options.buffers, 'buffers'), checkFlags(options.sequenceNumber, 'sequenceNumber'));
}

/**
 * EncryptMessage: encrypts the DATA buffers in place, except those marked SECBUFFER_READONLY_WITH_CHECKSUM (signed only) or SECBUFFER_READONLY
 * (left alone); the security trailer fills the TOKEN buffer, which needs `securityTrailer` bytes of SECPKG_ATTR_SIZES. A PADDING buffer is narrowed.
 */
export function encryptMessage(context: CtxtHandle, options: ProtectOptions): void {
  const { context: open } = openContext(context);
  open.encryptMessage(checkBuffers(options.buffers, 'buffers'), checkFlags(options.qop, 'qop'), checkFlags(options.sequenceNumber, 'sequenceNumber'));
}

/**
 * DecryptMessage: decrypts the DATA buffers in place and returns the quality of protection. A SECBUFFER_STREAM with trailer and message in one piece
 * and an empty DATA buffer work too: DATA then becomes a view of the plaintext. On an error nothing is decrypted and the context stays usable.
 */
export function decryptMessage(context: CtxtHandle, options: UnprotectOptions): number {
  const { context: open } = openContext(context);
  return open.decryptMessage(checkBuffers(options.buffers, 'buffers'), checkFlags(options.sequenceNumber, 'sequenceNumber'));
}
