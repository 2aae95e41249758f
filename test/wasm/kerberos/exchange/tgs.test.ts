import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SspiErrorCode } from '../../../../backends/contract/errors.ts';
import { resolveHost } from '../../../../backends/wasm/host/index.ts';
import { passwordKeys } from '../../../../backends/wasm/kerberos/client-keys.ts';
import { TKT_FLAG } from '../../../../backends/wasm/kerberos/codes/flags.ts';
import { encode } from '../../../../backends/wasm/kerberos/messages/asn1.ts';
import type { EncTgsRepPart } from '../../../../backends/wasm/kerberos/messages/enc-kdc-rep-part.ts';
import type { TgsRep } from '../../../../backends/wasm/kerberos/messages/kdc-rep.ts';
import { parsePrincipal, type Principal } from '../../../../backends/wasm/kerberos/store/principal.ts';
import { TicketStore, type TicketStoreOptions } from '../../../../backends/wasm/kerberos/ticket-store.ts';
import { createTestRealm } from '../../../../src/testing/index.ts';
import { rng } from '../../../fuzz.ts';
import { hostileKdc, krbError, named, ticketFor, type Lies } from '../hostile-kdc.ts';
import { failure } from '../../../failure.ts';

const test = suite('the TGS exchange and the ticket store');

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const client = parsePrincipal('alice@TEST.REALM');
const user = { name: 'alice', realm: 'TEST.REALM', password: 'Password1' };
const keys = passwordKeys(client, user.password, random);
const SPN = 'HTTP/web.test.realm';
const web: Principal = { nameType: 2, realm: '', components: SPN.split('/') };

async function open(lies: Lies = {}, more: Partial<TicketStoreOptions> = {}, realmOptions: Parameters<typeof createTestRealm>[0] = {}) {
  const realm = await createTestRealm({ services: [SPN, 'HTTP/other.test.realm'], ...realmOptions });
  const kdc = hostileKdc(realm.kerberos.transport!, user, lies);
  const clock = { now: () => realm.host.now(), offset: 0 };
  // The store does not own these keys: many stores share them.
  const store = new TicketStore({ client, keys: { ...keys, dispose() {} }, tickets: [], etypes: [18, 17, 20, 19], transport: kdc, host: resolveHost(), clock, ...more });
  return { realm, kdc, store, clock };
}

type Tamper = (part: EncTgsRepPart, answer: TgsRep) => void;
const now = () => Math.floor(Date.now() / 1000);
const LIES: [name: string, code: SspiErrorCode, pattern: RegExp, tgs: Tamper][] = [
  ['another nonce', 'SEC_E_INVALID_TOKEN', /nonce/, (part) => void (part.nonce ^= 1)],
  ['another client', 'SEC_E_INVALID_TOKEN', /ticket of bob/, (_, answer) => void (answer.cname = named(['bob'], 1))],
  ["another client's realm", 'SEC_E_INVALID_TOKEN', /realm EVIL/, (_, answer) => void (answer.crealm = 'EVIL')],
  ["another server's realm", 'SEC_E_INVALID_TOKEN', /of the realm EVIL/, (part) => void (part.srealm = 'EVIL')],
  ["another server in the ticket's cleartext", 'SEC_E_INVALID_TOKEN', /different servers/, (_, answer) => void (answer.ticket = encode(ticketFor('TEST.REALM', ['HTTP', 'evil'])))],
  ['a ticket that has ended', 'SEC_E_INVALID_TOKEN', /ended/, (part) => void (part.endtime = now() - 3600)],
  ['a ticket that begins tomorrow', 'SEC_E_INVALID_TOKEN', /begins/, (part) => void (part.starttime = now() + 86400)],
  ['the flag INVALID', 'SEC_E_INVALID_TOKEN', /invalid/, (part) => void (part.flags = (part.flags | TKT_FLAG.INVALID) >>> 0)],
  ['a session key of RC4', 'SEC_E_INVALID_TOKEN', /rc4-hmac, which was not asked/, (part) => void Object.assign(part.key, { keytype: 23, keyvalue: new Uint8Array(16) })],
];
for (const [name, code, pattern, tgs] of LIES) {
  test(`refuses ${name}`, async () => {
    const { store } = await open({ tgs });
    const error = await failure(store.ticketFor(web));
    assert.is(error.code, code, String(error));
    assert.match(error.message, pattern);
  });
}

test('a reply that does not decrypt was altered', async () => {
  const { store } = await open({ bytes: (reply) => (reply[0] === 0x6d ? reply.with(reply.length - 1, reply.at(-1)! ^ 1) : reply) });
  assert.is((await failure(store.ticketFor(web))).code, 'SEC_E_MESSAGE_ALTERED');
});

test('replies cut off anywhere are SspiErrors', async () => {
  const source = rng(33);
  for (let n = 0; n < 40; n++) {
    const { store } = await open({ bytes: (reply) => (reply[0] === 0x6d ? reply.subarray(0, source.below(reply.length)) : reply) });
    assert.is((await failure(store.ticketFor(web))).code, 'SEC_E_INVALID_TOKEN');
  }
});

test('two realms that refer to each other', async () => {
  const { store, kdc } = await open({ instead: (n, realm, message) => (n < 2 ? undefined : kdc.forge(realm, message, ['krbtgt', realm === 'A.TEST' ? 'B.TEST' : 'A.TEST'])) });
  assert.is((await failure(store.ticketFor(web))).code, 'SEC_E_MAX_REFERRALS_EXCEEDED');
  assert.equal(kdc.asked.slice(2), ['TEST.REALM', 'A.TEST', 'B.TEST']);
});

test('realms that refer ever onward are left after ten', async () => {
  let next = 0;
  const { store, kdc } = await open({ instead: (n, realm, message) => (n < 2 ? undefined : kdc.forge(realm, message, ['krbtgt', `R${next++}.TEST`])) });
  assert.is((await failure(store.ticketFor(web))).code, 'SEC_E_MAX_REFERRALS_EXCEEDED');
  assert.is(kdc.asked.length, 2 + 11);
});

test('a path to a named realm that never arrives', async () => {
  let next = 0;
  const { store, kdc } = await open({ instead: (n, realm, message) => (n < 2 ? undefined : kdc.forge(realm, message, ['krbtgt', `R${next++}.TEST`])) });
  assert.is((await failure(store.ticketFor({ ...web, realm: 'AWAY.TEST' }))).code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.ok(kdc.asked.length <= 2 + 11, `${kdc.asked.length} messages`);
});

test('KRB_AP_ERR_SKEW of a TGS is believed once, and forgotten when nothing comes of it', async () => {
  const { store, kdc, clock } = await open({ instead: (n) => (n < 2 ? undefined : krbError(37, { stime: now() + 1e8 })) });
  assert.is((await failure(store.ticketFor(web))).code, 'SEC_E_TIME_SKEW');
  assert.is(kdc.asked.length, 4);
  assert.is(clock.offset, 0);
});

test('fifty contexts want the same ticket: three messages', async () => {
  const { store, kdc } = await open();
  const tickets = await Promise.all(Array.from({ length: 50 }, () => store.ticketFor(web)));
  assert.is(new Set(tickets).size, 1);
  assert.is(kdc.asked.length, 3);
  await store.ticketFor(web);
  assert.is(kdc.asked.length, 3);
});

test('a forwarded ticket is kept for its service alone, as long as the ticket that it was made from', async () => {
  const { store, kdc, realm } = await open({}, { forwardable: true });
  const other: Principal = { ...web, components: ['HTTP', 'other.test.realm'] };
  const first = await store.forwardedTgt(web);
  assert.ok((first.flags & TKT_FLAG.FORWARDED) !== 0);
  const before = kdc.asked.length;
  assert.is(await store.forwardedTgt(web), first);
  assert.is(kdc.asked.length, before);
  const second = await store.forwardedTgt(other);
  assert.is(kdc.asked.length, before + 1);
  assert.is.not(Buffer.from(second.key).toString('hex'), Buffer.from(first.key).toString('hex'), 'another session key');
  assert.is((await store.tgt()).flags & TKT_FLAG.FORWARDED, 0, 'our own stays ours');
  realm.advanceClock(store.expiry!.getTime() - realm.host.now().getTime() - 30_000);
  assert.is.not(await store.forwardedTgt(web), first, 'a new logon, a new one');
  store.dispose();
  assert.ok(second.key.every((byte) => byte === 0));
  assert.is((await failure(store.forwardedTgt(web))).code, 'SEC_E_INVALID_HANDLE');
});

test('who leaves does not disturb who stays; when all have left, the request ends', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => { release = resolve; });
  const { store } = await open({ instead: async (n) => void (n === 2 && (await gate)) });
  const one = new AbortController();
  const two = new AbortController();
  const first = store.ticketFor(web, one.signal);
  const second = store.ticketFor(web, two.signal);
  one.abort(new Error('enough'));
  assert.is((await first.catch((error: Error) => error.message)), 'enough');
  release();
  assert.equal((await second).server.components, web.components);

  let stopped: unknown;
  const stuck = new TicketStore({
    client, keys: { ...keys, dispose() {} }, tickets: [], etypes: [18], host: resolveHost(), clock: { now: () => new Date(), offset: 0 },
    transport: { send: (_realm, _message, { signal }) => new Promise((_, reject) => signal!.addEventListener('abort', () => { stopped = signal!.reason; reject(signal!.reason); })) },
  });
  const last = new AbortController();
  const waiting = stuck.ticketFor(web, last.signal);
  await new Promise((resolve) => setTimeout(resolve, 5));
  last.abort(new Error('nobody left'));
  assert.is(await waiting.catch((error: Error) => error.message), 'nobody left');
  assert.is((stopped as Error)?.message, 'nobody left');
});

test('a ticket is used until a minute before its end, then got anew', async () => {
  const { store, kdc, realm } = await open({}, {}, { ticketLifetime: 600 });
  await store.ticketFor(web);
  realm.advanceClock(530_000);
  await store.ticketFor(web);
  assert.is(kdc.asked.length, 3);
  realm.advanceClock(20_000);
  await store.ticketFor(web);
  assert.is(kdc.asked.length, 6, 'AS twice and TGS once');
});

test('a renewable ticket-granting ticket is renewed while it lives, with one message and no password', async () => {
  const { store, kdc, realm } = await open({}, { renewLifetime: 86_400 }, { ticketLifetime: 600 });
  const first = await store.tgt();
  assert.is(kdc.asked.length, 2);
  realm.advanceClock(550_000);
  const second = await store.tgt();
  assert.is(kdc.asked.length, 3);
  assert.ok(second.endtime > first.endtime);
  assert.is(second.authtime, first.authtime);
});

test('a service that the KDC calls otherwise is found again by the name that was asked', async () => {
  const { store, kdc } = await open({
    tgs: (part, answer) => {
      part.sname = named(['HTTP', 'real.test.realm']);
      answer.ticket = encode(ticketFor('TEST.REALM', ['HTTP', 'real.test.realm']));
    },
  });
  const ticket = await store.ticketFor(web);
  assert.equal(ticket.server.components, ['HTTP', 'real.test.realm']);
  assert.is(await store.ticketFor(web), ticket);
  assert.is(kdc.asked.length, 3);
});

test('a service that lies in another realm than [domain_realm] says is found again too', async () => {
  const home = await createTestRealm({ realm: 'TEST.REALM', services: [] });
  const away = await createTestRealm({ realm: 'AWAY.TEST', users: {}, services: ['HTTP/web.away.test'] });
  home.trust(away);
  const through = hostileKdc(home.kerberos.transport!, user, {});
  const cross = new TicketStore({ client, keys: { ...keys, dispose() {} }, tickets: [], etypes: [18], transport: through, host: resolveHost(), clock: { now: () => new Date(), offset: 0 } });
  const wanted: Principal = { nameType: 2, realm: 'TEST.REALM', components: ['HTTP', 'web.away.test'] };
  const ticket = await cross.ticketFor(wanted);
  assert.is(ticket.server.realm, 'AWAY.TEST');
  assert.is(await cross.ticketFor(wanted), ticket);
  assert.equal(through.asked, ['TEST.REALM', 'TEST.REALM', 'TEST.REALM', 'AWAY.TEST']);
});

test('a cache with nothing but the service ticket is enough, and no KDC is asked', async () => {
  const { store } = await open();
  const ticket = await store.ticketFor(web);
  const { store: second, kdc } = await open({}, { keys: null, tickets: [ticket] });
  assert.is(await second.ticketFor(web), ticket);
  assert.is(kdc.asked.length, 0);
  const error = await failure(second.ticketFor({ ...web, components: ['HTTP', 'other.test.realm'] }));
  assert.is(error.code, 'SEC_E_NO_CREDENTIALS');
  assert.match(error.message, /no ticket-granting ticket/);
});

test('an expired ticket-granting ticket in a cache says so', async () => {
  const { store } = await open();
  const tgt = await store.tgt();
  const { store: second, realm: later } = await open({}, { keys: null, tickets: [tgt] });
  later.advanceClock(11 * 3_600_000);
  const error = await failure(second.ticketFor(web));
  assert.is(error.code, 'SEC_E_NO_CREDENTIALS');
  assert.match(error.message, /has expired/);
});

test('a ticket whose key is of a type that is not allowed is not used', async () => {
  const { store } = await open();
  const ticket = await store.ticketFor(web);
  const { store: second, kdc } = await open({}, { etypes: [17], tickets: [ticket] });
  assert.is((await second.ticketFor(web)).etype, 17);
  assert.ok(kdc.asked.length > 0);
});

test('a freed store wipes its keys and gets no more', async () => {
  const { store } = await open();
  const ticket = await store.ticketFor(web);
  const tgt = await store.tgt();
  store.dispose();
  store.dispose();
  assert.ok([...ticket.key, ...tgt.key].every((byte) => byte === 0));
  assert.is((await failure(store.ticketFor(web))).code, 'SEC_E_INVALID_HANDLE');
});

test('a store that is freed while a ticket is under way keeps none', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => { release = resolve; });
  const { store } = await open({ instead: async (n) => void (n === 2 && (await gate)) });
  const waiting = store.ticketFor(web);
  await new Promise((resolve) => setTimeout(resolve, 50));
  store.dispose();
  release();
  assert.is((await failure(waiting)).code, 'SEC_E_INVALID_HANDLE');
  assert.is(store.tickets.length, 0);
});

test.run();
