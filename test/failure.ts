import * as assert from 'uvu/assert';
import { SspiError } from '../backends/contract/errors.ts';

/** The SspiError that a promise rejects with; any other outcome fails the test. */
export async function failure(promise: Promise<unknown>): Promise<SspiError> {
  const error = await promise.then(() => new Error('it went through'), (one: unknown) => one);
  assert.instance(error, SspiError, String(error));
  return error as SspiError;
}
