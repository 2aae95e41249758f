/** RFC 4648 §4. */
export function encodeToken(token: Uint8Array): string {
  if (typeof Buffer === 'function') return Buffer.from(token.buffer, token.byteOffset, token.byteLength).toString('base64');
  let text = '';
  for (let at = 0; at < token.length; at += CHUNK) text += String.fromCharCode(...token.subarray(at, at + CHUNK));
  return btoa(text);
}

/** The bytes of digits that are known to be base64, with or without padding. */
export function fromBase64(digits: string): Uint8Array {
  if (typeof Buffer === 'function') return new Uint8Array(Buffer.from(digits, 'base64'));
  return Uint8Array.from(atob(digits), (character) => character.charCodeAt(0));
}

/** Arguments of one call. */
const CHUNK = 8192;
