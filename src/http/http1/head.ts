/** The head of an HTTP/1 response (RFC 9112 §4, §5). */
export interface ResponseHead {
  status: number;
  reason: string;
  minorVersion: 0 | 1;
  /** In the order they came. */
  fields: readonly (readonly [name: string, value: string])[];
}

/** How long a response's body is (RFC 9112 §6.3). */
export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; length: number }
  | { kind: 'chunked' }
  /** Its end is the connection's. */
  | { kind: 'close' };

/** What a server sent is not HTTP/1.1, or is more than is read. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
}

/** Reads a head without the blank line that ends it. */
export function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = STATUS_LINE.exec(statusLine);
  if (status === null) throw new MalformedResponse('an HTTP/1 status line was expected');
  const fields = lines.map((line): [string, string] => {
    const field = FIELD_LINE.exec(line);
    if (field === null) throw new MalformedResponse(`a header field was expected as line ${lines.indexOf(line) + 2} of the head`); // a folded line as well: §5.2
    return [field[1]!, field[2]!.trimEnd()];
  });
  return { status: Number(status[2]), reason: status[3] ?? '', minorVersion: status[1] === '0' ? 0 : 1, fields };
}

export function fieldValues({ fields }: ResponseHead, name: string): string[] {
  return fields.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value);
}

/** Two readings of a length are one too many: what is ambiguous is refused, since the next answer would begin at a place that the server chose twice. */
export function framingOf(head: ResponseHead, method: string): Framing {
  const codings = listOf(head, 'transfer-encoding');
  const lengths = listOf(head, 'content-length');
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return { kind: 'none' };
  if (codings.length > 0) {
    if (lengths.length > 0) throw new MalformedResponse('a response with both Transfer-Encoding and Content-Length');
    if (head.minorVersion === 0) throw new MalformedResponse('Transfer-Encoding in a response of HTTP/1.0');
    if (codings.length !== 1 || codings[0]!.toLowerCase() !== 'chunked') throw new MalformedResponse(`a transfer coding that was not asked for: ${codings.join(', ').slice(0, 80)}`);
    return { kind: 'chunked' };
  }
  if (lengths.length === 0) return { kind: 'close' };
  if (!lengths.every((length) => /^\d{1,15}$/.test(length) && Number(length) === Number(lengths[0]))) throw new MalformedResponse('a Content-Length that is no number, or several that differ');
  return { kind: 'length', length: Number(lengths[0]) };
}

/** RFC 9112 §9.3. */
export function keepsAlive(head: ResponseHead, framing: Framing): boolean {
  const options = list([...fieldValues(head, 'connection')]).map((option) => option.toLowerCase());
  return framing.kind !== 'close' && !options.includes('close') && (head.minorVersion === 1 || options.includes('keep-alive'));
}

/** A field that is there and says nothing is not the same as none: who stands in between may have read something into it. */
function listOf(head: ResponseHead, name: string): string[] {
  const values = fieldValues(head, name);
  const items = list(values);
  if (values.length > 0 && items.length === 0) throw new MalformedResponse(`an empty ${name} field`);
  return items;
}

function list(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((value) => value.trim()).filter((value) => value !== '');
}

// RFC 9110 §15: 100 to 599; RFC 9112 §4: the reason has no control characters. A Response takes nothing else.
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)$/;
