// `#host` for Node, Bun and Deno, and for whoever names no condition: there it finds out.
import type { Host } from '../../../contract/host.ts';
import { explainDenial, permitted } from '../permission.ts';
import { post } from '../post.ts';

export { hostFiles } from '../files.ts';

interface ProcessLike {
  versions?: { node?: string };
  getuid?(): number;
}

/** Sockets and DNS where this runtime has Node's modules, fetch where it has that; nothing is loaded before the first call. */
export function hostNetwork(): Pick<Host, 'lookupSrv' | 'exchangeUdp' | 'exchangeTcp' | 'post'> {
  const network: Pick<Host, 'post'> = typeof fetch === 'function' ? { post: (...args) => permitted(() => post(...args)) } : {};
  if (nodeProcess() === undefined) return network;
  const sockets = () => import('../node-network.ts').then(({ nodeNetwork }) => nodeNetwork);
  return {
    ...network,
    lookupSrv: (...args) => permitted(async () => (await sockets()).lookupSrv(...args)),
    exchangeUdp: (...args) => permitted(async () => (await sockets()).exchangeUdp(...args), `${args[0].host}:${args[0].port}`),
    exchangeTcp: (...args) => permitted(async () => (await sockets()).exchangeTcp(...args), `${args[0].host}:${args[0].port}`),
  };
}

/** The stores of tickets; nothing is loaded before the first call. */
export function hostStores(): Pick<Host, 'writeFile' | 'removeFile' | 'userId' | 'exchangeUnix'> {
  const process = nodeProcess();
  if (process === undefined) return {};
  const stores = () => import('../node-stores.ts').then(({ nodeStores }) => nodeStores);
  return {
    writeFile: (...args) => permitted(async () => (await stores()).writeFile(...args)),
    removeFile: (...args) => permitted(async () => (await stores()).removeFile(...args)),
    exchangeUnix: (...args) => permitted(async () => (await stores()).exchangeUnix(...args)),
    ...(process.getuid !== undefined && {
      userId: () => {
        try {
          return process.getuid!();
        } catch (error) {
          throw explainDenial(error);
        }
      },
    }),
  };
}

function nodeProcess(): ProcessLike | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return process?.versions?.node === undefined ? undefined : process;
}
