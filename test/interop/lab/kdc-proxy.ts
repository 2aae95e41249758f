// A KDC proxy (MS-KKDCP) over HTTPS: its own reading of KDC-PROXY-MESSAGE, and real KDCs behind it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { selfSigned } from './apache.ts';
import { elements, first, tlv } from './ber.ts';
import { type Peer } from './peer.ts';
import { temporaryFolder } from './processes.ts';

export const k5tls: Peer = {
  name: 'MIT k5tls',
  packages: ['krb5-k5tls'],
  unusable: () => readdirSync('/usr/lib').some((name) => existsSync(`/usr/lib/${name}/krb5/plugins/tls/k5tls.so`)) ? null : 'MIT has no TLS (package krb5-k5tls)',
};

export interface KdcProxy {
  /** https://localhost:PORT/KdcProxy */
  url: string;
  /** Path of the certificate, which signed itself. */
  anchor: string;
  /** Realms as the clients wrote them, one a request. */
  asked: string[];
  /** An answer in place of the KDC's, for the requests to come. */
  failWith: number | null;
  stop(): void;
}

/** @param kdcs 'HOST:PORT' by realm; or how to answer a whole request */
export async function startKdcProxy(kdcs: Record<string, string> | ((body: Buffer) => Promise<Buffer>)): Promise<KdcProxy> {
  const folder = temporaryFolder('kdc-proxy');
  const [key, anchor] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  await selfSigned(key, anchor);
  const server: Server = createServer({ key: readFileSync(key), cert: readFileSync(anchor) }, async (incoming, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      if (proxy.failWith !== null) return void response.writeHead(proxy.failWith).end();
      if (incoming.method !== 'POST' || incoming.url !== '/KdcProxy' || incoming.headers['content-type'] !== 'application/kerberos') throw new Error(`${incoming.method} ${incoming.url} of ${incoming.headers['content-type']}`);
      const body = Buffer.concat(chunks);
      const answer = typeof kdcs === 'function' ? await kdcs(body) : await relay(body, kdcs, proxy.asked);
      response.writeHead(200, { 'content-type': 'application/kerberos' }).end(answer);
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: KdcProxy = {
    url: `https://localhost:${(server.address() as AddressInfo).port}/KdcProxy`, anchor, asked: [], failWith: null,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

/** Host.post over node:https, where this certificate is trusted. */
export function trustingPost(anchor: string) {
  return (url: string, contentType: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', ca: readFileSync(anchor), headers: { 'content-type': contentType, 'content-length': body.length }, signal, family: 4 }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      if (response.statusCode === 200) resolve(new Uint8Array(Buffer.concat(chunks)));
      else reject(new Error(`${url} answered ${response.statusCode}`));
    });
    outgoing.on('error', reject).end(body);
  });
}

/** SEQUENCE { kerb-message [0] OCTET STRING, target-domain [1] GeneralString OPTIONAL, … } (MS-KKDCP 2.2.2) */
async function relay(body: Buffer, kdcs: Record<string, string>, asked: string[]): Promise<Buffer> {
  const sequence = first(body);
  if (sequence?.tag !== 0x30 || sequence.size !== body.length) throw new Error('a SEQUENCE expected');
  const fields = new Map(elements(sequence.content).map(({ tag, content }) => [tag, first(content)!]));
  const [message, domain] = [fields.get(0xa0), fields.get(0xa1)];
  if (message?.tag !== 0x04 || domain?.tag !== 0x1b) throw new Error('an OCTET STRING and a GeneralString expected');
  const realm = domain.content.toString();
  asked.push(realm);
  if (message.content.readUInt32BE(0) !== message.content.length - 4) throw new Error('a framed message expected');
  return tlv(0x30, tlv(0xa0, tlv(0x04, await ask(kdcs[realm]!, message.content))));
}

function ask(address: string, framed: Buffer): Promise<Buffer> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const socket = connect(Number(port), host!, () => socket.write(framed));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        resolve(received);
        socket.destroy();
      }
    });
    socket.on('error', reject).on('close', () => reject(new Error('the KDC closed the connection')));
  });
}
