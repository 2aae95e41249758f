import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator, ISC_RET_MUTUAL_AUTH, type KerberosConfig } from '../../../src/index.ts';
import { CredentialCache, kinit } from '../../../src/kerberos/index.ts';
import { failure, hex } from '../../contract/support.ts';
import { bytes } from './bytes.ts';
import type { Task } from './task.ts';

/** A logon with a real KDC: through a KDC proxy everywhere, by sockets where there are any. */
export function kerberosSuite({ realm, service, user, kdc, can }: Task): void {
  const test = suite('kerberos');
  const principal = `${user.name}@${realm}`;
  const at = (address: string): KerberosConfig => ({ defaultRealm: realm, realms: { [realm]: { kdc: [address] } }, domainRealm: { '.test.realm': realm } });
  const proxied = at(kdc.proxyUrl);
  const keytab = bytes(service.keytab);

  async function logOn(kerberos: KerberosConfig, packageName: 'Negotiate' | 'Kerberos'): Promise<void> {
    const client = await createInitiator({
      package: packageName, packageList: packageName === 'Negotiate' ? 'Kerberos' : undefined, backend: 'wasm', target: service.spn,
      credential: { user: principal, password: user.password }, kerberos,
    });
    const server = await createAcceptor({ package: packageName, backend: 'wasm', credential: { keytab } });
    for (let token = await client.step(); token !== null;) {
      const answer = await server.step(token);
      token = answer === null ? null : await client.step(answer);
    }
    assert.ok(client.complete && server.complete);
    assert.is(client.package, 'Kerberos');
    assert.is(client.attributes & ISC_RET_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH);
    assert.is(server.peer, principal);
    assert.is(hex(client.sessionKey), hex(server.sessionKey));
    for (const length of [0, 64, 65_536]) {
      const message = new Uint8Array(length).map((_, index) => index * 7);
      const opened = server.unwrap(client.wrap(message));
      assert.ok(opened.encrypted && opened.message.length === length && message.every((byte, index) => byte === opened.message[index]), `${length} bytes`);
    }
    client.dispose();
    server.dispose();
  }

  test('a logon through MS-KKDCP, mutual, and sealed messages', () => logOn(proxied, 'Negotiate'));
  test('the package Kerberos alone through MS-KKDCP', () => logOn(proxied, 'Kerberos'));

  test('kinit through MS-KKDCP, and its tickets used again', async () => {
    const cache = await kinit({ principal, password: user.password, kerberos: proxied });
    assert.is(cache.principal, principal);
    const again = CredentialCache.parse(cache.toBytes());
    assert.is(again.entries.length, cache.entries.length);
    const client = await createInitiator({ target: service.spn, packageList: 'Kerberos', backend: 'wasm', credential: { ccache: cache.toBytes() }, kerberos: proxied });
    assert.ok((await client.step())!.length > 0);
    client.dispose();
  });

  test('a wrong password is SEC_E_LOGON_DENIED, with a remedy', async () => {
    const error = await failure('SEC_E_LOGON_DENIED', kinit({ principal, password: `${user.password}?`, kerberos: proxied }));
    assert.is(error.kerberos?.name, 'KDC_ERR_PREAUTH_FAILED');
    assert.ok(error.remedy);
    assert.not.match(`${error.message}${error.remedy}`, user.password);
  });

  test('a proxy that cannot be reached is SEC_E_NO_AUTHENTICATING_AUTHORITY, with a remedy', async () => {
    const error = await failure('SEC_E_NO_AUTHENTICATING_AUTHORITY', kinit({ principal, password: user.password, kerberos: at('http://127.0.0.1:1/KdcProxy') }));
    assert.ok(error.remedy);
  });

  const sockets = `127.0.0.1:${kdc.port}`;
  for (const [address, possible] of [[`udp://${sockets}`, can.udp], [`tcp://${sockets}`, can.tcp], [sockets, can.tcp]] as const) {
    const title = address.replace(/:\d+$/, '');
    if (possible) {
      test(`a logon with ${title}`, () => logOn(at(address), 'Negotiate'));
    } else {
      test(`${title}: an error that names what is missing, and what to do`, async () => {
        const error = await failure('SEC_E_NO_AUTHENTICATING_AUTHORITY', kinit({ principal, password: user.password, kerberos: at(address) }));
        assert.match(error.message, /datagrams|sockets/);
        assert.match(error.remedy ?? '', /tcp:|https:|proxy/i);
      });
    }
  }

  test.run();
}
