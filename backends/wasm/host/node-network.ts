import { SspiError } from '../../contract/errors.ts';
import type { Host, SocketAddress, SrvRecord } from '../../contract/host.ts';
import { builtin } from './builtin.ts';
import { exchangeStream } from './node-stream.ts';
import { isGranted } from './permission.ts';

interface DenoLike {
  resolveDns(name: string, type: 'SRV', options?: { signal: AbortSignal }): Promise<{ target: string; port: number; priority: number; weight: number }[]>;
}

/** Sockets and DNS over Node's modules, which Deno and Bun have as well; each is loaded when it is first used. */
export const nodeNetwork: Required<Pick<Host, 'lookupSrv' | 'exchangeUdp' | 'exchangeTcp'>> = { lookupSrv, exchangeUdp, exchangeTcp };

async function lookupSrv(name: string, signal?: AbortSignal): Promise<SrvRecord[]> {
  const { Deno } = globalThis as { Deno?: DenoLike };
  if (Deno !== undefined) return lookupWithDeno(Deno, name, signal);
  const { Resolver } = await builtin('node:dns/promises');
  const resolver = new Resolver();
  const cancel = () => resolver.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await resolver.resolveSrv(name);
  } catch (error) {
    signal?.throwIfAborted();
    if (NO_RECORDS.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** Node's resolver gives Deno's refusal no name; its own says what it needs. */
async function lookupWithDeno(Deno: DenoLike, name: string, signal?: AbortSignal): Promise<SrvRecord[]> {
  try {
    const records = await Deno.resolveDns(name, 'SRV', signal && { signal });
    return records.map(({ target, port, priority, weight }) => ({ name: target, port, priority, weight }));
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as Error).name === 'NotFound') return [];
    throw error;
  }
}

async function exchangeUdp({ host, port }: SocketAddress, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const [{ createSocket }, { lookup }] = await Promise.all([builtin('node:dgram'), builtin('node:dns/promises')]);
  signal.throwIfAborted();
  const { address, family } = await lookup(host);
  signal.throwIfAborted();
  // Deno binds a datagram's socket to any address first, and throws the refusal of that where nobody can catch it.
  const bound = family === 6 ? '[::]:0' : '0.0.0.0:0';
  if (!isGranted({ name: 'net', host: bound })) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Deno does not permit datagrams to ${host}:${port}`, { remedy: `Give the KDC as tcp://${host}:${port}, or run it with --allow-net=${bound} too.` });
  }
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      socket.on('error', reject);
      socket.on('message', (reply) => resolve(new Uint8Array(reply)));
      // Connected: only that address's datagrams arrive, and a closed port is an error at once instead of silence.
      socket.connect(port, address, () => socket.send(message, (error) => { if (error) reject(error); }));
    });
  } finally {
    socket.close();
  }
}

function exchangeTcp({ host, port }: SocketAddress, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal): Promise<Uint8Array> {
  return exchangeStream({ host, port, noDelay: true }, message, isWhole, signal);
}

const NO_RECORDS = new Set(['ENOTFOUND', 'ENODATA', 'NOTFOUND', 'NODATA']);
