// `#host` for Node, Bun and Deno, and for whoever names no condition: there it finds out.
import type { Host } from '../../../contract/host.ts';
import { post } from '../post.ts';

export { hostFiles } from '../files.ts';

interface ProcessLike {
  versions?: { node?: string };
  getuid?(): number;
}

/** Sockets and DNS where this runtime has Node's modules, fetch where it has that; nothing is loaded before the first call. */
export function hostNetwork(): Pick<Host, 'lookupSrv' | 'exchangeUdp' | 'exchangeTcp' | 'post'> {
  const network = typeof fetch === 'function' ? { post } : {};
  if (nodeProcess() === undefined) return network;
  const sockets = () => import('../node-network.ts').then(({ nodeNetwork }) => nodeNetwork);
  return {
    ...network,
    lookupSrv: async (...args) => (await sockets()).lookupSrv(...args),
    exchangeUdp: async (...args) => (await sockets()).exchangeUdp(...args),
    exchangeTcp: async (...args) => (await sockets()).exchangeTcp(...args),
  };
}

/** The stores of tickets; nothing is loaded before the first call. */
export function hostStores(): Pick<Host, 'writeFile' | 'removeFile' | 'userId' | 'exchangeUnix'> {
  const process = nodeProcess();
  if (process === undefined) return {};
  const stores = () => import('../node-stores.ts').then(({ nodeStores }) => nodeStores);
  return {
    writeFile: async (...args) => (await stores()).writeFile(...args),
    removeFile: async (...args) => (await stores()).removeFile(...args),
    exchangeUnix: async (...args) => (await stores()).exchangeUnix(...args),
    ...(process.getuid !== undefined && { userId: () => process.getuid!() }),
  };
}

function nodeProcess(): ProcessLike | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return process?.versions?.node === undefined ? undefined : process;
}
