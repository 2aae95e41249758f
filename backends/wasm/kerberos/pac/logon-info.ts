import { byteReader, type ByteReader } from '../../wire/byte-reader.ts';

/** KERB_VALIDATION_INFO (MS-PAC 2.5), as far as a server needs it. */
export interface LogonInfo {
  effectiveName: string;
  fullName: string;
  logonServer: string;
  logonDomainName: string;
  userId: number;
  primaryGroupId: number;
  domainSid: string | null;
  /** domainSid-userId; null when there is no domain SID. */
  userSid: string | null;
  /** The SIDs of all groups: the domain's, the extra ones (other domains, well-known), the resource domain's. */
  groups: string[];
  userAccountControl: number;
}

/*
 * NDR (MS-RPCE 2.2.6, type serialization version 1): a header of 16 bytes, a pointer, the structure, then what its
 * pointers point to, in the order in which they stand. All aligned to their size.
 */
const MAX_GROUPS = 4096;

/** Throws SEC_E_INVALID_TOKEN with the byte where it breaks. */
export function readLogonInfo(data: Uint8Array): LogonInfo {
  const reader = byteReader(data, { subject: 'KERB_VALIDATION_INFO', code: 'SEC_E_INVALID_TOKEN', littleEndian: true });
  if (reader.uint8('the version') !== 1) reader.fail('type serialization version 1 expected', 0);
  if (reader.uint8('the byte order') !== 0x10) reader.fail('little-endian data expected', 1);
  reader.bytes(14, 'the headers');
  if (reader.uint32('a pointer') === 0) reader.fail('a structure expected, a null pointer came');

  reader.bytes(48, 'six times');
  const names = Array.from({ length: 6 }, () => readString(reader));
  reader.bytes(4, 'two counts');
  const userId = reader.uint32('UserId');
  const primaryGroupId = reader.uint32('PrimaryGroupId');
  reader.uint32('GroupCount');
  const groupIds = reader.uint32('GroupIds');
  reader.bytes(4 + 16, 'UserFlags and UserSessionKey');
  const logonServer = readString(reader);
  const logonDomain = readString(reader);
  const domainId = reader.uint32('LogonDomainId');
  reader.bytes(8, 'Reserved1');
  const userAccountControl = reader.uint32('UserAccountControl');
  reader.bytes(4 + 8 + 8 + 4 + 4, 'SubAuthStatus and logon times');
  reader.uint32('SidCount');
  const extraSids = reader.uint32('ExtraSids');
  const resourceDomain = reader.uint32('ResourceGroupDomainSid');
  reader.uint32('ResourceGroupCount');
  const resourceGroups = reader.uint32('ResourceGroupIds');

  // What the pointers point to.
  const [effectiveName, fullName] = names.map((pointer) => readText(reader, pointer)) as [string, string];
  const rids = groupIds === 0 ? [] : readMemberships(reader, 'GroupIds');
  const server = readText(reader, logonServer);
  const domain = readText(reader, logonDomain);
  const domainSid = domainId === 0 ? null : readNdrSid(reader);
  const extra = extraSids === 0 ? [] : readExtraSids(reader);
  const resourceSid = resourceDomain === 0 ? null : readNdrSid(reader);
  const resourceRids = resourceGroups === 0 ? [] : readMemberships(reader, 'ResourceGroupIds');
  return {
    effectiveName, fullName, logonServer: server, logonDomainName: domain, userId, primaryGroupId, domainSid,
    userSid: domainSid === null ? null : `${domainSid}-${userId}`,
    groups: [
      ...(domainSid === null ? [] : [...new Set([primaryGroupId, ...rids])].map((rid) => `${domainSid}-${rid}`)),
      ...extra,
      ...(resourceSid === null ? [] : resourceRids.map((rid) => `${resourceSid}-${rid}`)),
    ],
    userAccountControl,
  };
}

/** RPC_UNICODE_STRING: Length, MaximumLength, pointer. */
function readString(reader: ByteReader): { pointer: number; length: number } {
  const length = reader.uint16('a string length');
  reader.uint16('a string capacity');
  return { length, pointer: reader.uint32('a string pointer') };
}

/** A conformant varying array of UTF-16: maximum, offset, actual count, characters. */
function readText(reader: ByteReader, { pointer, length }: { pointer: number; length: number }): string {
  if (pointer === 0) return '';
  align(reader);
  reader.uint32('a maximum count');
  reader.uint32('an offset');
  const count = reader.uint32('an actual count');
  if (count > reader.remaining / 2) reader.fail(`a string of ${count} characters leaves the buffer`);
  const text = reader.bytes(count * 2, 'a string');
  return UTF16.decode(text.subarray(0, Math.min(length, text.length)));
}

function readMemberships(reader: ByteReader, what: string): number[] {
  const count = readCount(reader, what);
  return Array.from({ length: count }, () => {
    const rid = reader.uint32('a relative id');
    reader.uint32('attributes');
    return rid;
  });
}

function readExtraSids(reader: ByteReader): string[] {
  const count = readCount(reader, 'ExtraSids');
  const pointers = Array.from({ length: count }, () => {
    const pointer = reader.uint32('a SID pointer');
    reader.uint32('attributes');
    return pointer;
  });
  return pointers.filter((pointer) => pointer !== 0).map(() => readNdrSid(reader));
}

function readNdrSid(reader: ByteReader): string {
  align(reader);
  const maximum = reader.uint32('a count of sub-authorities');
  const revision = reader.uint8('a SID revision');
  const count = reader.uint8('a SID count');
  if (count !== maximum || count > 15) reader.fail(`a SID of ${count} sub-authorities in room for ${maximum}`);
  let text = `S-${revision}-${sidAuthority(reader.bytes(6, 'a SID authority'))}`;
  for (let i = 0; i < count; i++) text += `-${reader.uint32('a sub-authority')}`;
  return text;
}

/** MS-DTYP 2.4.2.1: decimal below 2^32, else twelve hexadecimal digits. */
export function sidAuthority(bytes: Uint8Array): string {
  const authority = bytes.reduce((value, byte) => value * 256 + byte, 0);
  return authority < 2 ** 32 ? String(authority) : `0x${authority.toString(16).padStart(12, '0')}`;
}

function readCount(reader: ByteReader, what: string): number {
  align(reader);
  const count = reader.uint32(`the count of ${what}`);
  if (count > MAX_GROUPS || count > reader.remaining / 8) reader.fail(`${count} ${what} leave the buffer`);
  return count;
}

function align(reader: ByteReader): void {
  const over = reader.offset % 4;
  if (over !== 0) reader.bytes(4 - over, 'padding');
}

const UTF16 = new TextDecoder('utf-16le', { ignoreBOM: true });
