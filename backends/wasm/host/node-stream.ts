import type { NetConnectOpts } from 'node:net';
import { builtin } from './builtin.ts';

/** Connects, sends, and resolves once `isWhole` says that the answer is, or to what came before the peer closed. */
export async function exchangeStream(
  peer: NetConnectOpts, message: Uint8Array, isWhole: (received: Uint8Array) => boolean, signal: AbortSignal,
): Promise<Uint8Array> {
  const { connect } = await builtin('node:net');
  signal.throwIfAborted();
  const socket = connect(peer);
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      let received: Uint8Array = new Uint8Array(0);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      socket.on('error', reject);
      socket.on('connect', () => socket.write(message));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (isWhole(received)) resolve(received);
      });
      socket.on('close', () => resolve(received)); // what came is judged by its length
    });
  } finally {
    socket.destroy();
  }
}
