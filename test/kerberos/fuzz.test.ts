// Injured replies of password servers and KCM daemons, injured caches and keytabs: an SspiError, or what they still say; never anything else.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changeAccountPassword, SspiError } from '../../src/index.ts';
import { CredentialCache, Keytab, kinit } from '../../src/kerberos/index.ts';
import { createTestRealm } from '../../src/testing/index.ts';
import { mutate, rng } from '../fuzz.ts';

const test = suite('injured input of the Kerberos subpath');

test('caches and keytabs: parsed, listed and written again, or refused', async () => {
  await using realm = await createTestRealm();
  const cache = (await kinit({ principal: 'alice', password: 'Password1', kerberos: realm.kerberos })).toBytes();
  const kirbi = CredentialCache.parse(cache).toKrbCred();
  const keytab = (await Keytab.fromPassword('alice@TEST.REALM', 'x', { etypes: ['aes256-cts', 'rc4-hmac'] })).toBytes();
  const random = rng(77);
  let refused = 0;
  for (let round = 0; round < 1500; round++) {
    for (const [kind, bytes] of [['cache', cache], ['cache', kirbi], ['keytab', keytab]] as const) {
      try {
        const parsed = kind === 'cache' ? CredentialCache.parse(mutate(bytes, random)) : Keytab.parse(mutate(bytes, random));
        JSON.stringify(parsed.entries);
        if (parsed instanceof CredentialCache) parsed.isExpired();
        parsed.toBytes();
      } catch (error) {
        if (!(error instanceof SspiError)) throw error;
        refused++;
      }
    }
  }
  assert.ok(refused > 500, `${refused}`);
});

test('replies of a password server: never a success that was not proven', async () => {
  await using realm = await createTestRealm();
  const inner = realm.kerberos.transport!;
  const random = rng(78);
  let refused = 0;
  for (let round = 0; round < 60; round++) {
    const newPassword = `round ${round}`;
    const transport: typeof inner = {
      async send(name, message, options) {
        const reply = await inner.send(name, message, options);
        if (options.service !== 'kpasswd') return reply;
        return mutate(reply, random);
      },
    };
    try {
      await changeAccountPassword({ user: 'alice', domain: '', oldPassword: realm.authData('alice').password, newPassword, kerberos: { ...realm.kerberos, transport } });
    } catch (error) {
      if (!(error instanceof SspiError)) throw error;
      refused++;
    }
  }
  assert.ok(refused > 30, `${refused}`);
});

test('requests to a password server: refused, or answered; the password changes by whole ones alone', async () => {
  await using realm = await createTestRealm();
  const inner = realm.kerberos.transport!;
  const random = rng(79);
  const changed: number[] = [];
  let injuries = 0;
  for (let round = 0; round < 60; round++) {
    const transport: typeof inner = {
      async send(name, message, options) {
        if (options.service !== 'kpasswd') return inner.send(name, message, options);
        const injured = mutate(message, random);
        const before = realm.authData('alice').password;
        await inner.send(name, injured, options).catch(() => {}); // a listening server says nothing to what is no request
        // Of the header the version alone is read, and says how the password stands in what is sealed.
        if (!Buffer.from(injured.subarray(4)).equals(Buffer.from(message.subarray(4)))) {
          injuries++;
          if (realm.authData('alice').password !== before) changed.push(round);
        }
        throw new SspiError('SEC_E_INTERNAL_ERROR', 'no answer');
      },
    };
    await changeAccountPassword({ user: 'alice', domain: '', oldPassword: realm.authData('alice').password, newPassword: `round ${round}`, kerberos: { ...realm.kerberos, transport } })
      .catch((error: unknown) => assert.instance(error, SspiError));
  }
  assert.equal(changed, []);
  assert.ok(injuries > 40, `${injuries}`);
});

test('replies of a KCM daemon', async () => {
  const name = Buffer.from('0:1\0');
  const random = rng(80);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const exchangeUnix = async () => {
      const reply = Buffer.concat([Buffer.from([0, 0, 0, 4 + name.length, 0, 0, 0, 0, 0, 0, 0, 0]), name]);
      return mutate(reply, random);
    };
    try {
      await CredentialCache.load('KCM:', { host: { exchangeUnix } });
    } catch (error) {
      if (!(error instanceof SspiError)) throw error;
      refused++;
    }
  }
  assert.is(refused, 400, 'a name is no principal');
});

test.run();
