import type { AcquireOptions } from '../../backends/contract/backend.ts';
import type { Engine } from '../../backends/wasm/engine.ts';
import { createWasmBackend } from '../../backends/wasm/index.ts';
import { type CredHandle, SECPKG_CRED_BOTH } from '../../src/index.ts';
import { newCredHandle } from '../../src/sspi/handles.ts';
import '../wasm/bring-parts.ts';

export { failure, hex, token, utf8 } from '../contract/support.ts';

/** A credential of a backend that is put together from a test's own mechanisms. */
export async function scriptedCredential(engine: Engine, options: Partial<AcquireOptions> = {}): Promise<CredHandle> {
  const backend = createWasmBackend(engine);
  return newCredHandle(await backend.acquireCredentials({
    package: 'NTLM', credentialUse: SECPKG_CRED_BOTH, authData: { user: 'alice', domain: 'ADTEST', password: 'x' }, ...options,
  }));
}
