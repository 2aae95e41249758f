import { SspiError } from './errors.ts';

/*
 * SEC_CHANNEL_BINDINGS (sspi.h): eight LE32 words, then the bytes that the offsets point to.
 *
 *   0 dwInitiatorAddrType   4 cbInitiatorLength   8 dwInitiatorOffset
 *  12 dwAcceptorAddrType   16 cbAcceptorLength   20 dwAcceptorOffset
 *  24 cbApplicationDataLength                    28 dwApplicationDataOffset
 *  32 …
 */
const HEADER = 32;

/** Packs application data ('tls-server-end-point:' + hash) as a SECBUFFER_CHANNEL_BINDINGS holds it. */
export function packChannelBindings(applicationData: Uint8Array): Uint8Array {
  const packed = new Uint8Array(HEADER + applicationData.length);
  const view = new DataView(packed.buffer);
  view.setUint32(24, applicationData.length, true);
  view.setUint32(28, HEADER, true);
  packed.set(applicationData, HEADER);
  return packed;
}

/** The application data of a SECBUFFER_CHANNEL_BINDINGS; addresses are not used by Windows and are refused. */
export function unpackChannelBindings(packed: Uint8Array): Uint8Array {
  if (packed.length < HEADER) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `channel bindings: ${HEADER} bytes of header expected, ${packed.length} came`, { offset: packed.length });
  }
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (const at of [4, 16]) {
    if (view.getUint32(at, true) !== 0) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'channel bindings: addresses are not supported, only application data', { offset: at });
    }
  }
  const length = view.getUint32(24, true);
  const offset = view.getUint32(28, true);
  if (length > packed.length || offset > packed.length - length || (length > 0 && offset < HEADER)) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `channel bindings: application data at ${offset}, ${length} bytes long, leaves the buffer of ${packed.length}`, { offset: 24 });
  }
  return packed.subarray(offset, offset + length);
}

/**
 * gss_channel_bindings_struct as NTLM and Kerberos hash it (RFC 4121 §4.1.1.2; MS-NLMP 2.2.2.1 MsvAvChannelBindings):
 * address types and lengths zero, then the application data with its LE32 length.
 */
export function gssChannelBindings(applicationData: Uint8Array): Uint8Array {
  const structure = new Uint8Array(20 + applicationData.length);
  new DataView(structure.buffer).setUint32(16, applicationData.length, true);
  structure.set(applicationData, 20);
  return structure;
}
