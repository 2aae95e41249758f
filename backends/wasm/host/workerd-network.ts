import type { SocketAddress } from '../../contract/host.ts';
import { cloudflareSockets, type CloudflareSockets } from './cloudflare-sockets.ts';

/** Host.exchangeTcp over `connect()` of Workers, each time on a connection of its own: a socket belongs to the request that opened it. */
export async function exchangeTcp(
  { host, port }: SocketAddress, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal,
  sockets: () => Promise<CloudflareSockets> = cloudflareSockets,
): Promise<Uint8Array> {
  const { connect } = await sockets();
  signal.throwIfAborted();
  const socket = connect({ hostname: host, port }, { secureTransport: 'off', allowHalfOpen: false });
  const ignore = () => {};
  socket.closed.catch(ignore); // the streams tell it as well
  const close = () => void socket.close().catch(ignore);
  signal.addEventListener('abort', close, { once: true });
  try {
    await socket.opened;
    const writer = socket.writable.getWriter();
    writer.closed.catch(ignore);
    const written = writer.write(message);
    written.catch(ignore);
    const reader = socket.readable.getReader();
    let received = new Uint8Array(0);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return received; // what came is judged by its length
      const joined = new Uint8Array(received.length + value.length);
      joined.set(received);
      joined.set(value, received.length);
      received = joined;
      if (isWhole(received)) return received;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}
