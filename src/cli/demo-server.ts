import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthData, NtlmConfig } from '../../backends/contract/credentials.ts';
import { negotiateAuth } from '../http/index.ts';
import { createTestRealm, type TestRealm } from '../testing/index.ts';

export const PASSWORD = 'correct horse battery staple';
/** The service's SPN: what a browser makes of http://localhost/. */
export const SPN = 'HTTP/localhost';
/** What the server calls itself in NTLM. */
export const NAMES: NtlmConfig = { netbiosDomainName: 'DEMO', netbiosComputerName: 'WEB', dnsDomainName: 'demo.test', dnsComputerName: 'web.demo.test' };
/** Whatever the system: on Windows the native engine knows only Windows' own accounts. */
export const BACKEND = 'wasm';

/** A realm with one user and one service, and an HTTP server that greets whom it knows. */
export interface DemoServer {
  realm: TestRealm;
  url: string;
  alice: AuthData & { user: string; password: string };
  /** The service's side of Kerberos and of NTLM, for a context or for HTTP. */
  acceptor: { keytab: Uint8Array; accounts: TestRealm['accounts'] };
  /** One pinned connection: NTLM authenticates it, not a request. */
  connect(): Agent;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. */
export async function startDemoServer(): Promise<DemoServer> {
  const realm = await createTestRealm({ realm: 'DEMO.TEST', users: { alice: PASSWORD }, services: [SPN] });
  realm.setUser('alice', { groups: [513, 1106] });
  const acceptor = { keytab: realm.keytab(SPN), accounts: realm.accounts };
  const authenticate = negotiateAuth({ ...acceptor, ntlm: NAMES, backend: BACKEND });
  const server = createServer({ maxHeaderSize: 65536 }, (req, res) => authenticate(req, res, (error) => {
    res.statusCode = error === undefined ? 200 : 500;
    res.setHeader('Content-Type', 'text/plain');
    res.end(error === undefined ? `Hello ${req.sspi?.user} of ${req.sspi?.domain}, known by ${req.sspi?.package}.\n` : 'The server failed.\n');
  }));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    realm, acceptor, alice: realm.authData('alice'),
    url: `http://localhost:${port}/hello`,
    connect: () => new Agent({ keepAlive: true, maxSockets: 1 }),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await realm[Symbol.asyncDispose]();
    },
  };
}
