import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createInitiator, ISC_RET_MUTUAL_AUTH } from '../../../src/index.ts';
import { authenticationOf, createFetch, createRequestAuthenticator } from '../../../src/http/index.ts';
import { failure } from '../../contract/support.ts';
import { bytes } from './bytes.ts';
import type { Task } from './task.ts';

type Handler = (request: Request) => Promise<Response>;
/** Bun's and Deno's own servers. */
interface Servers {
  Bun?: { serve(options: { port: number; hostname: string; fetch: Handler }): { port: number; stop(now: boolean): Promise<void> } };
  Deno?: { serve(options: { port: number; hostname: string; onListen: () => void }, handler: Handler): { addr: { port: number }; shutdown(): Promise<void> } };
}

/** Answers with who asked. */
export function whoami({ service }: Pick<Task, 'service'>): Handler {
  const authenticate = createRequestAuthenticator({ keytab: bytes(service.keytab), backend: 'wasm' });
  return async (request) => {
    const { sspi, response, finish } = { finish: undefined, ...(await authenticate(request)) };
    return sspi === null ? response : finish!(Response.json({ ...sspi, body: await request.text() }));
  };
}

/** The server for `Request` and `Response`: called as it is, and behind the runtime's own server where it has one. */
export function webServerSuite(task: Task): void {
  const test = suite('Request and Response server');
  const { realm, service, user, kdc } = task;
  const shared = {
    credential: { user: user.name, domain: realm, password: user.password }, packageList: 'Kerberos', backend: 'wasm' as const,
    kerberos: { defaultRealm: realm, realms: { [realm]: { kdc: [kdc.proxyUrl] } } },
  };

  test('a ticket lets a request in, and the answer proves the server', async () => {
    const handler = whoami(task);
    const client = await createInitiator({ ...shared, target: service.spn });
    const authorization = `Negotiate ${btoa(String.fromCharCode(...(await client.step())!))}`;
    const response = await handler(new Request('http://web.test.realm/', { method: 'POST', body: 'a body', headers: { authorization } }));
    assert.is(response.status, 200);
    const [scheme, token] = response.headers.get('www-authenticate')!.split(' ');
    assert.is(scheme, 'Negotiate');
    await client.step(Uint8Array.from(atob(token!), (character) => character.charCodeAt(0)));
    assert.is(client.attributes & ISC_RET_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH);
    const identity = await response.json() as Record<string, unknown>;
    assert.equal([identity['user'], identity['domain'], identity['package'], identity['body']], [user.name, realm, 'Kerberos', 'a body']);
    // the same ticket's authenticator again is a replay
    assert.is((await handler(new Request('http://web.test.realm/', { headers: { authorization } }))).status, 401);
  });

  test('without a token, and with nonsense: a challenge, and 400', async () => {
    const handler = whoami(task);
    const asked = await handler(new Request('http://web.test.realm/'));
    assert.is(asked.status, 401);
    assert.is(asked.headers.get('www-authenticate'), 'Negotiate');
    assert.ok([400, 401].includes((await handler(new Request('http://web.test.realm/', { headers: { authorization: 'Negotiate AAAA' } }))).status));
  });

  test('NTLM alone, without connections: an error that says why', async () => {
    const error = await failure('SEC_E_UNSUPPORTED_FUNCTION', () => createRequestAuthenticator({ accounts: () => null }));
    assert.match(error.message, /connection/);
    assert.ok(error.remedy);
  });

  const { Bun, Deno } = globalThis as Servers;
  if (Bun !== undefined || Deno !== undefined) {
    test(`behind ${Bun !== undefined ? 'Bun' : 'Deno'}.serve`, async () => {
      const options = { port: 0, hostname: '127.0.0.1', onListen() {} };
      const bun = Bun?.serve({ ...options, fetch: whoami(task) });
      const deno = Deno?.serve(options, whoami(task));
      try {
        await using fetch = createFetch({ ...shared, target: service.spn });
        const response = await fetch(`http://127.0.0.1:${bun?.port ?? deno!.addr.port}/`, { method: 'POST', body: 'a body' });
        assert.is(response.status, 200);
        const identity = await response.json() as Record<string, unknown>;
        assert.equal([identity['user'], identity['package'], identity['body']], [user.name, 'Kerberos', 'a body']);
        assert.is(authenticationOf(response)!.mutual, true);
      } finally {
        await bun?.stop(true);
        await deno?.shutdown();
      }
    });
  }

  test.run();
}
