import { builtin } from '../../backends/wasm/host/builtin.ts';
import { readKdcProxyRequest, wrapKdcProxyMessage } from '../../backends/wasm/kerberos/kdc/kdc-proxy.ts';

export interface ListeningRealm {
  /** UDP and TCP, on 127.0.0.1. */
  port: number;
  /** MS-KKDCP over plain HTTP, on 127.0.0.1. */
  kdcProxyUrl: string;
  /** The text of a krb5.conf for MIT and Heimdal clients. */
  krb5Conf: string;
}

export interface ListenOptions {
  /** Lets pages of this origin, or of all (`*`), ask the KDC proxy: a browser wants its consent (CORS). Default: none. Counts in the first call. */
  allowOrigin?: string;
}

type Answer = (realm: string, message: Uint8Array) => Promise<Uint8Array>;

const MAX_MESSAGE = 1 << 20;
/** What goes into one datagram, as MIT's kdc_max_dgram_reply_size. */
const MAX_DATAGRAM = 4096;

/** Opens UDP and TCP at one port, and a KDC proxy at another. `tooBig` makes what UDP says in place of a longer answer (RFC 4120 §7.2.1). */
export async function listenKdc(realm: string, answer: Answer, realms: readonly string[], tooBig: () => Uint8Array, options: ListenOptions = {}): Promise<ListeningRealm & AsyncDisposable> {
  const [{ createSocket }, { createServer }, http] = await Promise.all([builtin('node:dgram'), builtin('node:net'), builtin('node:http')]);

  const tcp = createServer((socket) => {
    let received: Uint8Array = new Uint8Array(0);
    socket.on('error', () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on('data', async (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4) {
        const length = new DataView(received.buffer, received.byteOffset).getUint32(0);
        if (length > MAX_MESSAGE) return void socket.destroy();
        if (received.length < 4 + length) return;
        const message = received.subarray(4, 4 + length);
        received = received.subarray(4 + length);
        try {
          socket.write(framed(await answer(realm, message)));
        } catch {
          socket.destroy();
        }
      }
    });
  });
  const port = await listen(tcp);

  const udp = createSocket('udp4');
  udp.on('message', async (message, from) => {
    try {
      const reply = await answer(realm, message);
      udp.send(reply.length > MAX_DATAGRAM ? tooBig() : reply, from.port, from.address);
    } catch {
      // What is no message gets no answer, as from any KDC.
    }
  });
  await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, '127.0.0.1', resolve));

  const proxy = http.createServer(async (request, response) => {
    if (options.allowOrigin !== undefined) {
      response.setHeader('access-control-allow-origin', options.allowOrigin);
      response.setHeader('access-control-allow-headers', 'content-type');
      if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    }
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { framed: message, targetDomain } = readKdcProxyRequest(Buffer.concat(chunks));
      const target = realms.find((one) => one.toLowerCase() === targetDomain?.toLowerCase()) ?? realm;
      const reply = wrapKdcProxyMessage(framed(await answer(target, message.subarray(4))));
      response.writeHead(200, { 'content-type': 'application/kerberos' }).end(reply);
    } catch {
      response.writeHead(400).end();
    }
  });
  const proxyPort = await listen(proxy);

  return {
    port,
    kdcProxyUrl: `http://127.0.0.1:${proxyPort}/KdcProxy`,
    krb5Conf: `[libdefaults]
  default_realm = ${realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false

[realms]
  ${realm} = {
    kdc = 127.0.0.1:${port}
    kpasswd_server = 127.0.0.1:${port}
  }

[domain_realm]
  .${realm.toLowerCase()} = ${realm}
  ${realm.toLowerCase()} = ${realm}
  localhost = ${realm}
`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      await Promise.all([
        new Promise((resolve) => tcp.close(resolve)),
        new Promise((resolve) => proxy.close(resolve)),
        new Promise<void>((resolve) => udp.close(resolve)),
      ]);
    },
  };
}

function listen(server: import('node:net').Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as import('node:net').AddressInfo).port));
  });
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + message.length);
  new DataView(bytes.buffer).setUint32(0, message.length);
  bytes.set(message, 4);
  return bytes;
}
