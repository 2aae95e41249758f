import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AuthData } from '../../../backends/contract/credentials.ts';
import { SspiError } from '../../../backends/contract/errors.ts';
import type { Host } from '../../../backends/contract/host.ts';
import { resolveHost } from '../../../backends/wasm/host/index.ts';
import { openTickets } from '../../../backends/wasm/kerberos/credential.ts';
import { TKT_FLAG } from '../../../backends/wasm/kerberos/codes/flags.ts';
import { writeCcache, type CachedCredential } from '../../../backends/wasm/kerberos/store/ccache.ts';
import { writeKeytab } from '../../../backends/wasm/kerberos/store/keytab.ts';
import { krbtgt, parsePrincipal, type Principal } from '../../../backends/wasm/kerberos/store/principal.ts';
import { TicketStore } from '../../../backends/wasm/kerberos/ticket-store.ts';
import { createInitiator } from '../../../src/index.ts';

const test = suite('a Kerberos credential');

const alice = parsePrincipal('alice@AD.TEST');
const bob = parsePrincipal('bob@AD.TEST');
const web: Principal = { nameType: 2, realm: 'AD.TEST', components: ['HTTP', 'web.ad.test'] };
const ticket = (client: Principal): CachedCredential => ({
  client, server: web, etype: 18, key: new Uint8Array(32), authtime: 1, starttime: 1, endtime: 2 ** 31, renewTill: 0, isSkey: false, flags: 0, addresses: [], authdata: [],
  ticket: new Uint8Array([0x61, 0]), secondTicket: new Uint8Array(0),
});

function open(authData: AuthData, given: Partial<Host> = {}) {
  const host = resolveHost(given);
  const transport = { send: () => Promise.reject(new Error('nobody is asked')) };
  return openTickets({ authData, kerberos: { transport }, host, clock: { now: () => host.now(), offset: 0 }, krb5Conf: async () => null, random: (length) => host.random(length) });
}

async function code(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => null, (one: unknown) => one);
  return error instanceof SspiError ? error.code : String(error);
}

test('a cache belongs to the user who is named beside it', async () => {
  const ccache = writeCcache({ principal: alice, kdcOffset: 0, config: [], credentials: [ticket(alice)] });
  for (const user of [undefined, 'alice', 'ALICE@ad.test', 'AD\\alice']) assert.equal((await open({ ccache, ...(user !== undefined && { user }) })).client, (await open({ ccache })).client, user);
  for (const user of ['bob', 'alice@OTHER.TEST', 'alic']) assert.is(await code(open({ ccache, user })), 'SEC_E_NO_CREDENTIALS', user);
});

test("a cache's tickets of someone else are not used in the owner's name", async () => {
  const ccache = writeCcache({ principal: alice, kdcOffset: 0, config: [], credentials: [ticket(bob)] });
  assert.is(await code((await open({ ccache })).ticketFor(web)), 'SEC_E_NO_CREDENTIALS');
  const both = writeCcache({ principal: alice, kdcOffset: 0, config: [], credentials: [ticket(bob), ticket(alice)] });
  assert.is((await (await open({ ccache: both })).ticketFor(web)).client.components[0], 'alice');
});

test('a cache that another program renewed is read again before its tickets are given up', async () => {
  let now = 1_900_000_000_000;
  const tgt = (endtime: number): CachedCredential => ({ ...ticket(alice), server: krbtgt('AD.TEST'), endtime });
  const cacheOf = (principal: Principal, ...credentials: CachedCredential[]) => writeCcache({ principal, kdcOffset: 0, config: [], credentials });
  const seconds = () => now / 1000;
  let file: Uint8Array | null = cacheOf(alice, tgt(seconds() + 600));
  let reads = 0;
  const store = await open({ ccache: '/run/user/1/krb5cc' }, { now: () => new Date(now), readFile: async () => (reads++, file) });
  assert.is((await store.tgt()).endtime, seconds() + 600);
  assert.is(reads, 1);

  now += 600_000;
  assert.is(await code(store.tgt()), 'SEC_E_NO_CREDENTIALS');
  assert.is(await code(store.tgt()), 'SEC_E_NO_CREDENTIALS');
  assert.is(reads, 2, 'not again within a second');

  now += 1000;
  file = cacheOf(alice, tgt(seconds() + 900), { ...ticket(alice), endtime: seconds() + 900 });
  const [one, other] = await Promise.all([store.ticketFor(web), store.tgt()]);
  assert.equal([one.server.components, other.endtime], [web.components, seconds() + 900]);
  assert.is(reads, 3, 'once for both');

  now += 900_000;
  file = cacheOf(bob, { ...tgt(seconds() + 900), client: bob });
  assert.is(await code(store.tgt()), 'SEC_E_NO_CREDENTIALS', 'it is no longer hers');
  now += 1000;
  file = null;
  assert.is(await code(store.tgt()), 'SEC_E_NO_CREDENTIALS', 'it is gone');
});

test('a ticket that was renewed here does not give way to the older one of the cache', async () => {
  let now = 1_900_000_000_000;
  const seconds = () => now / 1000;
  const tgt = (endtime: number): CachedCredential => ({ ...ticket(alice), server: krbtgt('AD.TEST'), endtime, key: new Uint8Array(32).fill(7) });
  const asked: Uint8Array[] = [];
  const host = resolveHost({ now: () => new Date(now) });
  const store = new TicketStore({
    client: alice, keys: null, etypes: [18], host, clock: { now: () => host.now(), offset: 0 },
    transport: { send: async (_realm, message) => { asked.push(message); throw new Error('asked'); } },
    tickets: [{ ...tgt(seconds() + 1200), flags: TKT_FLAG.RENEWABLE, renewTill: seconds() + 86400 }],
    reread: async () => [tgt(seconds() - 570)],
  });
  now += 1_170_000; // less than a minute of it is left: time to renew
  assert.is(await code(store.tgt()), 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.is(asked.length, 1);
  assert.is(store.expiry!.getTime(), now + 30_000);
});

test('a realm that nothing tells: with Kerberos alone allowed it says what is missing, or was not permitted', async () => {
  for (const [withheld, remedy] of [[[], /^Write the user as/], [['--allow-read=/etc/krb5.conf', '--allow-env=HOSTNAME'], /^Permit what was not looked at: --allow-read=\/etc\/krb5.conf\. Or write the user as/]] as const) {
    const error = await createInitiator({
      packageList: 'Kerberos', target: 'HTTP/web.ad.test', credential: { user: 'alice', password: 'x' }, host: { readFile: async () => null, environment: () => undefined, withheld: () => withheld },
    }).then(() => new Error('it went through'), (one: unknown) => one);
    assert.instance(error, SspiError);
    assert.match((error as SspiError).message, /^SEC_E_\w+: Kerberos: 'alice' names no domain, and there is no default realm/);
    assert.match((error as SspiError).remedy!, remedy);
  }
});

test('a keytab tells the realm of a user without one', async () => {
  const entry = (principal: Principal) => ({ principal, timestamp: 0, kvno: 1, etype: 18, key: new Uint8Array(32) });
  const keytab = writeKeytab([entry(web), entry(alice)]);
  assert.is((await open({ keytab, user: 'alice' })).client.realm, 'AD.TEST');
  assert.equal((await open({ keytab, user: 'HTTP/web.ad.test' })).client.components, web.components);
  assert.equal((await open({ keytab })).client.components, web.components);
  assert.is(await code(open({ keytab, user: 'bob@AD.TEST' })), 'SEC_E_NO_CREDENTIALS');
  assert.is(await code(open({ keytab: writeKeytab([]) })), 'SEC_E_NO_CREDENTIALS');
});

test.run();
