// As much BER as an LDAP client needs (X.690, definite lengths).

/** A tag of one octet with its content. */
export function tlv(tag: number, ...content: (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(content.map((part) => typeof part === 'string' ? Buffer.from(part) : part));
  const length = body.length < 0x80 ? [body.length] : [0x84, body.length >>> 24, (body.length >>> 16) & 0xff, (body.length >>> 8) & 0xff, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

export function integer(value: number, tag = 0x02): Buffer {
  return tlv(tag, Buffer.from(value < 0x80 ? [value] : [0, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]));
}

export interface Element {
  tag: number;
  content: Buffer;
  /** Octets of tag, length and content. */
  size: number;
}

/** The element at the start of `bytes`; null while it is not there whole. */
export function first(bytes: Buffer): Element | null {
  if (bytes.length < 2) return null;
  const form = bytes[1]!;
  const octets = form < 0x80 ? 0 : form & 0x7f;
  if (octets > 4 || form === 0x80) throw new Error(`BER: length form ${form.toString(16)}`);
  if (bytes.length < 2 + octets) return null;
  const length = octets === 0 ? form : bytes.readUIntBE(2, octets);
  const size = 2 + octets + length;
  return bytes.length < size ? null : { tag: bytes[0]!, content: bytes.subarray(2 + octets, size), size };
}

/** The elements that fill `bytes`. */
export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = first(bytes.subarray(at));
    if (element === null) throw new Error(`BER: an element is cut off at ${at} of ${bytes.length}`);
    found.push(element);
    at += element.size;
  }
  return found;
}
