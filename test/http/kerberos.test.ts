import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authenticationOf, createFetch, negotiateAuth, type SspiIdentity } from '../../src/http/index.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/index.ts';

const test = suite('HTTP with Kerberos');

const SPN = 'HTTP/web.test.realm';

/** A server of the realm's that answers with who asked, and counts requests. */
async function serve(realm: TestRealm): Promise<AsyncDisposable & { url: string; requests: number }> {
  const authenticate = negotiateAuth({ keytab: realm.keytab(SPN), accounts: realm.accounts });
  const server = createServer((request, response) => {
    running.requests++;
    authenticate(request, response, (error) => {
      if (error !== undefined) response.writeHead(500).end(String(error));
      else response.end(JSON.stringify(request.sspi));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}

test('one round after the 401, mutual authentication proven, groups from the PAC', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  await using server = await serve(realm);
  await using fetch = createFetch({ credential: realm.authData('alice'), target: SPN, kerberos: realm.kerberos });
  const response = await fetch(server.url);
  assert.is(response.status, 200);
  const identity = await response.json() as SspiIdentity;
  assert.is(identity.user, 'alice');
  assert.is(identity.domain, 'TEST.REALM');
  assert.is(identity.package, 'Kerberos');
  assert.ok(identity.groups!.some((sid) => sid.endsWith('-513')));
  const authentication = authenticationOf(response)!;
  assert.is(authentication.package, 'Kerberos');
  assert.is(authentication.mutual, true);
  assert.is(authentication.complete, true);
  assert.is(server.requests, 2);
});

test('many requests share one ticket', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  await using server = await serve(realm);
  let asked = 0;
  const { transport } = realm.kerberos;
  const counted = { ...realm.kerberos, transport: { send: (...args: Parameters<NonNullable<typeof transport>['send']>) => (asked++, transport!.send(...args)) } };
  await using fetch = createFetch({ credential: realm.authData('alice'), target: SPN, kerberos: counted });
  const statuses = await Promise.all(Array.from({ length: 8 }, async () => {
    const response = await fetch(server.url);
    await response.text();
    return response.status;
  }));
  assert.equal(statuses, Array(8).fill(200));
  assert.is(asked, 3, 'an AS-REQ without and one with pre-authentication, one TGS-REQ');
});

test('a service that the KDC does not know is reached by NTLM, and the answer says so', async () => {
  await using realm = await createTestRealm({ users: { alice: 'secret' }, services: [SPN] });
  await using server = await serve(realm);
  await using fetch = createFetch({ credential: realm.authData('alice'), target: 'HTTP/other.test.realm', kerberos: realm.kerberos });
  const response = await fetch(server.url);
  assert.is((await response.json() as SspiIdentity).package, 'NTLM');
  assert.is(authenticationOf(response)!.mutual, false);
  assert.is(authenticationOf(response)!.fallbackFrom?.kerberos?.name, 'KDC_ERR_S_PRINCIPAL_UNKNOWN');
});

test.run();
