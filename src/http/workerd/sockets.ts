import { SspiError } from '../../../backends/contract/errors.ts';
import type { ByteDuplex } from '../http1/connection.ts';

/** What `cloudflare:sockets` gives. */
export interface CloudflareSockets {
  connect(address: { hostname: string; port: number }, options: { secureTransport: 'on' | 'off'; allowHalfOpen: boolean }): CloudflareSocket;
}

export interface CloudflareSocket extends ByteDuplex {
  opened: Promise<unknown>;
  closed: Promise<void>;
}

/** Asked for when a connection is needed, under a name that no bundler resolves. */
export async function cloudflareSockets(): Promise<CloudflareSockets> {
  const name = 'cloudflare:sockets';
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name) as CloudflareSockets;
  } catch (cause) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'this runtime has no cloudflare:sockets, so no connection can be held', {
      cause, remedy: 'Use Kerberos, which needs one request; or run this in Workers, Node, Deno or Bun.',
    });
  }
}
