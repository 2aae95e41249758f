import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticationOf, createFetch, type FetchOptions } from '../../../src/http/index.ts';
import { failure } from '../../contract/support.ts';
import type { Task } from './task.ts';

/**
 * `createFetch` against a web server in Node: `/negotiate` offers all, `/ntlm` NTLM alone; `/each` lets no connection speak
 * for its later requests; `/open` asks nobody.
 */
export function fetchSuite({ realm, service, user, url, kdc, can }: Task): void {
  const test = suite('fetch');
  const credential = { user: user.name, domain: realm, password: user.password };
  const client = (options: FetchOptions = {}) => createFetch({
    credential, target: service.spn, backend: 'wasm',
    kerberos: { defaultRealm: realm, realms: { [realm]: { kdc: [kdc.proxyUrl] } }, domainRealm: { '.test.realm': realm } }, ...options,
  });

  // A fetch that shares its connections shares what a server authenticated on one; docs/http.md has what such a server should set.
  const negotiate = `${url}/${can.holdConnections ? 'negotiate' : 'each'}`;

  test('Kerberos: a whole handshake, mutual, verified', async () => {
    const fetch = client({ packageList: 'Kerberos' });
    const response = await fetch(negotiate);
    assert.is(response.status, 200);
    const identity = await response.json() as Record<string, unknown>;
    assert.is(identity['user'], user.name);
    assert.is(identity['package'], 'Kerberos');
    const authentication = authenticationOf(response)!;
    assert.is(authentication.package, 'Kerberos');
    assert.is(authentication.mutual, true);
    assert.is(authentication.complete, true);
    await fetch.close();
  });

  const { location } = globalThis as { location?: { origin: string } };
  if (location?.origin.startsWith('http')) {
    test("Kerberos: at a page's own origin, without the browser's dialog", async () => {
      const fetch = client({ packageList: 'Kerberos' });
      const response = await fetch(`${location.origin}/each`);
      assert.is(response.status, 200);
      assert.is(authenticationOf(response)!.mutual, true);
      assert.is((await fetch(`${location.origin}/open`)).status, 200);
      await fetch.close();
    });
  }

  test('Kerberos: a body is sent, and many requests at once', async () => {
    const fetch = client({ packageList: 'Kerberos' });
    const answers = await Promise.all(['one', 'two', 'three'].map(async (body) => {
      const response = await fetch(negotiate, { method: 'POST', body });
      return (await response.json() as { body: string }).body;
    }));
    assert.equal(answers, ['one', 'two', 'three']);
    await fetch.close();
  });

  if (can.holdConnections) {
    for (const path of ['negotiate', 'ntlm']) {
      test(`NTLM on one connection: /${path}`, async () => {
        const fetch = client({ packageList: 'NTLM' });
        const response = await fetch(`${url}/${path}`, { method: 'POST', body: 'a body' });
        assert.is(response.status, 200);
        const identity = await response.json() as Record<string, unknown>;
        assert.equal([identity['user'], identity['package'], identity['body']], [user.name, 'NTLM', 'a body']);
        assert.is(authenticationOf(response)!.package, 'NTLM');
        assert.is(authenticationOf(await fetch(`${url}/${path}`))!.reused, can.keepConnections);
        await fetch.close();
      });
    }

    test('NTLM: a wrong password is 401', async () => {
      const fetch = client({ packageList: 'NTLM', credential: { ...credential, password: 'wrong' } });
      const response = await fetch(`${url}/negotiate`);
      assert.is(response.status, 401);
      await response.body?.cancel();
      await fetch.close();
    });
  } else {
    test('NTLM: an error that names the missing connection, and what to do', async () => {
      const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', client({ packageList: 'NTLM' })(`${url}/ntlm`));
      assert.match(error.message, /connection/);
      assert.ok(error.remedy);
    });
  }

  test('Kerberos: a wrong password is an SspiError, with a remedy', async () => {
    const fetch = client({ packageList: 'Kerberos', credential: { ...credential, password: 'wrong' } });
    const error = await failure('SEC_E_LOGON_DENIED', fetch(negotiate));
    assert.ok(error.remedy);
    await fetch.close();
  });

  test.run();
}
