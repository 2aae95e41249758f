import { SspiError } from './errors.ts';

/*
 * SEC_WINNT_AUTH_IDENTITY_EX2 (sspi.h), marshalled: everything in one buffer, little-endian, offsets from its start,
 * lengths in bytes, strings UTF-16LE.
 *
 *   0 Version = 0x201       4 cbHeaderLength = 48   8 cbStructureLength
 *  12 UserOffset           16 UserLength
 *  20 DomainOffset         24 DomainLength
 *  28 PackedCredentialsOffset                      32 PackedCredentialsLength
 *  36 Flags                40 PackageListOffset    44 PackageListLength
 *  48 …
 *
 * PackedCredentials is a SEC_WINNT_AUTH_PACKED_CREDENTIALS, offsets from its own start:
 *
 *   0 cbHeaderLength = 28   2 cbStructureLength     4 CredType (GUID)
 *  20 ByteArrayOffset      24 ByteArrayLength      28 the password
 */
const VERSION_2 = 0x201;
const HEADER = 48;
const USER = 12;
const DOMAIN = 20;
const CREDENTIALS = 28;
const FLAGS = 36;
const PACKAGE_LIST = 40;
const PACKED_HEADER = 28;
const MARSHALLED_UNICODE = 0x4 | 0x2;
/** SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, {28bfc32f-10f6-4738-98d1-1ac061df716a}, as it lies in memory. */
const PASSWORD_TYPE = [0x2f, 0xc3, 0xbf, 0x28, 0xf6, 0x10, 0x38, 0x47, 0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a];
const LONGEST = 0xffff;

export interface AuthIdentity {
  user: string;
  domain?: string;
  password: string;
  /** 'Kerberos,!NTLM', as in `acquireCredentialsHandle`. */
  packageList?: string;
}

/**
 * Packs a user, domain and password into the bytes that a SECBUFFER_PKG_PARAMS input buffer carries when
 * ISC_REQ_USE_SUPPLIED_CREDS is asked for: a marshalled SEC_WINNT_AUTH_IDENTITY_EX2 (sspi.h) with password credentials.
 * The bytes hold the password: wipe them after the call.
 */
export function packAuthIdentity(identity: AuthIdentity): Uint8Array {
  const { user, domain = '', password, packageList = '' } = identity;
  for (const [name, text] of [['user', user], ['domain', domain], ['password', password], ['packageList', packageList]] as const) {
    if (typeof text !== 'string') throw new TypeError(`${name} must be a string`);
    if (text.length * 2 > LONGEST - PACKED_HEADER) throw new RangeError(`${name} is longer than ${(LONGEST - PACKED_HEADER) >> 1} UTF-16 units`);
  }
  const userAt = HEADER;
  const domainAt = userAt + user.length * 2;
  const credentialsAt = domainAt + domain.length * 2;
  const listAt = credentialsAt + PACKED_HEADER + password.length * 2;
  const packed = new Uint8Array(listAt + packageList.length * 2);
  const view = new DataView(packed.buffer);
  view.setUint32(0, VERSION_2, true);
  view.setUint16(4, HEADER, true);
  view.setUint32(8, packed.length, true);
  view.setUint32(FLAGS, MARSHALLED_UNICODE, true);
  putString(view, USER, userAt, user);
  putString(view, DOMAIN, domainAt, domain);
  putString(view, PACKAGE_LIST, listAt, packageList);
  view.setUint32(CREDENTIALS, credentialsAt, true);
  view.setUint16(CREDENTIALS + 4, PACKED_HEADER + password.length * 2, true);
  view.setUint16(credentialsAt, PACKED_HEADER, true);
  view.setUint16(credentialsAt + 2, PACKED_HEADER + password.length * 2, true);
  packed.set(PASSWORD_TYPE, credentialsAt + 4);
  view.setUint32(credentialsAt + 20, PACKED_HEADER, true);
  view.setUint16(credentialsAt + 24, password.length * 2, true);
  putUtf16(view, credentialsAt + PACKED_HEADER, password);
  return packed;
}

/** Reads what `packAuthIdentity` packs. Throws SEC_E_INVALID_TOKEN with the offset, and never shows the password. */
export function unpackAuthIdentity(packed: Uint8Array): AuthIdentity {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < HEADER) fail(`a header of ${HEADER} bytes expected, ${packed.length} came`, packed.length);
  const version = view.getUint32(0, true);
  if (version !== VERSION_2) fail(`SEC_WINNT_AUTH_IDENTITY_VERSION_2 (0x201) expected, 0x${version.toString(16)} came`, 0);
  if (view.getUint32(8, true) !== packed.length) fail(`cbStructureLength says ${view.getUint32(8, true)} bytes, ${packed.length} came`, 8);

  const at = region(view, CREDENTIALS, 'PackedCredentials', 0, packed.length);
  if (at.length < PACKED_HEADER) fail(`PackedCredentials of at least ${PACKED_HEADER} bytes expected, ${at.length} came`, CREDENTIALS + 4);
  if (PASSWORD_TYPE.some((byte, index) => packed[at.offset + 4 + index] !== byte)) {
    fail('credentials of type SEC_WINNT_AUTH_DATA_TYPE_PASSWORD expected', at.offset + 4);
  }
  const secret = region(view, at.offset + 20, 'the password', at.offset, at.offset + at.length);
  const identity: AuthIdentity = { user: getString(view, USER, 'User'), password: getUtf16(view, secret.offset, secret.length) };
  const domain = getString(view, DOMAIN, 'Domain');
  const packageList = getString(view, PACKAGE_LIST, 'PackageList');
  if (domain !== '') identity.domain = domain;
  if (packageList !== '') identity.packageList = packageList;
  return identity;
}

function fail(message: string, offset: number): never {
  throw new SspiError('SEC_E_INVALID_TOKEN', `supplied credentials: ${message}`, { offset });
}

/** An offset (LE32) and a length (LE16) that follows it; the bytes must lie between `from + offset` and `end`, in whole UTF-16 units. */
function region(view: DataView, field: number, what: string, from: number, end: number): { offset: number; length: number } {
  const offset = from + view.getUint32(field, true);
  const length = view.getUint16(field + 4, true);
  if (offset > end - length) fail(`${what} at ${offset}, ${length} bytes long, leaves the ${end} bytes there are`, field);
  return { offset, length };
}

function getString(view: DataView, field: number, what: string): string {
  const { offset, length } = region(view, field, what, 0, view.byteLength);
  return getUtf16(view, offset, length);
}

function getUtf16(view: DataView, offset: number, length: number): string {
  if (length % 2 !== 0) fail(`whole UTF-16 units expected, ${length} bytes came`, offset);
  let text = '';
  for (let at = offset; at < offset + length; at += 2) text += String.fromCharCode(view.getUint16(at, true));
  return text;
}

function putString(view: DataView, field: number, offset: number, text: string): void {
  view.setUint32(field, offset, true);
  view.setUint16(field + 4, text.length * 2, true);
  putUtf16(view, offset, text);
}

function putUtf16(view: DataView, offset: number, text: string): void {
  for (let index = 0; index < text.length; index++) view.setUint16(offset + index * 2, text.charCodeAt(index), true);
}
