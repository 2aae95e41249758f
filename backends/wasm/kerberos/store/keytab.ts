import { byteReader, type ByteReader } from '../../wire/byte-reader.ts';
import { byteWriter, type ByteWriter } from '../../wire/byte-writer.ts';
import { NT_PRINCIPAL, type Principal } from './principal.ts';

/** One long-term key of a service or a user. */
export interface KeytabEntry {
  principal: Principal;
  /** Seconds since 1970. */
  timestamp: number;
  kvno: number;
  etype: number;
  key: Uint8Array;
}

/*
 * A keytab (MIT's "Keytab file format"): 05 02, then records, all big-endian. Version 1 (05 01) has the host's
 * byte order, counts the realm as a component and has no name type.
 *
 *   int32 size          negative: a hole of that many bytes, to be skipped
 *   uint16 components   realm (uint16 length, bytes), then each component likewise
 *   uint32 name type    uint32 timestamp    uint8 kvno
 *   uint16 etype        uint16 length, key
 *   uint32 kvno         only where 4 bytes are left in the record; it wins when it is not 0
 */
const VERSION_1 = 0x0501;
const VERSION_2 = 0x0502;

/** Reads a keytab of version 1 or 2. Throws SEC_E_UNKNOWN_CREDENTIALS with the byte where it breaks. */
export function readKeytab(data: Uint8Array): KeytabEntry[] {
  const head = byteReader(data, { subject: 'keytab', code: 'SEC_E_UNKNOWN_CREDENTIALS' });
  const version = head.uint16('the version');
  if (version !== VERSION_1 && version !== VERSION_2) {
    head.fail(`version 05 01 or 05 02 expected, ${hex16(version)} came`, 0);
  }
  const firstVersion = version === VERSION_1;
  // Version 1 does not say its byte order: almost every such host was big-endian or wrote small sizes.
  const littleEndian = firstVersion && data.length > 5 && data[2] !== 0 && data[5] === 0;
  const reader = byteReader(data, { subject: 'keytab', code: 'SEC_E_UNKNOWN_CREDENTIALS', littleEndian });
  reader.bytes(2, 'the version');

  const entries: KeytabEntry[] = [];
  while (reader.remaining > 0) {
    const at = reader.offset;
    const size = reader.int32('a record size');
    if (size === 0) break; // MIT treats it as the end
    if (size === -0x80000000) reader.fail('a hole of 2^31 bytes', at);
    const record = reader.bytes(Math.abs(size), size < 0 ? 'a hole' : 'a record');
    if (size > 0) entries.push(readEntry(record, reader.offset - record.length, firstVersion, littleEndian));
  }
  return entries;
}

/** Writes a keytab of version 2. */
export function writeKeytab(entries: readonly KeytabEntry[]): Uint8Array {
  const writer = byteWriter();
  writer.uint16(VERSION_2);
  for (const entry of entries) {
    const record = byteWriter();
    record.uint16(entry.principal.components.length);
    for (const text of [entry.principal.realm, ...entry.principal.components]) writeCounted(record, UTF8.encode(text));
    record.uint32(entry.principal.nameType);
    record.uint32(entry.timestamp);
    record.uint8(entry.kvno & 0xff);
    record.uint16(entry.etype);
    writeCounted(record, entry.key);
    record.uint32(entry.kvno);
    const bytes = record.finish();
    writer.uint32(bytes.length);
    writer.bytes(bytes);
    bytes.fill(0);
  }
  return writer.finish();
}

function readEntry(record: Uint8Array, start: number, firstVersion: boolean, littleEndian: boolean): KeytabEntry {
  const reader = byteReader(record, { subject: `keytab record at byte ${start}`, code: 'SEC_E_UNKNOWN_CREDENTIALS', littleEndian });
  const count = reader.uint16('the number of components') - (firstVersion ? 1 : 0);
  if (count < 1) reader.fail('a principal needs a component', 0);
  const realm = readText(reader, 'the realm');
  const components: string[] = [];
  for (let i = 0; i < count; i++) components.push(readText(reader, `component ${i + 1} of ${count}`));
  const nameType = firstVersion ? NT_PRINCIPAL : reader.uint32('the name type');
  const timestamp = reader.uint32('the timestamp');
  const kvno8 = reader.uint8('the kvno');
  const etype = reader.uint16('the etype');
  const key = reader.bytes(reader.uint16('the key length'), 'the key').slice();
  const kvno32 = reader.remaining >= 4 ? reader.uint32('the 32-bit kvno') : 0;
  return { principal: { nameType, realm, components }, timestamp, kvno: kvno32 || kvno8, etype, key };
}

function readText(reader: ByteReader, what: string): string {
  return UTF8_IN.decode(reader.bytes(reader.uint16(`the length of ${what}`), what));
}

function writeCounted(writer: ByteWriter, bytes: Uint8Array): void {
  if (bytes.length > 0xffff) throw new RangeError(`a keytab field holds 65535 bytes, not ${bytes.length}`);
  writer.uint16(bytes.length);
  writer.bytes(bytes);
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0').replace(/(..)(..)/, '$1 $2');
}

const UTF8 = new TextEncoder();
const UTF8_IN = new TextDecoder('utf-8', { ignoreBOM: true }); // a mark that is left out would make two names one
