import type { Host } from '../../contract/host.ts';

type Network = Pick<Host, 'lookupSrv' | 'exchangeUdp' | 'exchangeTcp' | 'post'>;

/** Sockets and DNS where this runtime has Node's modules, fetch where it has that; nothing is loaded before the first call. */
export function hostNetwork(): Network {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const network: Network = typeof fetch === 'function' ? { post } : {};
  if (process?.versions?.node === undefined) return network;
  const sockets = () => import('./node-network.ts').then(({ nodeNetwork }) => nodeNetwork);
  return {
    ...network,
    lookupSrv: async (...args) => (await sockets()).lookupSrv(...args),
    exchangeUdp: async (...args) => (await sockets()).exchangeUdp(...args),
    exchangeTcp: async (...args) => (await sockets()).exchangeTcp(...args),
  };
}

async function post(url: string, contentType: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body: body as BodyInit, signal, redirect: 'error' });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
