import type { Region, TokenNode } from './node.ts';
import { count } from './node.ts';
import { expectedButCame, isZero, oem, utf16 } from './text.ts';

/** Where a message's payload has been used, so that what overlaps and what nobody refers to can be told. */
export interface Used {
  name: string;
  start: number;
  end: number;
}

/**
 * A descriptor of eight bytes and the field it points at, `explain` turning the payload into a node.
 *
 *   0 Len (LE) │ 2 MaxLen (LE) │ 4 BufferOffset (LE, from the start of the message)
 */
export function payloadField(
  region: Region, offset: number, name: string, used: Used[], explain: (payload: Region) => TokenNode,
): TokenNode {
  const fields = `${name}Fields`;
  const missing = region.missing(fields, offset, 8);
  if (missing !== null) return missing;
  const length = region.u16(offset);
  const maxLength = region.u16(offset + 2);
  const bufferOffset = region.u32(offset + 4);
  const value = length === 0 ? 'empty' : `${count(length)} at ${bufferOffset}`;
  const note = maxLength < length ? `MaxLen ${maxLength} is less than Len ${length}` : undefined;
  if (length === 0) return region.node(fields, value, offset, 8, { note });

  const there = Math.max(0, Math.min(region.length - bufferOffset, length));
  let error: string | undefined;
  if (there < length) {
    error = expectedButCame(`${name} to end within the ${count(region.length)} of the message`,
      `${count(length)} at ${bufferOffset}, which end at ${bufferOffset + length}`, region.start + offset);
  }
  const overlapped = used.find((other) => bufferOffset < other.end && bufferOffset + length > other.start);
  if (overlapped !== undefined) {
    error ??= expectedButCame(`bytes of its own for ${name}`, `bytes ${bufferOffset} to ${bufferOffset + length}, which overlap ${overlapped.name}`,
      region.start + offset);
  }
  used.push({ name, start: bufferOffset, end: bufferOffset + length });
  const children = there === 0 ? [] : [explain(region.part(bufferOffset, length))];
  return region.node(fields, value, offset, 8, { note, error, children });
}

/** A string of the payload, UTF-16LE or OEM. */
export function textNode(payload: Region, name: string, unicode: boolean, messageStart: number): TokenNode {
  if (!unicode) {
    const text = oem(payload.bytes());
    return payload.node(name, text, 0, payload.length, { note: text.includes('\\x') ? 'the OEM code page is not told in the token' : undefined });
  }
  const odd = payload.length % 2 === 1;
  return payload.node(name, utf16(payload.bytes()), 0, payload.length, {
    note: (payload.start - messageStart) % 2 === 1 ? 'UTF-16 at an odd offset' : undefined,
    error: odd ? expectedButCame('an even number of bytes of UTF-16', count(payload.length), payload.start) : undefined,
  });
}

/** Bytes of the message that no field refers to. */
export function unreferenced(region: Region, headerEnd: number, used: readonly Used[]): TokenNode[] {
  const nodes: TokenNode[] = [];
  let at = headerEnd;
  for (const { start, end } of [...used].sort((a, b) => a.start - b.start)) {
    if (start > at && at < region.length) nodes.push(gap(region, at, Math.min(start, region.length)));
    at = Math.max(at, end);
  }
  if (at < region.length) nodes.push(gap(region, at, region.length));
  return nodes;
}

function gap(region: Region, start: number, end: number): TokenNode {
  const padding = isZero(region.bytes(start, end - start));
  if (padding) return region.node('Unreferenced bytes', `${count(end - start)}, all zero`, start, end - start, { note: 'no field refers to them' });
  return region.secretNode('Unreferenced bytes', start, end - start, {
    error: expectedButCame('every byte to belong to a field', `${count(end - start)} that none refers to`, region.start + start),
  });
}

/** The first payload offset that a field names, which is where the header ended; the message's length when no field has a payload. */
export function payloadStart(region: Region, descriptors: readonly number[], shortestHeader: number): number {
  const starts = descriptors.filter((at) => region.length >= at + 8 && region.u16(at) > 0).map((at) => region.u32(at + 4));
  const behind = starts.filter((start) => start >= shortestHeader);
  return behind.length > 0 ? Math.min(...behind) : region.length;
}
