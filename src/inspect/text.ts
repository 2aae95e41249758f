/** `expected X, came Y, at byte N`: the one wording of every error in a tree. */
export function expectedButCame(expected: string, came: string, at: number): string {
  return `expected ${expected}, came ${came}, at byte ${at}`;
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}

/**
 * The text as it may be printed: a peer's control characters, line breaks, direction marks and lone surrogates
 * are written as \u{…}, since a terminal would obey them and JSON would carry them on.
 */
export function printable(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  let out = '';
  for (const character of text) out += UNPRINTABLE.test(character) ? `\\u{${character.codePointAt(0)!.toString(16)}}` : character;
  return out;
}

/** UTF-16LE; an odd last byte is dropped (the caller points it out). */
export function utf16(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i]! | (bytes[i + 1]! << 8));
  return printable(text);
}

/** OEM text: its code page is not in the token, so bytes past ASCII are written as \xNN. */
export function oem(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte < 0x80 ? printable(String.fromCharCode(byte)) : `\\x${byte.toString(16)}`;
  return text;
}

/** Kerberos strings: UTF-8 in practice (RFC 4120 5.2.1); what is not valid UTF-8 is written as U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return printable(new TextDecoder().decode(bytes));
}

/** A FILETIME (100 ns since 1601-01-01 UTC) as an ISO date with its seven decimals. */
export function filetime(low: number, high: number): string {
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  if (ticks === 0n) return '0 (not set)';
  if (ticks >= 0x7fff_ffff_ffff_ffffn) return `0x${ticks.toString(16)} (never)`;
  const milliseconds = Number(ticks / 10_000n) - 11_644_473_600_000;
  if (milliseconds > 8.64e15) return `0x${ticks.toString(16)} (past the year 275760)`;
  const date = new Date(milliseconds).toISOString();
  return `${date.slice(0, -1)}${(ticks % 10_000n).toString().padStart(4, '0')}Z`;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** 'a, b and c'. */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

// Cc, Cf (direction marks, zero width), Cs, Co, Cn (unassigned), line and paragraph separators
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;
