import { SspiError } from '../../../contract/errors.ts';
import { KEY_USAGE } from '../codes/key-usage.ts';
import type { KerberosKey } from '../etypes/index.ts';
import { byteReader } from '../../wire/byte-reader.ts';
import { readLogonInfo, sidAuthority, type LogonInfo } from './logon-info.ts';

/*
 * PACTYPE (MS-PAC 2.3), little-endian:
 *
 *   0 cBuffers   4 Version = 0   8 cBuffers × { ulType (4)  cbBufferSize (4)  Offset (8) }
 *
 * A signature buffer (2.8): SignatureType (4), Signature, and for a read-only domain controller RODCIdentifier (2).
 */
export const PAC_TYPE = {
  LOGON_INFO: 1, CREDENTIALS: 2, SERVER_CHECKSUM: 6, PRIVSVR_CHECKSUM: 7, CLIENT_INFO: 10, DELEGATION_INFO: 11, UPN_DNS_INFO: 12,
  CLIENT_CLAIMS: 13, DEVICE_INFO: 14, DEVICE_CLAIMS: 15, TICKET_CHECKSUM: 16, ATTRIBUTES: 17, REQUESTOR: 18, FULL_CHECKSUM: 19,
} as const;

export interface PacBuffer {
  type: number;
  offset: number;
  data: Uint8Array;
}

/** What a verified PAC tells of the client. */
export interface PacIdentity {
  /** Null in MIT's minimal PAC. */
  logon: LogonInfo | null;
  /** CLIENT_INFO's name: the client as the ticket names it. */
  clientName: string;
  upn: string | null;
  dnsDomain: string | null;
  /** PAC_REQUESTOR: the SID of the account that got the ticket. */
  requestorSid: string | null;
}

/** The buffers of a PAC. Throws SEC_E_INVALID_TOKEN with the byte where it breaks. */
export function readPac(pac: Uint8Array): PacBuffer[] {
  const reader = byteReader(pac, { subject: 'PAC', code: 'SEC_E_INVALID_TOKEN', littleEndian: true });
  const count = reader.uint32('the number of buffers');
  if (reader.uint32('the version') !== 0) reader.fail('version 0 expected', 4);
  if (count > reader.remaining / 16) reader.fail(`${count} buffers do not fit into the ${pac.length} bytes that came`, 0);
  const buffers: PacBuffer[] = [];
  for (let i = 0; i < count; i++) {
    const at = reader.offset;
    const type = reader.uint32('a buffer type');
    const size = reader.uint32('a buffer size');
    const offset = reader.uint32('a buffer offset');
    if (reader.uint32('the high half of an offset') !== 0 || offset > pac.length || size > pac.length - offset) {
      reader.fail(`the buffer of type ${type}, ${size} bytes at ${offset}, leaves the ${pac.length} bytes that came`, at);
    }
    buffers.push({ type, offset, data: pac.subarray(offset, offset + size) });
  }
  return buffers;
}

/**
 * Verifies the server signature with the service's key (MS-PAC 2.8.1), and that the PAC is of the client and the time of
 * the ticket that it lies in (2.7).
 *
 * Throws SEC_E_MESSAGE_ALTERED for a PAC that the KDC did not make for this service, SEC_E_INVALID_TOKEN for a malformed one.
 */
export function verifyPac(pac: Uint8Array, serviceKey: KerberosKey, ticket: { clientName: string; authtime: number }): PacIdentity {
  const buffers = readPac(pac);
  const only = (type: number) => {
    const found = buffers.filter((buffer) => buffer.type === type);
    if (found.length > 1) throw new SspiError('SEC_E_INVALID_TOKEN', `the PAC has ${found.length} buffers of type ${type}`, { offset: found[1]!.offset });
    return found[0];
  };
  const signature = only(PAC_TYPE.SERVER_CHECKSUM);
  if (signature === undefined || only(PAC_TYPE.PRIVSVR_CHECKSUM) === undefined) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'the PAC is not signed');
  const { type, checksum } = readSignature(signature);
  if (type !== serviceKey.checksumType) {
    throw new SspiError('SEC_E_MESSAGE_ALTERED', `the PAC is signed with the checksum type ${type}, and the service's key makes ${serviceKey.checksumType}`);
  }
  if (!serviceKey.verifyChecksum(KEY_USAGE.PAC_SIGNATURE, withoutSignatures(pac, buffers), checksum)) {
    throw new SspiError('SEC_E_MESSAGE_ALTERED', "the PAC's server signature is not right");
  }

  const info = only(PAC_TYPE.CLIENT_INFO);
  // Without it nothing would tie the PAC to this ticket: it could be another user's.
  if (info === undefined) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'the PAC does not say whose it is: PAC_CLIENT_INFO is missing');
  const client = readClientInfo(info.data);
  if (client.authtime !== ticket.authtime) throw new SspiError('SEC_E_MESSAGE_ALTERED', 'the PAC is of another logon than the ticket');
  if (client.name.toLowerCase() !== ticket.clientName.toLowerCase()) throw new SspiError('SEC_E_MESSAGE_ALTERED', `the PAC is of '${client.name}', and the ticket of '${ticket.clientName}'`);
  const logon = only(PAC_TYPE.LOGON_INFO);
  const upn = only(PAC_TYPE.UPN_DNS_INFO);
  const requestor = only(PAC_TYPE.REQUESTOR);
  return {
    logon: logon === undefined ? null : readLogonInfo(logon.data),
    clientName: client.name,
    ...(upn === undefined ? { upn: null, dnsDomain: null } : readUpnDnsInfo(upn.data)),
    requestorSid: requestor === undefined ? null : readSid(requestor.data),
  };
}

/** SID (MS-DTYP 2.4.2.2) as text: S-1-5-21-… */
export function readSid(bytes: Uint8Array): string {
  const reader = byteReader(bytes, { subject: 'SID', code: 'SEC_E_INVALID_TOKEN', littleEndian: true });
  const revision = reader.uint8('the revision');
  const count = reader.uint8('the count of sub-authorities');
  let text = `S-${revision}-${sidAuthority(reader.bytes(6, 'the authority'))}`;
  for (let i = 0; i < count; i++) text += `-${reader.uint32('a sub-authority')}`;
  return text;
}

/** The PAC as it was signed: both signatures zero. MS-PAC 2.8.1. */
export function withoutSignatures(pac: Uint8Array, buffers: readonly PacBuffer[]): Uint8Array {
  const bare = new Uint8Array(pac);
  for (const { type, offset, data } of buffers) {
    if (type !== PAC_TYPE.SERVER_CHECKSUM && type !== PAC_TYPE.PRIVSVR_CHECKSUM) continue;
    const length = data.length >= 4 ? signatureLength(data) : 0;
    bare.fill(0, offset + 4, offset + 4 + length);
  }
  return bare;
}

function readSignature({ data, offset }: PacBuffer): { type: number; checksum: Uint8Array } {
  if (data.length < 4) throw new SspiError('SEC_E_INVALID_TOKEN', 'a PAC signature without its type', { offset });
  const type = new DataView(data.buffer, data.byteOffset).getInt32(0, true);
  return { type, checksum: data.subarray(4, 4 + signatureLength(data)) };
}

/** By its type: an RODCIdentifier may stand behind it. */
function signatureLength(data: Uint8Array): number {
  const type = new DataView(data.buffer, data.byteOffset).getInt32(0, true);
  return Math.min(data.length - 4, SIGNATURE_LENGTH[type] ?? data.length - 4);
}

/** PAC_CLIENT_INFO (2.7): ClientId, a FILETIME; NameLength; Name. */
function readClientInfo(bytes: Uint8Array): { authtime: number; name: string } {
  const reader = byteReader(bytes, { subject: 'PAC_CLIENT_INFO', code: 'SEC_E_INVALID_TOKEN', littleEndian: true });
  const low = reader.uint32('the time');
  const high = reader.uint32('the time');
  const name = UTF16.decode(reader.bytes(reader.uint16('the name length'), 'the name'));
  return { authtime: Number(((BigInt(high) << 32n) | BigInt(low)) / 10_000_000n - 11_644_473_600n), name };
}

/** UPN_DNS_INFO (2.10): lengths and offsets of the UPN and the DNS domain, both from the buffer's start. */
function readUpnDnsInfo(bytes: Uint8Array): { upn: string | null; dnsDomain: string | null } {
  const reader = byteReader(bytes, { subject: 'UPN_DNS_INFO', code: 'SEC_E_INVALID_TOKEN', littleEndian: true });
  const text = (what: string) => {
    const length = reader.uint16(`the length of ${what}`);
    const offset = reader.uint16(`the offset of ${what}`);
    if (offset > bytes.length || length > bytes.length - offset) reader.fail(`${what}, ${length} bytes at ${offset}, leaves the buffer`);
    return length === 0 ? null : UTF16.decode(bytes.subarray(offset, offset + length));
  };
  return { upn: text('the UPN'), dnsDomain: text('the DNS domain') };
}

const UTF16 = new TextDecoder('utf-16le', { ignoreBOM: true });
/** MS-PAC 2.8: HMAC-MD5, and the AES checksums. */
const SIGNATURE_LENGTH: Record<number, number> = { [-138]: 16, 15: 12, 16: 12, 19: 16, 20: 24 };
