// What the contract's tests share, in words of every runtime: no Buffer, nothing of Node.
import * as assert from 'uvu/assert';
import { SECBUFFER_TOKEN, type SecBuffer, SspiError, type SspiErrorCode } from '../../src/index.ts';

export const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const token = (data: Uint8Array): SecBuffer => ({ type: SECBUFFER_TOKEN, data });

/** The SspiError that comes, which must have this code. */
export async function failure(code: SspiErrorCode, run: (() => unknown) | Promise<unknown>): Promise<SspiError> {
  let error: unknown;
  try {
    await (typeof run === 'function' ? run() : run);
  } catch (thrown) {
    error = thrown;
  }
  assert.instance(error, SspiError, `${code} expected, but ${error === undefined ? 'nothing was thrown' : String(error)}`);
  assert.is((error as SspiError).code, code, (error as SspiError).stack);
  return error as SspiError;
}
