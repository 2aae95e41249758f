import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { negotiateAuth, type Middleware } from '../../../src/http/index.ts';
import { createTestRealm } from '../../../src/testing/index.ts';
import { hex } from '../../contract/support.ts';
import { record } from '../programs/transcript.ts';
import type { Task } from '../programs/task.ts';
import { readVectors } from './vectors.ts';

/** What every runtime is tested against, in this process: a KDC with its proxy, and a web server. */
export interface Peers extends AsyncDisposable {
  task: Omit<Task, 'runtime' | 'can' | 'folder'>;
  /** For a browser: what the web server has without asking who it is. */
  files: Files;
}

export type Files = Map<string, { type: string; body: Uint8Array | string }>;

export async function startPeers(): Promise<Peers> {
  const realm = await createTestRealm({ realm: 'TEST.REALM', users: { alice: 'Pässw0rd!' }, services: [SPN] });
  const { kdcProxyUrl, port } = await realm.listen({ allowOrigin: '*' });
  const keytab = realm.keytab(SPN);
  const negotiate = negotiateAuth({ keytab, accounts: realm.accounts });
  const each = negotiateAuth({ keytab, accounts: realm.accounts, persistent: 'never' });
  const ntlm = negotiateAuth({ accounts: realm.accounts, packageList: 'NTLM' });
  const files: Files = new Map();
  const web = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const guard: Middleware | undefined = { '/negotiate': negotiate, '/each': each, '/ntlm': ntlm }[pathname];
    const file = files.get(pathname);
    if (file !== undefined) return void response.writeHead(200, { 'content-type': file.type, 'content-security-policy': CSP }).end(file.body);
    for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    if (pathname === '/open') return void response.end('for all');
    if (guard === undefined) return void response.writeHead(404).end();
    guard(request, response, async (error) => {
      if (error !== undefined) return void response.writeHead(500).end(String(error));
      response.end(JSON.stringify({ ...request.sspi, body: await bodyOf(request) }));
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));

  const parties = {
    realm: realm.realm, service: { spn: SPN, keytab: hex(keytab) }, user: { name: 'alice', password: 'Pässw0rd!' },
  };
  return {
    files,
    task: {
      ...parties,
      url: `http://127.0.0.1:${(web.address() as AddressInfo).port}`,
      kdc: { proxyUrl: kdcProxyUrl, port },
      transcript: await record(parties, Date.now(), realm.kerberos.transport!),
      vectors: await readVectors(),
    },
    async [Symbol.asyncDispose]() {
      web.closeAllConnections();
      await new Promise((resolve) => web.close(resolve));
      await realm[Symbol.asyncDispose]();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const SPN = 'HTTP/localhost';
/** What a page of another origin needs, as docs/http.md has it. */
const CORS = {
  'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization, content-type', 'access-control-expose-headers': 'www-authenticate',
};
/** As strict as a page with WebAssembly can be. */
const CSP = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' http://127.0.0.1:* http://localhost:*";
