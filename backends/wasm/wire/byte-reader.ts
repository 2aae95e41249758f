import { SspiError, type SspiErrorCode } from '../../contract/errors.ts';

/** Reads numbers and bytes from a buffer; a read past its end is an `SspiError` of the reader's own code with the offset. */
export interface ByteReader {
  readonly offset: number;
  readonly remaining: number;
  uint8(what: string): number;
  uint16(what: string): number;
  uint32(what: string): number;
  int32(what: string): number;
  /** A view of the next bytes, not a copy. */
  bytes(length: number, what: string): Uint8Array;
  fail(message: string, at?: number): never;
}

export interface ByteReaderOptions {
  /** What is read, for messages: 'keytab'. */
  subject: string;
  code: SspiErrorCode;
  littleEndian?: boolean;
}

export function byteReader(source: Uint8Array, { subject, code, littleEndian = false }: ByteReaderOptions): ByteReader {
  const data = new Uint8Array(source.buffer, source.byteOffset, source.byteLength); // slice() of a Buffer would be no copy
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let offset = 0;

  function fail(message: string, at = offset): never {
    throw new SspiError(code, `${subject}: ${message}`, { offset: at });
  }
  function take(length: number, what: string): number {
    if (length > data.length - offset) fail(`${what} needs ${length} bytes, ${data.length - offset} are left`);
    const start = offset;
    offset += length;
    return start;
  }
  return {
    get offset() { return offset; },
    get remaining() { return data.length - offset; },
    uint8: (what) => view.getUint8(take(1, what)),
    uint16: (what) => view.getUint16(take(2, what), littleEndian),
    uint32: (what) => view.getUint32(take(4, what), littleEndian),
    int32: (what) => view.getInt32(take(4, what), littleEndian),
    bytes: (length, what) => {
      const start = take(length, what);
      return data.subarray(start, start + length);
    },
    fail,
  };
}
