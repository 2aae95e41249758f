import { createServer } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFetch, negotiateAuth } from '../../../src/http/index.ts';
import { bytes } from './bytes.ts';
import type { Task } from './task.ts';

/** `negotiateAuth` on this runtime's node:http, with `createFetch` as its client. */
export function serverSuite({ realm, service, user, kdc }: Task): void {
  const test = suite('node:http server');

  test('lets NTLM and Kerberos in, each connection for itself', async () => {
    const authenticate = negotiateAuth({
      keytab: bytes(service.keytab), backend: 'wasm', accounts: (account) => (account.user === user.name ? { password: user.password } : null),
    });
    const server = createServer((request, response) => {
      authenticate(request, response, (error) => {
        if (error !== undefined) response.statusCode = 500;
        response.end(error === undefined ? JSON.stringify(request.sspi) : String(error));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      for (const packageName of ['Kerberos', 'NTLM']) {
        const fetch = createFetch({
          credential: { user: user.name, domain: realm, password: user.password }, target: service.spn, packageList: packageName, backend: 'wasm',
          kerberos: { defaultRealm: realm, realms: { [realm]: { kdc: [kdc.proxyUrl] } } },
        });
        for (let request = 0; request < 2; request++) {
          const response = await fetch(`http://127.0.0.1:${port}/`);
          const text = await response.text();
          assert.is(response.status, 200, text);
          const identity = JSON.parse(text) as Record<string, unknown>;
          assert.equal([identity['user'], identity['package']], [user.name, packageName]);
        }
        await fetch.close();
      }
      assert.is((await fetch(`http://127.0.0.1:${port}/`)).status, 401);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test.run();
}
