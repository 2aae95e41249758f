import { ALICE, inMemory } from '../../contract/in-memory.ts';
import type { World } from '../../contract/world.ts';

/** Secur32 with itself, over a DLL behind which the Wasm engine makes the tokens. It takes what Secur32 takes, and no more. */
export const overFake: World = {
  ...inMemory, name: 'secur32', client: 'secur32', server: 'secur32',
  capabilities: { ...inMemory.capabilities, replaceableHost: false, acceptorData: false },
  clientOptions: async (name) => ({ authData: name === 'Kerberos' ? { user: `alice@${inMemory.realm}`, password: ALICE.password } : ALICE }),
  serverOptions: async () => ({}),
};
