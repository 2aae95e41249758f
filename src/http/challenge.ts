import { SspiError } from '../../backends/contract/errors.ts';
import { fromBase64 } from './base64.ts';

/** One challenge of WWW-Authenticate or Proxy-Authenticate (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: scheme names are case-insensitive. */
  scheme: string;
  /** What follows the scheme where it is a token68; null where it is parameters or nothing. */
  token68: string | null;
  /** Names in lower case, values unquoted. */
  params: ReadonlyMap<string, string>;
}

/**
 * The challenges of all lines of one header field, in order. A comma parts challenges and also the parameters of one.
 * What fits no rule is skipped up to the next comma outside quotes: hostile lines make no error and no quadratic work.
 */
export function parseChallenges(lines: readonly string[]): Challenge[] {
  return lines.flatMap(parseLine);
}

/** The token of `Authorization: SCHEME token68` (RFC 9110 §11.6.2); scheme in lower case, null where the line has no such form. */
export function parseCredentials(value: string): { scheme: string; token68: string } | null {
  const space = value.search(/[ \t]/); // no one pattern for the whole: runs of spaces would make it quadratic
  const scheme = space < 0 ? value : value.slice(0, space);
  const token68 = space < 0 ? '' : value.slice(space).trim();
  const whole = matchAt(TOKEN, scheme, 0)?.end === scheme.length;
  return whole && !/[ \t]/.test(token68) ? { scheme: scheme.toLowerCase(), token68 } : null;
}

/** Decodes the base64 of a token (RFC 4648 §4); null where it is none. Missing padding is tolerated, anything else is not. */
export function decodeToken(token68: string): Uint8Array | null {
  const digits = token68.replace(/={1,2}$/, '');
  if (digits.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(digits)) return null;
  if (token68.length > digits.length && token68.length % 4 !== 0) return null;
  return fromBase64(digits);
}

/** As `decodeToken`, for what a server sent: an `SspiError` names the header. */
export function requireToken(token68: string, header: string): Uint8Array {
  const token = decodeToken(token68);
  if (token === null) throw new SspiError('SEC_E_INVALID_TOKEN', `${header}: a base64 token was expected, ${token68.length} characters of something else came`);
  return token;
}

/*
 * WWW-Authenticate = [ challenge ] *( OWS "," OWS [ challenge ] )
 * challenge        = auth-scheme [ 1*SP ( token68 / [ auth-param *( OWS "," OWS auth-param ) ] ) ]
 * auth-param       = token BWS "=" BWS ( token / quoted-string )
 */
function parseLine(line: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;

  while (at < line.length) {
    at = matchAt(SEPARATORS, line, at)!.end;
    const scheme = matchAt(TOKEN, line, at);
    if (scheme === null) {
      at = skipToComma(line, at);
      continue;
    }
    const params = new Map<string, string>();
    const challenge = { scheme: scheme.text.toLowerCase(), token68: null as string | null, params };
    at = scheme.end;

    const space = matchAt(SPACES, line, at);
    const token68 = space && matchAt(TOKEN68_TO_COMMA, line, space.end);
    if (token68) {
      challenge.token68 = token68.group;
      at = token68.end;
    } else if (space) {
      at = parseParams(line, space.end, params);
    }
    // What stands between the challenge and the next comma makes the whole of it unreadable.
    const end = matchAt(TO_COMMA, line, at);
    if (end !== null) challenges.push(challenge);
    at = end?.end ?? skipToComma(line, at);
  }
  return challenges;
}

/** Reads `name=value` pairs; stops before the comma after which a new challenge begins. */
function parseParams(line: string, start: number, params: Map<string, string>): number {
  let at = start;
  let next: number | null = start;
  while (next !== null) {
    const name = matchAt(PARAM_NAME, line, next);
    const value = name && (matchAt(QUOTED, line, name.end) ?? matchAt(TOKEN, line, name.end));
    if (!name || !value) return at;
    const key = name.group.toLowerCase();
    if (!params.has(key)) params.set(key, value.text.startsWith('"') ? value.group.replace(/\\(.)/gs, '$1') : value.text);
    at = value.end;
    next = matchAt(COMMAS, line, at)?.end ?? null;
  }
  return at;
}

function skipToComma(line: string, start: number): number {
  let quoted = false;
  for (let at = start; at < line.length; at++) {
    const character = line[at];
    if (character === '"') quoted = !quoted;
    else if (character === '\\' && quoted) at++;
    else if (character === ',' && !quoted) return at;
  }
  return line.length;
}

function matchAt(pattern: RegExp, line: string, at: number): { text: string; group: string; end: number } | null {
  pattern.lastIndex = at;
  const match = pattern.exec(line);
  return match === null ? null : { text: match[0], group: match[1] ?? '', end: pattern.lastIndex };
}

const SEPARATORS = /[ \t,]*/y;
const SPACES = /[ \t]+/y;
const COMMAS = /[ \t]*,[ \t,]*/y;
const TO_COMMA = /[ \t]*(?=,|$)/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68_TO_COMMA = /([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)/y;
const PARAM_NAME = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/ys;
