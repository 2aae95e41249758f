import { byteReader, type ByteReader } from '../../wire/byte-reader.ts';
import { byteWriter, type ByteWriter } from '../../wire/byte-writer.ts';
import { NT_PRINCIPAL, type Principal } from './principal.ts';

export interface CachedCredential {
  client: Principal;
  server: Principal;
  /** The session key. */
  etype: number;
  key: Uint8Array;
  /** Seconds since 1970; 0 means unset (starttime then equals authtime, renewTill: not renewable). */
  authtime: number;
  starttime: number;
  endtime: number;
  renewTill: number;
  /** The ticket is encrypted in the session key of `secondTicket` (user-to-user). */
  isSkey: boolean;
  /** TicketFlags (RFC 4120 §5.3), bit 0 in the highest place. */
  flags: number;
  addresses: { type: number; data: Uint8Array }[];
  authdata: { type: number; data: Uint8Array }[];
  /** The Ticket's DER. */
  ticket: Uint8Array;
  secondTicket: Uint8Array;
}

export interface CredentialCacheData {
  version: 1 | 2 | 3 | 4;
  principal: Principal;
  /** The KDC's clock minus ours, in microseconds (version 4's DeltaTime header); 0 when unknown. */
  kdcOffset: number;
  credentials: CachedCredential[];
  /** MIT's X-CACHECONF: pseudo-tickets: settings such as fast_avail or pa_type, by key and, where there is one, principal. */
  config: { key: string; principal: string | null; value: Uint8Array }[];
}

/*
 * A FILE cache (MIT's "Credential cache file format"): 05, version, then
 *
 *   v4 only: uint16 header length, of (uint16 tag, uint16 length, bytes); tag 1 is DeltaTime: int32 seconds, int32 µs
 *   the default principal, then credentials to the end:
 *     client  server  keyblock  4 × uint32 times  uint8 is_skey  uint32 flags  addresses  authdata  ticket  second ticket
 *
 *   principal  v2+: uint32 name type; uint32 components (v1 counts the realm); realm; components. Each uint32 length, bytes
 *   keyblock   uint16 etype (v3: twice); uint32 length; key
 *   addresses, authdata   uint32 count of (uint16 type, uint32 length, bytes)
 *
 * Versions 1 and 2 have the byte order of the host that wrote them; 3 and 4 are big-endian.
 */
const DELTA_TIME = 1;
const CONFIG_REALM = 'X-CACHECONF:';
const CONFIG_NAME = 'krb5_ccache_conf_data';

/** Reads a cache of any version. Throws SEC_E_UNKNOWN_CREDENTIALS with the byte where it breaks. */
export function readCcache(data: Uint8Array): CredentialCacheData {
  const head = byteReader(data, { subject: 'credential cache', code: 'SEC_E_UNKNOWN_CREDENTIALS' });
  const magic = head.uint8('the magic');
  const version = head.uint8('the version');
  if (magic !== 5 || version < 1 || version > 4) head.fail(`05 01 to 05 04 expected, ${hex8(magic)} ${hex8(version)} came`, 0);
  const littleEndian = version <= 2 && looksLittleEndian(data);
  const reader = byteReader(data, { subject: 'credential cache', code: 'SEC_E_UNKNOWN_CREDENTIALS', littleEndian });
  reader.bytes(2, 'the version');

  const kdcOffset = version === 4 ? readHeader(reader) : 0;
  const principal = readPrincipal(reader, version, 'the default principal');
  const cache: CredentialCacheData = { version: version as 1 | 2 | 3 | 4, principal, kdcOffset, credentials: [], config: [] };
  while (reader.remaining > 0) {
    const credential = readCredential(reader, version);
    const { realm, components } = credential.server;
    if (realm === CONFIG_REALM && components[0] === CONFIG_NAME) {
      cache.config.push({ key: components[1] ?? '', principal: components[2] ?? null, value: credential.ticket });
    } else if (!isRemoved(credential)) {
      cache.credentials.push(credential);
    }
  }
  return cache;
}

/** Writes a cache of version 4. */
export function writeCcache(cache: Omit<CredentialCacheData, 'version'>): Uint8Array {
  const writer = byteWriter();
  writer.uint16(0x0504);
  writer.uint16(12);
  writer.uint16(DELTA_TIME);
  writer.uint16(8);
  writer.uint32(Math.trunc(cache.kdcOffset / 1e6) >>> 0);
  writer.uint32(cache.kdcOffset % 1e6 >>> 0);
  writePrincipal(writer, cache.principal);
  for (const credential of withConfig(cache)) writeCredential(writer, credential);
  return writer.finish();
}

/** A principal alone, as version 4 has it. */
export function marshalPrincipal(principal: Principal): Uint8Array {
  const writer = byteWriter();
  writePrincipal(writer, principal);
  return writer.finish();
}

/** Each credential alone, as version 4 has it; the settings are credentials too. */
export function marshalCredentials(cache: Omit<CredentialCacheData, 'version'>): Uint8Array[] {
  return withConfig(cache).map((credential) => {
    const writer = byteWriter();
    writeCredential(writer, credential);
    return writer.finish();
  });
}

/** The reverse of both. Throws SEC_E_UNKNOWN_CREDENTIALS. */
export function unmarshalCache(principal: Uint8Array, credentials: readonly Uint8Array[], kdcOffset: number): CredentialCacheData {
  const writer = byteWriter();
  writer.uint16(0x0504);
  writer.uint16(0);
  for (const part of [principal, ...credentials]) writer.bytes(part);
  const bytes = writer.finish();
  try {
    return { ...readCcache(bytes), kdcOffset };
  } finally {
    bytes.fill(0);
  }
}

function withConfig({ principal: client, config, credentials }: Omit<CredentialCacheData, 'version'>): CachedCredential[] {
  return [
    ...config.map(({ key, principal, value }) => ({
      ...EMPTY, client, server: { nameType: NT_PRINCIPAL, realm: CONFIG_REALM, components: [CONFIG_NAME, key, ...(principal === null ? [] : [principal])] }, ticket: value,
    })),
    ...credentials,
  ];
}

/** The numbers behind the version (name type, count of components) are small: a little-endian one has its byte in front. */
function looksLittleEndian(data: Uint8Array): boolean {
  return data[2] !== 0 || (data[5] === 0 && data[6] !== 0);
}

function readHeader(reader: ByteReader): number {
  const length = reader.uint16('the header length');
  const end = reader.offset + length;
  let offset = 0;
  while (reader.offset < end) {
    const tag = reader.uint16('a header tag');
    const field = reader.bytes(reader.uint16('a header field length'), 'a header field');
    if (reader.offset > end) reader.fail('a header field leaves the header');
    if (tag === DELTA_TIME && field.length === 8) {
      const view = new DataView(field.buffer, field.byteOffset, 8);
      offset = view.getInt32(0) * 1e6 + view.getInt32(4);
    }
  }
  return offset;
}

function readPrincipal(reader: ByteReader, version: number, what: string): Principal {
  const nameType = version >= 2 ? reader.uint32(`the name type of ${what}`) : NT_PRINCIPAL;
  const count = reader.uint32(`the number of components of ${what}`) - (version === 1 ? 1 : 0);
  if (count < 0 || count > reader.remaining / 4) reader.fail(`${what} cannot have ${count} components`, reader.offset - 4);
  const realm = readText(reader, `the realm of ${what}`);
  const components: string[] = [];
  for (let i = 0; i < count; i++) components.push(readText(reader, `component ${i + 1} of ${what}`));
  return { nameType, realm, components };
}

function readCredential(reader: ByteReader, version: number): CachedCredential {
  const client = readPrincipal(reader, version, 'a client');
  const server = readPrincipal(reader, version, 'a server');
  const etype = reader.uint16('an etype');
  if (version === 3) reader.uint16('an etype again');
  const key = readData(reader, 'a key').slice();
  const [authtime, starttime, endtime, renewTill] = ['authtime', 'starttime', 'endtime', 'renew_till'].map((name) => reader.uint32(name)) as [number, number, number, number];
  const isSkey = reader.uint8('is_skey') !== 0;
  const flags = reader.uint32('the ticket flags');
  const addresses = readTyped(reader, 'an address');
  const authdata = readTyped(reader, 'authorization data');
  const ticket = readData(reader, 'a ticket').slice();
  const secondTicket = readData(reader, 'a second ticket').slice();
  return { client, server, etype, key, authtime, starttime, endtime, renewTill, isSkey, flags, addresses, authdata, ticket, secondTicket };
}

function readTyped(reader: ByteReader, what: string): { type: number; data: Uint8Array }[] {
  const count = reader.uint32(`the count of ${what}`);
  if (count > reader.remaining / 6) reader.fail(`${count} times ${what} do not fit into the ${reader.remaining} bytes left`, reader.offset - 4);
  return Array.from({ length: count }, () => ({ type: reader.uint16(`the type of ${what}`), data: readData(reader, what).slice() }));
}

function readData(reader: ByteReader, what: string): Uint8Array {
  return reader.bytes(reader.uint32(`the length of ${what}`), what);
}

function readText(reader: ByteReader, what: string): string {
  return UTF8_IN.decode(readData(reader, what));
}

/** MIT marks a credential that it removed with endtime 0 and authtime -1. */
function isRemoved({ endtime, authtime }: CachedCredential): boolean {
  return endtime === 0 && authtime === 0xffffffff;
}

function writePrincipal(writer: ByteWriter, { nameType, realm, components }: Principal): void {
  writer.uint32(nameType);
  writer.uint32(components.length);
  for (const text of [realm, ...components]) writeData(writer, UTF8.encode(text));
}

function writeCredential(writer: ByteWriter, credential: CachedCredential): void {
  writePrincipal(writer, credential.client);
  writePrincipal(writer, credential.server);
  writer.uint16(credential.etype);
  writeData(writer, credential.key);
  for (const time of [credential.authtime, credential.starttime, credential.endtime, credential.renewTill]) writer.uint32(time);
  writer.uint8(credential.isSkey ? 1 : 0);
  writer.uint32(credential.flags);
  for (const list of [credential.addresses, credential.authdata]) {
    writer.uint32(list.length);
    for (const { type, data } of list) {
      writer.uint16(type);
      writeData(writer, data);
    }
  }
  writeData(writer, credential.ticket);
  writeData(writer, credential.secondTicket);
}

function writeData(writer: ByteWriter, bytes: Uint8Array): void {
  writer.uint32(bytes.length);
  writer.bytes(bytes);
}

function hex8(value: number): string {
  return value.toString(16).padStart(2, '0');
}

const UTF8 = new TextEncoder();
const UTF8_IN = new TextDecoder('utf-8', { ignoreBOM: true }); // a mark that is left out would make two names one
const NOTHING = new Uint8Array(0);
const EMPTY = {
  etype: 0, key: NOTHING, authtime: 0, starttime: 0, endtime: 0, renewTill: 0, isSkey: false, flags: 0,
  addresses: [], authdata: [], secondTicket: NOTHING,
};
