import { SspiError } from '../../contract/errors.ts';

/** What `cloudflare:sockets` gives. */
export interface CloudflareSockets {
  connect(address: { hostname: string; port: number }, options: { secureTransport: 'on' | 'off'; allowHalfOpen: boolean }): CloudflareSocket;
}

export interface CloudflareSocket {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
  opened: Promise<unknown>;
  closed: Promise<void>;
  close(): Promise<unknown>;
}

/** Asked for when a connection is needed, under a name that no bundler resolves. */
export async function cloudflareSockets(): Promise<CloudflareSockets> {
  const name = 'cloudflare:sockets';
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name) as CloudflareSockets;
  } catch (cause) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'this runtime has no cloudflare:sockets, so no connection can be held', {
      cause, remedy: 'Use Kerberos through a KDC proxy (https://…/KdcProxy), which needs fetch alone; or run this in Workers, Node, Deno or Bun.',
    });
  }
}
