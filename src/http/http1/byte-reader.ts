import { MalformedResponse } from './head.ts';

/** What a stream's own reader has of it. */
export interface ByteSource {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** Bytes of a stream, taken as a protocol needs them: up to a mark, a number of them, or whatever is there. */
export interface ByteReader {
  /** Up to and without `mark`, as Latin-1; null where the stream ended before the first byte. More than `limit` bytes are an error. */
  until(mark: string, limit: number): Promise<string | null>;
  /** Some bytes, at most `limit`; null at the end. */
  some(limit: number): Promise<Uint8Array | null>;
  /** What has come and was not taken. */
  readonly rest: Uint8Array;
}

export function createByteReader(reader: ByteSource): ByteReader {
  let held: Uint8Array = new Uint8Array(0);
  /** Where `held` was joined of several chunks, the array that it lies in; there is room behind it. */
  let room = held;

  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (done || value === undefined) return false;
    const { length } = held;
    if (length === 0) held = value;
    else {
      if (held.buffer !== room.buffer || held.byteOffset + length + value.length > room.length) {
        room = new Uint8Array(2 * (length + value.length)); // twice, so that single bytes make no quadratic work
        room.set(held);
        held = room;
      }
      const start = held.byteOffset;
      room.set(value, start + length);
      held = room.subarray(start, start + length + value.length);
    }
    return true;
  };

  return {
    async until(mark, limit) {
      const bytes = Array.from(mark, (character) => character.charCodeAt(0));
      let searched = 0;
      for (;;) {
        const at = indexOf(held, bytes, searched);
        if (at > limit || (at < 0 && held.length > limit + bytes.length)) throw new MalformedResponse(`more than ${limit} bytes where ${JSON.stringify(mark)} was expected`);
        if (at >= 0) {
          const text = latin1(held.subarray(0, at));
          held = held.subarray(at + bytes.length);
          return text;
        }
        searched = Math.max(0, held.length - bytes.length + 1);
        if (await more()) continue;
        if (held.length === 0) return null;
        throw new MalformedResponse(`the connection closed where ${JSON.stringify(mark)} was expected`);
      }
    },
    async some(limit) {
      while (held.length === 0) if (!await more()) return null;
      const taken = held.subarray(0, limit);
      held = held.subarray(taken.length);
      return taken;
    },
    get rest() {
      return held;
    },
  };
}

function indexOf(bytes: Uint8Array, mark: readonly number[], from: number): number {
  for (let at = bytes.indexOf(mark[0]!, from); at >= 0; at = bytes.indexOf(mark[0]!, at + 1)) {
    if (at + mark.length <= bytes.length && mark.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
