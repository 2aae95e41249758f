import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createAcceptor, createInitiator } from '../../../src/index.ts';
import { CredentialCache, Keytab, kinit } from '../../../src/kerberos/index.ts';
import { failure, hex, utf8 } from '../../contract/support.ts';
import { bytes } from './bytes.ts';
import type { Task } from './task.ts';

/** Keytabs, caches and krb5.conf where there are files. */
export function filesSuite({ realm, service, user, kdc, folder }: Task): void {
  const test = suite('files');
  const kerberos = { krb5Conf: `[libdefaults]\ndefault_realm = ${realm}\n[realms]\n${realm} = {\nkdc = ${kdc.proxyUrl}\n}\n` };

  test('a keytab and a cache as files, and the text of a krb5.conf', async () => {
    await writeFile(`${folder}/http.keytab`, bytes(service.keytab));
    const cache = `${folder}/krb5cc`;
    await kinit({ principal: `${user.name}@${realm}`, password: user.password, kerberos, ccache: cache });
    assert.is((await CredentialCache.load(cache)).principal, `${user.name}@${realm}`);
    const client = await createInitiator({ target: service.spn, packageList: 'Kerberos', backend: 'wasm', credential: { ccache: cache }, kerberos });
    const server = await createAcceptor({ backend: 'wasm', credential: { keytab: `${folder}/http.keytab` } });
    await client.step(await server.step(await client.step()));
    assert.ok(client.complete && server.complete);
    assert.is(hex(server.unwrap(client.wrap(utf8('a message'))).message), hex(utf8('a message')));
  });

  test('a missing file is SEC_E_NO_CREDENTIALS, with a remedy', async () => {
    assert.ok((await failure('SEC_E_NO_CREDENTIALS', Keytab.load(`${folder}/absent.keytab`))).remedy);
    assert.ok((await failure('SEC_E_NO_CREDENTIALS', CredentialCache.load(`${folder}/absent`))).remedy);
  });

  test.run();
}
