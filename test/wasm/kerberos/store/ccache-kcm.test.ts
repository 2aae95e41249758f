// Against a daemon of this test's own, written from the protocol as MIT's kcm.h tells it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../../../backends/contract/host.ts';
import { createInitiator } from '../../../../src/index.ts';
import { CredentialCache, kinit } from '../../../../src/kerberos/index.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/index.ts';
import { failure } from '../../../failure.ts';

const test = suite<{ realm: TestRealm }>('KCM credential caches');

test.before(async (context) => { context.realm = await createTestRealm({ users: { alice: 'a', bob: 'b' } }); });
test.after(async ({ realm }) => await realm[Symbol.asyncDispose]());

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const CC_NOTFOUND = -1765328243;
const FCC_INTERNAL = -1765328188;

/** The daemon's side: caches by name, UUIDs that count. */
function daemon(socket = '/var/run/.heim_org.h5l.kcm-socket') {
  const caches = new Map<string, { principal: Buffer; credentials: Buffer[] }>();
  let current = '0';
  const uuid = (number: number) => Buffer.from(number.toString(16).padStart(32, '0'), 'hex');
  const number = (bytes: Buffer) => parseInt(bytes.toString('hex'), 16);
  const name = (text: string) => Buffer.from(`${text}\0`);
  const operations: string[] = [];

  function answer(opcode: number, body: Buffer): Buffer | number {
    const end = body.indexOf(0);
    const cache = caches.get(body.subarray(0, end).toString());
    const rest = body.subarray(end + 1);
    operations.push(String(opcode));
    switch (opcode) {
      case 3: return name(`0:${caches.size + 100}`);
      case 4: caches.set(body.subarray(0, end).toString(), { principal: rest, credentials: [] }); return Buffer.alloc(0);
      case 5: return caches.delete(body.subarray(0, end).toString()) ? Buffer.alloc(0) : CC_NOTFOUND;
      case 6: cache!.credentials.push(rest); return Buffer.alloc(0);
      case 8: return cache?.principal ?? CC_NOTFOUND;
      case 9: return cache === undefined ? CC_NOTFOUND : Buffer.concat(cache.credentials.map((_, i) => uuid(i)));
      case 10: return cache!.credentials[number(rest)] ?? CC_NOTFOUND;
      case 18: return Buffer.concat([...caches.keys()].map((_, i) => uuid(i)));
      case 19: return name([...caches.keys()][number(body)]!);
      case 20: return name(current);
      case 21: current = body.subarray(0, end).toString(); return Buffer.alloc(0);
      default: return FCC_INTERNAL;
    }
  }
  const exchangeUnix: Host['exchangeUnix'] = async (path, request, isWhole) => {
    assert.is(path, socket);
    const bytes = Buffer.from(request);
    assert.equal([bytes.readUInt32BE(0), bytes[4], bytes[5]], [bytes.length - 4, 2, 0]);
    const result = answer(bytes.readUInt16BE(6), bytes.subarray(8));
    const data = typeof result === 'number' ? Buffer.alloc(4) : Buffer.concat([Buffer.alloc(4), result]);
    if (typeof result === 'number') data.writeInt32BE(result);
    const reply = Buffer.concat([Buffer.alloc(8), data]);
    reply.writeUInt32BE(data.length);
    for (let length = 0; length < reply.length; length++) assert.is(isWhole(reply.subarray(0, length)), false, `${length} of ${reply.length}`);
    assert.is(isWhole(reply), true);
    return reply;
  };
  return { host: { exchangeUnix }, caches, operations };
}

test('saved, loaded, destroyed; a cache for each client, the last one is the default', async ({ realm }) => {
  const { host, caches } = daemon();
  const { kerberos } = realm;
  assert.is((await failure(CredentialCache.load('KCM:', { host }))).code, 'SEC_E_NO_CREDENTIALS');
  assert.is(await CredentialCache.destroy('KCM:', { host }), false);

  const alice = await kinit({ principal: 'alice', password: 'a', kerberos });
  await alice.save('KCM:', { host });
  assert.is(hex((await CredentialCache.load('KCM:', { host })).toBytes()), hex(alice.toBytes()));
  const bob = await kinit({ principal: 'bob', password: 'b', kerberos });
  await bob.save('KCM:', { host });
  assert.is((await CredentialCache.load('KCM:', { host })).principal, 'bob@TEST.REALM');
  await alice.save('KCM:', { host });
  assert.is(caches.size, 2);
  assert.is((await CredentialCache.load('KCM:', { host })).principal, 'alice@TEST.REALM');
  assert.is((await CredentialCache.load('KCM:0:101', { host })).principal, 'bob@TEST.REALM');
  await bob.save('KCM:mine', { host });
  assert.is((await CredentialCache.load('KCM:', { host })).principal, 'alice@TEST.REALM', 'a cache by its name is not made the default');
  assert.is(await CredentialCache.destroy('KCM:mine', { host }), true);
  assert.is(await CredentialCache.destroy('KCM:mine', { host }), false);
});

test("krb5.conf's kcm_socket: of the host, and of the caller", async ({ realm }) => {
  const { host } = daemon('/run/mine.socket');
  const readFile = async (path: string) => (path === '/etc/krb5.conf' ? new TextEncoder().encode('[libdefaults]\nkcm_socket = /run/mine.socket\n') : null);
  const own = { ...host, readFile, environment: () => undefined };
  await (await kinit({ principal: 'alice', password: 'a', kerberos: realm.kerberos })).save('KCM:', { host: own });
  assert.is((await CredentialCache.load('KCM:', { host: own })).principal, 'alice@TEST.REALM');
  for (const [socket, pattern] of [['/run/mine.socket', /KDC_ERR_S_PRINCIPAL_UNKNOWN/], ['/run/other.socket', /daemon at \/run\/other.socket cannot be asked/]] as const) {
    const kerberos = { krb5Conf: `[libdefaults]\nkcm_socket = ${socket}\n`, transport: realm.kerberos.transport! };
    const client = await createInitiator({ package: 'Kerberos', target: 'HTTP/x.test.realm', credential: { ccache: 'KCM:' }, kerberos, host });
    assert.match((await failure(client.step())).message, pattern);
  }
});

test('a daemon that is not there, and replies that are none', async () => {
  const refused = async () => { throw Object.assign(new Error('connect ENOENT'), { code: 'ENOENT' }); };
  const error = await failure(CredentialCache.load('KCM:', { host: { exchangeUnix: refused } }));
  assert.equal([error.code, /sssd-kcm/.test(error.remedy!)], ['SEC_E_NO_CREDENTIALS', true]);
  for (const reply of ['', '00', '0000000400000000', '000000040000000000', 'ffffffff00000000', '0000000400000000ffffffff', '00000000000000000000', '000000060000000000000000' + '4141', '0000000500000000000000' + '0041']) {
    const { code } = await failure(CredentialCache.load('KCM:', { host: { exchangeUnix: async () => Uint8Array.from(Buffer.from(reply, 'hex')) } }));
    assert.ok(['SEC_E_UNKNOWN_CREDENTIALS', 'SEC_E_INTERNAL_ERROR', 'SEC_E_NO_CREDENTIALS'].includes(code), `${reply}: ${code}`);
  }
});

test.run();
