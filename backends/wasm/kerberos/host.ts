import type { Host } from '../../contract/host.ts';
import { resolveHost } from '../host/index.ts';
import { hostNetwork } from '../host/network.ts';

type Stores = Pick<Host, 'writeFile' | 'removeFile' | 'userId' | 'exchangeUnix'>;

/** The host with what only Kerberos asks of it: the network, and the stores of tickets. */
export function kerberosHost(host: Host): Host {
  return { ...hostNetwork(), ...hostStores(), ...host };
}

/** The same for who begins with a caller's replacements (undefined: none). */
export function resolveKerberosHost(replacements?: Partial<Host>): Host {
  return kerberosHost(resolveHost(replacements));
}

/** Where this runtime has Node's modules; nothing is loaded before the first call. */
function hostStores(): Stores {
  const { process } = globalThis as { process?: { versions?: { node?: string }; getuid?: () => number } };
  if (process?.versions?.node === undefined) return {};
  const stores = () => import('./node-stores.ts').then(({ nodeStores }) => nodeStores);
  return {
    writeFile: async (...args) => (await stores()).writeFile(...args),
    removeFile: async (...args) => (await stores()).removeFile(...args),
    exchangeUnix: async (...args) => (await stores()).exchangeUnix(...args),
    ...(process.getuid !== undefined && { userId: () => process.getuid!() }),
  };
}
