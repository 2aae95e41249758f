import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator, ISC_RET_DELEGATE, ISC_RET_MUTUAL_AUTH, ISC_REQ_DELEGATE, ISC_REQ_MUTUAL_AUTH, ISC_REQ_USE_DCE_STYLE } from '../../src/index.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/index.ts';
import { failure } from '../failure.ts';

const test = suite('a realm in memory');

const SPN = 'HTTP/web.test.realm';
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const utf8 = (text: string) => new TextEncoder().encode(text);

type InitiatorOptions = Parameters<typeof createInitiator>[0];
type AcceptorOptions = Parameters<typeof createAcceptor>[0];

async function handshake(realm: TestRealm, initiator: Partial<InitiatorOptions> = {}, acceptor: Partial<AcceptorOptions> = {}) {
  const client = await createInitiator({ target: SPN, credential: realm.authData('alice'), kerberos: realm.kerberos, ...initiator });
  const server = await createAcceptor({ credential: { keytab: realm.keytab(SPN), accounts: realm.accounts }, ...acceptor });
  let token = await client.step();
  while (token !== null) {
    const answer: Uint8Array | null = await server.step(token);
    token = answer === null ? null : await client.step(answer);
  }
  return { client, server };
}

const realmWith = (options: Parameters<typeof createTestRealm>[0] = {}) => createTestRealm({ services: [SPN], ...options });

test('Negotiate prefers Kerberos, proves both ends and protects messages', async () => {
  await using realm = await realmWith();
  const { client, server } = await handshake(realm);
  assert.is(client.package, 'Kerberos');
  assert.is(client.fallbackFrom, null);
  assert.is(server.package, 'Kerberos');
  assert.ok(client.complete && server.complete);
  assert.ok((client.attributes & ISC_RET_MUTUAL_AUTH) !== 0);
  assert.is(server.peer, 'alice@TEST.REALM');
  assert.is(hex(client.sessionKey), hex(server.sessionKey));
  for (const encrypt of [true, false]) {
    const { message, encrypted } = server.unwrap(client.wrap(utf8('to the server'), { encrypt }));
    assert.is(new TextDecoder().decode(message), 'to the server');
    assert.is(encrypted, encrypt);
    assert.is(new TextDecoder().decode(client.unwrap(server.wrap(utf8('and back'), { encrypt })).message), 'and back');
  }
  client.verify(utf8('signed'), server.sign(utf8('signed')));
});

for (const etype of ['aes256-cts-hmac-sha1-96', 'aes128-cts-hmac-sha1-96', 'aes256-cts-hmac-sha384-192', 'aes128-cts-hmac-sha256-128']) {
  test(`${etype} alone`, async () => {
    await using realm = await realmWith({ etypes: [etype] });
    const { client, server } = await handshake(realm);
    assert.is(client.package, 'Kerberos');
    assert.is(hex(client.sessionKey), hex(server.sessionKey));
  });
}

test('the acceptor adds a subkey of its own, but not to RC4, whose tokens know none', async () => {
  const replyOf = async (etype: string) => {
    await using realm = await realmWith({ etypes: [etype] });
    const weak = { kerberos: { ...realm.kerberos, allowWeakCrypto: true } };
    const client = await createInitiator({ target: SPN, credential: realm.authData('alice'), package: 'Kerberos', ...weak });
    const server = await createAcceptor({ credential: { keytab: realm.keytab(SPN) }, package: 'Kerberos', ...weak });
    const reply = await server.step(await client.step());
    await client.step(reply);
    assert.is(hex(client.sessionKey), hex(server.sessionKey));
    return reply!.length;
  };
  const difference = (await replyOf('aes128-cts-hmac-sha1-96')) - (await replyOf('rc4-hmac'));
  assert.ok(difference > 20, `an EncryptionKey of 16 bytes and its tags: ${difference} bytes`);
});

test('RC4 only where both ends opt in', async () => {
  await using realm = await realmWith({ etypes: ['rc4-hmac'] });
  const weak = { kerberos: { ...realm.kerberos, allowWeakCrypto: true } };
  const { client, server } = await handshake(realm, weak, { kerberos: { allowWeakCrypto: true } });
  assert.is(client.package, 'Kerberos');
  assert.is(new TextDecoder().decode(server.unwrap(client.wrap(utf8('sealed with RC4'))).message), 'sealed with RC4');
  assert.is((await handshake(realm)).client.package, 'NTLM', 'without it the KDC has nothing that is allowed, and NTLM is what is left');
});

test('the PAC tells the user and its groups', async () => {
  await using realm = await realmWith();
  realm.setUser('alice', { groups: [513, 1200, 1201] });
  const { server } = await handshake(realm);
  const { groups, userSid } = server;
  assert.match(userSid!, /^S-1-5-21-\d+-\d+-\d+-1103$/);
  assert.equal(groups.map((sid) => sid.split('-').at(-1)), ['513', '1200', '1201', '1']);
});

test('a wrong password is told apart from an expired one and a disabled account, and is no reason for NTLM', async () => {
  await using realm = await realmWith();
  const wrong = await failure(handshake(realm, { credential: { user: 'alice@TEST.REALM', password: 'wrong' } }));
  assert.is(wrong.code, 'SEC_E_LOGON_DENIED');
  realm.setUser('alice', { passwordExpired: true });
  assert.is((await failure(handshake(realm))).kerberos?.name, 'KDC_ERR_KEY_EXPIRED');
  realm.setUser('alice', { passwordExpired: false, disabled: true });
  assert.is((await failure(handshake(realm))).kerberos?.name, 'KDC_ERR_CLIENT_REVOKED');
});

test('an account without pre-authentication', async () => {
  await using realm = await realmWith();
  realm.setUser('alice', { requiresPreauth: false });
  assert.is((await handshake(realm)).client.package, 'Kerberos');
  assert.is((await failure(handshake(realm, { credential: { user: 'alice@TEST.REALM', password: 'wrong' } }))).code, 'SEC_E_LOGON_DENIED');
});

test('an unknown service falls back to NTLM where that is allowed, and says why where not', async () => {
  await using realm = await realmWith();
  const target = 'HTTP/elsewhere.test.realm';
  const { client } = await handshake(realm, { target });
  assert.is(client.package, 'NTLM');
  assert.is(client.fallbackFrom?.code, 'SEC_E_TARGET_UNKNOWN');
  assert.is((await failure(handshake(realm, { target, packageList: 'Kerberos' }))).code, 'SEC_E_TARGET_UNKNOWN');
});

test('a KDC that nobody can reach is SEC_E_NO_AUTHENTICATING_AUTHORITY', async () => {
  await using realm = await realmWith();
  const kerberos = { defaultRealm: 'TEST.REALM', realms: { 'TEST.REALM': { kdc: ['tcp://127.0.0.1:1'] } } };
  assert.is((await failure(handshake(realm, { kerberos, packageList: 'Kerberos' }))).code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
  assert.is((await handshake(realm, { kerberos })).client.package, 'NTLM');
});

test("the client learns the KDC's clock, also from a reply without pre-authentication", async () => {
  for (const requiresPreauth of [true, false]) {
    for (const hour of [3_600_000, -3_600_000]) {
      await using realm = await realmWith();
      realm.setUser('alice', { requiresPreauth });
      realm.advanceClock(hour);
      const { client } = await handshake(realm, {}, { credential: { keytab: realm.keytab(SPN) }, host: realm.host } as Partial<AcceptorOptions>);
      assert.is(client.package, 'Kerberos');
    }
  }
});

test('an acceptor whose clock is off refuses with SEC_E_TIME_SKEW', async () => {
  await using realm = await realmWith();
  realm.advanceClock(3_600_000);
  const error = await failure(handshake(realm, { package: 'Kerberos' }, { package: 'Kerberos', credential: { keytab: realm.keytab(SPN) } }));
  assert.is(error.code, 'SEC_E_TIME_SKEW');
  assert.is(error.kerberos?.name, 'KRB_AP_ERR_SKEW', 'not that the ticket is not yet valid');
});

test('DCE style: a third leg proves that the client saw the AP-REP', async () => {
  await using realm = await realmWith();
  const { client, server } = await handshake(realm, { package: 'Kerberos', flags: ISC_REQ_USE_DCE_STYLE }, { package: 'Kerberos', credential: { keytab: realm.keytab(SPN) } });
  assert.ok(client.complete && server.complete);
  assert.is(hex(client.sessionKey), hex(server.sessionKey));

  const again = await createInitiator({ target: SPN, credential: realm.authData('alice'), kerberos: realm.kerberos, package: 'Kerberos', flags: ISC_REQ_USE_DCE_STYLE });
  const deceived = await createAcceptor({ package: 'Kerberos', credential: { keytab: realm.keytab(SPN) } });
  const reply = (await deceived.step(await again.step()))!;
  assert.is((await failure(deceived.step(reply))).kerberos?.name, 'KRB_AP_ERR_MUT_FAIL', 'its own AP-REP, sent back');
});

test("a caller's own transport that fails is SEC_E_NO_AUTHENTICATING_AUTHORITY too, with its cause", async () => {
  await using realm = await realmWith();
  const cause = new Error('no route');
  const kerberos = { ...realm.kerberos, transport: { send: () => Promise.reject(cause) } };
  const error = await failure(handshake(realm, { kerberos, packageList: 'Kerberos' }));
  assert.equal([error.code, error.cause], ['SEC_E_NO_AUTHENTICATING_AUTHORITY', cause]);
  assert.is((await handshake(realm, { kerberos })).client.fallbackFrom?.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY');
});

test('delegation hands a forwarded ticket over', async () => {
  await using realm = await realmWith();
  const flags = ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH;
  const { client, server } = await handshake(realm, { flags });
  assert.ok((client.attributes & ISC_RET_DELEGATE) !== 0);
  const { delegatedCredential } = server;
  const onward = await handshake(realm, { credential: delegatedCredential! });
  assert.is(onward.server.peer, 'alice@TEST.REALM');
  assert.is((await handshake(realm, { flags: ISC_REQ_DELEGATE })).client.attributes & ISC_RET_DELEGATE, 0, 'without MUTUAL_AUTH it does nothing');
});

test('channel bindings that match pass, others do not', async () => {
  await using realm = await realmWith();
  const channelBindings = utf8('tls-server-end-point:0123');
  await handshake(realm, { channelBindings }, { channelBindings });
  assert.is((await failure(handshake(realm, { channelBindings: utf8('tls-server-end-point:9999') }, { channelBindings }))).code, 'SEC_E_BAD_BINDINGS');
  await handshake(realm, {}, { channelBindings });
  assert.is((await failure(handshake(realm, {}, { channelBindings, credential: { keytab: realm.keytab(SPN), channelBindingPolicy: 'always' } }))).code, 'SEC_E_BAD_BINDINGS');
});

test('on a real port, with answers that a datagram does not hold', async () => {
  await using realm = await realmWith();
  const { krb5Conf } = await realm.listen();
  for (const groups of [[513], Array.from({ length: 1000 }, (_, index) => 2000 + index)]) {
    realm.setUser('alice', { groups });
    const { server } = await handshake(realm, { kerberos: { krb5Conf }, package: 'Kerberos' }, { package: 'Kerberos', credential: { keytab: realm.keytab(SPN) } });
    assert.ok(server.groups.length >= groups.length);
  }
});

test("another realm's services, by trust and referral", async () => {
  await using home = await createTestRealm({ realm: 'HOME.TEST', users: { alice: 'pw' }, services: [] });
  await using away = await createTestRealm({ realm: 'AWAY.TEST', users: {}, services: ['HTTP/web.away.test'] });
  home.trust(away);
  for (const domainRealm of [{ '.away.test': 'AWAY.TEST' }, {}] as Record<string, string>[]) {
    const client = await createInitiator({ target: 'HTTP/web.away.test', credential: home.authData('alice'), kerberos: { ...home.kerberos, domainRealm }, package: 'Kerberos' });
    const server = await createAcceptor({ credential: { keytab: away.keytab('HTTP/web.away.test') }, package: 'Kerberos' });
    await client.step(await server.step(await client.step()));
    assert.ok(client.complete);
    assert.is(server.peer, 'alice@HOME.TEST');
  }
});

test('users and services of the wrong shape are TypeErrors', async () => {
  for (const options of [{ users: ['alice'] }, { users: { alice: 1 } }, { services: 'HTTP/web.test.realm' }]) {
    const error = await createTestRealm(options as unknown as Parameters<typeof createTestRealm>[0]).catch((thrown: unknown) => thrown);
    assert.instance(error, TypeError);
  }
});

test.run();
