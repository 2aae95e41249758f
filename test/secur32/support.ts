import type { AcquireOptions } from '../../backends/contract/backend.ts';
import { createSecur32Backend, type Secur32Backend } from '../../backends/secur32/index.ts';
import { type CredHandle, SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND } from '../../src/index.ts';
import { newCredHandle } from '../../src/sspi/handles.ts';
import { accounts, ALICE } from '../contract/in-memory.ts';
import { FakeLibrary, type FakeOptions } from './fake-library.ts';

export interface Bench {
  library: FakeLibrary;
  backend: Secur32Backend;
  acquire(options?: Partial<AcquireOptions>): Promise<CredHandle>;
  /** An outbound credential of alice, and an inbound one. */
  pair(options?: Partial<AcquireOptions>): Promise<{ clientCredential: CredHandle; serverCredential: CredHandle }>;
}

/** The backend over a fake secur32, behind handles. */
export function bench(options: FakeOptions = {}): Bench {
  const library = new FakeLibrary({ acceptor: { accounts }, ...options });
  const backend = createSecur32Backend(library);
  const acquire = async (wanted: Partial<AcquireOptions> = {}) => newCredHandle(await backend.acquireCredentials({
    package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, authData: ALICE, ...wanted,
  }));
  return {
    library, backend, acquire,
    pair: async (wanted) => ({ clientCredential: await acquire(wanted), serverCredential: await acquire({ ...wanted, authData: undefined, credentialUse: SECPKG_CRED_INBOUND }) }),
  };
}

/** Lets the event loop turn, so that what was promised has come. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Lets it turn until something is so, two seconds at most: on a machine that is busy a module may take its time to load. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turns = 0; turns < 400 && !isSo(); turns++) await settle();
}
