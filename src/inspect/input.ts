import type { InputForm } from './node.ts';
import { printable } from './text.ts';

/** What a person pasted, read as bytes. */
export interface ReadInput {
  form: InputForm;
  /** The header's name in its usual spelling; absent when only `Negotiate …` was given. */
  header?: string;
  /** One per challenge of a header line; exactly one, without a scheme, for every other form. */
  credentials: Credential[];
}

export interface Credential {
  /** 'Negotiate', 'NTLM', … as it was spelled. */
  scheme?: string;
  /** Absent: the scheme stands alone, or carries something that is no token of ours. */
  token?: Uint8Array;
  /** What was wrong with the text that should be a token. */
  problem?: string;
}

/** Reads raw bytes, hex (spaces, colons, commas, 0x, \x allowed), base64 (also URL-safe, unpadded, broken into lines) or a header line. */
export function readInput(input: Uint8Array | string): ReadInput {
  if (input instanceof Uint8Array) return { form: 'bytes', credentials: [{ token: input }] };
  const text = input.trim();
  const header = HEADER.exec(text);
  if (header !== null) return { form: 'header', header: HEADER_NAMES[header[1]!.toLowerCase()]!, credentials: readChallenges(header[2]!) };
  if (SCHEME.test(text)) return { form: 'header', credentials: readChallenges(text) };
  const digits = text.replace(/0x|\\x|[\s:,-]/gi, '');
  return /^[0-9a-f]*$/i.test(digits) ? { form: 'hex', credentials: [readHex(digits)] } : { form: 'base64', credentials: [readBase64(text)] };
}

function readHex(digits: string): Credential {
  const token = new Uint8Array(digits.length >> 1);
  for (let i = 0; i < token.length; i++) token[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  if (digits.length % 2 === 0) return { token };
  return { token, problem: `expected two hexadecimal digits a byte, came ${digits.length} digits, at byte ${token.length}` };
}

function readBase64(text: string): Credential {
  const bytes: number[] = [];
  let group = 0;
  let bits = 0;
  let padded = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (/\s/.test(character)) continue;
    if (character === '=') {
      padded = true;
      continue;
    }
    const digit = padded ? -1 : BASE64.indexOf(character === '-' ? '+' : character === '_' ? '/' : character);
    if (digit < 0) {
      const came = `'${printable(String.fromCodePoint(text.codePointAt(i)!))}'${padded ? ' after the padding' : ''}`;
      return { token: Uint8Array.from(bytes), problem: `expected hex, base64 or a header line, came ${came} as character ${i + 1}, at byte ${bytes.length}` };
    }
    group = (group << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((group >> bits) & 0xff);
      group &= (1 << bits) - 1;
    }
  }
  const token = Uint8Array.from(bytes);
  // 6 bits left over are one character that makes no byte; bits that are set past the last byte were cut from one
  if (bits === 6) return { token, problem: `expected 2 to 4 base64 characters in the last group, came 1, at byte ${token.length}` };
  if (group !== 0) return { token, problem: `expected zero bits after the last base64 byte, came ${group}: the text is cut or altered, at byte ${token.length}` };
  return { token };
}

/**
 * RFC 9110 11.6.1: challenges separated by commas, each a scheme with a token68 or with parameters.
 *
 *   Negotiate oRQw…, NTLM, Basic realm="a, b"
 */
function readChallenges(text: string): Credential[] {
  const credentials: Credential[] = [];
  for (const piece of splitAtCommas(text)) {
    if (piece === '' || PARAMETER.test(piece)) continue; // an empty element, or a parameter of the scheme before
    const space = piece.search(/\s/);
    const scheme = printable(space < 0 ? piece : piece.slice(0, space));
    const rest = space < 0 ? '' : piece.slice(space).trim();
    const ours = OUR_SCHEMES.has(scheme.toLowerCase());
    credentials.push(rest === '' || !ours ? { scheme } : { scheme, ...readBase64(rest) });
    if (credentials.length === MAX_CHALLENGES) break;
  }
  return credentials;
}

function splitAtCommas(text: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted && character === '\\') piece += character + (text[++i] ?? '');
    else if (character === ',' && !quoted) {
      pieces.push(piece.trim());
      piece = '';
    } else {
      if (character === '"') quoted = !quoted;
      piece += character;
    }
  }
  pieces.push(piece.trim());
  return pieces;
}

const HEADER_NAMES: Readonly<Record<string, string>> = {
  'www-authenticate': 'WWW-Authenticate',
  authorization: 'Authorization',
  'proxy-authenticate': 'Proxy-Authenticate',
  'proxy-authorization': 'Proxy-Authorization',
  'authentication-info': 'Authentication-Info',
};
const OUR_SCHEMES: ReadonlySet<string> = new Set(['negotiate', 'ntlm', 'kerberos', 'nego2']);
// curl -v writes '< ' or '> ' before a header
const HEADER = new RegExp(`^(?:[<>] )?(${Object.keys(HEADER_NAMES).join('|')})[ \\t]*:(.*)$`, 'is');
const SCHEME = /^(negotiate|ntlm|kerberos|nego2|basic|digest|bearer)(?:[\s,]|$)/i;
const PARAMETER = /^[^\s="]+\s*=\s*(?:"|[^=\s])/;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const MAX_CHALLENGES = 32;
