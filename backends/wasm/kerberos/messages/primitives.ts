/** An ASN.1 type whose contents are octets: its tag, and what they mean. */
export interface Primitive<T> {
  name: string;
  tag: number;
  read(contents: Uint8Array, refuse: Refuse): T;
  write(value: T): ArrayLike<number>;
}

/** Throws: why the contents cannot be of this type. */
export type Refuse = (why: string) => never;

/** Int32. */
export const INT32: Primitive<number> = { name: 'INTEGER', tag: 0x02, read: (contents, refuse) => readInteger(contents, refuse) | 0, write: writeInteger };

/** UInt32, Microseconds; a peer that encodes 2^31 and above as negative is understood. */
export const UINT32: Primitive<number> = {
  ...INT32,
  read: (contents, refuse) => readInteger(contents, refuse) >>> 0,
  write: (value) => writeInteger(value >>> 0),
};

/** EncryptedData's kvno: a UInt32 that MIT, and Windows's read-only domain controllers, write as an Int32. */
export const KVNO: Primitive<number> = { ...UINT32, write: (value) => writeInteger(value | 0) };

export const BOOLEAN: Primitive<boolean> = {
  name: 'BOOLEAN',
  tag: 0x01,
  read(contents, refuse) {
    if (contents.length !== 1) refuse(`a BOOLEAN has one byte, ${contents.length} came`);
    return contents[0] !== 0;
  },
  write: (value) => [value ? 0xff : 0],
};

export const OCTETS: Primitive<Uint8Array> = { name: 'OCTET STRING', tag: 0x04, read: (contents) => new Uint8Array(contents), write: (value) => value };

/** KerberosString, Realm: read as UTF-8, as Windows and MIT write it. */
export const TEXT: Primitive<string> = { name: 'GeneralString', tag: 0x1b, read: (contents) => UTF8_IN.decode(contents), write: (value) => UTF8.encode(value) };

/** KerberosFlags: bit 0 of the text is the highest bit of the unsigned number. Bits that are not there are 0. */
export const FLAGS: Primitive<number> = {
  name: 'BIT STRING',
  tag: 0x03,
  read(contents, refuse) {
    if (contents.length === 0 || contents[0]! > 7) refuse('a BIT STRING begins with the number of its unused bits, 0 to 7');
    return ((contents[1]! << 24) | (contents[2]! << 16) | (contents[3]! << 8) | contents[4]!) >>> 0;
  },
  write: (value) => [0, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff],
};

/** KerberosTime (RFC 4120 §5.2.3), in seconds since 1970: YYYYMMDDHHMMSSZ, without fractions. */
export const TIME: Primitive<number> = {
  name: 'GeneralizedTime',
  tag: 0x18,
  read(contents, refuse) {
    const text = UTF8_IN.decode(contents);
    const time = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    // written again, because February 30 parses as March
    if (!Number.isFinite(time) || compact(time) !== text) refuse('a KerberosTime is YYYYMMDDHHMMSSZ');
    return time / 1000;
  },
  write(seconds) {
    const text = compact(seconds * 1000);
    if (text.length !== 15) throw new RangeError(`${seconds} s since 1970 is no year of four digits`);
    return UTF8.encode(text);
  },
};

function compact(time: number): string {
  return new Date(time).toISOString().replace(/[-:T]|\.\d+/g, '');
}

function readInteger(contents: Uint8Array, refuse: Refuse): number {
  const { length } = contents;
  if (length === 0 || length > 5 || (length === 5 && contents[0] !== 0)) refuse(`an INTEGER of ${length} bytes does not fit into 32 bits`);
  let value = contents[0]! >= 0x80 ? -1 : 0;
  for (const byte of contents) value = value * 256 + byte;
  return value;
}

function writeInteger(value: number): number[] {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) throw new RangeError(`${value} does not fit into 32 bits`);
  const octets: number[] = [];
  let rest = value;
  do {
    octets.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (rest !== (octets[0]! < 0x80 ? 0 : -1));
  return octets;
}

const UTF8 = new TextEncoder();
const UTF8_IN = new TextDecoder('utf-8', { ignoreBOM: true }); // a mark that is left out would make two names one
