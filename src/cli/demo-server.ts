import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AcceptorData, NtlmConfig } from '../../backends/contract/credentials.ts';
import { negotiateAuth } from '../http/index.ts';

export const USER = 'DEMO\\alice';
export const PASSWORD = 'correct horse battery staple';
/** What the server calls itself. */
export const NAMES: NtlmConfig = { netbiosDomainName: 'DEMO', netbiosComputerName: 'WEB', dnsDomainName: 'demo.test', dnsComputerName: 'web.demo.test' };

/** Whatever the system: on Windows the native engine knows only Windows' own accounts. */
export const BACKEND = 'wasm';
/** The server's account table. */
export const ACCOUNTS: NonNullable<AcceptorData['accounts']> = ({ user, domain }) =>
  user.toLowerCase() === 'alice' && domain.toUpperCase() === 'DEMO' ? { password: PASSWORD } : null;

export interface DemoServer {
  url: string;
  /** Its SPN. */
  target: string;
  /** One pinned connection: NTLM authenticates it, not a request. */
  connect(): Agent;
  close(): Promise<void>;
}

/** An HTTP server on 127.0.0.1 that greets whom it knows. */
export async function startDemoServer(): Promise<DemoServer> {
  const authenticate = negotiateAuth({ accounts: ACCOUNTS, ntlm: NAMES, backend: BACKEND });
  const server = createServer((req, res) => authenticate(req, res, (error) => {
    res.statusCode = error === undefined ? 200 : 500;
    res.setHeader('Content-Type', 'text/plain');
    res.end(error === undefined ? `Hello ${req.sspi?.user} of ${req.sspi?.domain}, known by ${req.sspi?.package}.\n` : 'The server failed.\n');
  }));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hello`,
    target: 'HTTP/127.0.0.1',
    connect: () => new Agent({ keepAlive: true, maxSockets: 1 }),
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
