import * as assert from 'uvu/assert';
import type { AcquireOptions } from '../../backends/contract/backend.ts';
import type { Engine } from '../../backends/wasm/engine.ts';
import { createWasmBackend } from '../../backends/wasm/index.ts';
import { type CredHandle, SECBUFFER_TOKEN, SECPKG_CRED_BOTH, type SecBuffer, SspiError, type SspiErrorCode } from '../../src/index.ts';
import { newCredHandle } from '../../src/sspi/handles.ts';

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const token = (data: Uint8Array): SecBuffer => ({ type: SECBUFFER_TOKEN, data });

/** A credential of a backend that is put together from a test's own mechanisms. */
export async function scriptedCredential(engine: Engine, options: Partial<AcquireOptions> = {}): Promise<CredHandle> {
  const backend = createWasmBackend(engine);
  return newCredHandle(await backend.acquireCredentials({
    package: 'NTLM', credentialUse: SECPKG_CRED_BOTH, authData: { user: 'alice', domain: 'ADTEST', password: 'x' }, ...options,
  }));
}

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
