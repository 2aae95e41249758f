import { createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
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

  test('a megabyte goes with each leg of NTLM, also with those that are refused', async () => {
    const authenticate = negotiateAuth({ backend: 'wasm', packageList: 'NTLM', accounts: (account) => (account.user === user.name ? { password: user.password } : null) });
    const server = createServer((request, response) => {
      authenticate(request, response, (error) => {
        let length = 0;
        request.on('data', (chunk: Uint8Array) => { length += chunk.length; });
        request.on('end', () => response.end(error === undefined ? String(length) : String(error)));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const fetch = createFetch({ credential: { user: user.name, domain: realm, password: user.password }, target: service.spn, packageList: 'NTLM', backend: 'wasm' });
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: new Uint8Array(1 << 20) });
      assert.is(`${response.status} ${await response.text()}`, '200 1048576');
    } finally {
      await fetch.close();
      server.closeAllConnections();
      server.close();
    }
  });

  test('a request whose connection dies under it is sent again where that does no harm, and only there', async () => {
    const seen: string[] = [];
    let answers = true;
    const server = createNetServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data: Uint8Array) => {
        seen.push(new TextDecoder().decode(data).split(' ')[0]!);
        if (answers) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.destroy();
        answers = true;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const fetch = createFetch({ credential: { user: user.name, domain: realm, password: user.password }, target: service.spn, backend: 'wasm' });
    const ask = async (init: RequestInit) => await (await fetch(`http://127.0.0.1:${port}/`, init)).text();
    try {
      assert.is(await ask({ method: 'GET' }), 'ok');
      answers = false;
      assert.is(await ask({ method: 'GET' }), 'ok');
      assert.equal(seen, ['GET', 'GET', 'GET']);
      answers = false;
      assert.is(await ask({ method: 'DELETE' }), 'ok');
      answers = false;
      const refused = await fetch(`http://127.0.0.1:${port}/`, { method: 'PATCH', headers: { 'x-once': 'yes' } }).then(() => null, (thrown: unknown) => thrown);
      assert.instance(refused, TypeError);
      assert.equal(seen, ['GET', 'GET', 'GET', 'DELETE', 'DELETE', 'PATCH']);
    } finally {
      await fetch.close();
      server.close();
    }
  });

  test.run();
}
