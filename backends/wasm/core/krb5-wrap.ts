import { core } from './instance.ts';
import type { CoreExports } from './instance.ts';

/*
 * Sealed Wrap tokens of RFC 4121, each in one call into core.wasm. `keys`: of `deriveSealKeys` for an AES etype.
 */

/** The longest message that goes in one call. */
export const WRAP_MOST = 0x10000;

/** What `unwrapToken` tells instead of a message. */
export const ALTERED = -1;
/** Less was sealed than EC tells. */
export const SHORT = -2;

/** `filler`: EC. At most WRAP_MOST bytes of message. */
export function wrapToken(etype: number, keys: Uint8Array, confounder: Uint8Array, message: Uint8Array, flags: number, filler: number, number: bigint): Uint8Array {
  const { input, output, key, krb5Wrap } = face();
  key.set(keys);
  input.set(confounder);
  input.set(message, confounder.length);
  const length = krb5Wrap(etype, message.length, flags, filler, number);
  const token = output.slice(0, length);
  output.fill(0, 0, length);
  key.fill(0, 0, keys.length);
  return token;
}

/**
 * `turn`: by how much what follows the header was rotated, less than its length; `extra`: EC. The token fits (`unwrapFits`), and
 * the lengths of header, confounder and checksum were looked at.
 */
export function unwrapToken(etype: number, keys: Uint8Array, token: Uint8Array, turn: number, extra: number): Uint8Array | typeof ALTERED | typeof SHORT {
  const { input, output, key, krb5Unwrap } = face();
  key.set(keys);
  input.set(token);
  const length = krb5Unwrap(etype, token.length, turn, extra);
  key.fill(0, 0, keys.length);
  if (length < 0) return length as typeof ALTERED | typeof SHORT;
  const message = output.slice(CONFOUNDER, CONFOUNDER + length);
  output.fill(0, 0, CONFOUNDER + length + extra + HEADER);
  return message;
}

/** Whether a token fits INPUT with its turned part once more behind it. */
export function unwrapFits(length: number, turn: number): boolean {
  return length + turn <= face().input.length;
}

interface Face {
  input: Uint8Array;
  output: Uint8Array;
  key: Uint8Array;
  krb5Wrap: CoreExports['krb5Wrap'];
  krb5Unwrap: CoreExports['krb5Unwrap'];
}

let made: Face | undefined;
function face(): Face {
  if (made !== undefined) return made;
  const { input, output, key, exports } = core();
  return (made = { input, output, key, krb5Wrap: exports.krb5Wrap, krb5Unwrap: exports.krb5Unwrap });
}

const HEADER = 16, CONFOUNDER = 16;
