import { SspiError } from '../contract/errors.ts';

/** The same error with another token for the peer, or with none. */
export function withToken(error: SspiError, token: Uint8Array | undefined): SspiError {
  if (error.token === token) return error;
  const { code, message, offset, remedy, kerberos, cause, stack } = error;
  const end = offset === undefined ? '' : ` (at byte ${offset})`;
  const copy = new SspiError(code, message.slice(`${code}: `.length, message.length - end.length), { cause, token, remedy, offset, kerberos });
  if (stack !== undefined) copy.stack = stack;
  return copy;
}
