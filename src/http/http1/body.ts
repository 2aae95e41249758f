import type { ByteReader } from './byte-reader.ts';
import { MalformedResponse, type Framing } from './head.ts';

/** The bytes of a body, one piece a turn; returns after the last. A body that ends early throws. */
export async function* readBody(reader: ByteReader, framing: Framing): AsyncGenerator<Uint8Array, void> {
  switch (framing.kind) {
    case 'none':
      return;
    case 'close':
      for (let piece = await reader.some(PIECE); piece !== null; piece = await reader.some(PIECE)) yield piece;
      return;
    case 'length':
      yield* exactly(reader, framing.length);
      return;
    case 'chunked':
      for (;;) {
        const line = await reader.until('\r\n', MAX_CHUNK_LINE) ?? ended();
        const size = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line);
        if (size === null) throw new MalformedResponse('the size of a chunk was expected');
        const length = parseInt(size[1]!, 16);
        if (length === 0) break;
        yield* exactly(reader, length);
        if (await reader.until('\r\n', 0) === null) ended();
      }
      for (let total = 0; ;) { // trailers
        const line = await reader.until('\r\n', MAX_TRAILERS) ?? ended();
        if (line === '') return;
        if ((total += line.length) > MAX_TRAILERS) throw new MalformedResponse(`more than ${MAX_TRAILERS} bytes of trailers`);
      }
  }
}

async function* exactly(reader: ByteReader, length: number): AsyncGenerator<Uint8Array, void> {
  for (let left = length; left > 0;) {
    const piece = await reader.some(Math.min(left, PIECE)) ?? ended();
    left -= piece.length;
    yield piece;
  }
}

function ended(): never {
  throw new MalformedResponse('the connection closed before the body was complete');
}

const PIECE = 65536;
const MAX_CHUNK_LINE = 4096;
const MAX_TRAILERS = 65536;
